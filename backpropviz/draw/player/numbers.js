// Functions of numbers: how they are computed, how they are written, and their derivatives. `first` says whether the
// first operand carries a gradient: of two that are equal, the second one wins then.
const NUMBERS = (() => {
  const truth = (test, sign) => ({ f: (x, y) => Number(Boolean(test(x, y))), sign, d: [] });
  const one = () => 1;
  const call = (f, d, said) => ({ f, said, d: [d] });
  const power = {
    f: (x, y) => (y === 2 ? x * x : y === 0.5 ? Math.sqrt(x) : x ** y), sign: "**",
    d: [(x, y) => (y === 0 ? 0 : y * x ** (y - 1)), (x, y, out) => out * Math.log(x > 0 ? x : 1)],
  };
  const maximum = {
    f: (x, y) => Math.max(x, y), said: "maximum",
    d: [(x, y) => Number(x > y), (x, y, out, first) => Number(y > x || (first && y === x))],
  };
  const minimum = {
    f: (x, y) => Math.min(x, y), said: "minimum",
    d: [(x, y) => Number(x < y), (x, y, out, first) => Number(y < x || (first && y === x))],
  };
  const absolute = call(Math.abs, Math.sign, "abs");
  return {
    add: { f: (x, y) => x + y, sign: "+", d: [one, one] },
    subtract: { f: (x, y) => x - y, sign: "-", d: [one, () => -1] },
    multiply: { f: (x, y) => x * y, sign: "*", d: [(x, y) => y, (x) => x] },
    divide: { f: (x, y) => x / y, sign: "/", d: [(x, y) => 1 / y, (x, y, out) => -out / y] },
    negative: call((x) => -x, () => -1),
    positive: call((x) => x, one),
    power, float_power: power, maximum, minimum, fmax: maximum, fmin: minimum, absolute, fabs: absolute,
    square: call((x) => x * x, (x) => 2 * x),
    sqrt: call(Math.sqrt, (x, out) => 0.5 / out),
    cbrt: call(Math.cbrt, (x, out) => 1 / (3 * out * out)),
    reciprocal: call((x) => 1 / x, (x, out) => -out * out),
    exp: call(Math.exp, (x, out) => out),
    exp2: call((x) => 2 ** x, (x, out) => out * Math.LN2),
    expm1: call(Math.expm1, (x, out) => out + 1),
    log: call(Math.log, (x) => 1 / x),
    log2: call(Math.log2, (x) => 1 / (x * Math.LN2)),
    log10: call(Math.log10, (x) => 1 / (x * Math.LN10)),
    log1p: call(Math.log1p, (x) => 1 / (1 + x)),
    logaddexp: {
      f: (x, y) => Math.max(x, y) + Math.log1p(Math.exp(-Math.abs(x - y))),
      d: [(x, y, out) => Math.exp(x - out), (x, y, out) => Math.exp(y - out)],
    },
    sin: call(Math.sin, Math.cos),
    cos: call(Math.cos, (x) => -Math.sin(x)),
    tan: call(Math.tan, (x, out) => 1 + out * out),
    arcsin: call(Math.asin, (x) => 1 / Math.sqrt(1 - x * x)),
    arccos: call(Math.acos, (x) => -1 / Math.sqrt(1 - x * x)),
    arctan: call(Math.atan, (x) => 1 / (1 + x * x)),
    sinh: call(Math.sinh, Math.cosh),
    cosh: call(Math.cosh, Math.sinh),
    tanh: call(Math.tanh, (x, out) => 1 - out * out),
    arctan2: { f: Math.atan2, d: [(x, y) => y / (x * x + y * y), (x, y) => -x / (x * x + y * y)] },
    hypot: { f: Math.hypot, d: [(x, y, out) => x / out, (x, y, out) => y / out] },
    where: { f: (c, x, y) => (c ? x : y), d: [() => 0, (c) => Number(c !== 0), (c) => Number(c === 0)] },
    clip: {
      f: (x, low, high) => Math.min(Math.max(x, low), high),
      d: [(x, low, high) => Number(x > low && x < high), (x, low, high) => Number(x <= low && low < high),
        (x, low, high) => Number(Math.max(x, low) >= high)],
    },
    greater: truth((x, y) => x > y, ">"), greater_equal: truth((x, y) => x >= y, ">="),
    less: truth((x, y) => x < y, "<"), less_equal: truth((x, y) => x <= y, "<="),
    equal: truth((x, y) => x === y, "=="), not_equal: truth((x, y) => x !== y, "!="),
    logical_and: truth((x, y) => x && y), logical_or: truth((x, y) => x || y), logical_not: truth((x) => !x),
    bitwise_and: { f: (x, y) => x & y, sign: "&", d: [] }, bitwise_or: { f: (x, y) => x | y, sign: "|", d: [] },
    sign: { f: Math.sign, d: [] }, floor: { f: Math.floor, d: [] },
  };
})();

// What a reduction makes of some entries, and what each of them has to do with it.
const FOLDS = (() => {
  const mean = (entries) => entries.reduce((sum, x) => sum + x, 0) / entries.length;
  const spread = (entries) => { const middle = mean(entries); return entries.map((x) => x - middle); };
  const variance = (entries, ddof) => spread(entries).reduce((sum, x) => sum + x * x, 0) / (entries.length - ddof);
  const extreme = (best) => ({
    f: (entries) => entries.reduce((x, y) => best(x, y)),
    d: (entries, out) => { const first = entries.indexOf(out); return entries.map((_, at) => Number(at === first)); },
  });
  return {
    max: extreme((x, y) => (y > x ? y : x)), min: extreme((x, y) => (y < x ? y : x)),
    prod: {
      f: (entries) => entries.reduce((x, y) => x * y, 1),
      d: (entries) => entries.map((_, at) => entries.reduce((x, y, other) => (other === at ? x : x * y), 1)),
    },
    var: { f: variance, d: (entries, out, ddof) => spread(entries).map((x) => (2 * x) / (entries.length - ddof)) },
    std: {
      f: (entries, ddof) => Math.sqrt(variance(entries, ddof)),
      d: (entries, out, ddof) => spread(entries).map((x) => x / (out * (entries.length - ddof))),
    },
  };
})();
