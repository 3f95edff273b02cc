// The nodes of a program, each with a list of the entries that every one of its entries is made from.
const compiled = (program) => {
  const size = (shape) => shape.reduce((product, length) => product * length, 1);

  // A map of entries: listed, or regular over an array of some shape.
  const places = (map, shape) => {
    if (Array.isArray(map)) return Int32Array.from(map);
    const found = new Int32Array(size(shape));
    const at = shape.map(() => 0);
    for (let k = 0; k < found.length; k += 1) {
      found[k] = at.reduce((sum, place, axis) => sum + place * map.steps[axis], map.first);
      for (let axis = shape.length - 1; axis >= 0 && (at[axis] += 1) === shape[axis]; axis -= 1) at[axis] = 0;
    }
    return found;
  };
  // Of an operand that is broadcast: which of its entries meets which of the result.
  const broadcast = (from, to) => {
    const strides = from.map((_, axis) => size(from.slice(axis + 1)));
    const extra = to.length - from.length;
    const steps = to.map((_, axis) => (axis < extra || from[axis - extra] === 1 ? 0 : strides[axis - extra]));
    return places({ first: 0, steps }, to);
  };
  const shapes = program.nodes.map((line) => line.s);

  // Terms of sums, sorted by the entry that they go into.
  const gathered = (count, terms) => {
    const start = new Int32Array(count + 1);
    for (const { to } of terms) for (const k of to) if (k >= 0) start[k + 1] += 1;
    for (let k = 0; k < count; k += 1) start[k + 1] += start[k];
    const total = start[count];
    const [of, at, weight, next] = [new Int32Array(total), new Int32Array(total), new Float64Array(total), start.slice()];
    for (const { ref, to, weights } of terms) {
      to.forEach((k, from) => {
        if (k < 0) return;
        const free = next[k];
        next[k] += 1;
        of[free] = ref;
        at[free] = from;
        weight[free] = typeof weights === "number" ? weights : weights[from];
      });
    }
    return { start, of, at, weight };
  };

  const product = ([x, y], out) => {
    const [one, other] = [shapes[x].length === 1 ? [1, ...shapes[x]] : shapes[x],
      shapes[y].length === 1 ? [...shapes[y], 1] : shapes[y]];
    const [rows, inner, columns] = [one.at(-2), one.at(-1), other.at(-1)];
    const stack = size(out) / (rows * columns) || 0;
    const longer = Math.max(one.length, other.length) - 2;
    const outer = Array.from({ length: longer }, (_, axis) => Math.max(
      one[axis - longer + one.length - 2] ?? 1, other[axis - longer + other.length - 2] ?? 1));
    const [first, second] = [broadcast(one.slice(0, -2), outer), broadcast(other.slice(0, -2), outer)];
    const start = Int32Array.from({ length: stack * rows * columns + 1 }, (_, k) => k * inner);
    const [left, right] = [new Int32Array(start.at(-1)), new Int32Array(start.at(-1))];
    let next = 0;
    for (let s = 0; s < stack; s += 1) for (let i = 0; i < rows; i += 1) for (let j = 0; j < columns; j += 1) {
      for (let k = 0; k < inner; k += 1, next += 1) {
        left[next] = (first[s] * rows + i) * inner + k;
        right[next] = (second[s] * inner + k) * columns + j;
      }
    }
    return { kind: "product", x, y, start, left, right };
  };

  const joined = (line) => { // entries of several operands, counted through
    const ends = [];
    line.a.reduce((sum, ref) => { ends.push(sum + size(shapes[ref])); return sum + size(shapes[ref]); }, 0);
    return (place) => {
      const number = ends.findIndex((end) => place < end);
      return [line.a[number], place - (number ? ends[number - 1] : 0)];
    };
  };

  const compile = (line) => {
    const count = size(line.s);
    if (line.c) return { kind: "given", opaque: line.o, parents: line.a || [] };
    if (line.f) {
      const args = line.a.map((arg) => (typeof arg === "number" ? { ref: arg, at: broadcast(shapes[arg], line.s) }
        : arg.c ? { data: arg.c, at: broadcast(arg.s, line.s) } : arg));
      return { kind: "each", name: line.f, ...NUMBERS[line.f], args, first: args[0].ref !== undefined };
    }
    if (line.m) return product(line.m, line.s);
    if (line.p) {
      const [from, whose] = [places(line.p, line.s), joined(line)];
      const [of, at] = [new Int32Array(count), new Int32Array(count)];
      from.forEach((place, k) => {
        if (place < 0) [of[k], at[k]] = [-1, -1 - place];
        else [of[k], at[k]] = whose(place);
      });
      return { kind: "pick", of, at, constants: line.k };
    }
    if (line.t) {
      return { kind: "sum", ...gathered(count, line.t.map(([ref, map, weights]) => (
        { ref, to: places(map, shapes[ref]), weights }))) };
    }
    if (line.r) {
      const whose = joined(line);
      const found = line.r[1].map(whose);
      return { kind: "sum", start: Int32Array.from(line.r[0]), of: Int32Array.from(found.map(([ref]) => ref)),
        at: Int32Array.from(found.map(([, at]) => at)), weight: Float64Array.from(line.r[2]) };
    }
    if (line.q) {
      const [start, left, right] = line.q.map((list) => Int32Array.from(list));
      return { kind: "product", x: line.a[0], y: line.a[1], start, left, right };
    }
    if (line.g) {
      const to = places(line.to, shapes[line.a]);
      return { kind: "fold", name: line.g, ...FOLDS[line.g], ddof: line.ddof || 0,
        ...gathered(count, [{ ref: line.a, to, weights: 1 }]) };
    }
    return { kind: "winner", x: line.w[0], out: line.w[1], group: places(line.to, line.s) };
  };
  return program.nodes.map((line, ref) => ({ ref, shape: line.s, size: size(line.s), ...compile(line) }));
};
