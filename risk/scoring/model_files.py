"""Model files: written by skops, opened only with the expected SHA-256 and an allow-list of types."""

from __future__ import annotations

import hashlib
import io
import os
import zipfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

import skops.io

from risk.errors import RiskError
from risk.scoring.prior_model import RiskModel

FORMAT_VERSION = 1
LIBRARIES: tuple[str, ...] = ("numpy", "scipy", "scikit-learn", "skops")
ALLOWED_TYPES: frozenset[str] = frozenset(
    {
        "numpy.dtype",
        "risk.scoring.challenger.CalibratedBoostingClassifier",
        "risk.scoring.estimator.MaturityRiskClassifier",
        # the trees of the challenger
        "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    }
)
MAX_BYTES = 64 * 1024 * 1024


class ModelFileError(RiskError):
    """A model file was altered, is of another version, or is no model file."""

    code = "model_file_refused"


def save_model(model: RiskModel, path: str | os.PathLike[str]) -> str:
    """Write a fitted score model and return the SHA-256 of the file (64 hexadecimal digits).

    The file appears whole or not at all. Raises :class:`ModelFileError` (``model_not_written``) where the folder
    cannot be written.
    """
    return save_document(
        {
            "kind": "score_model",
            "classifier": model.classifier,
            "intercept_shifts": dict(model.intercept_shifts),
            "shift_deviations": dict(model.shift_deviations),
            "state": model.state,
            "own_outcomes": model.own_outcomes,
            "own_events": model.own_events,
            "table_version": model.table_version,
            "metadata": dict(model.metadata),
        },
        path,
    )


def load_model(path: str | os.PathLike[str], *, digest: str) -> RiskModel:
    """Read a score model written by :func:`save_model`.

    Parameters
    ----------
    path : path
        The file.
    digest : str
        The SHA-256 that :func:`save_model` returned; another content is refused before anything is opened.

    Raises
    ------
    ModelFileError
        ``model_file_missing``, ``model_file_altered``, ``model_file_unreadable``, ``model_file_untrusted``,
        ``model_file_version`` or ``model_file_other_kind``.
    """
    document = load_document(path, digest=digest, kind="score_model")
    return RiskModel(
        classifier=document["classifier"],
        intercept_shifts=document["intercept_shifts"],
        shift_deviations=document["shift_deviations"],
        state=document["state"],
        own_outcomes=document["own_outcomes"],
        own_events=document["own_events"],
        table_version=document["table_version"],
        metadata=document["metadata"],
    )


def save_document(document: dict[str, Any], path: str | os.PathLike[str]) -> str:
    """Write a model document with format and library versions; return the SHA-256 of the file."""
    content = skops.io.dumps({"format": FORMAT_VERSION, "libraries": library_versions(), **document})
    target = Path(path)
    partial = target.with_name(target.name + ".partial")
    try:
        partial.write_bytes(content)
        os.replace(partial, target)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise ModelFileError(
            f"The model file {target.name} could not be written: {error.strerror}.", code="model_not_written"
        ) from error
    return hashlib.sha256(content).hexdigest()


def load_document(path: str | os.PathLike[str], *, digest: str | None, kind: str) -> dict[str, Any]:
    """Return the checked document of a model file; `digest` None reads a file given by the person at the keyboard."""
    content = _read(Path(path))
    found = hashlib.sha256(content).hexdigest()
    if digest is not None and found != digest.lower():
        raise ModelFileError(
            "The model file is not the one expected: its SHA-256 differs.",
            code="model_file_altered",
            details={"expected": digest, "found": found},
        )
    document = _open(content)
    if not isinstance(document, dict) or document.get("format") != FORMAT_VERSION:
        raise ModelFileError("The model file has another format version.", code="model_file_version")
    _check_libraries(document.get("libraries"))
    if document.get("kind") != kind:
        raise ModelFileError(
            f"The file holds a {document.get('kind')}, not a {kind}.",
            code="model_file_other_kind",
            details={"kind": document.get("kind")},
        )
    return document


def library_versions() -> dict[str, str]:
    """Return the installed versions of the libraries a model depends on."""
    return {name: version(name) for name in LIBRARIES}


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ModelFileError("The model file is larger than 64 MB.", code="model_file_too_large")
        return path.read_bytes()
    except OSError as error:
        raise ModelFileError(
            f"The model file {path.name} cannot be read: {error.strerror}.", code="model_file_missing"
        ) from error


def _open(content: bytes) -> Any:
    if not zipfile.is_zipfile(io.BytesIO(content)):
        raise ModelFileError("The file is not a skops model file.", code="model_file_unreadable")
    try:
        unknown = set(skops.io.get_untrusted_types(data=content)) - ALLOWED_TYPES
        if unknown:
            raise ModelFileError(
                "The model file holds types that are not allowed.",
                code="model_file_untrusted",
                details={"types": sorted(unknown)},
            )
        return skops.io.loads(content, trusted=sorted(ALLOWED_TYPES))
    except ModelFileError:
        raise
    except Exception as error:  # a damaged archive fails inside skops, zipfile, json or numpy in many ways
        raise ModelFileError("The file is not a readable skops model file.", code="model_file_unreadable") from error


def _check_libraries(libraries: Any) -> None:
    installed = library_versions()
    saved = libraries if isinstance(libraries, dict) else {}
    differing = {
        name: {"file": saved.get(name), "installed": installed[name]}
        for name in LIBRARIES
        if _minor(saved.get(name)) != _minor(installed[name])
    }
    if differing:
        raise ModelFileError(
            "The model file was written with other library versions; train it again.",
            code="model_file_version",
            details=differing,
        )


def _minor(text: Any) -> tuple[str, ...] | None:
    return tuple(text.split(".")[:2]) if isinstance(text, str) else None
