"""One table of words: complete in both languages, and covering every closed list of the domains."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from typing import Any

import pytest
from babel.messages.pofile import read_po
from flask import Flask

from marketplace.web.labels import UnknownLabelError, label, missing_labels, names, state_label, tone
from marketplace.web.status_words import STATUS_WORDS
from marketplace.web.term_names import NAMES
from tests.unit.marketplace.web.conftest import CATALOGUE

Speak = Callable[..., Any]
CHINESE = re.compile(r"[一-鿿]")
# Words that are the same in both languages by nature.
SAME_IN_BOTH = {"API", "Stripe"}

# (kind of label, module and name of the closed list that the database enforces)
CLOSED_LISTS = [
    ("project", "marketplace.projects.words", "PROJECT_STATES"),
    ("milestone", "marketplace.projects.words", "MILESTONE_STATES"),
    ("sector", "marketplace.projects.words", "SECTORS"),
    ("visibility", "marketplace.projects.words", "VISIBILITIES"),
    ("visibility", "marketplace.projects.words", "GRANT_LEVELS"),
    ("budget_kind", "marketplace.projects.words", "BUDGET_KINDS"),
    ("instrument", "marketplace.projects.words", "INSTRUMENTS"),
    ("organisation_size", "marketplace.projects.words", "ORGANISATION_SIZES"),
    ("approval_kind", "marketplace.projects.words", "APPROVAL_KINDS"),
    ("failure_choice", "marketplace.projects.words", "FAILURE_ACTIONS"),
    ("right_kind", "marketplace.projects.words", "RIGHT_KINDS"),
    ("assessment", "marketplace.assessments.words", "ASSESSMENT_STATES"),
    ("evidence_type", "marketplace.assessments.words", "EVIDENCE_TYPES"),
    ("judgement", "marketplace.assessments.words", "JUDGEMENTS"),
    ("dispute", "marketplace.assessments.words", "DISPUTE_STATES"),
    ("environment", "marketplace.assessments.words", "ENVIRONMENTS"),
    ("organisation", "marketplace.accounts.models", "VERIFICATION_STATES"),
    ("organisation_kind", "marketplace.accounts.permissions", "ORGANISATION_KINDS"),
    ("role", "marketplace.accounts.permissions", "MEMBER_ROLES"),
    ("agreement", "marketplace.agreements.models", "AGREEMENT_STATES"),
    ("event", "marketplace.agreements.models", "PROPOSAL_STATES"),
    ("signing_key", "marketplace.agreements.models", "KEY_STATES"),
    ("simulation", "marketplace.agreements.models", "SIMULATION_STATES"),
    ("agreement_payment", "marketplace.agreements.models", "PAYMENT_STATES"),
    ("payment", "marketplace.payments.models", "INTENT_STATES"),
    ("bank_line", "marketplace.payments.models", "LINE_STATES"),
    ("payment_purpose", "marketplace.payments.models", "PURPOSES"),
    ("payment_rail", "marketplace.payments.models", "RAILS"),
    ("payment_direction", "marketplace.payments.models", "DIRECTIONS"),
    ("round", "marketplace.funding.states", "ROUND_STATES"),
    ("commitment", "marketplace.funding.states", "COMMITMENT_STATES"),
    ("closing_rule", "marketplace.funding.models", "CLOSING_RULES"),
    ("rule_kind", "marketplace.funding.models", "RULE_KINDS"),
    ("reading", "marketplace.funding.models", "READINGS"),
    ("money_base", "marketplace.funding.models", "BASES"),
    ("refusal_reason", "marketplace.funding.models", "REFUSAL_REASONS"),
    ("link_cause", "marketplace.funding.services.commitments", "LINK_CAUSES"),
    ("figure_status", "marketplace.schemes.models", "RULE_STATUSES"),
    ("entry_kind", "marketplace.ledger.models", "ENTRY_KINDS"),
    ("band", "marketplace.projects.listing", "BANDS"),
    ("event_kind", "risk.sharing.schema", "KINDS"),
    ("party_role", "risk.sharing.model", "PARTY_KINDS"),
    ("legal_basis", "risk.sharing.model", "LEGAL_BASES"),
    ("job", "marketplace.jobs.models", "JOB_STATES"),
    ("document", "marketplace.files.models", "SCAN_STATES"),
    ("currency", "marketplace.money", "EXPONENTS"),
]


@pytest.mark.parametrize(("kind", "module", "name"), CLOSED_LISTS)
def test_every_word_that_the_database_accepts_has_a_label(kind: str, module: str, name: str) -> None:
    words = [word for word in getattr(importlib.import_module(module), name) if word]
    assert missing_labels(kind, words) == []


def test_every_label_reads_differently_in_chinese_and_english(speak: Speak) -> None:
    def read_all() -> dict[tuple[str, str], str]:
        return {
            (kind, word): label(kind, word) if kind in NAMES else state_label(kind, word)
            for kind in (*NAMES, *STATUS_WORDS)
            for word in NAMES.get(kind, STATUS_WORDS.get(kind, {}))
        }

    with speak("zh_Hans_CN"):
        chinese = read_all()
    with speak("en"):
        english = read_all()
    assert [key for key, text in chinese.items() if not CHINESE.search(text) and text not in SAME_IN_BOTH] == []
    assert [key for key, text in english.items() if CHINESE.search(text)] == []


def test_one_english_word_has_the_chinese_of_its_kind(speak: Speak) -> None:
    with speak("zh_Hans_CN"):
        assert state_label("round", "open") == "募集中"
        assert state_label("eligibility", "open") == "可用"
        assert state_label("condition", "open") == "待满足"


def test_the_catalogue_has_no_empty_translation_and_keeps_every_placeholder() -> None:
    with CATALOGUE.open("rb") as source:
        catalogue = read_po(source, locale="zh_Hans_CN")
    placeholder = re.compile(r"%\(\w+\)s")
    for message in catalogue:
        if not message.id:
            continue
        chinese = message.string[0] if isinstance(message.string, tuple) else message.string
        english = message.id[-1] if isinstance(message.id, tuple) else message.id
        assert chinese, message.id
        assert sorted(placeholder.findall(chinese)) == sorted(placeholder.findall(english)), message.id
        assert CHINESE.search(chinese) or english in SAME_IN_BOTH or not re.search(r"\w", english), message.id


def test_tones_follow_the_meaning() -> None:
    assert tone("payment", "confirmed") == "jade"
    assert tone("payment", "pending") == "amber"
    assert tone("commitment", "defaulted") == "vermilion"
    assert tone("project", "draft") == "slate"
    assert {row[1] for words in STATUS_WORDS.values() for row in words.values()} == {
        "jade",
        "amber",
        "vermilion",
        "slate",
    }


def test_a_district_is_named_by_its_province(speak: Speak) -> None:
    with speak("zh_Hans_CN"):
        assert label("region", "330106") == "浙江"
        with pytest.raises(UnknownLabelError):
            label("region", "990000")


def test_an_unknown_word_is_loud_in_tests_and_plain_in_production(face: Flask, speak: Speak) -> None:
    with speak("en"):
        with pytest.raises(UnknownLabelError):
            state_label("round", "half_open")
        face.testing = False
        assert state_label("round", "half_open") == "half open"
        assert tone("round", "half_open") == "slate"


def test_names_give_the_options_of_a_form_in_order(speak: Speak) -> None:
    with speak("en"):
        assert names("role") == [
            ("owner", "Owner"),
            ("editor", "Editor"),
            ("signatory", "Signatory"),
            ("viewer", "Viewer"),
        ]
        assert names("dispute")[0] == ("open", "Open")
