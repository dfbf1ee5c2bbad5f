"""Training on an outcome file: which columns are features, the guards, the pipeline and its report."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.model_selection import GroupKFold, StratifiedKFold
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from risk.errors import InvalidParameterError, RiskError
from risk.scoring import leaks
from risk.scoring.estimator import MaturityRiskClassifier
from risk.scoring.evaluation import evaluate_predictions
from risk.tables import get_default, load_document, load_figures

MINIMUM_OUTCOMES = 20
WAIVABLE: tuple[str, ...] = (*leaks.CODES, "known_after_outcome")
KNOWN_AT: tuple[str, ...] = ("decision", "outcome", "identifier")
_FOLDS = 5
# log-odds per standard deviation of a number, and per category: weak priors, chosen without looking at outcomes
_NUMBER_SD = 1.0
_CATEGORY_SD = 0.5
_PRIOR_OF_COLUMN = {"trl_begin": "trl_start"}


class TrainingError(RiskError):
    """An outcome file that cannot be learned from."""

    code = "training_refused"


def train(
    rows: Sequence[Mapping[str, Any]],
    *,
    target: str,
    features: Sequence[str] | None = None,
    schema: Mapping[str, str] | None = None,
    waivers: Mapping[str, str] | None = None,
    group: str | None = None,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Fit the logistic model with priors on outcomes.

    Parameters
    ----------
    rows : sequence of mapping
        One mapping per outcome; absent or None values are unknown.
    target : str
        Column of the outcome, 0 or 1; rows where it is unknown are left out and counted.
    features : sequence of str, optional
        Columns to learn from; where absent, the columns known at the decision.
    schema : mapping of str to str, optional
        For each column ``decision``, ``outcome`` or ``identifier``, before the built-in list.
    waivers : mapping of str to str, optional
        Reason by code of :data:`WAIVABLE`.
    group : str, optional
        Column whose rows stay together in cross-validation.

    Returns
    -------
    document : dict
        What a model file holds.
    report : dict
        JSON-ready: features, ignored columns with reasons, leaks and waivers, coefficients, cross-validated measures.

    Raises
    ------
    TrainingError
        ``unknown_column``, ``known_after_outcome``, ``too_few_outcomes``, ``one_class_only``, ``duplicated_rows``,
        ``no_features``, ``target_not_binary``.
    LeakError
        ``leak_single_feature`` or ``leak_missingness``.
    """
    waivers = _check_waivers(waivers or {})
    frame = pd.DataFrame(list(rows))
    _check_columns(frame, [target, *(features or []), *([group] if group else [])])
    known_at = {**_built_in_schema(), **(schema or {})}
    frame, outcomes, left_out = split_outcomes(frame, target)
    _check_outcomes(frame, outcomes, known_at)
    candidates = [name for name in frame.columns if name not in (target, group)]
    used, ignored = _choose_features(candidates, features, known_at, waivers)
    guarded = used if features is not None else [name for name in candidates if _is_guarded(name, known_at)]
    found = leaks.find_leaks(frame[guarded], outcomes)
    leaks.stop_at_leaks(found, waivers)
    used, constant = _drop_constant(frame, used)
    ignored.update(dict.fromkeys(constant, "has one value only"))
    if not used:
        raise TrainingError("No column is left to learn from.", code="no_features", field="features")
    pipeline = build_pipeline(frame[used]).fit(frame[used], outcomes)
    report = {
        "target": target,
        "n": int(outcomes.size),
        "events": int(outcomes.sum()),
        "left_out_without_target": left_out,
        "features": used,
        "ignored": ignored,
        "leaks": found,
        "waivers": dict(waivers),
        "coefficients": _coefficients(pipeline),
        "cross_validation": _cross_validate(frame, used, outcomes, group),
        "data_digest": _digest(frame[used], outcomes),
    }
    document = {
        "kind": "trained_pipeline",
        "pipeline": pipeline,
        "features": used,
        "numeric": [name for name in used if pd.api.types.is_numeric_dtype(frame[name])],
        "target": target,
        "report": report,
    }
    return document, report


def build_pipeline(frame: pd.DataFrame) -> Pipeline:
    """Return the unfitted pipeline for the columns of a frame: imputing and scaling, one-hot coding, the estimator.

    Priors of known columns come from ``tables/coefficients``, per standard deviation of the column; a missing value
    becomes the median or the commonest category, so that it is no signal of its own.
    """
    numeric = [name for name in frame.columns if pd.api.types.is_numeric_dtype(frame[name])]
    text = [name for name in frame.columns if name not in numeric]
    number_steps = Pipeline([("fill", SimpleImputer(strategy="median")), ("scale", StandardScaler())])
    encoder = OneHotEncoder(
        handle_unknown="infrequent_if_exist", min_frequency=10, max_categories=20, sparse_output=False
    )
    text_steps = Pipeline([("fill", SimpleImputer(strategy="most_frequent")), ("code", encoder)])
    columns = ColumnTransformer([("number", number_steps, numeric), ("text", text_steps, text)])
    columns.set_output(transform="pandas")
    priors = _priors(frame[numeric])
    classifier = MaturityRiskClassifier(
        default_prior_sd=_CATEGORY_SD,
        prior_mean=priors["prior_mean"],
        prior_sd=priors["prior_sd"],
        bounds=priors["bounds"],
    )
    return Pipeline([("columns", columns), ("classifier", classifier)])


def predict(document: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> np.ndarray:
    """Return the event probability of each row by a trained document, shape (n,); unknown columns are left aside."""
    frame = pd.DataFrame(list(rows))
    _check_columns(frame, list(document["features"]))
    frame = frame[list(document["features"])].copy()
    for name in document["numeric"]:
        try:
            frame[name] = pd.to_numeric(frame[name])
        except (ValueError, TypeError) as error:
            raise TrainingError(
                f"The column {name} holds text where numbers are needed.", code="wrong_type", field=name
            ) from error
    return document["pipeline"].predict_proba(_plain(frame))[:, 1]


def outcomes_of(rows: Sequence[Mapping[str, Any]], target: str) -> tuple[list[Mapping[str, Any]], np.ndarray, int]:
    """Return the rows with an outcome, their outcomes as 0.0 and 1.0, and how many rows had none."""
    _check_columns(pd.DataFrame({"row": range(len(rows))}), [])
    kept = [row for row in rows if row.get(target) is not None]
    if not any(target in row for row in rows):
        _check_columns(pd.DataFrame(list(rows)), [target])
    frame, outcomes, _ = split_outcomes(pd.DataFrame({target: [row[target] for row in kept]}), target)
    return kept, outcomes, len(rows) - len(frame)


def split_outcomes(frame: pd.DataFrame, target: str) -> tuple[pd.DataFrame, np.ndarray, int]:
    """Return the rows with an outcome, the outcomes as 0.0 and 1.0, and how many rows had none."""
    known = frame[target].notna()
    values = frame.loc[known, target]
    bad = [value for value in values.unique() if value not in (0, 1)]
    if bad:
        raise TrainingError(
            f"The target {target} must be 0 or 1; it holds {bad[0]!r}.",
            code="target_not_binary",
            field=target,
        )
    kept = _plain(frame.loc[known].reset_index(drop=True))
    return kept, values.to_numpy(dtype=np.float64), int((~known).sum())


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Return text columns as objects with NaN for unknown, so that every pandas version codes them alike."""
    text = [name for name in frame.columns if not pd.api.types.is_numeric_dtype(frame[name])]
    for name in text:
        column = frame[name].astype(object)
        frame[name] = column.where(column.notna(), np.nan).map(lambda value: value if value is np.nan else str(value))
    return frame


def _check_waivers(waivers: Mapping[str, str]) -> Mapping[str, str]:
    for code, reason in waivers.items():
        if code not in WAIVABLE:
            raise InvalidParameterError("waive", code, "one of " + ", ".join(WAIVABLE), code="unknown_waiver")
        if not reason.strip():
            raise InvalidParameterError("waive", code, "given with a reason, CODE=REASON", code="waiver_without_reason")
    return waivers


def _check_columns(frame: pd.DataFrame, wanted: list[str]) -> None:
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


def _check_outcomes(frame: pd.DataFrame, outcomes: np.ndarray, known_at: Mapping[str, str]) -> None:
    if outcomes.size < MINIMUM_OUTCOMES:
        raise TrainingError(
            f"There are {outcomes.size} outcomes; at least {MINIMUM_OUTCOMES} are needed.",
            code="too_few_outcomes",
            field="input",
        )
    if outcomes.min() == outcomes.max():
        raise TrainingError("Every outcome is the same.", code="one_class_only", field="input")
    # equal features may well be two projects; equal identifiers as well mean one project entered twice
    if any(known_at.get(str(name)) == "identifier" for name in frame.columns):
        repeated = np.flatnonzero(frame.astype(str).duplicated())
        if repeated.size:
            raise TrainingError(
                f"Row {int(repeated[0]) + 1} of those with an outcome repeats an earlier row ({repeated.size} do).",
                code="duplicated_rows",
                field=f"rows[{int(repeated[0])}]",
            )


def _choose_features(
    candidates: list[str],
    features: Sequence[str] | None,
    known_at: Mapping[str, str],
    waivers: Mapping[str, str],
) -> tuple[list[str], dict[str, str]]:
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


def _is_guarded(name: str, known_at: Mapping[str, str]) -> bool:
    return known_at.get(name) not in ("outcome", "identifier")


def _drop_constant(frame: pd.DataFrame, used: list[str]) -> tuple[list[str], list[str]]:
    constant = [name for name in used if frame[name].nunique(dropna=True) < 2]
    return [name for name in used if name not in constant], constant


def _built_in_schema() -> dict[str, str]:
    document = load_document("outcome_columns")
    return {name: known for known in KNOWN_AT for name in document[known]}


def _priors(frame: pd.DataFrame) -> dict[str, dict]:
    prior: dict[str, dict] = {"prior_mean": {}, "prior_sd": {}, "bounds": {}}
    figures = load_figures("coefficients")
    for name in frame.columns:
        key = _PRIOR_OF_COLUMN.get(name, name)
        deviation = float(frame[name].std(ddof=0))
        prior["prior_sd"][f"number__{name}"] = _NUMBER_SD
        # figures in the table's own units (not logarithms) carry over to a column of the same name
        if key in figures and deviation > 0.0:
            figure = get_default("coefficients", key)
            column = f"number__{name}"
            prior["prior_mean"][column] = float(figure.value or 0.0) * deviation
            prior["prior_sd"][column] = float(figure["standard_error"]) * deviation
            prior["bounds"][column] = (figure.get("lower"), figure.get("upper"))
    return prior


def _coefficients(pipeline: Pipeline) -> list[dict[str, Any]]:
    classifier = pipeline.named_steps["classifier"]
    deviation = np.sqrt(np.diag(classifier.posterior_covariance_))
    names = ["intercept", *classifier.feature_names_in_]
    values = [float(classifier.intercept_[0]), *classifier.coef_[0]]
    held = [False, *classifier.at_bound_]
    return [
        {
            "name": str(name),
            "log_odds": round(float(value), 6),
            "posterior_sd": round(float(spread), 6),
            "at_bound": bool(at),
        }
        for name, value, spread, at in zip(names, values, deviation, held, strict=True)
    ]


def _cross_validate(
    frame: pd.DataFrame, used: list[str], outcomes: np.ndarray, group: str | None
) -> dict[str, Any] | None:
    smallest = int(min(outcomes.sum(), outcomes.size - outcomes.sum()))
    groups = None if group is None else frame[group].astype(str).to_numpy()
    folds = min(_FOLDS, smallest, _FOLDS if groups is None else np.unique(groups).size)
    if folds < 2:
        return None
    splitter = StratifiedKFold(folds, shuffle=True, random_state=0) if groups is None else GroupKFold(folds)
    predicted = np.empty(outcomes.size)
    for inside, outside in splitter.split(frame, outcomes, groups):
        part = frame.iloc[inside][used]
        kept, _ = _drop_constant(part, used)
        if outcomes[inside].min() == outcomes[inside].max() or not kept:
            predicted[outside] = outcomes[inside].mean()
            continue
        pipeline = build_pipeline(part[kept]).fit(part[kept], outcomes[inside])
        predicted[outside] = pipeline.predict_proba(frame.iloc[outside][kept])[:, 1]
    return {"folds": int(folds), "grouped_by": group, **evaluate_predictions(outcomes, predicted)}


def _digest(frame: pd.DataFrame, outcomes: np.ndarray) -> str:
    text = frame.to_csv(index=False, lineterminator="\n").encode() + outcomes.astype("<f8").tobytes()
    return hashlib.sha256(text).hexdigest()
