"""Training on an outcome file: the guards, the pipeline and its report."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from risk.errors import InvalidParameterError
from risk.scoring import leaks
from risk.scoring.columns import (
    TrainingError,
    built_in_schema,
    check_cells,
    check_columns,
    check_frame,
    check_known,
    choose_features,
    drop_constant,
    number_rows,
    plain,
)
from risk.scoring.pipelines import KINDS, build_pipeline
from risk.scoring.predictions import predict_frame
from risk.scoring.validation import Sample, cross_validate
from risk.scoring.waivers import check_waivers
from risk.tables import get_table_version

MINIMUM_OUTCOMES = 20
INTERVAL_REFITS = 20
"""Refits behind the intervals of a trained challenger; cross-validation, which asks for none, goes without them."""
INTERVAL_LEVELS: tuple[float, ...] = (0.8, 0.95)
_FEW_ROWS = 5_000
WAIVABLE: tuple[str, ...] = (*leaks.CODES, "known_after_outcome")


@dataclass(frozen=True, slots=True)
class Prepared:
    """An outcome file that passed the guards.

    Attributes
    ----------
    sample : risk.scoring.validation.Sample
        Features, outcomes and groups.
    ignored : dict of str to str
        Why each other column is left aside.
    found : list of dict
        Leaks found, waived ones included.
    waivers : mapping of str to str
    left_out : int
        Rows without an outcome.
    """

    sample: Sample
    ignored: dict[str, str]
    found: list[dict[str, Any]]
    waivers: Mapping[str, str]
    left_out: int


def train(
    rows: Sequence[Mapping[str, Any]] | pd.DataFrame,
    *,
    target: str,
    features: Sequence[str] | None = None,
    schema: Mapping[str, str] | None = None,
    waivers: Mapping[str, str] | None = None,
    group: str | None = None,
    kind: str = "logistic",
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Fit a pipeline on outcomes.

    Parameters
    ----------
    rows : sequence of mapping, or DataFrame
        One entry per outcome; absent or None values are unknown.
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
    kind : str, default="logistic"
        ``logistic`` for the estimator with priors, ``boosting`` for the challenger.

    Returns
    -------
    document : dict
        What a model file holds.
    report : dict
        JSON-ready: features, ignored columns with reasons, leaks and waivers, coefficients, cross-validated measures,
        and what the intervals rest on with their median width over the rows of the fit.

    Raises
    ------
    TrainingError
        ``unknown_column``, ``repeated_column``, ``missing_group``, ``known_after_outcome``, ``too_few_outcomes``,
        ``one_class_only``, ``duplicated_rows``,
        ``no_features``, ``target_not_binary``, ``wrong_type``, ``level_out_of_range``, ``target_below_start``,
        ``dates_reversed``; `field` names the row and the column where there is one.
    LeakError
        ``leak_single_feature`` or ``leak_missingness``.
    """
    if kind not in KINDS:
        raise InvalidParameterError("kind", kind, "one of " + ", ".join(KINDS), code="unknown_kind")
    prepared = prepare(rows, target=target, features=features, schema=schema, waivers=waivers, group=group)
    sample = prepared.sample
    pipeline = build_pipeline(sample.frame, kind)
    if kind == "boosting":
        pipeline.set_params(classifier__refits=INTERVAL_REFITS)
        # hundreds of rows: threads would spend their time waiting for each other
        with threadpool_limits(1 if sample.outcomes.size <= _FEW_ROWS else None):
            pipeline.fit(sample.frame, sample.outcomes, classifier__groups=sample.groups)
    else:
        pipeline.fit(sample.frame, sample.outcomes)
    document = {
        "kind": "trained_pipeline",
        "pipeline": pipeline,
        "features": sample.features,
        "numeric": [name for name in sample.features if pd.api.types.is_numeric_dtype(sample.frame[name])],
        "unknown_variance": _unknown_variance(pipeline, sample.frame),
        "target": target,
    }
    report = _report(prepared, pipeline, target, kind)
    report["intervals"] = _describe_intervals(document, sample.frame)
    return {**document, "report": report}, report


def prepare(
    rows: Sequence[Mapping[str, Any]] | pd.DataFrame,
    *,
    target: str,
    features: Sequence[str] | None = None,
    schema: Mapping[str, str] | None = None,
    waivers: Mapping[str, str] | None = None,
    group: str | None = None,
) -> Prepared:
    """Return the sample of an outcome file after every guard; parameters and errors as for :func:`train`."""
    waivers = check_waivers(waivers or {}, WAIVABLE)
    frame = number_rows(rows if isinstance(rows, pd.DataFrame) else pd.DataFrame(list(rows)))
    check_frame(frame)
    check_columns(frame, [target, *(features or []), *([group] if group else [])])
    known_at = {**built_in_schema(), **(schema or {})}
    candidates = [str(name) for name in frame.columns if name not in (target, group)]
    used, ignored = choose_features(candidates, features, known_at, waivers)
    known, outcomes, left_out = split_outcomes(frame, target)
    if group is not None:
        check_known(known, group, "rows of one group stay together", "missing_group")
    check_cells(known, used)
    _check_outcomes(known, outcomes, known_at)
    known = plain(known.reset_index(drop=True))
    guarded = used if features is not None else [name for name in candidates if _is_guarded(name, known_at)]
    found = leaks.find_leaks(known[guarded], outcomes)
    leaks.stop_at_leaks(found, waivers)
    used, constant = drop_constant(known, used)
    ignored.update(dict.fromkeys(constant, "has one value only"))
    if not used:
        raise TrainingError("No column is left to learn from.", code="no_features", field="features")
    groups = None if group is None else known[group].astype(str).to_numpy()
    return Prepared(Sample(known[used], outcomes, groups, group), ignored, found, waivers, left_out)


def split_outcomes(frame: pd.DataFrame, target: str) -> tuple[pd.DataFrame, np.ndarray, int]:
    """Return the rows with an outcome (their index kept), the outcomes as 0.0 and 1.0, and how many had none."""
    known = frame[target].notna()
    values = frame.loc[known, target]
    bad = ~values.isin((0, 1))
    if bad.any():
        row, value = values.index[bad.to_numpy()][0], values[bad].iloc[0]
        raise TrainingError(
            f"The target {target} must be 0 or 1; rows[{row}] holds {value!r}.",
            code="target_not_binary",
            field=target,
            details={"row": int(row)},
        )
    return frame.loc[known].copy(), values.to_numpy(dtype=np.float64), int((~known).sum())


def outcomes_of(rows: Sequence[Mapping[str, Any]], target: str) -> tuple[pd.DataFrame, np.ndarray, int]:
    """Return the rows with an outcome (their index is their place), their outcomes, and how many rows had none."""
    frame = pd.DataFrame(list(rows))
    check_columns(frame, [target])
    return split_outcomes(frame, target)


def _report(prepared: Prepared, pipeline: Pipeline, target: str, kind: str) -> dict[str, Any]:
    sample = prepared.sample
    return {
        "target": target,
        "kind": kind,
        "n": int(sample.outcomes.size),
        "events": int(sample.outcomes.sum()),
        "left_out_without_target": prepared.left_out,
        "features": sample.features,
        "ignored": prepared.ignored,
        "leaks": prepared.found,
        "waivers": dict(prepared.waivers),
        "coefficients": _coefficients(pipeline),
        "cross_validation": cross_validate(sample, kind),
        "data_digest": _digest(sample.frame, sample.outcomes),
        "table_version": get_table_version(),
    }


def _describe_intervals(document: Mapping[str, Any], frame: pd.DataFrame) -> dict[str, Any]:
    """Return what the intervals rest on and their median width, in probability, over the rows of the fit."""
    classifier = document["pipeline"].named_steps["classifier"]
    found = predict_frame(document, frame, levels=INTERVAL_LEVELS).intervals
    widths = {f"median_width_{level * 100:.0f}": round(float(np.median(high - low)), 6) for level, (low, high) in
              found.items()}  # fmt: skip
    if hasattr(classifier, "posterior_covariance_"):
        return {"source": "truncated_laplace_posterior", **widths}
    return {
        "source": "parametric_bootstrap_over_groups",
        "refits": classifier.refits,
        "seed": classifier.random_state,
        "design_effect": round(classifier.design_effect_, 6),
        **widths,
    }


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
            row = int(frame.index[repeated[0]])
            raise TrainingError(
                f"rows[{row}] repeats an earlier row ({repeated.size} do).",
                code="duplicated_rows",
                field=f"rows[{row}]",
            )


def _is_guarded(name: str, known_at: Mapping[str, str]) -> bool:
    return known_at.get(name) not in ("outcome", "identifier")


def _coefficients(pipeline: Pipeline) -> list[dict[str, Any]]:
    """Return the coefficients with their posterior spread; boosting has none."""
    classifier = pipeline.named_steps["classifier"]
    if not hasattr(classifier, "posterior_covariance_"):
        return []
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


def _unknown_variance(pipeline: Pipeline, frame: pd.DataFrame) -> dict[str, float]:
    """Return what each feature adds to the variance of the log-odds where it is not known.

    For the estimator ``E[b^2]`` times its spread; the columns of one text feature are taken as independent, which
    overstates the spread of a category a little. For boosting see
    :meth:`risk.scoring.challenger.CalibratedBoostingClassifier.variance_of_unknown`.
    """
    classifier = pipeline.named_steps["classifier"]
    if hasattr(classifier, "variance_of_unknown"):
        return _variance_of_unknown(pipeline, frame)
    design = pipeline.named_steps["columns"].transform(frame)
    moment = np.square(classifier.posterior_mean_[1:]) + np.diag(classifier.posterior_covariance_)[1:]
    share = moment * np.square(design.to_numpy(dtype=np.float64).std(axis=0))
    owner = [_feature_of(str(column), list(frame.columns)) for column in design.columns]
    return {
        name: float(sum(value for value, of in zip(share, owner, strict=True) if of == name)) for name in frame.columns
    }


def _variance_of_unknown(pipeline: Pipeline, frame: pd.DataFrame) -> dict[str, float]:
    columns, classifier = pipeline.named_steps["columns"], pipeline.named_steps["classifier"]
    # a mean over some thousand rows, spread over the file, is exact enough and does not grow with it
    sample = frame.iloc[np.unique(np.linspace(0, len(frame) - 1, min(len(frame), _FEW_ROWS)).astype(int))]
    design = columns.transform(sample).to_numpy(dtype=np.float64)
    found = {}
    for name in frame.columns:
        kind = np.float64 if pd.api.types.is_numeric_dtype(sample[name]) else object
        empty = pd.Series(np.nan, index=sample.index, dtype=kind)
        emptied = columns.transform(sample.assign(**{name: empty})).to_numpy(dtype=np.float64)
        known = sample[name].notna().to_numpy()
        found[name] = classifier.variance_of_unknown(design[known], emptied[known]) if known.any() else 0.0
    return found


def _feature_of(column: str, features: list[str]) -> str:
    """Return the feature behind a column such as ``number__trl_start`` or ``text__sector_chemicals``."""
    name = column.partition("__")[2]
    fitting = [feature for feature in features if name == feature or name.startswith(f"{feature}_")]
    return max(fitting, key=len)


def _digest(frame: pd.DataFrame, outcomes: np.ndarray) -> str:
    text = frame.to_csv(index=False, lineterminator="\n").encode() + outcomes.astype("<f8").tobytes()
    return hashlib.sha256(text).hexdigest()
