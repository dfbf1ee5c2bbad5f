"""Canonical JSON and the hashes of terms and events."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from typing import Any

from risk.errors import RiskError

TERMS_TAG = "pilotage/terms/1"
EVENT_TAG = "pilotage/event/1"
_EVENT_START = len(EVENT_TAG).to_bytes(8, "big") + EVENT_TAG.encode()
LARGEST = 2**63
# One encoder for all: `json.dumps` with options makes a new one for each call.
_encode = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode


def normalise(value: Any, path: str = "") -> Any:
    """Return `value` with NFC text and keys, refusing floats and anything JSON cannot hold exactly."""
    if isinstance(value, str):
        return value if value.isascii() else _text(value, path)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        if abs(value) >= LARGEST:
            raise RiskError(
                f"The whole number at {path or 'the top'} is too large.", code="amount_too_large", field=path or None
            )
        return value
    if isinstance(value, float):
        raise RiskError(
            f"A floating-point number stands at {path or 'the top'}; amounts are integers and rates are text.",
            code="float_in_document",
            field=path or None,
        )
    if isinstance(value, (list, tuple)):
        return [normalise(item, f"{path}[{index}]") for index, item in enumerate(value)]
    if isinstance(value, dict):
        result = {}
        for key, item in value.items():
            if not isinstance(key, str):
                raise RiskError(f"The key {key!r} at {path or 'the top'} is not text.", code="key_not_text", field=path)
            name = _text(key, path)
            if name in result:
                raise RiskError(f"The key {name!r} stands twice at {path or 'the top'}.", code="key_twice", field=path)
            result[name] = normalise(item, f"{path}.{name}" if path else name)
        return result
    raise RiskError(
        f"{type(value).__name__} at {path or 'the top'} cannot be written as JSON.",
        code="not_json",
        field=path or None,
    )


def _text(value: str, path: str) -> str:
    if value.isascii():
        return value
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise RiskError(f"The text at {path or 'the top'} is no valid Unicode.", code="bad_text", field=path or None)
    return unicodedata.normalize("NFC", value)


def canonical_json(value: Any) -> str:
    """Return the one JSON text of `value`: sorted keys, no spaces, NFC, no floats.

    Raises
    ------
    RiskError
        ``float_in_document``, ``amount_too_large``, ``bad_text``, ``key_not_text``, ``key_twice`` or ``not_json``,
        naming the path.
    """
    return _encode(normalise(value))


def _digest(*parts: str) -> str:
    # Every part is preceded by its length, so that no two different lists of parts give the same bytes.
    encoded = [part.encode("utf-8") for part in parts]
    return hashlib.sha256(b"".join([len(data).to_bytes(8, "big") + data for data in encoded])).hexdigest()


def terms_hash(terms: dict[str, Any], previous_hash: str | None = None) -> str:
    """Return the version hash SHA-256(tag, previous version hash, canonical terms) in hexadecimal."""
    return _digest(TERMS_TAG, previous_hash or "", canonical_json(terms))


def event_hash(event: dict[str, Any], version_hash: str, previous_hash: str | None = None) -> str:
    """Return the event hash SHA-256(tag, previous event hash, version hash, canonical event) in hexadecimal."""
    return event_text_hash(canonical_json(event), version_hash, previous_hash)


def event_text_hash(text: str, version_hash: str, previous_hash: str | None = None) -> str:
    """Return the event hash of an event whose canonical JSON is at hand as `text`; it is taken as it stands."""
    # The same bytes as `_digest` of the four parts, without its list: a chain of a million is walked by this.
    previous, version, content = (previous_hash or "").encode(), version_hash.encode(), text.encode()
    return hashlib.sha256(
        _EVENT_START
        + len(previous).to_bytes(8, "big") + previous
        + len(version).to_bytes(8, "big") + version
        + len(content).to_bytes(8, "big") + content
    ).hexdigest()  # fmt: skip
