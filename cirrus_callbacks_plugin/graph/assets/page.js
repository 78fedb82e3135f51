"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const SVG = "http://www.w3.org/2000/svg";
  const WIDTH = 230, HEIGHT = 40, ACROSS = 340, DOWN = 56;
  const svg = document.getElementById("picture"), view = document.getElementById("view");
  const details = document.getElementById("details");
  const nodes = new Map(data.nodes.map((node) => [node.id, node]));
  const shapes = new Map(), lines = [];

  const make = (name, attributes, parent, text) => {
    const element = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    if (text !== undefined) element.textContent = text;
    parent.appendChild(element);
    return element;
  };
  const put = (name, parent, text, className) => {
    const element = document.createElement(name);
    if (text !== undefined) element.textContent = text;
    if (className) element.className = className;
    parent.appendChild(element);
    return element;
  };
  const cut = (text, most) => {
    const letters = Array.from(text);
    return letters.length > most ? letters.slice(0, most - 1).join("") + "\u2026" : text;
  };
  const counted = (number, what) => number + " " + what + (number === 1 ? "" : "s");
  const span = (seconds) => {
    const units = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];
    for (const [unit, size] of units) if (seconds >= size) return Math.floor(seconds / size) + " " + unit;
    return "0 s";
  };

  const at = (node) => ({ x: node.column * ACROSS, y: node.place * DOWN });

  const drawEdges = () => {
    const pairs = new Map();
    for (const edge of data.edges) {
      const key = JSON.stringify([edge.waiter, edge.payload]);
      if (!pairs.has(key)) pairs.set(key, []);
      pairs.get(key).push(edge);
    }
    for (const edges of pairs.values()) {
      const { waiter, payload, in_cycle: cyclic } = edges[0];
      const from = at(nodes.get(waiter)), to = at(nodes.get(payload));
      const x1 = from.x + WIDTH, y1 = from.y + HEIGHT / 2, x2 = to.x - 2, y2 = to.y + HEIGHT / 2;
      const back = to.x <= from.x;
      const bend = back ? 60 : Math.max(40, (x2 - x1) / 2);
      const lift = back ? Math.max(60, Math.abs(from.x - to.x) / 6) : 0;
      const path = `M${x1},${y1} C${x1 + bend},${y1 - lift} ${x2 - bend},${y2 - lift} ${x2},${y2}`;
      const line = make("path", { d: path, class: cyclic ? "edge cycle" : "edge" }, view);
      make("title", {}, line, (edges.length > 1 ? counted(edges.length, "wait") + ": " : "") + edges[0].outcome);
      lines.push({ line, waiter, payload });
    }
  };

  const drawNode = (node) => {
    const { x, y } = at(node);
    const classes = ["node", node.in_cycle ? "cycle" : "", node.id === data.focus ? "focus" : ""];
    const group = make("g", {
      class: classes.join(" ").trim(), transform: `translate(${x},${y})`, tabindex: "0", role: "button",
    }, view);
    group.setAttribute("aria-label", node.title + (node.state ? ", " + node.state : ""));
    make("title", {}, group, node.id);
    make("rect", { width: WIDTH, height: HEIGHT, rx: 6 }, group);
    make("text", { x: 10, y: node.state ? 17 : 25 }, group, node.label);
    if (node.state) make("text", { x: 10, y: 32, class: "state" }, group, cut(node.state, 40));
    group.addEventListener("click", () => choose(node.id));
    group.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") { event.preventDefault(); choose(node.id); }
    });
    shapes.set(node.id, group);
  };

  const list = (title, edges, end) => {
    if (!edges.length) return;
    put("h3", details, title + " (" + edges.length + ")");
    const items = put("ul", details);
    for (const edge of edges) {
      const item = put("li", items);
      const other = nodes.get(edge[end]);
      put("button", item, other.title).addEventListener("click", () => center(other.id));
      const age = edge.age_seconds === null ? "" : " for " + span(edge.age_seconds);
      put("span", item, age + ": " + edge.outcome + " (wait " + edge.wait + ")");
      if (edge.in_cycle) put("span", item, " cycle", "red");
    }
  };

  const choose = (id) => {
    const node = nodes.get(id);
    for (const [other, shape] of shapes) shape.classList.toggle("chosen", other === id);
    for (const { line, waiter, payload } of lines) {
      line.classList.toggle("chosen", waiter === id || payload === id);
    }
    details.replaceChildren();
    put("h2", details, node.title);
    const facts = put("dl", details);
    const fact = (name, value) => {
      if (value === null || value === undefined || value === "") return;
      put("dt", facts, name);
      put("dd", facts, value);
    };
    fact(node.kind === "payload" ? "payload" : node.kind, node.id);
    fact("state", node.state);
    fact("last error", node.last_error);
    fact("execution", node.execution_arn);
    if (node.link && node.link.startsWith("https://")) {
      put("dt", facts, "console");
      const link = put("a", put("dd", facts), "open the execution");
      link.href = node.link;
      link.rel = "noopener noreferrer";
      link.target = "_blank";
    }
    if (node.in_cycle) put("p", details, "It waits, over others, for itself: nobody will answer it.", "red");
    list("waits for", data.edges.filter((edge) => edge.waiter === id), "payload");
    list("waited for by", data.edges.filter((edge) => edge.payload === id), "waiter");
  };

  let scale = 1, left = 0, top = 0;
  const move = () => view.setAttribute("transform", `translate(${left},${top}) scale(${scale})`);
  const fit = () => {
    const box = svg.getBoundingClientRect();
    const columns = Math.max(0, ...data.nodes.map((node) => node.column));
    const places = Math.max(0, ...data.nodes.map((node) => node.place));
    const width = columns * ACROSS + WIDTH + 80, height = places * DOWN + HEIGHT + 80;
    scale = Math.min(1.2, Math.max(0.03, Math.min(box.width / width, box.height / height)));
    left = Math.max(40 * scale, (box.width - (width - 80) * scale) / 2);
    top = Math.max(40 * scale, (box.height - (height - 80) * scale) / 2);
    move();
  };
  svg.addEventListener("wheel", (event) => {
    event.preventDefault();
    const box = svg.getBoundingClientRect();
    const x = event.clientX - box.left, y = event.clientY - box.top;
    const next = Math.min(4, Math.max(0.03, scale * Math.exp(-event.deltaY / 500)));
    left = x - (x - left) * next / scale;
    top = y - (y - top) * next / scale;
    scale = next;
    move();
  }, { passive: false });
  let held = null;
  svg.addEventListener("pointerdown", (event) => { held = { x: event.clientX - left, y: event.clientY - top }; });
  window.addEventListener("pointermove", (event) => {
    if (!held) return;
    left = event.clientX - held.x;
    top = event.clientY - held.y;
    move();
  });
  window.addEventListener("pointerup", () => { held = null; });
  const center = (id) => {
    const box = svg.getBoundingClientRect(), { x, y } = at(nodes.get(id));
    scale = Math.max(scale, 0.8);
    left = box.width / 2 - (x + WIDTH / 2) * scale;
    top = box.height / 2 - (y + HEIGHT / 2) * scale;
    move();
    choose(id);
  };
  document.getElementById("fit").addEventListener("click", fit);
  window.addEventListener("resize", fit);

  document.getElementById("find").addEventListener("keydown", (event) => {
    const first = data.nodes.find((node) => !shapes.get(node.id).classList.contains("faded"));
    if (event.key === "Enter" && event.target.value.trim() && first) center(first.id);
  });
  document.getElementById("find").addEventListener("input", (event) => {
    const wanted = event.target.value.trim().toLowerCase();
    const found = new Set();
    for (const node of data.nodes) {
      const edges = data.edges.filter((edge) => edge.payload === node.id);
      const text = [node.id, node.title, node.state, node.last_error, ...edges.map((edge) => edge.outcome)];
      if (!wanted || text.join("\n").toLowerCase().includes(wanted)) found.add(node.id);
    }
    for (const [id, shape] of shapes) shape.classList.toggle("faded", !found.has(id));
    for (const { line, waiter, payload } of lines) {
      line.classList.toggle("faded", !found.has(waiter) && !found.has(payload));
    }
  });

  const definitions = make("defs", {}, svg);
  for (const id of ["arrow", "red-arrow"]) {
    const marker = make("marker", {
      id, viewBox: "0 0 10 10", refX: 9, refY: 5, markerWidth: 7, markerHeight: 7,
      markerUnits: "userSpaceOnUse", orient: "auto",
    }, definitions);
    make("path", { d: "M0,0 L10,5 L0,10 z" }, marker);
  }
  document.querySelector("h1").textContent = "Who waits for whom: " + data.title;
  const summary = document.getElementById("summary");
  summary.textContent = counted(data.nodes.length, "node") + ", " + counted(data.edges.length, "wait") +
    ", as of " + data.at + (data.is_cut ? "; the oldest waits only" : "");
  if (data.cycles.length) put("span", summary, ", " + counted(data.cycles.length, "cycle"), "red");
  drawEdges();
  data.nodes.forEach(drawNode);
  fit();
  if (data.focus) choose(data.focus);
})();
