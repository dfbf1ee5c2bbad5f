"""Fitted models on disk; the registry in the database says which of them makes the scores, and with what digest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class LoadedModel:
    """A model in memory and the facts that its row of the registry holds."""

    model: Any
    facts: dict[str, Any]


def store_model(directory: Path, model: Any, *, metrics: Mapping[str, Any] | None = None) -> LoadedModel:
    """Write a model to a file of its own and return it with the facts for the registry."""
    from risk.scoring.model_files import library_versions, save_model

    directory.mkdir(parents=True, exist_ok=True)
    name = f"{model.version}.skops"
    partial = directory / f"{name}.new"
    digest = save_model(model, partial)
    # The digest is part of the name: a second fit never replaces the file that the registry names.
    partial = partial.rename(directory / f"{model.version}-{digest[:12]}.skops")
    return LoadedModel(
        model,
        {
            "version": model.version,
            "coefficients_digest": model.digest,
            "coefficients": model.coefficients_hex(),
            "file_name": partial.name,
            "file_sha256": digest,
            "table_version": model.table_version,
            "support": model.state,
            "own_outcomes": model.own_outcomes,
            "own_events": model.own_events,
            "libraries": library_versions(),
            "metrics": dict(metrics or {}),
        },
    )


def fit_and_store_model(directory: Path) -> LoadedModel:
    """Fit the model from the evidence tables and write it; the registry decides whether it makes scores."""
    from risk import fit_prior_model

    return store_model(directory, fit_prior_model())


def load_registered_model(directory: Path, facts: Mapping[str, Any] | None) -> LoadedModel:
    """The model of a registry row; without one, that of the evidence tables, which the caller then registers.

    A file that is gone (another machine, a new volume) is made again where the evidence tables still give the same
    vector. Raises a RiskError where the file was altered, or is gone and cannot be made again.
    """
    from risk import fit_prior_model, load_model
    from risk.scoring.model_files import ModelFileError

    if facts is None:
        return fit_and_store_model(directory)
    try:
        model = load_model(directory / str(facts["file_name"]), digest=str(facts["file_sha256"]))
    except ModelFileError as error:
        model = fit_prior_model()
        if error.code != "model_file_missing" or model.digest != facts["coefficients_digest"]:
            raise
    return LoadedModel(model, dict(facts))
