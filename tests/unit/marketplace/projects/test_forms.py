"""Words shown: every stored word of projects and assessments has its name."""

from __future__ import annotations

from marketplace.assessments import words as assessment_words
from marketplace.projects import words
from marketplace.projects.states import ARROWS
from marketplace.web.assessments.words import NAMES as ASSESSMENT_NAMES
from marketplace.web.labels import missing_labels
from marketplace.web.projects.forms import field_errors, read_section
from marketplace.web.projects.words import NAMES


def test_every_stored_word_has_a_name() -> None:
    for kind, stored in (
        ("project", words.PROJECT_STATES), ("sector", words.SECTORS), ("budget_kind", words.BUDGET_KINDS),
        ("instrument", words.INSTRUMENTS), ("organisation_size", words.ORGANISATION_SIZES),
        ("milestone", words.MILESTONE_STATES), ("failure_choice", words.FAILURE_ACTIONS),
        ("evidence_type", assessment_words.EVIDENCE_TYPES), ("assessment", assessment_words.ASSESSMENT_STATES),
    ):  # fmt: skip
        assert missing_labels(kind, list(stored)) == [], kind
    assert set(NAMES["approval_kind"]) == set(words.APPROVAL_KINDS)
    assert set(NAMES["right_kind"]) == set(words.RIGHT_KINDS)
    assert set(NAMES["visibility"]) == set(words.VISIBILITIES)
    assert set(NAMES["grant_level"]) == set(words.GRANT_LEVELS)
    assert set(NAMES["move"]) >= {target for _, target in ARROWS}
    assert set(ASSESSMENT_NAMES["judgement"]) == set(assessment_words.JUDGEMENTS)
    assert set(ASSESSMENT_NAMES["result"]) == set(words.MILESTONE_RESULTS)


def test_an_error_goes_back_to_the_row_that_was_typed() -> None:
    form = {
        "funding_needs-0-instrument": "", "funding_needs-2-instrument": "equity", "funding_needs-2-amount": "x",
        "funding_needs-2-smallest_ticket": "5", "funding_needs-2-deadline": "",
    }  # fmt: skip
    values, reader = read_section("needs", form, "CNY")
    assert values["funding_needs"] == [
        {"instrument": "equity", "smallest_ticket_minor": 500, "use_zh": "", "use_en": ""}
    ]
    errors = field_errors({"funding_needs.0.deadline": "Missing data for required field."}, reader)
    assert set(errors) == {"funding_needs-2-amount", "funding_needs-2-deadline"}


def test_an_emptied_cell_empties_the_row_that_stays() -> None:
    form = {"elements-0-id": "elm_1", "elements-0-name_zh": "甲", "elements-0-name_en": ""}
    values, _reader = read_section("levels", form, "CNY")
    assert values["elements"] == [
        {"id": "elm_1", "name_zh": "甲", "name_en": "", "trl_claimed": None, "mrl_claimed": None}
    ]
