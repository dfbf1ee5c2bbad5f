"""Computing a stored score again from its own snapshot and the vector of its model, in plain arithmetic."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from risk.errors import RiskError


@dataclass(frozen=True)
class Recomputation:
    """What was stored, what comes out, and every difference found, each with a code."""

    stored: str | None
    computed: str | None
    differences: tuple[tuple[str, str], ...]

    @property
    def holds(self) -> bool:
        return not self.differences


def recompute_score(score: Any, coefficients: Mapping[str, str] | None) -> Recomputation:
    """Compare a stored score with its content, its digests and its model's vector.

    Parameters: the row, and the hexadecimal vector of the model that it names (None: the registry has none).
    """
    content = score.content
    found = [
        (code, f"the row says {row!r}, the content says {kept!r}")
        for code, row, kept in (
            ("probability_column", score.probability, _write(content["probability"])),
            ("band_column", score.band, content["band"]),
            ("state_column", score.state, content["state"]),
            ("definition_column", score.definition, content["definition"]),
            ("model_column", score.model_version, content["model_version"]),
            ("model_digest_column", score.model_digest, content["coefficients_digest"]),
            ("features_digest_column", score.features_digest, content["features_digest"]),
        )
        if row != kept
    ]
    computed: str | None = None
    if coefficients is None:
        found.append(("model_unknown", f"the registry has no model {score.model_version} ({score.model_digest})"))
    else:
        from risk import recompute

        try:
            computed = _write(recompute(content, coefficients))
        except RiskError as error:
            found.append((error.code, error.message))
        else:
            if computed != _write(content["probability"]):
                found.append(("probability", f"stored {_write(content['probability'])}, computed {computed}"))
    return Recomputation(score.probability, computed, tuple(found))


def _write(probability: float | None) -> str | None:
    return None if probability is None else f"{probability:.6f}"
