"use strict";
// What of a graph is drawn, and where: functions of its data alone.
const GraphView = (() => {
  const lists = (count) => Array.from({ length: count }, () => []);

  // The graph by numbers of nodes: waits of one pair together, and what a search looks through.
  const indexed = (data) => {
    const numbers = new Map(data.nodes.map((node, number) => [node.id, number]));
    const pairs = new Map(), leaving = lists(data.nodes.length), entering = lists(data.nodes.length);
    const outcomes = lists(data.nodes.length);
    for (const edge of data.edges) {
      const waiter = numbers.get(edge.waiter), payload = numbers.get(edge.payload);
      const key = waiter * data.nodes.length + payload;
      let pair = pairs.get(key);
      if (pair === undefined) {
        pair = { waiter, payload, edges: [] };
        pairs.set(key, pair);
        leaving[waiter].push(pair);
        entering[payload].push(pair);
      }
      pair.edges.push(edge);
      if (!outcomes[payload].includes(edge.outcome)) outcomes[payload].push(edge.outcome);
    }
    const texts = data.nodes.map((node, number) =>
      [node.id, node.title, node.state, node.last_error, ...outcomes[number]].join("\n").toLowerCase());
    return { data, numbers, leaving, entering, texts };
  };

  // The nodes whose texts hold what is wanted, in their order.
  const found = (graph, wanted) => {
    const text = wanted.trim().toLowerCase(), matches = [];
    for (let number = 0; number < graph.texts.length; number += 1) {
      if (graph.texts[number].includes(text)) matches.push(number);
    }
    return matches;
  };

  // Some nodes, then their neighbours: at most so many.
  const around = (graph, matches, most) => {
    const shown = new Set(matches.slice(0, most));
    for (const number of [...shown]) {
      for (const pair of graph.leaving[number]) if (shown.size < most) shown.add(pair.payload);
      for (const pair of graph.entering[number]) if (shown.size < most) shown.add(pair.waiter);
    }
    return shown;
  };

  // Where a search is not asked for: who was asked about, then cycles, then the oldest.
  const first = (graph, most) => {
    const { nodes, focus } = graph.data;
    const order = nodes.map((_, number) => number);
    const rank = (number) => nodes[number].id === focus ? 0 : nodes[number].in_cycle ? 1 : 2;
    return order.sort((one, other) => rank(one) - rank(other) || one - other).slice(0, most);
  };

  const together = (graph, shown) => {
    const seen = new Set(), groups = [];
    for (const start of shown) {
      if (seen.has(start)) continue;
      const group = [start];
      seen.add(start);
      const meet = (number) => {
        if (shown.has(number) && !seen.has(number)) { seen.add(number); group.push(number); }
      };
      for (const number of group) {
        for (const pair of graph.leaving[number]) meet(pair.payload);
        for (const pair of graph.entering[number]) meet(pair.waiter);
      }
      groups.push(group);
    }
    return groups;
  };

  // A group's columns as the whole picture has them, without those that are empty here.
  const block = (graph, group) => {
    const { nodes } = graph.data, columns = new Map(), places = new Map();
    for (const number of group) {
      const column = nodes[number].column;
      if (!columns.has(column)) columns.set(column, []);
      columns.get(column).push(number);
    }
    const longest = Math.max(16, Math.round(2 * Math.sqrt(group.length)));
    let left = 0, height = 0;
    for (const column of [...columns.keys()].sort((one, other) => one - other)) {
      const members = columns.get(column).sort((one, other) => nodes[one].place - nodes[other].place);
      const folds = Math.ceil(members.length / longest), rows = Math.ceil(members.length / folds);
      members.forEach((number, index) => places.set(number, { column: left + Math.floor(index / rows), place: index % rows }));
      left += folds;
      height = Math.max(height, rows);
    }
    return { places, width: left, height };
  };

  // Places for the shown nodes: what hangs together is a block, and blocks stand in lines.
  const places = (graph, shown) => {
    const blocks = together(graph, shown).map((group) => block(graph, group));
    blocks.sort((one, other) => other.places.size - one.places.size);
    const area = blocks.reduce((sum, { width, height }) => sum + width * height, 0);
    const most = blocks.reduce((widest, { width }) => Math.max(widest, width), Math.sqrt(area * 0.35));
    const all = new Map();
    let left = 0, top = 0, tallest = 0;
    for (const { places: inside, width, height } of blocks) {
      if (left && left + width > most) { left = 0; top += tallest + 1; tallest = 0; }
      for (const [number, at] of inside) all.set(number, { column: left + at.column, place: top + at.place });
      left += width;
      tallest = Math.max(tallest, height);
    }
    return all;
  };

  return { indexed, found, around, first, places };
})();
