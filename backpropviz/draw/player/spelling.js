// An entry in terms of the named entries it is computed from, written as Python would evaluate it.
const speller = (engine, most = 40) => {
  const index = (shape, k) => {
    const place = [];
    for (let axis = shape.length - 1; axis >= 0; axis -= 1) { place.unshift(k % shape[axis]); k = Math.floor(k / shape[axis]); }
    return place;
  };
  const called = (ref, k, name = engine.names.get(ref)) => {
    const { shape } = engine.nodes[ref];
    return name + (shape.length ? "[" + index(shape, k).join(", ") + "]" : "");
  };
  const [SUM, PRODUCT, POWER, ATOM] = [0, 1, 2, 3];
  const LEVEL = { "+": SUM, "-": SUM, "*": PRODUCT, "/": PRODUCT, "**": POWER };
  const spell = (ref, k, leaf) => {
    let left = most;
    const inside = (part, level) => (part.level < level ? "(" + part.text + ")" : part.text);
    const literal = (x) => ({ text: String(x), level: x < 0 ? SUM : ATOM });
    const part = (to, at) => {
      if (!engine.names.has(to)) return whole(to, at);
      const text = leaf(to, at);
      return { text, level: text.startsWith("-") ? SUM : ATOM };
    };
    const adding = (terms) => {
      if (!terms.length) return { text: "0", level: ATOM };
      const said = terms.slice(0, Math.max(1, left)).map((term) => { left -= 1; return term(); });
      let text = said.map((each) => inside(each, PRODUCT)).join(" + ");
      if (said.length < terms.length) text += " + … (" + (terms.length - said.length) + " more)";
      return { text, level: terms.length > 1 ? SUM : said[0].level };
    };
    const weighted = (terms, weights) => {
      const [first] = weights;
      const times = Math.round(1 / first);
      if (weights.every((weight) => weight === 1)) return adding(terms);
      if (weights.every((weight) => weight === first) && Math.abs(times * first - 1) < 1e-12 && times > 1) {
        return { text: inside(adding(terms), PRODUCT) + " / " + times, level: PRODUCT };
      }
      return adding(terms.map((term, i) => () => (
        { text: inside(term(), PRODUCT) + " * " + inside(literal(weights[i]), PRODUCT), level: PRODUCT })));
    };
    const range = (node, at) => Array.from({ length: node.start[at + 1] - node.start[at] }, (_, i) => node.start[at] + i);
    const whole = (to, at) => {
      const node = engine.nodes[to];
      if (node.kind === "given") return literal(engine.values[to][at]);
      if (node.kind === "pick") return node.of[at] < 0 ? literal(node.constants[node.at[at]]) : part(node.of[at], node.at[at]);
      if (node.kind === "product") {
        return adding(range(node, at).map((i) => () => ({ level: PRODUCT, text:
          inside(part(node.x, node.left[i]), PRODUCT) + " * " + inside(part(node.y, node.right[i]), POWER) })));
      }
      if (node.kind === "sum") {
        return weighted(range(node, at).map((i) => () => part(node.of[i], node.at[i])),
          range(node, at).map((i) => node.weight[i]));
      }
      if (node.kind === "fold") {
        const said = range(node, at).map((i) => part(node.of[i], node.at[i]).text);
        return { text: node.name + "(" + said.join(", ") + ")", level: ATOM };
      }
      if (node.kind === "winner") {
        return { text: "(" + part(node.x, at).text + " == " + part(node.out, node.group[at]).text + ")", level: ATOM };
      }
      const said = node.args.map((arg) => (arg.ref === undefined
        ? literal(engine.operand(arg, at)) : part(arg.ref, arg.at[at])));
      if (node.name === "negative") return { text: "-" + inside(said[0], PRODUCT), level: SUM };
      if (node.sign in LEVEL) {
        const level = LEVEL[node.sign];
        const [x, y] = said;
        const above = level + 1; // a - (b - c), and 2 ** (3 ** 4)
        const text = inside(x, level === POWER ? ATOM : level) + " " + node.sign + " "
          + inside(y, node.sign === "+" || node.sign === "*" ? level : above);
        return { text, level };
      }
      if (node.sign) return { text: "(" + inside(said[0], SUM) + " " + node.sign + " " + inside(said[1], SUM) + ")", level: ATOM };
      return { text: (node.said || node.name) + "(" + said.map((each) => each.text).join(", ") + ")", level: ATOM };
    };
    return whole(ref, k).text;
  };
  return { index, called, names: (ref, k) => spell(ref, k, called),
    numbers: (ref, k, written) => spell(ref, k, (to, at) => written(engine.values[to][at])) };
};
