"""Which columns of an outcome file may be learned from, what each says about its sign, and which cells are refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd

from risk.errors import RiskError
from risk.scoring.features import list_features
from risk.tables import load_document

KNOWN_AT: tuple[str, ...] = ("decision", "outcome", "identifier")
_NUMBERS_FROM = 0.8
"""Share of a text column's cells that read as numbers from which the others are taken for slips of the pen."""
_PLAIN_CELLS = ("string", "empty", "boolean", "integer", "floating", "mixed-integer-float", "datetime", "date")
"""What pandas calls a column of objects whose cells need not be looked at one by one."""


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
    """Raise for an empty frame (``empty_input``) or the first wanted column that is missing or there twice.

    Raises
    ------
    TrainingError
        ``empty_input``, ``unknown_column`` or ``repeated_column``.
    """
    if frame.empty:
        raise TrainingError("There are no rows.", code="empty_input", field="input")
    check_repeats([name for name in frame.columns if name in wanted])
    for name in wanted:
        if name not in frame.columns:
            raise TrainingError(
                f"The column {name} is missing.",
                code="unknown_column",
                field=name,
                details={"columns": [str(column) for column in frame.columns]},
            )


def check_repeats(names: Iterable[Any]) -> None:
    """Raise for the first name that stands twice (``repeated_column``): nobody could tell which of both is meant."""
    seen = set()
    for name in names:
        if name in seen:
            raise TrainingError(f"The column {name} is there twice.", code="repeated_column", field=str(name))
        seen.add(name)


def number_rows(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with an index that can name its rows.

    Whole numbers that do not repeat stay, because they are the places of the rows in the file that the frame was taken
    from; any other index (texts, dates, several levels, repeats) gives way to the place in the frame itself.
    """
    if pd.api.types.is_integer_dtype(frame.index.dtype) and frame.index.is_unique and frame.index.nlevels == 1:
        return frame
    return frame.reset_index(drop=True)


def check_frame(frame: pd.DataFrame) -> None:
    """Refuse a frame that holds other things than columns with one name each, of numbers, texts and dates.

    Raises
    ------
    TrainingError
        ``invalid_column_name``, ``repeated_column``, or ``wrong_type`` for a list, an object or another cell that is
        no single value; `field` is ``rows[i].column``.
    """
    for name in frame.columns:
        if not isinstance(name, str):
            raise TrainingError(
                f"The column name {name!r} is no text.", code="invalid_column_name", field=str(name)[:80]
            )
    check_repeats(frame.columns)
    for name in frame.columns:
        check_single(frame, name)


def check_single(frame: pd.DataFrame, name: str) -> None:
    """Refuse the first cell of a column that is no single value (``wrong_type``): a list, an object of JSON."""
    column = frame[name]
    if column.dtype != object or pd.api.types.infer_dtype(column, skipna=True) in _PLAIN_CELLS:
        return
    wrong = ~column.map(_is_single).to_numpy(dtype=bool)
    _refuse_first(column, name, wrong, "must be a number, a text or a date", "wrong_type")


def check_known(frame: pd.DataFrame, name: str, use: str, code: str) -> None:
    """Refuse the first row where a column that every row needs is not known; `use` says what it is needed for."""
    _refuse_first(frame, name, frame[name].isna().to_numpy(dtype=bool), f"must be known: {use}", code)


def check_numeric(frame: pd.DataFrame, name: str) -> None:
    """Refuse the first known cell of a column that is no finite number (``wrong_type``, ``not_a_number``)."""
    check_single(frame, name)
    column = frame[name]
    values = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    wrong = column.notna().to_numpy(dtype=bool) & np.isnan(values)
    _refuse_first(frame, name, wrong, "must be a number", "wrong_type")
    _refuse_first(frame, name, np.isinf(values), "is not a finite number", "not_a_number")


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
            # by what is known, not by `is nan`: pandas copies NaN, and a text "nan" would be a category of its own
            texts = [str(value) if is_known else np.nan for value, is_known in zip(column, known, strict=True)]
            column = pd.Series(texts, index=column.index, dtype=object)
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


def _is_single(value: Any) -> bool:
    return value is None or pd.api.types.is_scalar(value)


def _refuse_first(data: pd.DataFrame | pd.Series, name: str, wrong: Any, sentence: str, code: str) -> None:
    """Raise for the first wrong row; its name is the index where that is a whole number, else its place."""
    wrong = np.asarray(wrong, dtype=bool)
    if not wrong.any():
        return
    place = int(np.flatnonzero(wrong)[0])
    label = data.index[place]
    row = int(label) if isinstance(label, Integral) else place
    value = (data if isinstance(data, pd.Series) else data[name]).iloc[place]
    shown = repr(value.item() if isinstance(value, np.generic) else value)
    raise TrainingError(
        f"rows[{row}].{name} {sentence}; got {shown[:80]}.",
        code=code,
        field=f"rows[{row}].{name}",
        details={"row": row, "column": name, "rows": int(wrong.sum())},
    )
