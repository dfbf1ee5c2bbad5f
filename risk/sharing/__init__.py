"""The sharing engine: an agreement is signed data, settled and simulated by one interpreter.

Terms are a JSON document (``docs/terms.md``). The same compiled programs run over Python integers (settlement)
and over checked ``int64`` arrays of many scenarios (simulation).

Settlement::

    engine = Engine(terms)                    # TermsError names code, clause and sentence
    state = engine.open()                     # canonical JSON by ``state.to_json()`` / ``engine.load(text)``
    outcome = engine.apply(state, event)      # EventError: nothing changed, ``state`` is never altered
    outcome.state, outcome.postings, outcome.explanation, outcome.balances, outcome.flows, outcome.hash
    settle({"terms": terms, "events": [...]})  # -> dict, the whole log at once

An event is ``{"id": str, "kind": str, "effective_on": "YYYY-MM-DD", "body": {...}}``; bodies are listed in
``docs/terms.md``. Postings are ``(code, party or None, amount_minor)``, debit positive.

Simulation (array path)::

    result = engine.run_paths(events, scenarios=n)

``events`` are the same objects, sorted by date, with two extensions:

* any ``..._minor`` value of a body (also inside ``claims``, ``metrics`` and ``sources``) may be an ``int64`` array of
  shape ``(n,)`` instead of an integer; ``body["passed"]`` of a ``milestone`` and every value of ``body["flags"]``
  may be a boolean array of shape ``(n,)`` (settlement says ``"result": "pass"`` instead of ``"passed": true``);
* ``event["occurs"]`` may be a boolean array of shape ``(n,)`` (default: everywhere). Where it is False the event has
  no effect at all in that scenario, exactly as if the event were missing from that scenario's log.

An event that may happen on several dates is listed once per date, each with its own ``occurs``. Dates are common to
all scenarios. ``reversal`` has no array form. Any amount outside 0 .. 9e15 raises ``AmountError`` naming party and
step before anything is computed with it.

``result`` has

* ``result.event_ids`` (list of str) and ``result.dates`` (list of ``datetime.date``), one per event;
* ``result.parties`` (list of str) and ``result.flows``: dict party -> ``int64`` array of shape ``(len(events), n)``,
  minor units, positive where the party receives and negative where it pays; flows between the project and outsiders
  that are no party of the terms (a buyer, suppliers) do not appear;
* ``result.balances``: dict balance name -> ``int64`` array ``(n,)`` after the last event (``capital:angel``,
  ``principal:loan``, ``limit_left:pool-year``, ...);
* ``result.values_after``: optional, only with ``keep_balances=[names]``: dict name -> array ``(len(events), n)``.

Amounts that the terms themselves determine need not be repeated by a driver: ``insurance_recovery`` and
``pool_compensation`` compute the payment from the layer; ``interest_due`` the period's interest; and ``distribution``
takes ``"collect": ["interest_due:loan", "principal_due:loan", "claim:success-fee"]`` instead of an amount, which means
"the project pays exactly these balances today".
"""

from __future__ import annotations

import importlib
from typing import Any

_EXPORTS = {
    "Engine": "risk.sharing.engine",
    "Outcome": "risk.sharing.engine",
    "State": "risk.sharing.state",
    "settle": "risk.sharing.settlement",
    "explain": "risk.sharing.readings.explain",
    "validate_terms": "risk.sharing.terms",
    "terms_hash": "risk.sharing.canonical",
    "event_hash": "risk.sharing.canonical",
    "event_text_hash": "risk.sharing.canonical",
    "canonical_json": "risk.sharing.canonical",
    "TERMS_SCHEMA": "risk.sharing.schema",
    "EVENT_SCHEMA": "risk.sharing.schema",
    "joint_pilot": "risk.sharing.templates.joint_pilot",
    "guaranteed_loan": "risk.sharing.templates.loans",
    "pooled_loan": "risk.sharing.templates.loans",
    "licence": "risk.sharing.templates.royalties",
    "royalty_to_cap": "risk.sharing.templates.royalties",
    "sub_fund": "risk.sharing.templates.sub_fund",
    "fund_first": "risk.sharing.templates.fund_first",
    "describe_terms": "risk.sharing.wording.clauses",
    "compare_terms": "risk.sharing.wording.redline",
    "still_needed": "risk.sharing.quorum",
    "TermsError": "risk.sharing.errors",
    "EventError": "risk.sharing.errors",
    "AmountError": "risk.sharing.errors",
}

__all__ = sorted(_EXPORTS)


def __getattr__(name: str) -> Any:
    """Load a public name on first use (PEP 562)."""
    if name not in _EXPORTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = importlib.import_module(_EXPORTS[name])
    value = getattr(module, name)
    globals()[name] = value
    return value
