// Runs the operations of a trace again. Every node knows of each of its entries from which entries it is made, and how;
// from that alone come its value, the derivatives, what lights up beside it, and the sum written out.
const machine = (program) => {
  const settings = { ...program.settings };
  const nodes = compiled(program);
  const number = (value) => (typeof value === "string" ? Number(value) : value);
  const values = nodes.map((node) => new Float64Array(node.size));
  program.nodes.forEach((line, ref) => { if (line.c) line.c.forEach((x, k) => { values[ref][k] = number(x); }); });

  const worked = (expression) => {
    if (!Array.isArray(expression)) return typeof expression === "string" ? settings[expression] : expression;
    const [x, y] = [worked(expression[1]), worked(expression[2])];
    const ways = { "+": x + y, "-": x - y, "*": x * y, "/": x / y, "**": x ** y };
    return ways[expression[0]];
  };
  const operand = (arg, k) => {
    if (arg.ref !== undefined) return values[arg.ref][arg.at[k]];
    if (arg.data) return arg.data[arg.at[k]];
    const found = arg.e === undefined ? undefined : worked(arg.e);
    return Number.isFinite(found) ? found : arg.x;
  };
  const entries = (node, k) => {
    const found = [];
    for (let i = node.start[k]; i < node.start[k + 1]; i += 1) found.push(values[node.of[i]][node.at[i]]);
    return found;
  };

  const computed = {
    each: (node, out) => {
      const [x, y, z] = node.args;
      if (!y) for (let k = 0; k < out.length; k += 1) out[k] = node.f(operand(x, k));
      else if (!z) for (let k = 0; k < out.length; k += 1) out[k] = node.f(operand(x, k), operand(y, k));
      else for (let k = 0; k < out.length; k += 1) out[k] = node.f(operand(x, k), operand(y, k), operand(z, k));
    },
    pick: (node, out) => {
      for (let k = 0; k < out.length; k += 1) {
        out[k] = node.of[k] < 0 ? node.constants[node.at[k]] : values[node.of[k]][node.at[k]];
      }
    },
    sum: (node, out) => {
      for (let k = 0; k < out.length; k += 1) {
        let total = 0;
        for (let i = node.start[k]; i < node.start[k + 1]; i += 1) total += values[node.of[i]][node.at[i]] * node.weight[i];
        out[k] = total;
      }
    },
    product: (node, out) => {
      const [x, y] = [values[node.x], values[node.y]];
      for (let k = 0; k < out.length; k += 1) {
        let total = 0;
        for (let i = node.start[k]; i < node.start[k + 1]; i += 1) total += x[node.left[i]] * y[node.right[i]];
        out[k] = total;
      }
    },
    fold: (node, out) => { for (let k = 0; k < out.length; k += 1) out[k] = node.f(entries(node, k), node.ddof); },
    winner: (node, out) => {
      const [x, best, found] = [values[node.x], values[node.out], new Set()];
      for (let k = 0; k < out.length; k += 1) {
        out[k] = Number(x[k] === best[node.group[k]] && !found.has(node.group[k]));
        if (out[k]) found.add(node.group[k]);
      }
    },
  };
  const run = () => { for (const node of nodes) if (node.kind !== "given") computed[node.kind](node, values[node.ref]); };

  // The entries that one is made from, each with its derivative.
  const partials = (node, k, visit) => {
    if (node.kind === "each") {
      const x = node.args.map((arg) => operand(arg, k));
      node.args.forEach((arg, number) => {
        if (arg.ref === undefined) return;
        const slope = node.d[number];
        const out = values[node.ref][k];
        visit(arg.ref, arg.at[k], !slope ? 0 : x.length === 1 ? slope(x[0], out)
          : x.length === 2 ? slope(x[0], x[1], out, node.first) : slope(...x));
      });
    } else if (node.kind === "pick") {
      if (node.of[k] >= 0) visit(node.of[k], node.at[k], 1);
    } else if (node.kind === "sum") {
      for (let i = node.start[k]; i < node.start[k + 1]; i += 1) visit(node.of[i], node.at[i], node.weight[i]);
    } else if (node.kind === "product") {
      for (let i = node.start[k]; i < node.start[k + 1]; i += 1) {
        visit(node.x, node.left[i], values[node.y][node.right[i]]);
        visit(node.y, node.right[i], values[node.x][node.left[i]]);
      }
    } else if (node.kind === "fold") {
      const slopes = node.d(entries(node, k), values[node.ref][k], node.ddof);
      slopes.forEach((slope, i) => visit(node.of[node.start[k] + i], node.at[node.start[k] + i], slope));
    } else if (node.kind === "winner") {
      visit(node.x, k, 0);
      visit(node.out, node.group[k], 0);
    }
  };

  const names = new Map(); // the first name of every node that has one
  for (const [name, ref] of Object.entries(program.names)) if (!names.has(ref)) names.set(ref, name);

  // One row of the Jacobian, with respect to the named values that the entry is computed from.
  const row = (ref, k) => {
    const arrived = new Map([[ref, new Map([[k, 1]])]]);
    const found = {};
    for (let at = ref; at >= 0; at -= 1) {
      const slopes = arrived.get(at);
      if (!slopes) continue;
      if (at !== ref && names.has(at)) { found[names.get(at)] = Object.fromEntries(slopes); continue; }
      for (const [place, slope] of slopes) {
        partials(nodes[at], place, (parent, from, more) => {
          if (!arrived.has(parent)) arrived.set(parent, new Map());
          const there = arrived.get(parent);
          there.set(from, (there.get(from) || 0) + slope * more);
        });
      }
    }
    return found;
  };

  // What an entry came from, and where it flows to: 2 for the nearest that have a name, 1 for those further off.
  const NEAR = 2;
  const marks = (ref, k) => {
    const blank = () => nodes.map(() => null);
    const mark = (found, at, place, how) => {
      if (!found[at]) found[at] = new Uint8Array(nodes[at].size);
      if (found[at][place] < how) found[at][place] = how;
    };
    const passes = (at, how) => (how === NEAR && (at === ref || !names.has(at)) ? NEAR : 1);
    const [from, to] = [blank(), blank()];
    mark(from, ref, k, NEAR);
    mark(to, ref, k, NEAR);
    for (let at = ref; at >= 0; at -= 1) {
      if (!from[at]) continue;
      from[at].forEach((how, place) => {
        if (how) partials(nodes[at], place, (parent, there) => mark(from, parent, there, passes(at, how)));
      });
    }
    for (let at = ref + 1; at < nodes.length; at += 1) {
      for (let place = 0; place < nodes[at].size; place += 1) {
        partials(nodes[at], place, (parent, there) => {
          const how = to[parent] ? to[parent][there] : 0;
          if (how) mark(to, at, place, passes(parent, how));
        });
      }
    }
    from[ref][k] = 0;
    to[ref][k] = 0;
    return { from, to };
  };

  const parents = nodes.map((node) => [...new Set(node.kind === "given" ? node.parents
    : node.kind === "each" ? node.args.flatMap((arg) => (arg.ref === undefined ? [] : [arg.ref]))
    : node.kind === "product" ? [node.x, node.y] : node.kind === "winner" ? [node.x, node.out]
    : [...node.of].filter((ref) => ref >= 0))]);
  // The named values that some are computed from.
  const usedBy = (refs) => {
    const found = new Set();
    const waiting = [...refs];
    while (waiting.length) for (const parent of parents[waiting.pop()]) {
      if (!names.has(parent)) waiting.push(parent);
      else if (!refs.includes(parent)) found.add(parent);
    }
    return [...found].sort((x, y) => y - x); // gradients before values
  };
  // What cannot be told any more when some values have changed: what hangs on an operation that the page does not have.
  const unsure = (changed) => {
    const [moved, lost] = [new Set(changed), new Set()];
    nodes.forEach((node, ref) => {
      if (parents[ref].some((parent) => moved.has(parent))) moved.add(ref);
      if ((node.opaque && moved.has(ref) && !changed.has(ref)) || parents[ref].some((each) => lost.has(each))) lost.add(ref);
    });
    return lost;
  };
  const loss = () => {
    let total = 0;
    for (const [out, upstream] of program.outputs) values[out].forEach((x, k) => { total += x * values[upstream][k]; });
    return total;
  };
  run();
  return { nodes, names, values, settings, operand, run, row, marks, usedBy, unsure, loss, partials,
    ref: (name) => program.names[name] };
};

