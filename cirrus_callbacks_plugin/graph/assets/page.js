"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const SVG = "http://www.w3.org/2000/svg";
  const WIDTH = 230, HEIGHT = 40, ACROSS = 340, DOWN = 56;
  const MOST = 1000;  // nodes that are drawn at once, unless all are asked for
  const FOUND = 80;   // nodes that are drawn of a search in a larger picture: at every key
  const LISTED = 200; // waits of a node that its details name
  const svg = document.getElementById("picture"), view = document.getElementById("view");
  const details = document.getElementById("details");
  const graph = GraphView.indexed(data);
  const isLarge = data.nodes.length > MOST;
  let whole = null;  // the picture without a search: kept, and hidden where another is seen
  let seen = null;   // the picture that is seen: its group, nodes' shapes by number, lines, places
  let drawsAll = !isLarge, chosen = null, matches = [];

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
  const counted = (number, what, more = "s") => number.toLocaleString("en") + " " + what + (number === 1 ? "" : more);
  const span = (seconds) => {
    const units = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];
    for (const [unit, size] of units) if (seconds >= size) return Math.floor(seconds / size) + " " + unit;
    return "0 s";
  };

  const at = ({ places }, number) =>
    ({ x: places.get(number).column * ACROSS, y: places.get(number).place * DOWN });

  const drawPair = (picture, { waiter, payload, edges }) => {
    const from = at(picture, waiter), to = at(picture, payload);
    const x1 = from.x + WIDTH, y1 = from.y + HEIGHT / 2, x2 = to.x - 2, y2 = to.y + HEIGHT / 2;
    const back = to.x <= from.x;
    const bend = back ? 60 : Math.max(40, (x2 - x1) / 2);
    const lift = back ? Math.max(60, Math.abs(from.x - to.x) / 6) : 0;
    const path = `M${x1},${y1} C${x1 + bend},${y1 - lift} ${x2 - bend},${y2 - lift} ${x2},${y2}`;
    const line = make("path", { d: path, class: edges[0].in_cycle ? "edge cycle" : "edge" }, picture.group);
    make("title", {}, line, (edges.length > 1 ? counted(edges.length, "wait") + ": " : "") + edges[0].outcome);
    picture.lines.push({ line, waiter, payload, isFaded: false });
  };

  const drawNode = (picture, number) => {
    const node = data.nodes[number], { x, y } = at(picture, number);
    const classes = ["node", node.in_cycle ? "cycle" : "", node.id === data.focus ? "focus" : ""];
    const group = make("g", {
      class: classes.join(" ").trim(), transform: `translate(${x},${y})`, tabindex: "0", role: "button",
    }, picture.group);
    group.setAttribute("aria-label", node.title + (node.state ? ", " + node.state : ""));
    make("title", {}, group, node.id);
    make("rect", { width: WIDTH, height: HEIGHT, rx: 6 }, group);
    make("text", { x: 10, y: node.state ? 17 : 25 }, group, node.label);
    if (node.state) make("text", { x: 10, y: 32, class: "state" }, group, cut(node.state, 40));
    picture.shapes.set(number, { shape: group, isFaded: false });
    group.dataset.number = number;
  };

  const picture = (shown, places) => {
    const made = { group: make("g", {}, view), shapes: new Map(), lines: [], places, marked: null };
    for (const number of shown) {
      for (const pair of graph.leaving[number]) if (shown.has(pair.payload)) drawPair(made, pair);
    }
    for (const number of shown) drawNode(made, number);
    return made;
  };

  const see = (other) => {
    if (seen !== null && seen !== whole) seen.group.remove();
    if (other === whole) whole.group.removeAttribute("display");
    else whole.group.setAttribute("display", "none");
    seen = other;
    const { size } = seen.shapes;
    document.getElementById("shown").textContent = size < data.nodes.length
      ? size.toLocaleString("en") + " of " + counted(data.nodes.length, "node") + " drawn"
      : "";
    document.getElementById("all").hidden = drawsAll || seen !== whole;
    mark();
  };

  const seePart = (numbers) => {
    const shown = GraphView.around(graph, numbers, FOUND);
    see(picture(shown, GraphView.places(graph, shown)));
  };

  const seeWhole = () => {
    if (whole === null) {
      const shown = new Set(drawsAll ? data.nodes.keys() : GraphView.first(graph, MOST));
      whole = picture(shown, drawsAll ? new Map(data.nodes.entries()) : GraphView.places(graph, shown));
    }
    see(whole);
  };

  const numberOf = (event) => {
    const group = event.target.closest(".node");
    return group === null ? null : Number(group.dataset.number);
  };
  view.addEventListener("click", (event) => {
    const number = numberOf(event);
    if (number !== null) choose(number);
  });
  view.addEventListener("keydown", (event) => {
    const number = numberOf(event);
    if (number !== null && (event.key === "Enter" || event.key === " ")) { event.preventDefault(); choose(number); }
  });

  const list = (title, edges, end) => {
    if (!edges.length) return;
    put("h3", details, title + " (" + edges.length + ")");
    const items = put("ul", details);
    for (const edge of edges.slice(0, LISTED)) {
      const item = put("li", items);
      const other = graph.numbers.get(edge[end]);
      put("button", item, data.nodes[other].title).addEventListener("click", () => center(other));
      const age = edge.age_seconds === null ? "" : " for " + span(edge.age_seconds);
      put("span", item, age + ": " + edge.outcome + " (wait " + edge.wait + ")");
      if (edge.in_cycle) put("span", item, " cycle", "red");
    }
    if (edges.length > LISTED) put("p", details, "and " + counted(edges.length - LISTED, "more wait"));
  };

  const mark = () => {
    if (seen.marked === chosen) return;
    seen.marked = chosen;
    for (const [number, { shape }] of seen.shapes) shape.classList.toggle("chosen", number === chosen);
    for (const { line, waiter, payload } of seen.lines) {
      line.classList.toggle("chosen", waiter === chosen || payload === chosen);
    }
  };

  const choose = (number) => {
    const node = data.nodes[number];
    chosen = number;
    mark();
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
    list("waits for", graph.leaving[number].flatMap(({ edges }) => edges), "payload");
    list("waited for by", graph.entering[number].flatMap(({ edges }) => edges), "waiter");
  };

  let scale = 1, left = 0, top = 0;
  const move = () => view.setAttribute("transform", `translate(${left},${top}) scale(${scale})`);
  const fit = () => {
    const box = svg.getBoundingClientRect();
    let columns = 0, rows = 0;
    for (const { column, place } of seen.places.values()) {
      columns = Math.max(columns, column);
      rows = Math.max(rows, place);
    }
    const width = columns * ACROSS + WIDTH + 80, height = rows * DOWN + HEIGHT + 80;
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
  const center = (number) => {
    if (!seen.shapes.has(number)) seePart([number]);
    const box = svg.getBoundingClientRect(), { x, y } = at(seen, number);
    scale = Math.max(scale, 0.8);
    left = box.width / 2 - (x + WIDTH / 2) * scale;
    top = box.height / 2 - (y + HEIGHT / 2) * scale;
    move();
    choose(number);
  };
  document.getElementById("fit").addEventListener("click", fit);
  document.getElementById("all").addEventListener("click", () => {
    drawsAll = true;
    whole.group.remove();
    whole = null;
    seeWhole();
    fit();
  });
  window.addEventListener("resize", fit);

  // Small pictures keep what does not match, faded; of large ones only matches and their neighbours are drawn.
  const fade = (wanted) => {
    const found = new Set(matches);
    const toggle = (one, element, isFaded) => {
      if (one.isFaded !== isFaded) element.classList.toggle("faded", isFaded);
      one.isFaded = isFaded;
    };
    for (const [number, one] of seen.shapes) toggle(one, one.shape, wanted && !found.has(number));
    for (const one of seen.lines) toggle(one, one.line, wanted && !found.has(one.waiter) && !found.has(one.payload));
  };
  const find = document.getElementById("find");
  find.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && find.value.trim() && matches.length) center(matches[0]);
  });
  find.addEventListener("input", () => {
    const wanted = find.value.trim() !== "";
    matches = wanted ? GraphView.found(graph, find.value) : [];
    document.getElementById("found").textContent = wanted ? counted(matches.length, "match", "es") : "";
    if (isLarge) {
      if (wanted) seePart(matches);
      else seeWhole();
      fit();
    }
    fade(wanted);
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
  seeWhole();
  fit();
  if (data.focus) choose(graph.numbers.get(data.focus));
})();
