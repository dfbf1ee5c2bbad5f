"""The model fitted at set-up from the evidence tables: grouped real outcomes, priors and the pilot base rate."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

from risk.errors import InvalidParameterError
from risk.scoring.estimator import MaturityRiskClassifier
from risk.scoring.features import COLUMNS, encode_row, list_features
from risk.tables import get_default, get_table_version, list_defaults

DEFAULT_DEFINITION = "target_level_not_reached"
DEFINITIONS: tuple[str, ...] = (DEFAULT_DEFINITION, "stopped_within_a_year", "terminated", "no_next_stage")
"""Definitions of failure for which an intercept can be set; the base rate of each stands in ``tables/base_rates``."""


@dataclass(frozen=True, slots=True)
class RiskModel:
    """A fitted classifier with what is needed to say where it came from.

    Attributes
    ----------
    classifier : MaturityRiskClassifier
        Posterior over the columns of :data:`risk.scoring.features.COLUMNS`.
    intercept_shifts : mapping of str to float
        What each definition of failure adds to the log-odds.
    shift_deviations : mapping of str to float
        Standard deviation of that shift, from the interval of the definition's base rate.
    state : str
        ``prior_only``, ``supported`` or ``validated``.
    own_outcomes, own_events : int
        Outcomes of the platform behind the fit, and how many were failures.
    table_version : str
        Version of the evidence tables of the fit.
    metadata : mapping
        JSON-ready facts kept with the model file (metrics, library versions ...).
    """

    classifier: MaturityRiskClassifier
    intercept_shifts: Mapping[str, float]
    shift_deviations: Mapping[str, float]
    state: str
    own_outcomes: int
    own_events: int
    table_version: str
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def coefficients_hex(self) -> dict[str, str]:
        """Return the coefficient vector as hexadecimal floats: ``intercept:<definition>`` and one key per column."""
        intercept = float(self.classifier.intercept_[0])
        vector = {f"intercept:{name}": (intercept + shift).hex() for name, shift in self.intercept_shifts.items()}
        vector.update({name: float(value).hex() for name, value in zip(COLUMNS, self.classifier.coef_[0], strict=True)})
        return vector

    @property
    def digest(self) -> str:
        """SHA-256 of the coefficient vector, 64 hexadecimal digits."""
        text = json.dumps(self.coefficients_hex(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def version(self) -> str:
        """Name of the model: its state and the first 12 digits of its digest."""
        return f"{self.state.replace('_', '-')}-{self.digest[:12]}"

    def check_definition(self, definition: str) -> str:
        """Return `definition` if the model has an intercept for it, else raise (``unknown_definition``)."""
        if definition not in self.intercept_shifts:
            allowed = "one of " + ", ".join(self.intercept_shifts)
            raise InvalidParameterError("definition", definition, allowed, code="unknown_definition")
        return definition

    def predict_interval(
        self,
        design: np.ndarray,
        unknown_spread: np.ndarray,
        level: float,
        definition: str = DEFAULT_DEFINITION,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the bounds of a central interval of the probability, each of shape (n,).

        Parameters
        ----------
        design : ndarray of shape (n, columns)
            Model columns; 0 where the input is not known.
        unknown_spread : ndarray of shape (n, columns)
            Standard deviation over pilots of each column that is not known, 0 where it is known.
        level : float
            Mass of the interval, above 0 and below 1.
        definition : str
            Definition of failure.

        Notes
        -----
        An unknown column adds ``E[b^2] * spread^2`` to the variance of the log-odds, another definition the variance
        of its base rate.
        """
        shift = self.intercept_shifts[self.check_definition(definition)]
        mean = self.classifier.posterior_mean_[1:]
        second_moment = np.square(mean) + np.diag(self.classifier.posterior_covariance_)[1:]
        extra = np.square(unknown_spread) @ second_moment + self.shift_deviations[definition] ** 2
        return self.classifier.interval_of_design(design, level=level, extra_variance=extra, shift=shift)


@lru_cache(maxsize=1)
def fit_prior_model() -> RiskModel:
    """Fit the model from the evidence tables alone; its state is ``prior_only``.

    Returns
    -------
    RiskModel
        The same object on every call.

    Notes
    -----
    Grouped NASA outcomes enter as weighted rows at their start level, mean planned gain and pilot scale; the slope on
    start TRL has the carbon-capture slope as prior, so that the posterior is close to the pooled slope of both; the
    intercept, that of the reference pilot (TRL 6 to 7), has the pilot base rate as prior. Other definitions shift the
    intercept so that the typical project of their reference class has that class's base rate.
    """
    return build_model(fit_classifier(), state="prior_only", own_outcomes=0, own_events=0)


def fit_classifier(own_rows: np.ndarray | None = None, own_target: np.ndarray | None = None) -> MaturityRiskClassifier:
    """Fit the estimator on the evidence tables and on own outcomes, which count one each.

    Parameters
    ----------
    own_rows : ndarray of shape (n, columns), optional
        Model columns of own outcomes, 0 where an input is not known.
    own_target : ndarray of shape (n,), optional
        1 for a failure, 0 for none.
    """
    rows, target, weight = build_grouped_rows()
    if own_rows is not None and own_target is not None:
        rows, target = np.vstack([rows, own_rows]), np.concatenate([target, own_target])
        weight = np.concatenate([weight, np.ones(len(own_target))])
    pilot = get_default("base_rates", "pilot_target_level_not_reached")
    priors = build_priors()
    classifier = MaturityRiskClassifier(
        intercept_mean=_log_odds(_value(pilot)),
        intercept_sd=_spread_of_range(pilot["low"], pilot["high"]),
        prior_mean=priors["prior_mean"],
        prior_sd=priors["prior_sd"],
        bounds=priors["bounds"],
    )
    # fitted on a frame so that priors are keyed by feature name; pandas is imported only here
    from pandas import DataFrame

    return classifier.fit(DataFrame(rows, columns=list(COLUMNS)), target, sample_weight=weight)


def build_model(
    classifier: MaturityRiskClassifier,
    *,
    state: str,
    own_outcomes: int,
    own_events: int,
    metadata: Mapping[str, Any] | None = None,
) -> RiskModel:
    """Return the model of a fitted classifier with the intercept of every definition of failure."""
    return RiskModel(
        classifier=classifier,
        intercept_shifts=_intercept_shifts(classifier),
        shift_deviations=_shift_deviations(),
        state=state,
        own_outcomes=own_outcomes,
        own_events=own_events,
        table_version=get_table_version(),
        metadata=dict(metadata or {}),
    )


def build_grouped_rows() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return design rows, event flags and weights of the grouped outcomes.

    Returns
    -------
    rows : ndarray of shape (2 * groups, columns)
    target : ndarray of shape (2 * groups,) of int
    weight : ndarray of shape (2 * groups,)
        Counted projects times the evidence weight.
    """
    factor = _value(get_default("technology_groups", "evidence_weight"))
    rows, target, weight = [], [], []
    reference = {key: feature.reference for key, feature in list_features().items()}
    for group in list_defaults("technology_groups"):
        if group.get("pilot_scale") is None:
            continue
        columns = dict.fromkeys(COLUMNS, 0.0)
        columns["trl_start"] = float(group["trl_start"] - reference["trl_start"])
        columns["planned_gain"] = group["mean_planned_gain"] - (reference["trl_target"] - reference["trl_start"])
        columns["pilot_scale"] = group["pilot_scale"] - 1.0
        for event, count in ((1, group["events"]), (0, group["n"] - group["events"])):
            if count:
                rows.append([columns[name] for name in COLUMNS])
                target.append(event)
                weight.append(factor * count)
    return np.array(rows), np.array(target), np.array(weight, dtype=np.float64)


def build_priors() -> dict[str, dict]:
    """Return prior means, spreads and bounds of the columns from ``tables/coefficients``, as estimator parameters."""
    figures = {name: get_default("coefficients", name) for name in COLUMNS}
    return {
        "prior_mean": {name: float(_value(figure)) for name, figure in figures.items()},
        "prior_sd": {name: float(figure["standard_error"]) for name, figure in figures.items()},
        "bounds": {name: (figure.get("lower"), figure.get("upper")) for name, figure in figures.items()},
    }


def _intercept_shifts(classifier: MaturityRiskClassifier) -> dict[str, float]:
    shifts = {DEFAULT_DEFINITION: 0.0}
    for name in DEFINITIONS[1:]:
        rate = get_default("base_rates", name)
        columns = encode_row({"trl_start": rate["trl_start"], "trl_target": rate["trl_target"]})
        typical = float(classifier.intercept_[0]) + math.fsum(
            float(beta) * columns[column] for beta, column in zip(classifier.coef_[0], COLUMNS, strict=True)
        )
        shifts[name] = _log_odds(_value(rate)) - typical
    return shifts


def _shift_deviations() -> dict[str, float]:
    deviations = {DEFAULT_DEFINITION: 0.0}
    for name in DEFINITIONS[1:]:
        rate = get_default("base_rates", name)
        deviations[name] = _spread_of_range(rate["low"], rate["high"])
    return deviations


def _spread_of_range(low: float, high: float) -> float:
    """Return the standard deviation in log-odds of a rate known by its 95 % range."""
    return (_log_odds(high) - _log_odds(low)) / (2.0 * 1.959964)


def _value(figure: Any) -> float:
    if figure.value is None:
        raise InvalidParameterError(f"{figure.table}.{figure.key}", None, "a figure with a value")
    return float(figure.value)


def _log_odds(probability: float) -> float:
    return math.log(probability / (1.0 - probability))
