"""Which columns of an outcome file may be learned from, what each says about its sign, and which cells are refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from risk.errors import RiskError
from risk.scoring.features import list_features
from risk.tables import load_document

KNOWN_AT: tuple[str, ...] = ("decision", "outcome", "identifier")
_NUMBERS_FROM = 0.8
"""Share of a text column's cells that read as numbers from which the others are taken for slips of the pen."""


class TrainingError(RiskError):
    """An outcome file that cannot be learned from."""

    code = "training_refused"


def built_in_schema() -> dict[str, str]:
    """Return when each column of ``tables/outcome_columns`` is known, by column."""
    document = load_document("outcome_columns")
    return {name: known for known in KNOWN_AT for name in document[known]}


def input_of_column(name: str) -> str:
    """Return the input of the score that a column of a data file stands for, or the name itself."""
    return load_document("outcome_columns")["same_as"].get(name, name)


def is_logarithmic(name: str) -> bool:
    """Tell whether a column enters by its logarithm: sums of money and durations, whose ratios matter."""
    return name in load_document("outcome_columns")["logarithm"]


def check_columns(frame: pd.DataFrame, wanted: Sequence[str]) -> None:
    """Raise for an empty frame (``empty_input``) or the first wanted column that is missing (``unknown_column``)."""
    if frame.empty:
        raise TrainingError("There are no rows.", code="empty_input", field="input")
    for name in wanted:
        if name not in frame.columns:
            raise TrainingError(
                f"The column {name} is missing.",
                code="unknown_column",
                field=name,
                details={"columns": [str(column) for column in frame.columns]},
            )


def choose_features(
    candidates: Sequence[str],
    features: Sequence[str] | None,
    known_at: Mapping[str, str],
    waivers: Mapping[str, str],
) -> tuple[list[str], dict[str, str]]:
    """Return the columns to learn from and, for every other, why it is left aside.

    Parameters
    ----------
    candidates : sequence of str
        Columns of the file without target and group.
    features : sequence of str or None
        Columns asked for; None for those known at the decision.
    known_at : mapping of str to str
        When each column is known.
    waivers : mapping of str to str
        Reasons by code; ``known_after_outcome`` lets a later column in.

    Raises
    ------
    TrainingError
        ``target_as_feature`` or ``known_after_outcome``.
    """
    reasons = {"outcome": "known only after the outcome", "identifier": "names the row"}
    if features is None:
        used = [name for name in candidates if known_at.get(name) == "decision"]
        return used, {
            name: reasons.get(known_at.get(name, ""), "the schema does not say when it is known")
            for name in candidates
            if name not in used
        }
    for name in features:
        if name not in candidates:
            raise TrainingError(
                f"{name} is the target or the group and no feature.", code="target_as_feature", field=name
            )
        if known_at.get(name) == "outcome" and "known_after_outcome" not in waivers:
            raise TrainingError(
                f"The column {name} is known only after the outcome.", code="known_after_outcome", field=name
            )
    used = list(dict.fromkeys(features))
    return used, {name: "not asked for" for name in candidates if name not in used}


def drop_constant(frame: pd.DataFrame, used: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the columns that vary and those that have one value only."""
    constant = [name for name in used if frame[name].nunique(dropna=True) < 2]
    return [name for name in used if name not in constant], constant


def plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Return text columns as objects with NaN for unknown, so that every pandas version codes them alike."""
    for name in frame.columns:
        if pd.api.types.is_numeric_dtype(frame[name]):
            continue
        column = frame[name].astype(object)
        known = column.notna()
        if not (known.all() and pd.api.types.infer_dtype(column, skipna=False) == "string"):
            column = column.where(known, np.nan).map(lambda value: value if value is np.nan else str(value))
        frame[name] = column
    return frame


def check_cells(frame: pd.DataFrame, used: Sequence[str]) -> None:
    """Refuse cells that cannot be: text among numbers, levels off the scale, a target below the start, dates reversed.

    Parameters
    ----------
    frame : DataFrame
        Rows with an outcome; its index is the place of each row in the file and names the row in an error.
    used : sequence of str
        Columns to learn from.

    Raises
    ------
    TrainingError
        ``wrong_type``, ``not_a_number``, ``level_out_of_range``, ``target_below_start`` or ``dates_reversed``; `field`
        is ``rows[i].column``.
    """
    for name in used:
        _check_numbers(frame[name], name)
    for name in frame.columns:
        feature = list_features().get(input_of_column(str(name)))
        if feature is None or feature.unit != "level":
            continue
        values = pd.to_numeric(frame[name], errors="coerce")
        wrong = (values < feature.minimum) | (values > feature.maximum)
        _refuse_first(frame, str(name), wrong, f"must be {feature.allowed}", "level_out_of_range")
    _check_order(frame, "trl_start", "trl_target", "target_below_start", "is below the start level")
    for start, end in load_document("outcome_columns")["dates"]:
        _check_order(frame, start, end, "dates_reversed", f"is before {start}")


def _check_numbers(column: pd.Series, name: str) -> None:
    if pd.api.types.is_numeric_dtype(column):
        _refuse_first(column, name, np.isinf(column.astype(np.float64)), "is not a finite number", "not_a_number")
        return
    known = column[column.notna()]
    read = pd.to_numeric(known, errors="coerce")
    text = read.isna()
    feature = list_features().get(input_of_column(name))
    is_number = feature is not None and feature.type in ("integer", "number")
    mixed = known.map(lambda value: isinstance(value, (int, float))).any() and text.any()
    if is_number or mixed or (text.any() and len(known) and (~text).mean() >= _NUMBERS_FROM):
        _refuse_first(known, name, text, "must be a number", "wrong_type")


def _check_order(frame: pd.DataFrame, first: str, last: str, code: str, sentence: str) -> None:
    """Refuse the first row whose later column lies before the earlier one; columns of the same meaning count."""
    columns = {input_of_column(str(name)): name for name in frame.columns}
    if first not in columns or last not in columns:
        return
    low, high = frame[columns[first]], frame[columns[last]]
    if code == "dates_reversed":
        low, high = (pd.to_datetime(column, errors="coerce", format="ISO8601") for column in (low, high))
    else:
        low, high = (pd.to_numeric(column, errors="coerce") for column in (low, high))
    _refuse_first(frame, str(columns[last]), high < low, sentence, code)


def _refuse_first(data: pd.DataFrame | pd.Series, name: str, wrong: Any, sentence: str, code: str) -> None:
    if not wrong.any():
        return
    row = data.index[int(np.flatnonzero(wrong.to_numpy())[0])]
    value = data.loc[row] if isinstance(data, pd.Series) else data.loc[row, name]
    shown = repr(value if isinstance(value, str) else getattr(value, "item", lambda: value)())
    raise TrainingError(
        f"rows[{row}].{name} {sentence}; got {shown[:80]}.",
        code=code,
        field=f"rows[{row}].{name}",
        details={"row": int(row), "column": name, "rows": int(wrong.sum())},
    )
