"""Formulas as quotients of polynomials: two of them are equal if their difference has no term left.

Roots, exponentials, signs and brackets are letters with a rule each: r**2 = A, exp(a + b) = exp(a) * exp(b), s**2 = 1,
[c]**2 = [c]. Powers that a rule lowers are lowered at once, and what stands below is kept in factors, so that nothing
is ever divided out. No term left is a proof, whatever the letters are; a term that is left proves nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

Monomial = tuple[tuple[int, int], ...]
"""Letters by number, with their powers; negative ones stand below."""
Terms = Mapping[Monomial, Fraction]


class UnprovableError(Exception):
    """Something that has no rule here, or more terms than are allowed."""


@dataclass(frozen=True)
class Quotient:
    """A sum of terms over a product of sums, which are given by number, with their powers."""

    terms: Terms
    below: Monomial = ()


ONE, NOTHING = Quotient({(): Fraction(1)}), Quotient({})


class Quotients:
    """Turns SymPy's expressions into quotients.

    Args:
        most: how many products of two terms are made before it gives up.
    """

    def __init__(self, most: int):
        self.left = most
        self._letters: list[tuple[str, Any]] = []  # what each letter stands for: its kind, and of what
        self._rules: dict[int, tuple[int, Quotient]] = {}  # the power of a letter that is something else
        self._sums: list[Quotient] = []  # what stands below, by number
        self._known: dict[Any, Quotient] = {}

    def of(self, expression: Any) -> Quotient:
        """The quotient that a SymPy expression is.

        Raises:
            UnprovableError: it holds what has no rule, or grows beyond the bound.
        """
        if expression not in self._known:
            self._known[expression] = self._made(expression)
        return self._known[expression]

    def _made(self, expression: Any) -> Quotient:
        if expression.is_Rational:
            return _number(Fraction(int(expression.p), int(expression.q)))
        if expression.is_Add or expression.is_Mul:
            total = NOTHING if expression.is_Add else ONE
            for part in map(self.of, expression.args):
                total = self.plus(total, part) if expression.is_Add else self.times(total, part)
            return total
        if expression.is_Pow and expression.exp.is_Rational:
            base, power = self.of(expression.base), expression.exp
            root = base if power.q == 1 else self._root(base, int(power.q))
            return self.power(root, int(power.p))
        if expression.is_Symbol and expression.name.startswith("["):
            bracket = self._letter("bracket", expression)
            self._rules[_only(bracket)] = 2, bracket
            return bracket
        if expression.is_Symbol:
            return self._letter("name", expression)
        word = str(expression.func)
        if word in _FUNCTIONS and len(expression.args) == 1:
            return _FUNCTIONS[word](self, self.of(expression.args[0]))
        if word in ("max", "min") or expression.is_NumberSymbol:
            return self._letter("value", expression)
        raise UnprovableError(f"{word} has no rule")

    # ---- arithmetic --------------------------------------------------------------------------------------------------

    def plus(self, one: Quotient, other: Quotient) -> Quotient:
        mine, its = dict(one.below), dict(other.below)
        below = {key: max(mine.get(key, 0), its.get(key, 0)) for key in {*mine, *its}}
        one, other = (self._over(each, below) for each in (one, other))
        if one.below or other.below:  # a power that was lowered has brought sums of its own
            return self._over_sums(self.plus(one, other), below)
        made = dict(one.terms)
        for monomial, amount in other.terms.items():
            made[monomial] = made.get(monomial, Fraction(0)) + amount
        return _quotient(made, below)

    def minus(self, one: Quotient, other: Quotient) -> Quotient:
        return self.plus(one, self.times(_number(Fraction(-1)), other))

    def times(self, one: Quotient, other: Quotient) -> Quotient:
        self.left -= len(one.terms) * len(other.terms)
        if self.left < 0:
            raise UnprovableError("too many terms")
        made: dict[Monomial, Fraction] = {}
        lowered = NOTHING
        for left, a in one.terms.items():
            for right, b in other.terms.items():
                powers = dict(left)
                for letter, power in right:
                    powers[letter] = powers.get(letter, 0) + power
                monomial = tuple(sorted(pair for pair in powers.items() if pair[1]))
                high = next(
                    (x for x, power in monomial if x in self._rules and not 0 <= power < self._rules[x][0]), None
                )
                if high is None:
                    made[monomial] = made.get(monomial, Fraction(0)) + a * b
                else:
                    lowered = self.plus(lowered, self._lowered(dict(monomial), high, a * b))
        below = dict(one.below)
        for key, power in other.below:
            below[key] = below.get(key, 0) + power
        product = _quotient(made, below)
        if not lowered.terms:
            return product
        return self.plus(product, self._over_sums(lowered, below))

    def _lowered(self, powers: dict[int, int], letter: int, amount: Fraction) -> Quotient:
        """A monomial whose letter has a power that its rule makes something else of."""
        degree, instead = self._rules[letter]
        times, rest = divmod(powers.pop(letter), degree)
        if instead.terms == {((letter, 1),): 1}:
            if times < 0:
                raise UnprovableError("a bracket stands below")
            times, rest = 0, 1  # [c]**3 = [c]
        powers |= {letter: rest} if rest else {}
        return self.times(Quotient({tuple(sorted(powers.items())): amount}), self.power(instead, times))

    def power(self, base: Quotient, power: int) -> Quotient:
        if power < 0:
            return self.power(self._inverse(base), -power)
        if len(base.terms) == 1 and not base.below:  # letters to high powers: exp(x / 1000)**1702
            ((monomial, amount),) = base.terms.items()
            return self.times(ONE, Quotient({tuple((x, n * power) for x, n in monomial if power): amount**power}))
        made = ONE
        for _ in range(power):
            made = self.times(made, base)
        return made

    def _inverse(self, of: Quotient) -> Quotient:
        if not of.terms:
            raise UnprovableError("it divides by zero")
        above = ONE
        for key, power in of.below:
            above = self.times(above, self.power(self._sums[key], power))
        shared, amount, rest = self._split(
            of
        )  # what all terms share stands below as it is; the rest is a sum that is kept
        front = Quotient({tuple((x, -n) for x, n in shared): 1 / amount})
        above = self.times(above, front)
        if rest.terms == ONE.terms:
            return above
        if len(rest.terms) == 1:
            (monomial,) = rest.terms
            return self.times(above, Quotient({tuple((x, -n) for x, n in monomial): Fraction(1)}))
        key = next((k for k, known in enumerate(self._sums) if known == rest), len(self._sums))
        if key == len(self._sums):
            self._sums.append(rest)
        return self._over_sums(above, {key: 1})

    def _split(self, of: Quotient) -> tuple[Monomial, Fraction, Quotient]:
        """What all terms share, the number of the last, and the sum that is left with these taken out."""
        shared = {letter: min(dict(m).get(letter, 0) for m in of.terms) for m in of.terms for letter, _ in m}
        kept = tuple(sorted((x, n) for x, n in shared.items() if n and x not in self._rules))
        amount = of.terms[max(of.terms)]
        out = Quotient({tuple((x, -n) for x, n in kept): 1 / amount})
        return kept, amount, self.times(out, Quotient(of.terms))

    def _over(self, one: Quotient, below: dict[int, int]) -> Quotient:
        """The terms above, once these sums stand below."""
        mine = dict(one.below)
        made = Quotient(one.terms)
        for key, power in below.items():
            for _ in range(power - mine.get(key, 0)):
                made = self.times(made, self._sums[key])
        return made

    def _over_sums(self, one: Quotient, below: dict[int, int]) -> Quotient:
        mine = dict(one.below)
        return _quotient(one.terms, {key: mine.get(key, 0) + below.get(key, 0) for key in {*mine, *below}})

    # ---- letters -----------------------------------------------------------------------------------------------------

    def _letter(self, kind: str, of: Any) -> Quotient:
        """A letter; the same one for what is equal."""
        for number, (known, other) in enumerate(self._letters):
            same = known == kind and (self._is_same(of, other) if isinstance(of, Quotient) else of == other)
            if same:
                return Quotient({((number, 1),): Fraction(1)})
        self._letters.append((kind, of))
        return Quotient({((len(self._letters) - 1, 1),): Fraction(1)})

    def _is_same(self, one: Quotient, other: Quotient) -> bool:
        return one == other or not self.minus(one, other).terms

    def _root(self, of: Quotient, degree: int) -> Quotient:
        letter = self._letter(f"root {degree}", of)
        self._rules[_only(letter)] = degree, of
        return letter

    def exponential(self, of: Quotient) -> Quotient:
        """A product of one letter a term: exp(a + b) = exp(a) * exp(b), exp(3 * a / 2) = exp(a / 2)**3."""
        made = ONE
        for monomial, amount in of.terms.items():
            kind, inside = self._letters[monomial[0][0]] if len(monomial) == 1 else ("", ONE)
            if kind == "log" and monomial[0][1] == 1 and amount.denominator == 1 and not of.below:
                factor = self.power(inside, amount.numerator)
            else:
                part = Quotient({monomial: Fraction(1, amount.denominator)}, of.below)
                factor = self.power(self._letter("exp", part), amount.numerator)
            made = self.times(made, factor)
        return made

    def _logarithm(self, of: Quotient) -> Quotient:
        """A sum of one letter a factor: log(exp(a) / s) = a - log(s)."""
        if not of.terms:
            raise UnprovableError("it is the logarithm of zero")
        shared, amount, rest = self._split(of)
        made = NOTHING if amount == 1 else self._letter("log", _number(amount))
        powers = [(Quotient({((letter, 1),): Fraction(1)}), n) for letter, n in shared]
        powers += [(rest, 1)] * (rest.terms != ONE.terms) + [(self._sums[key], -n) for key, n in of.below]
        for factor, power in powers:
            kind, inside = self._letters[_only(factor)] if len(factor.terms) == 1 else ("", ONE)
            part = inside if kind == "exp" else self._letter("log", factor)
            made = self.plus(made, self.times(_number(Fraction(power)), part))
        return made

    def _tanh(self, of: Quotient) -> Quotient:
        square = self.exponential(self.times(_number(Fraction(2)), of))
        return self.times(self.minus(square, ONE), self._inverse(self.plus(square, ONE)))

    def _cosh(self, of: Quotient, sign: int = 1) -> Quotient:
        grown = self.exponential(of)
        both = self.plus(grown, self.times(_number(Fraction(sign)), self._inverse(grown)))
        return self.times(_number(Fraction(1, 2)), both)

    def _sinh(self, of: Quotient) -> Quotient:
        return self._cosh(of, -1)

    def _sine(self, of: Quotient) -> Quotient:
        return self._letter("sin", of)

    def _cosine(self, of: Quotient) -> Quotient:
        letter, sine = self._letter("cos", of), self._sine(of)
        self._rules[_only(letter)] = 2, self.minus(ONE, self.times(sine, sine))
        return letter

    def _sign(self, of: Quotient) -> Quotient:
        letter = self._letter("sign", of)
        self._rules[_only(letter)] = 2, ONE
        return letter

    def _absolute(self, of: Quotient) -> Quotient:
        return self.times(self._sign(of), of)


_FUNCTIONS: dict[str, Callable[[Quotients, Quotient], Quotient]] = {
    "exp": Quotients.exponential, "log": Quotients._logarithm, "tanh": Quotients._tanh, "cosh": Quotients._cosh,
    "sinh": Quotients._sinh, "sin": Quotients._sine, "cos": Quotients._cosine, "sign": Quotients._sign,
    "abs": Quotients._absolute, "Abs": Quotients._absolute, "conjugate": lambda _, real: real,
}  # fmt: skip


def _quotient(terms: Terms, below: Mapping[int, int]) -> Quotient:
    kept = {monomial: amount for monomial, amount in terms.items() if amount}
    return Quotient(kept, tuple(sorted((key, n) for key, n in below.items() if n)) if kept else ())


def _number(value: Fraction) -> Quotient:
    return Quotient({(): value} if value else {})


def _only(letter: Quotient) -> int:
    """The number of a letter that stands alone."""
    (monomial,) = letter.terms
    return monomial[0][0]
