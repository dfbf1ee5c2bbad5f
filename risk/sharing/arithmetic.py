"""The arithmetic protocol of the interpreter and its two number types: Python integers and checked int64 arrays.

Everything the interpreter does beyond ``+`` and ``-`` goes through these classes, so that settlement (integers) and
simulation (arrays of scenarios) run the very same program and agree to the fen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cached_property
from typing import Any

from risk.sharing.errors import AmountError

BOUND = 9 * 10**15
MILLION = 10**6


def too_large(step: str, party: str | None) -> AmountError:
    """Return the error for an amount outside the bound, naming party and step."""
    whose = f" of {party}" if party else ""
    return AmountError(
        f"An amount{whose} in step '{step}' is outside the range of -{BOUND} to {BOUND} minor units.",
        step,
        party=party,
        step=step,
        bound=BOUND,
    )


class IntegerArithmetic:
    """Python integers: one scenario, exact, used to settle."""

    is_array = False
    scenarios = 1
    zero: Any = 0

    def check(self, value: Any, step: str, party: str | None = None) -> Any:
        """Return `value`, or raise :class:`AmountError` where it is outside the bound."""
        if not -BOUND <= value <= BOUND:
            raise too_large(step, party)
        return value

    def minimum(self, left: Any, right: Any) -> Any:
        """Return the smaller of the two."""
        return left if left < right else right

    def maximum(self, left: Any, right: Any) -> Any:
        """Return the larger of the two."""
        return left if left > right else right

    def where(self, condition: Any, left: Any, right: Any) -> Any:
        """Return `left` where the condition holds, else `right`."""
        return left if condition else right

    def only(self, condition: Any) -> AbstractContextManager[None]:
        """Do nothing: what is not run in settlement is not computed."""
        return nullcontext()

    def any(self, condition: Any) -> bool:
        """Say whether the condition holds anywhere."""
        return bool(condition)

    def happens(self, condition: Any) -> bool:
        """Say whether the condition holds where the event that is being run happens."""
        return bool(condition)

    def both(self, left: Any, right: Any) -> Any:
        """Return the logical and."""
        return bool(left) and bool(right)

    def either(self, left: Any, right: Any) -> Any:
        """Return the logical or."""
        return bool(left) or bool(right)

    def negate(self, condition: Any) -> Any:
        """Return the logical not."""
        return not condition

    def muldivmod(self, amount: Any, numerator: Any, denominator: Any) -> tuple[Any, Any]:
        """Return quotient and remainder of amount x numerator / denominator for 0 <= numerator <= denominator."""
        return divmod(amount * numerator, denominator)

    def look_up(self, function: Callable[[int], int], keys: Any) -> Any:
        """Return function(key)."""
        return function(keys)

    def one_each_to_largest(self, ranks: list[Any], units: Any) -> list[Any]:
        """Return 1 for the `units` legs with the largest rank, earlier legs first among equals; else 0."""
        if units <= 0:
            return [0] * len(ranks)
        order = sorted(range(len(ranks)), key=lambda leg: -ranks[leg])
        chosen = set(order[:units])
        return [1 if leg in chosen else 0 for leg in range(len(ranks))]


class ArrayArithmetic:
    """Checked ``int64`` arrays of shape ``(n,)``: n scenarios at once, used to simulate.

    Parameters
    ----------
    scenarios : int
        Number of scenarios n.
    """

    is_array = True

    def __init__(self, scenarios: int) -> None:
        import numpy

        self.numpy = numpy
        self.scenarios = scenarios
        # Where the event that is being run happens (True: everywhere); elsewhere its figures are thrown away.
        self.occurs: Any = True

    @cached_property
    def zero(self) -> Any:
        """Return an array of n zeros that nobody writes to."""
        zeros = self.numpy.zeros(self.scenarios, dtype=self.numpy.int64)
        zeros.flags.writeable = False
        return zeros

    def check(self, value: Any, step: str, party: str | None = None) -> Any:
        """Return `value`, or raise :class:`AmountError` where any scenario is outside the bound."""
        if isinstance(value, int):
            if not -BOUND <= value <= BOUND:
                raise too_large(step, party)
        elif value.size and (int(value.max()) > BOUND or int(value.min()) < -BOUND):
            counted = value if self.occurs is True else value[self.occurs]
            if counted.size and (int(counted.max()) > BOUND or int(counted.min()) < -BOUND):
                raise too_large(step, party)
        return value

    def minimum(self, left: Any, right: Any) -> Any:
        """Return the smaller of the two in every scenario."""
        return self.numpy.minimum(left, right)

    def maximum(self, left: Any, right: Any) -> Any:
        """Return the larger of the two in every scenario."""
        return self.numpy.maximum(left, right)

    def where(self, condition: Any, left: Any, right: Any) -> Any:
        """Return `left` where the condition holds, else `right`."""
        if isinstance(condition, bool):
            return left if condition else right
        return self.numpy.where(condition, left, right)

    @contextmanager
    def only(self, condition: Any) -> Iterator[None]:
        """Let bounds count only where the condition holds, as settlement computes a block only where it is run."""
        occurs = self.occurs
        self.occurs = self.both(occurs, condition)
        yield
        self.occurs = occurs

    def any(self, condition: Any) -> bool:
        """Say whether the condition holds in any scenario."""
        return bool(self.numpy.any(condition))

    def happens(self, condition: Any) -> bool:
        """Say whether the condition holds in a scenario in which the event that is being run happens."""
        return self.any(condition if self.occurs is True else self.numpy.logical_and(condition, self.occurs))

    def both(self, left: Any, right: Any) -> Any:
        """Return the logical and."""
        return self.numpy.logical_and(left, right)

    def either(self, left: Any, right: Any) -> Any:
        """Return the logical or."""
        return self.numpy.logical_or(left, right)

    def negate(self, condition: Any) -> Any:
        """Return the logical not."""
        return self.numpy.logical_not(condition)

    def muldivmod(self, amount: Any, numerator: Any, denominator: Any) -> tuple[Any, Any]:
        """Return quotient and remainder of amount x numerator / denominator, exactly.

        Exact for 0 <= numerator <= denominator <= 9e15 and 0 <= amount <= 9e15: the float64 quotient is at most a few
        units off, and the wrapped int64 remainder amount*n - q*d tells by how many (agreements.md, Arithmetic).
        """
        numpy = self.numpy
        a = numpy.asarray(amount, dtype=numpy.int64)
        n = numpy.asarray(numerator, dtype=numpy.int64)
        d = numpy.asarray(denominator, dtype=numpy.int64)
        if a.ndim == 0:
            a = numpy.broadcast_to(a, (self.scenarios,))
        estimate = a.astype(numpy.float64) * n.astype(numpy.float64) / d.astype(numpy.float64)
        quotient = estimate.astype(numpy.int64)
        remainder = a * n - quotient * d
        correction, remainder = numpy.divmod(remainder, d)
        return quotient + correction, remainder

    def look_up(self, function: Callable[[int], int], keys: Any) -> Any:
        """Return function(key) in every scenario, each different key computed once."""
        numpy = self.numpy
        different, places = numpy.unique(numpy.asarray(keys, dtype=numpy.int64), return_inverse=True)
        return numpy.array([function(int(key)) for key in different], dtype=numpy.int64)[places]

    def one_each_to_largest(self, ranks: list[Any], units: Any) -> list[Any]:
        """Return 1 for the `units` legs with the largest rank in each scenario, earlier legs first among equals."""
        numpy = self.numpy
        table = numpy.stack([numpy.broadcast_to(rank, (self.scenarios,)) for rank in ranks])
        order = numpy.argsort(-table, axis=0, kind="stable")
        position = numpy.empty_like(order)
        numpy.put_along_axis(position, order, numpy.arange(len(ranks))[:, None] + numpy.zeros_like(order), axis=0)
        return list((position < units).astype(numpy.int64))


Arithmetic = IntegerArithmetic | ArrayArithmetic


def multiply_fraction(
    arithmetic: Arithmetic, amount: Any, numerator: Any, denominator: int, step: str
) -> tuple[Any, Any]:
    """Return (whole units, remainder over `denominator`) of amount x numerator / denominator.

    The fraction may exceed one: its whole part multiplies apart, so that both number types stay exact.
    """
    arithmetic.check(amount, step)
    whole, part = numerator // denominator, numerator % denominator
    quotient, remainder = arithmetic.muldivmod(amount, part, denominator)
    if not arithmetic.any(whole != 0):
        return quotient, remainder
    limit = BOUND // arithmetic.maximum(whole, 1)
    if arithmetic.happens(amount > limit):
        raise too_large(step, None)
    return arithmetic.check(quotient + amount * whole, step), remainder


def round_half(arithmetic: Arithmetic, units: Any, remainder: Any, denominator: int, rounding: str) -> Any:
    """Round units + remainder/denominator to whole units, ``half_even`` or ``half_up``."""
    twice = remainder + remainder
    if rounding == "half_up":
        up = twice >= denominator
    else:
        up = arithmetic.either(twice > denominator, arithmetic.both(twice == denominator, units % 2 == 1))
    return units + arithmetic.where(up, 1, 0)


def percentage(arithmetic: Arithmetic, amount: Any, rate: tuple[int, int], rounding: str, step: str) -> Any:
    """Return amount x rate, rounded once; `rate` is (numerator, denominator)."""
    units, remainder = multiply_fraction(arithmetic, amount, rate[0], rate[1], step)
    return round_half(arithmetic, units, remainder, rate[1], rounding)
