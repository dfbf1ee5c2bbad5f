"""PDFs: the same data give the same bytes, fonts are embedded, and text of users is never source."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from marketplace.agreements.document import WORDS, committed_by_party
from marketplace.documents.rendering import DocumentError, render_pdf
from risk.sharing import describe_terms
from risk.sharing.templates.scenario_a import scenario_a_terms

MOMENT = datetime(2027, 1, 8, 10, tzinfo=UTC)


def data(language: str = "zh", **values: Any) -> dict[str, Any]:
    return {
        "language": language, "words": WORDS[language], "title": "中试联合投资协议", "subtitle": "agr_x · 1",
        "footer": "agr_x", "marking": "", "amounts": [], "signatures": [],
        "parties": [{"role": "银行", "name": "中齐银行", "capacity": "本人"}],
        "clauses": describe_terms(scenario_a_terms(), language), "hashes": [{"name": "SHA-256", "value": "0" * 64}],
        **values,
    }  # fmt: skip


@pytest.mark.parametrize("language", ["zh", "en"])
def test_document_is_an_archival_pdf_with_embedded_fonts_and_the_same_on_repeat(language: str) -> None:
    first, again = (render_pdf("agreement", data(language), made_at=MOMENT) for _ in range(2))
    assert first == again
    assert first.startswith(b"%PDF-")
    assert b"pdfaid" in first
    assert b"NotoSansSC" in first


@pytest.mark.parametrize("title", ['#evil[x]" ]', '#import "x"', "\\ $x$ *b* _i_ <label> @ref", "‮RTL 𠮷 👩‍🔬"])
def test_text_of_users_is_shown_and_never_run(title: str) -> None:
    assert render_pdf("agreement", data(title=title), made_at=MOMENT).startswith(b"%PDF-")


def test_unknown_layout_is_our_mistake() -> None:
    with pytest.raises(DocumentError):
        render_pdf("nothing", data(), made_at=MOMENT)


def test_amounts_are_the_promises_of_the_terms() -> None:
    assert committed_by_party(scenario_a_terms()) == {
        "angel": 200_000_000, "industrial": 500_000_000, "guidance": 400_000_000, "bank": 500_000_000,
    }  # fmt: skip
