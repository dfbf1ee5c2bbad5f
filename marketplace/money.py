"""Money in integer minor units and the only arithmetic on it in the marketplace."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from fractions import Fraction

from marketplace.errors import InvalidInputError

EXPONENTS = {"CNY": 2, "USD": 2, "EUR": 2, "HKD": 2, "JPY": 0}
LIMIT_MINOR = 9 * 10**15
ROUNDINGS = {"half_even": ROUND_HALF_EVEN, "half_up": ROUND_HALF_UP, "down": ROUND_DOWN}
_PLAIN_AMOUNT = re.compile(r"(?P<whole>\d{1,3}(,\d{3})+|\d+)(\.(?P<part>\d+))?", re.ASCII)


class CurrencyMismatchError(InvalidInputError):
    """Two currencies met in one sum; nothing is ever converted."""

    code = "currency_mismatch"
    message = "All amounts of this act must be in one currency."


class UnknownCurrencyError(InvalidInputError):
    """The currency is not on the closed list."""

    code = "unknown_currency"
    message = "This currency is not accepted here."


class AmountTooLargeError(InvalidInputError):
    """The amount passes 9 × 10^15 minor units."""

    code = "amount_too_large"
    message = "This amount is larger than the platform can record."


class InvalidAmountError(InvalidInputError):
    """The text is not a plain amount."""

    code = "invalid_amount"
    message = "Enter an amount in figures, with a point before the cents."


@dataclass(frozen=True)
class Money:
    """A signed amount in minor units of one currency."""

    amount_minor: int
    currency: str

    def __post_init__(self) -> None:
        if self.currency not in EXPONENTS:
            raise UnknownCurrencyError(currency=str(self.currency))
        if isinstance(self.amount_minor, bool) or not isinstance(self.amount_minor, int):
            raise InvalidAmountError("An amount is a whole number of minor units.")
        if abs(self.amount_minor) > LIMIT_MINOR:
            raise AmountTooLargeError(amount_minor=str(self.amount_minor))

    def _same(self, other: Money) -> None:
        if self.currency != other.currency:
            raise CurrencyMismatchError(currencies=[self.currency, other.currency])

    def __add__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.amount_minor + other.amount_minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.amount_minor - other.amount_minor, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.amount_minor, self.currency)

    def __lt__(self, other: Money) -> bool:
        self._same(other)
        return self.amount_minor < other.amount_minor

    def __le__(self, other: Money) -> bool:
        self._same(other)
        return self.amount_minor <= other.amount_minor

    def times(self, factor: int | Fraction | Decimal, *, rounding: str = "half_even") -> Money:
        """Multiply by an exact number, rounded once by the named rule."""
        if isinstance(factor, float) or not isinstance(factor, (int, Fraction, Decimal)):
            raise TypeError("money is multiplied by int, Fraction or Decimal only")
        return Money(round_fraction(Fraction(factor) * self.amount_minor, rounding), self.currency)

    def allocate(self, weights: Sequence[int | Fraction]) -> list[Money]:
        """Split by weights; the parts add to the whole (largest remainder, ties to the earlier part)."""
        total = sum(Fraction(weight) for weight in weights)
        if total <= 0 or any(weight < 0 for weight in weights):
            raise ValueError("weights must be non-negative with a positive sum")
        exact = [Fraction(weight) * self.amount_minor / total for weight in weights]
        parts = [share.numerator // share.denominator for share in exact]
        order = sorted(range(len(parts)), key=lambda index: (parts[index] - exact[index], index))
        for index in order[: self.amount_minor - sum(parts)]:
            parts[index] += 1
        return [Money(part, self.currency) for part in parts]

    def as_dict(self) -> dict[str, int | str]:
        return {"amount_minor": self.amount_minor, "currency": self.currency}

    def decimal(self) -> Decimal:
        """The amount in major units, exact."""
        return Decimal(self.amount_minor).scaleb(-EXPONENTS[self.currency])


def round_fraction(value: Fraction, rounding: str = "half_even") -> int:
    """Round an exact number to a whole one by a named rule."""
    if rounding == "half_even":
        return round(value)
    sign = -1 if value < 0 else 1
    magnitude = abs(value)
    if rounding == "half_up":
        return sign * ((2 * magnitude.numerator + magnitude.denominator) // (2 * magnitude.denominator))
    if rounding == "down":
        return sign * (magnitude.numerator // magnitude.denominator)
    raise ValueError(f"unknown rounding {rounding!r}")


def parse_amount(text: object, currency: str, *, field: str | None = None, allow_zero: bool = False) -> Money:
    """Read what a person typed in major units ("1,234.50"); refuses anything that is not plain figures."""
    if currency not in EXPONENTS:
        raise UnknownCurrencyError(field=field, currency=str(currency))
    if not isinstance(text, str):
        raise InvalidAmountError(field=field)
    match = _PLAIN_AMOUNT.fullmatch(text.strip())
    if match is None:
        raise InvalidAmountError(field=field)
    part = match["part"] or ""
    exponent = EXPONENTS[currency]
    if len(part) > exponent:
        raise InvalidAmountError("This amount has more decimals than its currency.", field=field, decimals=exponent)
    if len(match["whole"]) > 30:
        raise AmountTooLargeError(field=field)
    minor = int(match["whole"].replace(",", "") + part.ljust(exponent, "0"))
    if minor > LIMIT_MINOR:
        raise AmountTooLargeError(field=field)
    if minor == 0 and not allow_zero:
        raise InvalidAmountError("The amount must be above zero.", field=field)
    return Money(minor, currency)
