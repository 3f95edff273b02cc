"""Thousands of ways to write calls of NumPy, in short: "np.<sum|mean>(x<|, axis=0>)" stands for four of them.

A block has the shapes of its arrays, and lines of such patterns. Every spelling is a function of the arrays it names,
with a source of its own, so that it is instrumented as a user's function is.
"""

import functools
import importlib.util
import itertools
import linecache
import re
from dataclasses import dataclass, field

import numpy as np

# alternatives open with "<" and close with ">", neither with a space inside; an operator stands between spaces
_PART = r"(?:->|[^<>]|(?<=\s)[<>]=?(?=\s))*"
_CHOICE = re.compile(rf"<(?=\S)({_PART}\|{_PART})(?<![-\s])>")


def expand(pattern):
    """The spellings that a pattern stands for: one for every choice of alternatives."""
    parts = _CHOICE.split(pattern)
    return [
        "".join(choice)
        for choice in itertools.product(*([p] if i % 2 == 0 else p.split("|") for i, p in enumerate(parts)))
    ]


@dataclass(eq=False)
class Block:
    """Patterns on arrays of given shapes, with entries from `low` to `high` (of both signs, with `signs`).

    `kinds` are the further kinds of arrays on which the spellings must do as plain NumPy does: "empty" arrays, single
    "number"s, "integer" and "bool" arrays, "float32", "fortran" order, "rows" (axes one longer).
    """

    name: str
    shapes: dict
    patterns: str
    low: float = 0.2
    high: float = 0.9
    signs: bool = False
    kinds: tuple = ("number", "empty", "integer", "float32", "fortran")
    constants: dict = field(default_factory=dict)

    def spellings(self):
        lines = [line.strip() for line in self.patterns.strip().splitlines()]
        return list(dict.fromkeys(text for line in lines if line for text in expand(line)))

    def arrays(self, kind="", seed=0):
        random = np.random.default_rng(seed)
        made = {}
        for name, shape in self.shapes.items():
            if kind == "number":
                shape = ()
            elif kind == "empty":
                shape = (0, *shape[1:])
            x = random.uniform(self.low, self.high, shape)
            x = np.asarray(x * random.choice([-1.0, 1.0], shape) if self.signs else x)
            made[name] = {
                "integer": lambda x: random.permutation(np.arange(1, x.size + 1)).reshape(x.shape),
                "bool": lambda x: x > 0.5,
                "float32": lambda x: x.astype(np.float32),
                "fortran": np.asfortranarray,
            }.get(kind, np.asarray)(x)
        return made

    @functools.cache  # noqa: B019
    def functions(self):
        """Every spelling with its function, and the names of the arrays it takes."""
        spellings = self.spellings()
        texts = []
        for number, text in enumerate(spellings):
            used = [name for name in self.shapes if re.search(rf"\b{name}\b", text)]
            texts.append(f"def spelled_{number}({', '.join(used)}):\n    return {text}\n")
        source, file = "\n".join(texts), f"<spellings: {self.name}>"
        linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
        space = {"np": np, **CONSTANTS, **self.constants}
        exec(compile(source, file, "exec"), space)
        return [(text, space[f"spelled_{number}"]) for number, text in enumerate(spellings)]


_RANDOM = np.random.default_rng(7)
CONSTANTS = {
    "C": _RANDOM.uniform(0.3, 0.8, (2, 3, 4)),  # as x is in most blocks
    "V": _RANDOM.uniform(0.3, 0.8, 4),
    "M": _RANDOM.uniform(0, 1, (2, 3, 4)) > 0.4,
    "I": np.array([2, 0, 0]),
}
_AXES = "<|, axis=0|, axis=-1|, axis=(0, 2)|, axis=(-1, 1)|, axis=None|, 1>"
_X = {"x": (2, 3, 4)}
_XY = {"x": (2, 3, 4), "y": (2, 3, 4)}

BLOCKS = [
    Block(
        "sums",
        _X,
        f"""
        np.<sum|mean|prod|max|min|amax|amin|any|all|count_nonzero>(x{_AXES})
        np.<sum|mean|prod|max|min|std|var|any|all|count_nonzero>(x<|, axis=0|, axis=(0, 2)|, axis=-2>, keepdims=<True|False>)
        x.<sum|mean|prod|max|min|std|var|any|all>(<|0|-1|axis=1|axis=(0, 1)|axis=None, keepdims=True|1, keepdims=True>)
        np.<std|var>(x{_AXES}<|, ddof=1|, correction=1>)
        np.<sum|prod|mean|std|var>(x<|, 0|, axis=(1, 2)>, dtype=<float|np.float64|np.float32|"float32"|None>)
        np.<sum|prod|max|min>(x<|, axis=1|, axis=(0, -1)>, initial=<0.5|2|-1.0>)
        np.<sum|prod|mean|any|all>(x, axis=0, where=<M|x > 0.3>)
        np.<sum|prod|mean|std|var|any|all>(x<|, axis=(0, 1)>, where=<M|x > 0.3|True|np.array([True, True, False, True])><|, keepdims=True>)
        np.<max|min>(x<|, axis=2|, axis=(0, 1)>, initial=<0.0|1.0|0.5>, where=<M|x > 0.4|V > 0.5>)
        np.<sum|prod>(x, axis=<0|-1>, initial=1.5, where=<M|x < 0.6>, dtype=<None|float>)
        np.<sum|mean>(x, <0|None|(0, 1)>, None, None, <True|False>)
        np.<sum|mean|max|prod>(a=x<|, axis=0>, out=None)
        np.<add|multiply|maximum|minimum|logical_and|logical_or>.reduce(x<|, axis=None|, axis=1|, 2|, axis=(0, 1)|, keepdims=True>)
        np.<add|multiply|maximum|minimum|logaddexp>.accumulate(x<|, axis=1|, axis=-1|, 2>)
        np.logaddexp.reduce(x<|, axis=1|, axis=-1, keepdims=True|, 2|, axis=None>)
        np.add.reduceat(x, [0, 1, 1]<|, axis=1|, axis=-1>)
        np.<var|std>(x, axis=1, mean=np.mean(x, axis=1, keepdims=True)<|, keepdims=True|, ddof=1|, correction=1>)
        np.<log|sqrt|negative>(x, out=np.ones(x.shape, np.result_type(x, np.float32)), where=x > 0.4)
        np.<divide|multiply>(x, 2.0, out=np.zeros(x.shape), where=x[0, 0] > 0.4)
        np.piecewise(x, [M], [<np.exp, np.log|np.exp|np.exp, 0.5>])
        np.piecewise(x, [M, ~M], [np.exp, <np.log|0.5|np.log, np.sqrt>])
        np.<cumsum|cumprod>(x<|, axis=0|, -1|, axis=None>)
        np.<cumsum|cumprod>(x<|, 1>, dtype=<float|np.float32>)
        x.<cumsum|cumprod>(<|0|axis=-1>)
        np.<cumulative_sum|cumulative_prod>(x, axis=<0|-1><|, include_initial=True>)
        np.<argmax|argmin>(x<|, axis=0|, -1>) * np.sum(x)
        x.<argmax|argmin|argsort>(<|0|axis=-1>) * np.sum(x)
        np.ptp(x<|, axis=0|, axis=(0, 1)|, keepdims=True>)
        np.average(x<|, axis=1|, 0|, axis=(0, 1)|, keepdims=True|, axis=0, keepdims=True>)
        np.average(x, <axis=2, weights=V|weights=C|-1, V|axis=2, weights=[1, 2, 3, 4]|axis=(0, 2), weights=C[:, 0, :]|axis=(2, 0), weights=C[:, 0, :].T>)
        np.average(x, axis=1, weights=x<|, returned=True>)<[0]|[1]>
        np.linalg.norm(x<|, axis=0|, axis=-1, keepdims=True|, axis=(0, 1)|, axis=(2, 0), keepdims=True>)
        np.linalg.norm(x, <1|2|3|np.inf|-np.inf|0.5|0|-1>, axis=<0|-1><|, keepdims=True>)
        np.linalg.norm(x, <1|-1|np.inf|-np.inf|"fro">, axis=<(0, 1)|(2, 0)><|, keepdims=True>)
        np.linalg.vector_norm(x<|, axis=1|, ord=1|, keepdims=True|, axis=(0, 1)>)
        np.linalg.matrix_norm(x<|, ord=1|, keepdims=True>)
        np.<nansum|nanprod|nanmax|nanmin|nanmean|nanstd|nanvar>(x<|, axis=0|, axis=(0, 1)|, 1, keepdims=True>)
        np.<nansum|nanmax|nanmin|nanmean|nanstd|nanvar>(np.where(M, x, np.nan)<|, axis=(0, 1)>)
        np.<nansum|nanmax|nanmin|nanmean|nanvar>(np.where(M, x, np.nan), axis=<0|-1>)
        np.<nancumsum|nancumprod>(np.where(M, x, np.nan)<|, axis=0>)
    """,
        kinds=("number", "empty", "integer", "bool", "float32", "fortran"),
    ),
    Block(
        "entry by entry",
        _X,
        """
        np.<exp|exp2|expm1|log|log2|log10|log1p|sqrt|cbrt|square|reciprocal|negative|positive|absolute|abs|fabs>(x)
        np.<sin|cos|tan|arcsin|arccos|arctan|sinh|cosh|tanh|arcsinh|arctanh|degrees|radians|deg2rad|rad2deg|sinc>(x)
        np.<arccosh|asin|acos|atan|asinh|acosh|atanh>(<x|1 + x>)
        np.<floor|ceil|rint|trunc|round|around|fix|sign>(3 * x) + x
        np.<isnan|isinf|isfinite|logical_not|signbit|isreal|iscomplex|isposinf|isneginf>(x) + x
        np.<exp|log|sqrt|tanh|negative|square>(x, <out=None|where=True|dtype=float|dtype=np.float32|order="F"|order="C"|casting="same_kind"|subok=True>)
        np.<add|multiply|divide|power>(x, <2.0|C|x>, <dtype=np.float32|dtype=float|order="F"|out=None|None|where=True>)
        np.<round|around>(x, <1|2|decimals=1>) + x
        x.round(<|1|decimals=2>) + x
        np.nan_to_num(x<|, nan=1.0|, copy=False|, posinf=3.0, neginf=-3.0|, True, 2.0>)
        np.nan_to_num(np.where(M, x, <np.nan|np.inf|-np.inf>)<|, nan=1.0, posinf=2.0, neginf=3.0>)
        np.clip(x, <0.3, 0.6|0.3, None|None, 0.6|a_min=0.3, a_max=0.6|min=0.3, max=0.7|0.7, 0.2|C, 0.9|0.1, C|V, V + 0.2|np.float64(0.3), 0.6|0, 1|[0.3, 0.4, 0.3, 0.4], 0.8>)
        x.clip(<0.3, 0.6|0.3|max=0.6|min=0.3|None, 0.5|min=C|0.3, 0.6, out=None>)
        np.clip(0.5, x, <0.9|x + 0.1|None>)
        np.clip(<C|0.5|V>, <0.1|x>, x)
        <abs|-|+|~>(x)
        x.<astype(float)|astype(np.float32)|astype("float64")|astype(np.float64, copy=False)|astype(float, order="F")|astype(int) + x|astype(bool) * x>
        x.<copy()|copy("F")|copy(order="K")|flatten()|flatten("F")|flatten(order="C")|ravel()|ravel("F")|ravel(order="K")|ravel("A")|T|mT|real|conj()|conjugate()>
        np.<copy|ravel|real|conjugate|conj|imag|angle|real_if_close|transpose|matrix_transpose|permute_dims|flip|flipud|fliplr>(x)
        np.<copy|ravel>(x, <"F"|order="C"|order="K"|order="A">)
        np.astype(x, <float|np.float32>)
        np.<float64|float32|asarray|array|asanyarray|ascontiguousarray|asfortranarray>(x)
        np.<asarray|array>(x, <float|dtype=np.float32|order="F"|dtype=float, order="C">)
        np.array(x, <copy=True|copy=False|ndmin=4|dtype=np.float32, ndmin=5>)
        np.full((2, 3), <np.sum(x)|x[0, 0, 0]>)
        np.<zeros_like|ones_like>(x) + x
        np.full_like(x, <np.sum(x)|2.0|np.max(x)><|, dtype=np.float32>) * x
        np.select([x > 0.6, x > 0.4], [x * 2, x * 3]<|, 0.5|, default=x|, -1>)
        np.<where(x > 0.5, x, 0)|where(x > 0.5, 1.0, x)|where(M, x, -x)|where(M, x, C)|where(True, x, 0.0)>
        np.choose((x > 0.5).astype(int), [x, <0.0|C|2 * x>]<|, mode="clip"|, mode="wrap">)
        <divmod(x, 0.3)|np.divmod(x, 0.3)|np.modf(x)><[0]|[1]> + x
        np.ldexp(x, <2|np.array([1, 0, 2, 1])>)
        np.interp(x, [0.0, 0.4, 1.0], <[1.0, 3.0, 2.0]|np.array([1, 3, 2])><|, left=0.0|, right=5.0>)
        np.interp(<0.5|V|[0.3, 0.5]>, <np.cumsum(np.ravel(x))|np.arange(x.size) / x.size>, <np.ravel(x)|np.arange(x.size) / 3>)
        np.apply_along_axis(<np.sum|np.sort|lambda r: r * r|np.cumsum>, <0|1|-1>, x)
        np.unwrap(x)
        np.vectorize(lambda v: v * v)(x[0, 0])
        np.fromiter((v for v in x[0, 0]), <float|dtype=np.float64, count=2>)
        x + 0 * x.<itemsize|nbytes|strides[0]>
        np.<left_shift|right_shift|gcd|lcm>((10 * x).astype(int), <2|np.array([1, 2, 3, 1])>) * x
        np.bitwise_count((10 * x).astype(int)) * x
        ((10 * x).astype(int) << 1) + ((10 * x).astype(int) >> 1) * x
    """,
    ),
    Block(
        "two operands",
        _XY,
        """
        x <+|-|*|/|**|//|%> <y|2|2.0|0.7|np.float64(0.7)|np.float32(0.5)|np.int64(2)|C|V|[0.3, 0.5, 0.7, 0.2]|True|y[0]|y[:, :1]|np.array(0.5)>
        <2|2.0|np.float64(0.7)|np.int64(3)|C|V|[0.3, 0.5, 0.7, 0.2]|x[1]> <+|-|*|/|**|//|%> y
        np.float32(0.5) <+|-|*|/> y
        np.<add|subtract|multiply|divide|true_divide|power|float_power|maximum|minimum|fmax|fmin|hypot|arctan2|logaddexp|logaddexp2|remainder|mod|fmod|copysign|heaviside>(x, <y|0.5|C|V|y[0]|[0.3, 0.5, 0.7, 0.2]|np.float64(0.3)>)
        np.<add|subtract|multiply|divide|power|maximum|minimum|hypot|arctan2|logaddexp|copysign>(<0.5|C|2|V|[0.3, 0.5, 0.7, 0.2]>, y)
        (x < <y|0.5|C|V|[0.3, 0.5, 0.7, 0.2]>) * x
        (x >= <y|0.5|C|np.float64(0.5)>) * x
        (x == <y|0.5|C|None|x>) * x
        (<0.5|C|V> <= y) * y
        ((x > 0.5) | (y != 0.4)) * x
        np.<greater|less|equal|not_equal|greater_equal|less_equal|logical_and|logical_or|logical_xor|floor_divide|isclose>(x, <y|0.5|C>) * x
        ((x > 0.5) <&|^> (y > 0.5)) * x
        np.bitwise_or(x > 0.5, y > 0.4) * x
        np.<add|multiply|subtract|maximum>.outer(x[0, 0], <y[1, 1]|y[0]|0.5|V>)
        np.where(x > y, <x|y|0.0>, <y|1.0|C>)
        np.<dot|inner|vdot|outer|kron|cross|tensordot>(x[0, 0], y[1, 2])
        np.append(x, y<|, axis=0|, axis=-1>)
        np.<stack|concatenate|concat>([x, y]<|, axis=1|, -1|, axis=0, dtype=np.float32>)
        np.<vstack|hstack|dstack>(<[x, y]|(x, C)|[x[0], y[0]]|[x[0, 0], y[0, 0]]>)
        np.column_stack([x[0, 0], <y[0, 0]|V|y[0].T>])
        np.concatenate(<(x, y)|[x, C]|[x, x]>, axis=<0|None|-1>, out=None)
        np.block(<[x, y]|[[x, y]]|[[x], [y]]|[x[0, 0], 1.0]|[[x[0], y[0]], [y[0], x[0]]]>)
        np.<array|asarray|stack>([x, y])
        np.array(<[[x[0, 0, 0], 1.0], [y[0, 0, 0], 2.0]]|[np.sum(x), np.sum(y)]|(x[0], y[0])|[x[0, 0], V]|[x, y], dtype=np.float32|[x[0, 0, 0], 2]>)
        <np.sum((x, y))|np.array([x, y]).sum(axis=(0, 1))|x + [y[0, 0, i] for i in range(4)]|[y[0, 0, i] for i in range(4)] * x|np.sum([np.sum(x), np.sum(y)])|np.max([x, y], axis=0)|np.mean([x, y], axis=0)|np.maximum.reduce([x, y])|np.exp([x, y])|np.add.reduce([x, y])>
        np.<c_|r_>[x[0, 0], y[1, 1]]
        np.<c_[np.ones(3), x[0]]|r_[x[0, 0], 0.0, y[0, 0]]|r_[x, y]|c_[x, y]>
        np.meshgrid(x[0, 0], y[0, 1]<|, indexing="ij"|, sparse=True>)<[0]|[1]>
        np.broadcast_arrays(x, y[0])<[0]|[1]>
        np.diff(x, <prepend=y|append=0.5|prepend=y[..., :1]|n=2, append=y|prepend=0, append=1>)
        np.ediff1d(x, <to_end=y[0, 0]|to_begin=0.5>)
        np.insert(x, <1|0|[0, 2]|-1>, <y[:, :1] if 0 else 0.5|0.7>, axis=<1|-1>)
        np.insert(x, 1, y[:, 0], axis=1)
        np.insert(x, <2|[1, 1]>, <0.5|y[0, 0, :1]>)
        np.trapezoid(x<|, dx=0.5|, axis=0|, V|, np.cumsum(y, axis=-1)>)
        np.select([x > 0.5, y > 0.5], [x, y]<|, 1.0>)
        np.<vecdot|linalg.vecdot>(x, <y|V|y[0, 0]>)
        np.matvec(x, <y[0, 0]|V|y[:, 0]>)
        np.vecmat(x[..., 0], <y|C>)
        np.polyval(<x[0, 0]|V|[1.0, 2.0]|y[0, 0]>, <y|0.5|y[0]>)
        np.linalg.<cross|vecdot|tensordot>(x, y)
        np.<cov|corrcoef>(x[0]<|, y[0]|, rowvar=False>)
        np.bincount(I, weights=x[0, :, 0]<|, minlength=5>)
        np.bincount((10 * x[0, 0]).astype(int)<|, minlength=12>) * np.sum(y)
        x * len(np.unique((10 * y).astype(int)<|, return_counts=True>))
        np.extract(x > 0.5, y)
        np.compress([True, False, True], <x, axis=1|x>)
    """,
    ),
    Block(
        "moving",
        _X,
        """
        np.reshape(x, <(4, 6)|-1|(-1,)|[6, 4]|(3, -1)|(4, 6), order="F"|(2, -1), "F"|(24,), order="A"|shape=(8, 3)>)
        x.reshape(<4, 6|(4, 6)|-1|[6, 4]|3, -1|(6, 4), order="F"|x.shape|x.shape[0], -1|len(x), 12>)
        np.<transpose|permute_dims>(x, <(1, 0, 2)|[2, 0, 1]|axes=(0, 2, 1)|(-1, 0, 1)|None>)
        x.transpose(<|1, 0, 2|(2, 0, 1)|[0, 2, 1]|None|-1, 0, 1>)
        np.swapaxes(x, <0, 1|-1, 0|axis1=1, axis2=2>)
        x.swapaxes(<0, 2|-1, -2>)
        np.moveaxis(x, <0, -1|[0, 1], [1, 0]|(0, 2), (-1, 0)|source=1, destination=0>)
        np.rollaxis(x, <1|2, 1|-1|0, 3>)
        np.expand_dims(x, <0|-1|(0, 2)|axis=1|[0, 1]>)
        np.squeeze(x[:, :1]<|, axis=1|, (1,)|, -2>)
        x[:1].squeeze(<|0|axis=0|axis=(0,)>)
        np.flip(x<|, 0|, axis=(0, 2)|, axis=-1|, axis=None>)
        np.roll(x, <1|-2|np.int64(1)|(1, 2)|[1, 2]><|, axis=0|, axis=(0, 1)|, axis=[0, 1]|, -1>)
        np.roll(x, <shift=2|np.array([1, 2])>, axis=(0, 1))
        np.tile(x, <2|(2,)|(2, 1)|[1, 2, 2]|np.array([2, 1, 1])|(2, 1, 1, 2)|reps=2|1|0|np.int64(2)>)
        np.repeat(x, <2|[1, 2]|(2, 0)|np.array([1, 0])|np.int64(2)|0|1|[2]>, axis=0)
        np.repeat(x, <2|3|[2]|np.arange(24)|0><|, None|, axis=None>)
        x.repeat(<2|2, axis=0|[1, 2, 0], 1|repeats=2, axis=-1>)
        np.rot90(x<|, 2|, k=-1|, 1, (1, 2)|, axes=(0, 2)|, 4>)
        np.<tril|triu>(x<|, 1|, k=-1>)
        np.<diag|diagflat>(<x[0, 0]|x[0, 0], 1|x[0, 0], k=-2>)
        np.diag(<x[0]|x[0], 1|x[0], k=-1>)
        np.<diagonal|trace>(x<|, 1|, offset=-1|, 0, 1, 2|, axis1=-1, axis2=0>)
        x.<diagonal|trace>(<|1|0, 1, 2|offset=-1>)
        np.linalg.<diagonal|trace|matrix_transpose>(x)
        np.pad(x, <1|(1, 2)|((1, 0), (0, 2), (1, 1))|[1, 0]|np.array([[1, 1], [0, 0], [2, 1]])><|, "constant"|, mode="edge"|, mode="reflect"|, mode="symmetric"|, "wrap">)
        np.pad(x, <1|{0: 1, -1: (1, 2)}>, constant_values=<0|2.0|(1, 2)>)
        np.pad(x, 1, mode=<"mean"|"maximum"|"linear_ramp">)
        np.<split|array_split>(x, <2|[1]|1>)<[0]|[-1]>
        np.array_split(x, <3|[1, 2]|[0, 5]|2>, axis=<1|-1>)[-1]
        np.split(x, <3|[1, 2]|(1,)|np.array([1, 2])>, axis=1)[0]
        np.<vsplit|hsplit>(x, <1|[1]>)[0]
        np.dsplit(x, 2)[1]
        np.unstack(x<|, axis=1>)[1]
        np.atleast_<1d|2d|3d>(<x|x[0]|x[0, 0]|x[0, 0, 0]>)
        np.atleast_<1d|2d|3d>(x, x[0, 0])<[0]|[1]>
        np.broadcast_to(x, <(5, 2, 3, 4)|shape=(2, 3, 4)>)
        np.take(x, <[0, 1]|0|np.array([[1, 0]])|-1|[5, 30], mode="wrap"|[5, 30], mode="clip"|indices=[2]><|, axis=0|, axis=-1>)
        x.take(<[0, 3]|[1], 1|1, axis=-1|[[0, 1], [1, 0]], axis=0>)
        np.take_along_axis(x, np.argsort(x, <axis=0|axis=-1>), <axis=0|axis=-1|1>)
        np.take_along_axis(x, I[None, :, None], axis=2)
        np.delete(x, <0|[0, 1]|slice(0, 2)|-1|np.array([1])><|, axis=1|, axis=-1|, 0>)
        np.resize(x, <(3, 5)|(2, 3, 8)|30>)
        np.compress([True, False], x, axis=<0|0, out=None>)
        x.compress(<[False, True], axis=1|[True, False, True]>)
        x[<0|-1|1:|::-1|..., 0|:, None|None|..., None, :|:, 1, ::2|0, 0, 0|[0, 1, 1]|:, [0, 2]|[0, 1], [2, 0]|I[:1]|x > 0.5|M|:, :, V > 0.5|x[:, 0, 0] > 0.3|np.newaxis, 0|np.arange(2), :, I[:2]|(0, 1)|()|...|-1:|np.argmax(x[:, 0, 0])|np.int64(1)|True>]
        x.flat[<0|1:5|-1>]
        x[np.nonzero(x > 0.5)]
        x[np.where(<x > 0.5|M>)]
        x[np.unravel_index(np.argmax(x), x.shape)]
        np.ravel(x)[np.flatnonzero(x > 0.5)]
        np.fft.<fftshift|ifftshift>(x<|, axes=0|, axes=(0, 2)|, (1,)>)
        np.sort(x<|, axis=0|, axis=None|, -1|, kind="stable"|, axis=1, kind="mergesort"|, stable=True>)
        np.partition(x, <1|2|-1|[1, 2]><|, axis=1|, axis=-1>)
        np.argsort(x<|, axis=0|, kind="stable"|, axis=None>) * np.mean(x)
        np.median(x<|, axis=0|, axis=-1|, axis=(0, 2)|, keepdims=True|, axis=1, keepdims=True|, axis=None|, overwrite_input=False>)
        np.percentile(x, <30|50|[10, 50, 90]|np.array([25.0, 75.0])|q=40|100|0><|, axis=0|, axis=(0, 1)|, keepdims=True|, axis=-1, keepdims=True>)
        np.quantile(x, <0.3|0.5|[0.1, 0.9]|1><|, axis=1|, axis=(1, 2), keepdims=True|, method="nearest"|, axis=-1, method="lower"|, method="midpoint"|, method="hazen">)
        np.searchsorted(np.sort(np.ravel(x)), 0.5) * x
        np.searchsorted([0.3, 0.6], x) * x
        np.argpartition(x, 1<|, axis=0|, axis=-1>) * np.sum(x)
        x.argpartition(<1|2, axis=0>) * np.sum(x)
        np.<nanargmax|nanargmin>(x<|, axis=0>) * np.sum(x)
        np.argwhere(x > 0.5) * np.sum(x)
        np.flatnonzero(x > 0.5) * np.sum(x)
        np.lexsort((x[0, 0], x[0, 1])) * np.sum(x)
        np.digitize(x, <[0.3, 0.6]|np.array([0.2, 0.5])>) * x
        np.isin(np.floor(10 * x), [3, 5]) * x
        np.diff(x<|, axis=0|, n=2|, 1, 1|, n=0|, axis=-2, n=1>)
        np.ediff1d(x)
        np.abs(np.fft.<fft2|ifft2>(x))
        np.gradient(x, axis=<0|-1|1><|, edge_order=1>)
        np.gradient(x<|[0]>)[0]
        np.gradient(x, <0.5, 0.2, 1.0|0.5|0.5, axis=(0, 1)>)[1]
        np.gradient(x, 0.5, axis=<1|2, edge_order=2>)
        np.stack(<x|list(x)|tuple(x), axis=1|[r for r in x], -1>)
        np.concatenate(<x|list(x), axis=1|x, axis=-1>)
        np.lib.stride_tricks.sliding_window_view(x, <2, axis=0|(2, 2), axis=(1, 2)|2, -1|window_shape=2, axis=2>)
        np.<shape|ndim|size>(x) * x
        np.<dstack|vstack|hstack|column_stack>(<x[:, 0]|list(x[0])>)
    """,
    ),
    Block(
        "products",
        {"x": (3, 3), "y": (3, 3)},
        """
        x @ <y|y[0]|C[:, :, :3]|[1.0, 2.0, 3.0]|y.T|x>
        <C[:, :, :3]|[1.0, 2.0, 3.0]|y[0]|C[0, :, :3].tolist()> @ x
        np.<matmul|dot|inner|outer|kron|vdot|tensordot>(x, <y|x|y.T|C[0, :, :3]>)
        np.<dot|inner|outer|kron>(x, <y[0]|[1.0, 2.0, 3.0]>)
        np.<dot|inner|outer|kron>(<C[0, :, :3]|2.0|0.5>, y)
        np.<outer|kron>(x, <0.5|[1.0, 2.0]>)
        np.dot(<x, 2.0|x[0], y[0]|x, C[:, :, :3]|a=x, b=y|x, y, out=None|3, x>)
        x.dot(<y|2|y[0]|b=y|y, None>)
        np.tensordot(x, y, <1|0|axes=2|axes=([0], [1])|axes=(0, 0)|axes=[[0, 1], [1, 0]]|([1], [0])>)
        np.einsum(<"ij,jk->ik", x, y|"ij,jk", x, y|"ij->ji", x|"ij->", x|"ii->i", x|"ii", x|"ij,ij->i", x, y|"i,j->ij", x[0], y[0]|"...j,jk->...k", x, y|"ij,kj->ik", x, C[0, :, :3]|"ii,jk->jk", x, y|"iij->ij", C[:, :2, :2] + x[:2, :2]>)
        np.einsum("ij,jk->ik", x, y, <out=None|optimize=True|optimize="greedy"|optimize=False|dtype=float|order="C"|casting="safe">)
        np.einsum(x, <[0, 1]|[0, 0], [0]|[1, 0]>)
        np.einsum(x, [0, 1], y, [1, 2]<|, [0, 2]>)
        np.einsum(x, [Ellipsis, 0], y, [0, 1], [Ellipsis, 1])
        np.cross(x, <y|y[0]|[1.0, 2.0, 3.0]|y, axis=0|y, axisc=0|y, 0, 0, 0|y, axisa=0|x>)
        np.cross([1.0, 2.0, 3.0], x)
        np.linalg.<inv|det|pinv|cond|eigvals|matrix_rank>(x + 2 * np.eye(3))
        np.linalg.<inv|det>(C[:, :, :3] + x)
        np.linalg.slogdet(x + 2 * np.eye(3))<[0]|[1]|.sign|.logabsdet>
        np.linalg.cholesky(x @ x.T + np.eye(3)<|, upper=True>)
        np.linalg.cholesky(C[:, :, :3] @ C[:, :, :3].mT + x @ x.T)
        np.linalg.solve(x + 2 * np.eye(3), <y|y[0]|np.ones(3)|[1.0, 2.0, 3.0]|C[0, :, :3]>)
        np.linalg.solve(<C[0, :, :3]|np.eye(3)>, <y|y[0]>)
        np.linalg.solve(C[:, :, :3] + x, <y|C[:, :, :2]>)
        np.linalg.norm(x<|, 2, axis=0|, "fro"|, 1|, np.inf|, -1|, -np.inf|, axis=None|, None, 1|, keepdims=True|, "nuc"|, 2>)
        np.linalg.matrix_power(x, <0|1|2|3|4|5|7|-1|-2>)
        np.linalg.<matmul|outer|tensordot|vecdot|cross>(<x[0], y[0]|x, y>)
        np.<trace|diagonal|linalg.trace|linalg.diagonal>(x)
        np.<trace|diagonal>(x, <1|-1|offset=2>)
        np.<convolve|correlate>(x[0], <y[0]|V|y[0, :2]|[1.0, 2.0]><|, "same"|, mode="valid"|, "full">)
        np.<convolve|correlate>(<V|[1.0, 2.0]>, y[0]<|, "same"|, mode="valid"|, mode="full">)
        np.linalg.multi_dot([x, y, x])
        np.unique(x)
        x * np.unique(np.array([2, 0, 2]))[1]
        np.linalg.eigh(x<|, "U"|, UPLO="L">)<[0]|.eigenvalues>
        np.abs(np.linalg.eigh(x + 4 * np.diag([1.0, 2.0, 3.0])).eigenvectors)
        np.linalg.eigvalsh(x<|, "U">)
        np.linalg.svd(x, compute_uv=False)
        np.linalg.svd(x, full_matrices=False)[1]
        np.abs(np.linalg.svd(<x|x[:2]|x[:, :2]>, full_matrices=False)<.U|.Vh|[0]>)
        np.linalg.svd(<x|x[:2]>, <compute_uv=False|hermitian=True>)
        np.linalg.svd(C)[1]
        np.linalg.svdvals(<x|C>)
        np.linalg.qr(<x|x[:, :2]|x[:2]>)<[0]|[1]|.Q>
        np.linalg.qr(x, mode=<"r"|"raw">)
        np.linalg.qr(x, mode="complete")[0]
        np.linalg.lstsq(<x|x[:, :2]|x[:2]>, <y[:2]|y|y[0]>)<[0]|[1]|[3]>
        np.linalg.pinv(<x|x[:2]|x[:, :2]|C>)
        np.linalg.norm(<x|x[:2]>, <"nuc"|2|-2>)
        np.linalg.norm(C, <"nuc"|2>, axis=<(1, 2)|(2, 0)>)
        np.linalg.multi_dot([x, y, <x[0]|x, y|x, y, x, y>])
    """,
        kinds=("integer", "float32", "fortran"),
    ),
    Block(
        "fourier",
        {"x": (3, 4)},
        """
        np.fft.<fft|ifft>(x<|, axis=0|, n=3|, 6|, norm="ortho"|, n=2, axis=0, norm="forward">).<real|imag>
        np.abs(np.fft.<fft|rfft|fft2|rfft2|fftn|rfftn|ifft|ifft2|ifftn>(x))
        np.abs(np.fft.rfft(x<|, axis=0|, n=5|, n=3|, norm="ortho"|, norm="backward">)) ** 2
        np.fft.irfft(np.fft.rfft(x<|, axis=0>)<|, n=4|, n=3|, n=7|, norm="ortho"|, norm="forward"|, axis=0>)
        np.fft.irfft(x<|, n=5|, axis=0|, n=4|, norm="ortho">)
        np.fft.ifft(np.fft.fft(x) * np.fft.fft(x[0])).real
        np.real(np.fft.ifft2(np.fft.fft2(x) * <2.0|C[0]|np.fft.fft2(x)>))
        np.fft.<irfft2|irfftn>(np.fft.<rfft2|rfftn>(x)<|, s=(3, 4), axes=(0, 1)|, axes=(0, 1)>)
        np.fft.<fft2|fftn|ifft2|ifftn>(x<|, s=(2, 5), axes=(0, 1)|, axes=(0, 1)|, axes=(1, 0)|, norm="ortho">).real
        np.fft.<rfft2|rfftn>(x<|, s=(3, 2), axes=(-2, -1)|, axes=(1, 0)>).imag
        np.angle(np.fft.fft(x + 2)<|, deg=True>)[..., 1]
        np.real(np.conj(np.fft.fft(x)) * np.fft.fft(x[::-1]))
        np.real(np.exp(1j * x) * <2.0|(1 + 2j)|np.conj(np.exp(2j * x))>)
        np.imag(<np.exp(1j * x)|x * (2 + 3j)|x / (1 + 1j)|(x + 1j) ** 2|np.sqrt(x + 1j)>)
        np.abs(x + 1j * x[::-1])
        np.sum(np.fft.fft(x) * np.conj(np.fft.fft(x))).real
        np.fft.fftshift(np.abs(np.fft.fft(x)))
    """,
        kinds=("integer", "float32", "fortran", "empty"),
    ),
    Block(
        "both signs",
        _XY,
        """
        np.<abs|absolute|fabs|sign|cbrt|arctan|sinh|floor|ceil|square>(x)
        np.<maximum|minimum|fmax|fmin|arctan2|copysign|fmod|remainder|heaviside|hypot>(x, y)
        np.<maximum|minimum>(x, <0|0.0|C|-0.5>)
        np.<maximum|minimum>(<0|0.0>, x)
        x * (x > 0)
        x ** <2|3|2.0|-1|np.array([1, 2, 3, 2])>
        np.linalg.norm(x, <1|3|np.inf|-np.inf>, axis=0)
        np.<max|min|argmax|ptp|median|prod|cumprod>(x, axis=-1)
        np.clip(x, <-0.5, 0.5|-0.4, None|None, y|y, 0.5|y, C|C, y>)
        np.<sort|prod>(x, axis=<0|1>)
        np.interp(x, [-1.0, 0.1, 1.0], [0.3, 0.8, 0.1])
        np.where(x > 0, x, <0.01 * x|np.exp(x) - 1|0>)
        np.logaddexp(x, <0|y>)
        np.select([x < -0.5, x < 0.5], [-1.0, x], 1.0)
    """,
        low=0.25,
        signs=True,
        kinds=("float32", "fortran"),
    ),
]
if importlib.util.find_spec("scipy"):
    import scipy  # its own modules are imported when they are used

    _FILTER = "<mode='valid'|mode='same'|mode='full'|'same', 'fill'>"
    BLOCKS += [
        Block("scipy", {"x": (4, 5), "y": (2, 3)}, f"""
            scipy.special.<erf|erfc|ndtr|expit|log_expit|logit|gammaln>(x)
            scipy.special.xlogy(x[:2, :3], <y|0.5>)
            scipy.special.<logsumexp|softmax|log_softmax>(x<|, axis=0|, axis=-1|, axis=(0, 1)|, 1>)
            scipy.special.logsumexp(x, <axis=1, keepdims=True|1, None, True|b=2.0>)
            scipy.special.softmax(x[0])
            scipy.signal.<convolve2d|correlate2d>(x, y, {_FILTER})
            scipy.signal.<convolve2d|correlate2d>(x, <y|K>)
            scipy.signal.<convolve2d|correlate2d>(<IMAGE|[[0.3, 0.4, 0.1], [0.5, 0.2, 0.7]]>, y<|, mode="valid">)
            scipy.signal.<convolve2d|correlate2d>(x, y, "same", boundary="wrap")
            scipy.ndimage.<convolve|correlate>(x, y<|, mode="constant"|, mode="nearest"|, mode="mirror"|, mode="wrap">)
            scipy.ndimage.convolve(x, <K|y, origin=1>)
        """, kinds=("float32", "fortran"), constants={
            "scipy": scipy,
            "K": np.array([[0.3, 0.5, 0.2], [0.1, 0.9, 0.4], [0.6, 0.2, 0.8]]), "IMAGE": _RANDOM.uniform(0.3, 0.8, (3, 5)),
        }),
    ]  # fmt: skip

REFUSED = {
    "np.unwrap(x)",
    'np.pad(x, 1, mode="mean")',
    'np.pad(x, 1, mode="maximum")',
    'np.pad(x, 1, mode="linear_ramp")',
    "np.linalg.cond(x + 2 * np.eye(3))",
    "np.linalg.eigvals(x + 2 * np.eye(3))",
    "np.linalg.matrix_rank(x + 2 * np.eye(3))",
    "np.linalg.svd(x, hermitian=True)",
    "np.linalg.qr(x[:2])[0]",
    "np.linalg.qr(x[:2])[1]",
    "np.linalg.qr(x[:2]).Q",
    'np.linalg.qr(x, mode="raw")',
    "scipy.special.gammaln(x)",
    "scipy.special.logsumexp(x, b=2.0)",
    'scipy.signal.convolve2d(x, y, "same", boundary="wrap")',
    'scipy.signal.correlate2d(x, y, "same", boundary="wrap")',
}
"""Those that NumPy computes and that are refused in a sentence."""
