"""Probabilities and intervals of a trained pipeline for frames of any length, in chunks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd

from risk.errors import InvalidParameterError, RiskError
from risk.scoring.columns import check_columns, check_numeric, check_single, number_rows, plain

CHUNK_ROWS = 131_072
"""Rows worked on at once: what is held beside the result does not grow with the frame."""


@dataclass(frozen=True, slots=True)
class Predictions:
    """What a model says about the rows of a frame.

    Attributes
    ----------
    probability : ndarray of shape (n,)
        Probability of the event.
    intervals : mapping of float to tuple of ndarray
        Lower and upper bounds, each of shape (n,), by the mass of the interval.
    """

    probability: np.ndarray
    intervals: Mapping[float, tuple[np.ndarray, np.ndarray]]


def predict(document: Mapping[str, Any], rows: Sequence[Mapping[str, Any]] | pd.DataFrame) -> np.ndarray:
    """Return the event probability of each row by a trained document, shape (n,); unknown columns are left aside."""
    frame = rows if isinstance(rows, pd.DataFrame) else pd.DataFrame(list(rows))
    return predict_frame(document, frame).probability


def predict_frame(
    document: Mapping[str, Any],
    frame: pd.DataFrame,
    *,
    levels: Sequence[float] = (),
    chunk_rows: int = CHUNK_ROWS,
) -> Predictions:
    """Return probabilities and intervals of every row.

    Parameters
    ----------
    document : mapping
        What :func:`risk.scoring.training.train` returned or a model file held.
    frame : DataFrame of shape (n, columns)
        Columns that the model does not know are left aside.
    levels : sequence of float, optional
        Mass of each interval wanted, such as ``(0.8, 0.95)``.
    chunk_rows : int, default=131072
        Rows worked on at once.

    Raises
    ------
    TrainingError
        ``empty_input``, ``unknown_column`` for a column that is missing, ``repeated_column``, ``wrong_type`` for text
        among numbers and for a cell that is no single value; `field` is then ``rows[i].column``.
    RiskError
        ``no_interval`` where intervals are asked of a model without a posterior or refits; ``invalid_parameter`` for
        `chunk_rows` or `levels` out of range.

    Notes
    -----
    A cell that is not known adds to the variance of the log-odds: in the estimator ``E[b^2]`` times the spread of its
    column, in boosting the mean square change over its refits when the cell of a known row is emptied, and what the
    filled rows lack in variance.
    """
    features = list(document["features"])
    check_columns(frame, features)
    classifier = document["pipeline"].named_steps["classifier"]
    if levels and not hasattr(classifier, "probability_and_intervals"):
        raise RiskError(
            "This model has no posterior and no refits to take intervals from.", code="no_interval", field="levels"
        )
    probability = np.empty(len(frame))
    bounds = {level: (np.empty(len(frame)), np.empty(len(frame))) for level in levels}
    frame = number_rows(frame[features])
    for part in slices(len(frame), chunk_rows):
        chunk = _read_numbers(frame.iloc[part], document["numeric"])
        if not hasattr(classifier, "probability_and_intervals"):
            probability[part] = document["pipeline"].predict_proba(chunk)[:, 1]
            continue
        # the columns of a fitted pipeline need no second check before the product with the coefficients
        design = document["pipeline"].named_steps["columns"].transform(chunk).to_numpy(dtype=np.float64)
        extra = _extra_variance(document, chunk) if levels else 0.0
        probability[part], found = classifier.probability_and_intervals(design, levels=levels, extra_variance=extra)
        for level, (low, high) in zip(levels, found, strict=True):
            bounds[level][0][part], bounds[level][1][part] = low, high
    return Predictions(probability, bounds)


def slices(rows: int, chunk_rows: int) -> Iterator[slice]:
    """Yield the slices of `rows` rows, `chunk_rows` at a time; raises :class:`InvalidParameterError` below 1."""
    given: Any = chunk_rows
    if isinstance(given, bool) or not isinstance(given, Integral) or int(given) < 1:
        raise InvalidParameterError("chunk_rows", chunk_rows, "a whole number from 1")
    return (slice(start, min(start + chunk_rows, rows)) for start in range(0, rows, chunk_rows))


def _read_numbers(chunk: pd.DataFrame, numeric: Sequence[str]) -> pd.DataFrame:
    text = [name for name in chunk.columns if not pd.api.types.is_numeric_dtype(chunk[name])]
    if not text or not (set(text) & set(numeric) or any(not _is_whole_text(chunk[name]) for name in text)):
        return chunk
    chunk = chunk.copy()
    for name in text:
        check_single(chunk, name)
    for name in set(text) & set(numeric):
        check_numeric(chunk, name)
        chunk[name] = pd.to_numeric(chunk[name])
    return plain(chunk)


def _is_whole_text(column: pd.Series) -> bool:
    """Tell whether a column is text throughout, which the coder takes as it is."""
    if isinstance(column.dtype, pd.StringDtype):
        return not column.hasnans
    return pd.api.types.infer_dtype(column, skipna=False) == "string"


def _extra_variance(document: Mapping[str, Any], chunk: pd.DataFrame) -> Any:
    extra: Any = 0.0
    for name, variance in document["unknown_variance"].items():
        missing = chunk[name].isna().to_numpy()
        if missing.any():
            extra = extra + variance * missing
    return extra
