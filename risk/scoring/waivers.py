"""Waivers: a person lets a named guard pass, with a reason that every report then carries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from risk.errors import InvalidParameterError


def check_waivers(waivers: Mapping[str, str], allowed: Sequence[str]) -> Mapping[str, str]:
    """Return the waivers; raises ``unknown_waiver`` or ``waiver_without_reason``.

    Parameters
    ----------
    waivers : mapping of str to str
        Reason by code.
    allowed : sequence of str
        Codes of the guards that may be waived.
    """
    for code, reason in waivers.items():
        if code not in allowed:
            raise InvalidParameterError("waive", code, "one of " + ", ".join(allowed), code="unknown_waiver")
        if not reason.strip():
            raise InvalidParameterError("waive", code, "given with a reason, CODE=REASON", code="waiver_without_reason")
    return waivers
