"""What a funder may write into a mandate; every refusal is one fixed sentence at its field."""

from __future__ import annotations

from dataclasses import asdict, is_dataclass
from decimal import Decimal
from typing import Any

import marshmallow as ma

from marketplace.dealflow.errors import MandateEmptyRangeError, MandateInvalidError
from marketplace.dealflow.words import (
    BANDS,
    EXCLUSION_FIELDS,
    EXCLUSION_FIGURES,
    EXCLUSION_OPERATORS,
    MUST_HAVES,
    PARTS,
    ROLES,
    STAGES,
    VISIBILITIES,
)
from marketplace.money import EXPONENTS, LIMIT_MINOR
from marketplace.projects.fields import BoundedNumber, Day, DecimalText, PlainText, TrueFalse, Word
from marketplace.projects.schemas import flatten_messages
from marketplace.projects.words import INSTRUMENTS, ORGANISATION_SIZES, SECTORS
from marketplace.schemas import StrictSchema

EXCLUSION_LIMIT = 20
REGION_LIMIT = 60
_WORD_VALUES = {
    "lead_organisation_size": ORGANISATION_SIZES, "solids_handling": ("true", "false"), "sector": SECTORS,
}  # fmt: skip
_FIGURE = DecimalText(minimum="0", maximum="1000000")


class _Amount(BoundedNumber):
    default_error_messages = {"bounds": "The amount must be above zero and not too large."}

    def __init__(self, **options: Any) -> None:
        super().__init__(1, LIMIT_MINOR, **options)


class _Words(ma.fields.List):
    """A list of words of a closed list, each kept once."""

    def __init__(self, words: tuple[str, ...], *, filled: bool = False, **options: Any) -> None:
        self.filled = filled
        super().__init__(Word(words), **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[Any]:
        if not isinstance(value, (list, tuple)):
            raise self.make_error("invalid")
        found = list(dict.fromkeys(super()._deserialize(list(value), attr, data, **kwargs)))
        if self.filled and not found:
            raise ma.ValidationError("Choose at least one.")
        return found


class ExclusionSchema(StrictSchema):
    """A hard limit: the project is refused when `field` is `operator` `value`."""

    field = Word(EXCLUSION_FIELDS, required=True)
    operator = Word(EXCLUSION_OPERATORS, required=True)
    value = ma.fields.String(required=True)
    reason_zh = PlainText(200, load_default="")
    reason_en = PlainText(200, load_default="")

    @ma.validates_schema(skip_on_field_errors=True)
    def _value_fits(self, data: dict[str, Any], **_: Any) -> None:
        if data["field"] in EXCLUSION_FIGURES:
            try:
                _FIGURE.deserialize(data["value"])
            except ma.ValidationError as error:
                raise ma.ValidationError(error.messages, "value") from error
        elif data["operator"] != "is" or data["value"] not in _WORD_VALUES[data["field"]]:
            raise ma.ValidationError("This field is compared by a word of its list.", "value")


class MandateInputSchema(StrictSchema):
    """Everything that a funder may write; the state and the remaining budget of an edit are not among it."""

    name_zh = PlainText(120)
    name_en = PlainText(160)
    instruments = _Words(INSTRUMENTS, filled=True)
    sectors = _Words(SECTORS)
    region_prefixes = ma.fields.List(
        ma.fields.String(
            validate=ma.validate.Regexp(
                r"[1-8][0-9]([0-9]{2}){0,2}\Z", error="Use 2, 4 or 6 figures of GB/T 2260 for each region."
            )
        ),
        validate=ma.validate.Length(max=REGION_LIMIT, error="There are too many rows."),
    )
    trl_from = BoundedNumber(1, 9)
    trl_to = BoundedNumber(1, 9)
    mrl_from = BoundedNumber(1, 10)
    mrl_to = BoundedNumber(1, 10)
    currency = Word(tuple(EXPONENTS))
    ticket_min_minor = _Amount()
    ticket_max_minor = _Amount()
    round_size_max_minor = _Amount(allow_none=True)
    stages = _Words(STAGES)
    ownership_min_fraction = DecimalText(minimum="0", maximum="1", allow_none=True)
    ownership_max_fraction = DecimalText(minimum="0", maximum="1", allow_none=True)
    role = Word(ROLES)
    needs_co_investor = TrueFalse()
    must_have = _Words(MUST_HAVES)
    exclusions = ma.fields.List(
        ma.fields.Nested(ExclusionSchema),
        validate=ma.validate.Length(max=EXCLUSION_LIMIT, error="There are too many rows."),
    )
    max_band = Word(BANDS, allow_none=True)
    target_zh = PlainText(1000)
    target_en = PlainText(1000)
    budget_from = Day()
    budget_to = Day()
    budget_minor = _Amount()
    valid_from = Day()
    valid_to = Day()
    weights = ma.fields.Dict(keys=Word(PARTS), values=DecimalText(minimum="0", maximum="1000"))
    visibility = Word(VISIBILITIES)


REQUIRED = (
    "instruments", "trl_from", "trl_to", "ticket_min_minor", "ticket_max_minor", "budget_from", "budget_to",
    "budget_minor", "valid_from", "valid_to",
)  # fmt: skip
DEFAULTS: dict[str, Any] = {
    "name_zh": "", "name_en": "", "sectors": [], "region_prefixes": [], "mrl_from": 1, "mrl_to": 10,
    "currency": "CNY", "round_size_max_minor": None, "stages": [], "ownership_min_fraction": None,
    "ownership_max_fraction": None, "role": "either", "needs_co_investor": False, "must_have": [],
    "exclusions": [], "max_band": None, "target_zh": "", "target_en": "", "weights": {}, "visibility": "verified",
}  # fmt: skip


def read_mandate(values: dict[str, Any]) -> dict[str, Any]:
    """Check each field by itself; raises MandateInvalidError that names every wrong one."""
    plain = {name: _plain(value) for name, value in values.items()}
    try:
        loaded: dict[str, Any] = MandateInputSchema().load(plain)
    except ma.ValidationError as error:
        raise MandateInvalidError(errors=dict(flatten_messages(error.messages))) from error
    return loaded


def _plain(value: Any) -> Any:
    """Records of content arrive as frozen dataclasses in tuples."""
    if isinstance(value, (list, tuple)):
        return [asdict(row) if is_dataclass(row) and not isinstance(row, type) else row for row in value]
    return value


def check_whole(values: dict[str, Any]) -> None:
    """What a complete mandate must be; raises MandateInvalidError or MandateEmptyRangeError."""
    errors = {name: "This cannot be empty." for name in REQUIRED if values.get(name) in (None, [], "")}
    if not values["name_zh"] and not values["name_en"]:
        errors["name_zh"] = "Give the mandate a name in one language at least."
    if values["weights"] and not any(Decimal(weight) for weight in values["weights"].values()):
        errors["weights"] = "At least one weight must be above zero."
    if errors:
        raise MandateInvalidError(errors=errors)
    empty = _find_empty_ranges(values)
    if empty:
        raise MandateEmptyRangeError(errors=empty)


def _find_empty_ranges(values: dict[str, Any]) -> dict[str, str]:
    sentences = {
        ("trl_from", "trl_to"): "The highest level lies below the lowest.",
        ("mrl_from", "mrl_to"): "The highest level lies below the lowest.",
        ("ticket_min_minor", "ticket_max_minor"): "The largest ticket lies below the smallest.",
        ("budget_from", "budget_to"): "The last day lies before the first.",
        ("valid_from", "valid_to"): "The last day lies before the first.",
        ("ticket_min_minor", "budget_minor"): "The budget is smaller than the smallest ticket.",
        ("ticket_min_minor", "round_size_max_minor"): "The largest round is smaller than the smallest ticket.",
    }
    empty = {
        last: sentence
        for (first, last), sentence in sentences.items()
        if values[last] is not None and values[last] < values[first]
    }
    low, high = values["ownership_min_fraction"], values["ownership_max_fraction"]
    if low is not None and high is not None and Decimal(high) < Decimal(low):
        empty["ownership_max_fraction"] = "The largest share lies below the smallest."
    return empty
