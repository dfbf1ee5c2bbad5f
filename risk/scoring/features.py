"""Inputs of the score: checked against their schema, turned into columns measured from the reference project."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, lru_cache
from numbers import Real
from typing import Any

from risk.errors import InvalidParameterError, RiskError
from risk.tables import load_document

COLUMNS: tuple[str, ...] = (
    "trl_start",
    "planned_gain",
    "pilot_scale",
    "mrl_start",
    "log_planned_months",
    "evidence_cover",
    "log_scale_up",
    "new_process_steps",
    "unproven_equipment_share",
    "solids_handling",
    "recycle_streams",
    "lead_organisation_size",
)
"""Model columns, in the order of the coefficient vector. Each is 0 for the reference project."""

INPUT_OF_COLUMN: dict[str, str] = {
    "planned_gain": "trl_target",
    "pilot_scale": "trl_target",
    "log_planned_months": "planned_months",
    "log_scale_up": "scale_up_factor",
}
"""The input behind a column where the names differ."""


@dataclass(frozen=True, slots=True)
class Feature:
    """Schema entry of one input: names, unit, type, range, reference value, spread over pilots, when it is known."""

    key: str
    name_zh: str
    name_en: str
    unit: str
    type: str
    minimum: float | None
    maximum: float | None
    choices: tuple[str, ...]
    reference: Any
    spread: float
    sign: str
    known_at: str

    @property
    def allowed(self) -> str:
        """The range or set allowed, in words."""
        if self.type == "boolean":
            return "true or false"
        if self.type == "choice":
            return "one of " + ", ".join(self.choices)
        kind = "a whole number" if self.type == "integer" else "a number"
        return f"{kind} from {self.minimum:g} to {self.maximum:g}"


@lru_cache(maxsize=1)
def list_features() -> dict[str, Feature]:
    """Return the schema of every input by key, in the order of the table."""
    return {row["key"]: _build_feature(row) for row in load_document("features")["feature"]}


def check_rows(rows: Any) -> list[dict[str, Any]]:
    """Return the rows with every known input checked and every absent one None.

    Parameters
    ----------
    rows : sequence of mapping
        One mapping per project. Keys other than the inputs and ``id`` are refused.

    Raises
    ------
    RiskError
        ``empty_rows``, ``unknown_column``, ``target_below_start``.
    InvalidParameterError
        ``level_out_of_range`` or ``invalid_parameter``; `field` is ``rows[i].name``.
    """
    if isinstance(rows, (str, bytes, Mapping)) or not isinstance(rows, Sequence):
        raise InvalidParameterError("rows", type(rows).__name__, "a list of objects, one per project")
    if not rows:
        raise RiskError("There are no rows to score.", code="empty_rows", field="rows")
    return [check_row(row, where=f"rows[{index}]") for index, row in enumerate(rows)]


def check_row(row: Any, *, where: str = "row") -> dict[str, Any]:
    """Return one checked row; see :func:`check_rows`."""
    if not isinstance(row, Mapping):
        raise InvalidParameterError(where, row, "an object with the inputs of one project")
    features = list_features()
    for name in row:
        if name not in features and name != "id":
            raise RiskError(
                f"{where} has the unknown column {name!r}.",
                code="unknown_column",
                field=f"{where}.{name}",
                details={"allowed": ["id", *features]},
            )
    checked = {key: _check_value(feature, row.get(key), f"{where}.{key}") for key, feature in features.items()}
    start, target = checked["trl_start"], checked["trl_target"]
    if start is not None and target is not None and target < start:
        raise RiskError(
            f"{where}: the target TRL {target} is below the start TRL {start}.",
            code="target_below_start",
            field=f"{where}.trl_target",
            details={"trl_start": start, "trl_target": target},
        )
    return checked


def encode_row(row: Mapping[str, Any]) -> dict[str, float]:
    """Return the model columns of a checked row, in plain ``math``; an unknown input is 0, the reference.

    Examples
    --------
    >>> encode_row({"trl_start": 5, "trl_target": 7})["planned_gain"]
    1.0
    """
    start, target = row.get("trl_start"), row.get("trl_target")
    columns = dict.fromkeys(COLUMNS, 0.0)
    if start is not None:
        columns["trl_start"] = float(start - _reference("trl_start"))
    if start is not None and target is not None:
        columns["planned_gain"] = float(target - start - (_reference("trl_target") - _reference("trl_start")))
    if target is not None:
        columns["pilot_scale"] = pilot_scale(target) - pilot_scale(_reference("trl_target"))
    if row.get("planned_months") is not None:
        columns["log_planned_months"] = math.log(row["planned_months"] / _reference("planned_months"))
    if row.get("scale_up_factor") is not None:
        columns["log_scale_up"] = math.log10(row["scale_up_factor"] / _reference("scale_up_factor"))
    if row.get("lead_organisation_size") is not None:
        sizes = list_features()["lead_organisation_size"].choices
        size = row["lead_organisation_size"]
        columns["lead_organisation_size"] = float(sizes.index(size) - sizes.index(_reference("lead_organisation_size")))
    for key in (
        "mrl_start",
        "evidence_cover",
        "new_process_steps",
        "unproven_equipment_share",
        "solids_handling",
        "recycle_streams",
    ):
        if row.get(key) is not None:
            columns[key] = float(row[key]) - _reference(key)
    return columns


def pilot_scale(trl_target: int) -> float:
    """Return how far the target is at pilot scale: 0 to TRL 5, 0.5 at TRL 6, 1 from TRL 7.

    Source: the DoE scale calls TRL 6 engineering or pilot scale, TRL 7 full scale (National Academies 26088, ch. 11).
    """
    return min(max((trl_target - 5) / 2.0, 0.0), 1.0)


def list_unknown(row: Mapping[str, Any]) -> list[str]:
    """Return the inputs that are not known, in the order of the schema."""
    return [key for key in list_features() if row.get(key) is None]


def column_spread(column: str) -> float:
    """Return the standard deviation over pilots of a column whose input is not known."""
    return list_features()[INPUT_OF_COLUMN.get(column, column)].spread


def reference_row() -> dict[str, Any]:
    """Return the inputs of the reference project, in the units of the schema."""
    return {key: feature.reference for key, feature in list_features().items()}


@cache
def _reference(key: str) -> Any:
    return list_features()[key].reference


def _check_value(feature: Feature, value: Any, where: str) -> Any:
    if value is None:
        return None
    code = "level_out_of_range" if feature.unit == "level" else None
    if feature.type == "boolean":
        valid = isinstance(value, bool)
    elif feature.type == "choice":
        valid = isinstance(value, str) and value in feature.choices
    else:
        valid = _is_number(value) and feature.minimum <= value <= feature.maximum  # type: ignore[operator]  # numbers have both
        if valid and feature.type == "integer":
            valid = float(value).is_integer()
    if not valid:
        raise InvalidParameterError(where, value, feature.allowed, code=code)
    if feature.type == "integer":
        return int(value)
    return float(value) if feature.type == "number" else value


def _is_number(value: Any) -> bool:
    if isinstance(value, Decimal):
        return value.is_finite()
    if isinstance(value, bool) or not isinstance(value, Real):
        return False
    number: Any = value
    # compared, not tested by math.isfinite: an integer may be too long for a float
    return bool(abs(number) < math.inf)


def _build_feature(row: Mapping[str, Any]) -> Feature:
    return Feature(
        key=row["key"],
        name_zh=row["name_zh"],
        name_en=row["name_en"],
        unit=row["unit"],
        type=row["type"],
        minimum=row.get("minimum"),
        maximum=row.get("maximum"),
        choices=tuple(row.get("choices", ())),
        reference=row["reference"],
        spread=row["spread"],
        sign=row["sign"],
        known_at=row["known_at"],
    )
