"use strict";
// The page's own script on elements that only count: what it draws, at load and at each key.
const vm = require("node:vm");
const { data, script, keys } = JSON.parse(require("node:fs").readFileSync(0, "utf8"));

let made = 0;
class Element {
  constructor(name) {
    Object.assign(this, { name, attributes: {}, children: [], dataset: {}, parent: null, value: "", hidden: false });
    this.listeners = {};
    this.classes = new Set();
    this.classList = { toggle: (each, is) => (is ? this.classes.add(each) : this.classes.delete(each)) };
    made += 1;
  }
  setAttribute(name, value) { this.attributes[name] = String(value); }
  removeAttribute(name) { delete this.attributes[name]; }
  appendChild(child) { child.parent = this; this.children.push(child); return child; }
  remove() { this.parent.children = this.parent.children.filter((each) => each !== this); }
  replaceChildren() { this.children = []; }
  addEventListener(name, listener) { this.listeners[name] = listener; }
  getBoundingClientRect() { return { left: 0, top: 0, width: 1200, height: 800 }; }
  within(wanted) {
    if (this.attributes.display === "none") return [];
    const own = wanted(this) ? [this] : [];
    return [...own, ...this.children.flatMap((child) => child.within(wanted))];
  }
}
const byId = new Map();
const byName = (id) => {
  if (!byId.has(id)) byId.set(id, new Element(id));
  return byId.get(id);
};
byName("data").textContent = JSON.stringify(data);
byName("picture").appendChild(byName("view"));
const context = vm.createContext({
  document: {
    getElementById: byName,
    querySelector: byName,
    createElementNS: (_, name) => new Element(name),
    createElement: (name) => new Element(name),
  },
  window: { addEventListener: () => undefined },
});
const isNode = (each) => /^node\b/.test(each.attributes.class || "");
const look = () => {
  const nodes = byName("view").within(isNode);
  const seen = {
    made,
    nodes: nodes.length,
    left: nodes.filter((each) => !each.classes.has("faded")).map((each) => each.children[0].textContent),
    places: nodes.map((each) => each.attributes.transform),
    shown: byName("shown").textContent,
    found: byName("found").textContent,
    all: !byName("all").hidden,
  };
  made = 0;
  return seen;
};
made = 0;
vm.runInContext(script, context);
const looks = [look()];
for (const key of keys) {
  if (key === "<all>") byName("all").listeners.click({});
  else {
    byName("find").value = key;
    byName("find").listeners.input({});
  }
  looks.push(look());
}
process.stdout.write(JSON.stringify(looks));
