"""The score for frames of any length: the columns of the model by arrays, in a pipeline and in chunks."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.pipeline import Pipeline

from risk.errors import InvalidParameterError, RiskError
from risk.scoring.columns import check_repeats
from risk.scoring.features import COLUMNS, INPUT_OF_COLUMN, Feature, column_spread, list_features
from risk.scoring.predictions import CHUNK_ROWS, Predictions, slices
from risk.scoring.prior_model import DEFAULT_DEFINITION, RiskModel

_LINEAR = (
    "trl_start",
    "mrl_start",
    "evidence_cover",
    "new_process_steps",
    "unproven_equipment_share",
    "solids_handling",
    "recycle_streams",
    "lead_organisation_size",
)


class PilotColumns(TransformerMixin, BaseEstimator):
    """The inputs of the score as model columns measured from the reference project; nothing is learned.

    Notes
    -----
    Equals :func:`risk.scoring.features.encode_row` row by row. An input that is absent or NaN is 0, the reference.

    Examples
    --------
    >>> frame = pd.DataFrame({"trl_start": [5], "trl_target": [7]})
    >>> float(PilotColumns().fit_transform(frame)["planned_gain"].iloc[0])
    1.0
    """

    def fit(self, X: pd.DataFrame, y: Any = None) -> PilotColumns:
        """Check the columns and remember their names."""
        _check_names(X)
        self.feature_names_in_ = np.asarray(X.columns, dtype=object)
        self.n_features_in_ = len(X.columns)
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """Return the model columns of each row, shape (n, 12).

        Raises
        ------
        RiskError
            ``unknown_column``, ``missing_column``, ``level_out_of_range``, ``invalid_parameter`` or
            ``target_below_start``; `field` is ``rows[i].column``.
        """
        return pd.DataFrame(encode_frame(read_frame(X)), columns=list(COLUMNS), index=X.index)

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Return the names of the model columns."""
        return np.asarray(COLUMNS, dtype=object)

    def __sklearn_is_fitted__(self) -> bool:
        """Tell that nothing has to be learned before use."""
        return True


def build_score_pipeline(model: RiskModel) -> Pipeline:
    """Return a fitted pipeline from the inputs of the score to the probabilities of the default definition."""
    return Pipeline([("columns", PilotColumns()), ("classifier", model.classifier)])


def score_frame(
    model: RiskModel,
    frame: pd.DataFrame,
    *,
    levels: Sequence[float] = (),
    definition: str = DEFAULT_DEFINITION,
    chunk_rows: int = CHUNK_ROWS,
) -> Predictions:
    """Return probabilities and intervals of every row, without the words around a score.

    Parameters
    ----------
    model : RiskModel
    frame : DataFrame of shape (n, inputs)
        Inputs of the score; start and target level are demanded, others may be absent or NaN.
    levels : sequence of float, optional
        Mass of each interval wanted, such as ``(0.8, 0.95)``.
    definition : str, optional
        Definition of failure.
    chunk_rows : int, default=131072
        Rows worked on at once.

    Raises
    ------
    RiskError
        As of :meth:`PilotColumns.transform`; also ``unknown_definition``, ``empty_rows``, and ``invalid_parameter`` for
        `chunk_rows` or `levels` out of range.
    """
    shift = model.intercept_shifts[model.check_definition(definition)]
    if not len(frame):
        raise RiskError("There are no rows to score.", code="empty_rows", field="rows")
    _check_names(frame)
    weight = _unknown_weight(model)
    probability = np.empty(len(frame))
    bounds = {level: (np.empty(len(frame)), np.empty(len(frame))) for level in levels}
    for part in slices(len(frame), chunk_rows):
        inputs = read_frame(frame.iloc[part], first_row=part.start)
        extra: Any = model.shift_deviations[definition] ** 2
        if levels:
            for name, value in weight.items():
                if name not in inputs:
                    extra = extra + value
                elif (missing := np.isnan(inputs[name])).any():
                    extra = extra + value * missing
        probability[part], found = model.classifier.probability_and_intervals(
            encode_frame(inputs), levels=levels, extra_variance=extra, shift=shift
        )
        for level, (low, high) in zip(levels, found, strict=True):
            bounds[level][0][part], bounds[level][1][part] = low, high
    return Predictions(probability, bounds)


def read_frame(frame: pd.DataFrame, *, first_row: int = 0) -> dict[str, np.ndarray]:
    """Return the inputs of a frame as checked arrays of float, NaN for unknown; a choice is its place in the list.

    Parameters
    ----------
    frame : DataFrame of shape (n, inputs)
    first_row : int, default=0
        Place of the first row in the file, for the names in errors.
    """
    _check_names(frame)
    features = list_features()
    inputs = {
        str(name): _read_column(frame[name], features[str(name)], first_row) for name in frame.columns if name != "id"
    }
    start, target = inputs["trl_start"], inputs["trl_target"]
    for name in ("trl_start", "trl_target"):
        _refuse(np.isnan(inputs[name]), frame[name], name, first_row, "must be known", "missing_column")
    _refuse(
        target < start, frame["trl_target"], "trl_target", first_row, "is below the start level", "target_below_start"
    )
    return inputs


def encode_frame(inputs: dict[str, np.ndarray]) -> np.ndarray:
    """Return the model columns of checked inputs, shape (n, 12), 0 where an input is not known."""
    reference = {key: feature.reference for key, feature in list_features().items()}
    sizes = list_features()["lead_organisation_size"].choices
    reference["lead_organisation_size"] = sizes.index(reference["lead_organisation_size"])
    start, target = inputs["trl_start"], inputs["trl_target"]
    # one row per model column while it is filled: each is then written at once, and its transpose is a plain array
    design = np.zeros((len(COLUMNS), start.size))
    for position, column in enumerate(COLUMNS):
        if column == "planned_gain":
            design[position] = target - start - (reference["trl_target"] - reference["trl_start"])
        elif column == "pilot_scale":
            full = min(max((reference["trl_target"] - 5) / 2.0, 0.0), 1.0)
            design[position] = np.clip((target - 5.0) / 2.0, 0.0, 1.0) - full
        elif column == "log_planned_months" and "planned_months" in inputs:
            design[position] = np.log(inputs["planned_months"] / reference["planned_months"])
        elif column == "log_scale_up" and "scale_up_factor" in inputs:
            design[position] = np.log10(inputs["scale_up_factor"] / reference["scale_up_factor"])
        elif column in _LINEAR and column in inputs:
            design[position] = inputs[column] - reference[column]
    np.nan_to_num(design, copy=False, nan=0.0)
    return design.T


def _check_names(frame: pd.DataFrame) -> None:
    if not isinstance(frame, pd.DataFrame):
        raise InvalidParameterError("frame", type(frame).__name__, "a DataFrame with the inputs of the score")
    for name in frame.columns:
        if name not in list_features() and name != "id":
            raise RiskError(f"The frame has the unknown column {name!r}.", code="unknown_column", field=str(name))
    check_repeats(frame.columns)
    for name in ("trl_start", "trl_target"):
        if name not in frame.columns:
            raise RiskError(f"The column {name} is missing.", code="missing_column", field=name)


def _read_column(column: pd.Series, feature: Feature, first_row: int) -> np.ndarray:
    values = _to_float(column, feature, first_row)
    if feature.type == "choice":
        return values
    low, high = (0.0, 1.0) if feature.type == "boolean" else (feature.minimum, feature.maximum)
    with np.errstate(invalid="ignore"):
        # NaN compares false: what is unknown passes, infinity does not
        wrong = (values < low) | (values > high)
        if feature.type != "number":
            wrong |= np.floor(values) != values
            wrong &= ~np.isnan(values)
    code = "level_out_of_range" if feature.unit == "level" else "invalid_parameter"
    _refuse(wrong, column, feature.key, first_row, f"must be {feature.allowed}", code)
    return values


def _to_float(column: pd.Series, feature: Feature, first_row: int) -> np.ndarray:
    if feature.type == "choice":
        place = {choice: float(index) for index, choice in enumerate(feature.choices)}
        if isinstance(column.dtype, pd.CategoricalDtype):
            # a code per row and a name per category: the names are looked up once
            names = np.array([place.get(str(name), -1.0) for name in column.cat.categories] + [np.nan])
            values = names[column.cat.codes.to_numpy()]
            unknown = np.isnan(values)
        else:
            unknown = column.isna().to_numpy()
            # a list or an object cannot be looked up: it is as wrong as an unknown text
            found = column.map(lambda value: place.get(value, np.nan) if isinstance(value, str) else np.nan)
            values = found.to_numpy(dtype=np.float64)
            values = np.where(np.isnan(values) & ~unknown, -1.0, values)
        _refuse(values < 0.0, column, feature.key, first_row, f"must be {feature.allowed}", "invalid_parameter")
        return values
    if pd.api.types.is_complex_dtype(column):
        _refuse(np.ones(len(column), dtype=bool), column, feature.key, first_row, f"must be {feature.allowed}",
                "invalid_parameter")  # fmt: skip
    if pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
        return column.to_numpy(dtype=np.float64, na_value=np.nan)
    # objects: numbers and None, or truth values and None; a text is refused even where it reads as a number, and so is
    # a list, a date or anything else
    column = column.astype(object)
    unknown = column.isna().to_numpy(dtype=bool)
    number = column.map(_is_number).to_numpy(dtype=bool)
    _refuse(~number & ~unknown, column, feature.key, first_row, f"must be {feature.allowed}", "invalid_parameter")
    values = np.full(len(column), np.nan)
    values[~unknown] = column[~unknown].to_numpy(dtype=np.float64)
    return values


def _is_number(value: Any) -> bool:
    return isinstance(value, (Real, Decimal, np.bool_))


def _refuse(wrong: np.ndarray, column: pd.Series, name: str, first_row: int, sentence: str, code: str) -> None:
    if not wrong.any():
        return
    row = int(np.flatnonzero(wrong)[0])
    where = f"rows[{first_row + row}].{name}"
    raise RiskError(
        f"{where} {sentence}; got {str(column.iloc[row])[:80]!r}.",
        code=code,
        field=where,
        details={"row": first_row + row, "column": name, "rows": int(wrong.sum())},
    )


def _unknown_weight(model: RiskModel) -> dict[str, float]:
    """Return what each input adds to the variance of the log-odds where it is not known."""
    moment = np.square(model.classifier.posterior_mean_[1:]) + np.diag(model.classifier.posterior_covariance_)[1:]
    weight: dict[str, float] = {}
    for column, value in zip(COLUMNS, moment, strict=True):
        name = INPUT_OF_COLUMN.get(column, column)
        weight[name] = weight.get(name, 0.0) + float(value) * column_spread(column) ** 2
    return weight
