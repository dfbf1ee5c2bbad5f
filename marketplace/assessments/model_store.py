"""The fitted model on disk: one file with its digest beside it, made at set-up and loaded by the jobs."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

POINTER = "current.json"
MODEL_FILE = "prior.skops"


def fit_and_store_model(directory: Path) -> dict[str, str]:
    """Fit the model from the evidence tables and make it the current one; returns its version and digests."""
    from risk import fit_prior_model, save_model

    directory.mkdir(parents=True, exist_ok=True)
    model = fit_prior_model()
    digest = save_model(model, directory / MODEL_FILE)
    facts = {"file": MODEL_FILE, "sha256": digest, "version": model.version, "table_version": model.table_version}
    partial = directory / f"{POINTER}.partial"
    partial.write_text(json.dumps(facts, sort_keys=True))
    os.replace(partial, directory / POINTER)
    return facts


def load_current_model(directory: Path) -> Any:
    """The current model; fitted first where none is stored, or where the evidence tables are newer."""
    from risk import get_table_version, load_model

    pointer = directory / POINTER
    facts = json.loads(pointer.read_text()) if pointer.exists() else None
    if facts is None or facts["table_version"] != get_table_version():
        facts = fit_and_store_model(directory)
    return load_model(directory / facts["file"], digest=facts["sha256"])
