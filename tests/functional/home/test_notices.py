"""Every kind of notice that a service sends has its sentence in both languages."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

from flask_babel import force_locale

from marketplace.insurance.states import CLAIM_STATES
from marketplace.notifications.models import Notification
from marketplace.projects.words import PROJECT_STATES
from marketplace.web.notices import describe_notice

ROOT = Path(__file__).resolve().parents[3] / "marketplace"
# Kinds that services build from a state or an act.
BUILT = {
    "project": PROJECT_STATES,
    "claim": CLAIM_STATES,
    "quote": ("accepted", "bound", "offered", "declined", "withdrawn"),
    "organisation": ("verified", "rejected", "frozen"),
    "assessment": ("requested", "accepted", "declined", "signed", "disputed", "dispute_answered", "expired"),
    "milestone": ("reported", "finding"),
}


def sent_kinds() -> set[str]:
    """The literal kinds in calls of `notify` and `tell_parties`."""
    found = set()
    for path in ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in ("notify", "tell_parties"):
                found |= {
                    str(keyword.value.value)
                    for keyword in node.keywords
                    if keyword.arg == "kind" and isinstance(keyword.value, ast.Constant)
                }
    return found


def sentence(app: Any, kind: str, locale: str) -> str:
    with app.test_request_context("/"), force_locale(locale):
        return describe_notice(Notification(kind=kind, parameters={"title_zh": "连续流", "title_en": "Flow"}))


def test_every_kind_that_is_sent_is_worded(app: Any) -> None:
    kinds = sent_kinds()
    assert "payment_due" in kinds
    kinds |= {f"{prefix}.{state}" for prefix, states in BUILT.items() for state in states}
    plain = [kind for kind in sorted(kinds) if sentence(app, kind, "en").startswith("Something happened")]
    assert plain == []


def test_every_sentence_is_in_its_own_language(app: Any) -> None:
    mixed = []
    for kind in sorted(sent_kinds()):
        chinese, english = sentence(app, kind, "zh_Hans_CN"), sentence(app, kind, "en")
        if not any("\u4e00" <= letter <= "\u9fff" for letter in chinese):
            mixed.append((kind, chinese))
        if any("\u4e00" <= letter <= "\u9fff" for letter in english):
            mixed.append((kind, english))
    assert mixed == []
