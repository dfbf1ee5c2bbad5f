"""The ledger by party, scheme rules, jobs and the audit trail through their pages."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from marketplace import clock
from marketplace.jobs.models import Job
from marketplace.ledger.services import Line, post_entry
from marketplace.money import Money
from marketplace.payments.services import create_intent, record_transfer
from tests.conftest import table_counts
from tests.factories import MOMENT, agreements


def text_of(answer: Any) -> str:
    return str(answer.get_data(as_text=True))


def test_a_party_reads_its_book_its_entries_and_its_files(new_browser: Any, make: Any) -> None:
    scene = agreements.make_active(make)
    book = f"agreement:{scene.public_id}"
    bank = new_browser().sign_in(scene.members["bank"].user)
    assert book in text_of(bank.get("/ledger"))
    shown = text_of(bank.get(f"/ledger/{book}"))
    entry = shown.split(f"/ledger/{book}/entries/")[1].split('"')[0]
    assert entry in text_of(bank.get(f"/ledger/{book}/entries/{entry}"))
    rows = list(csv.DictReader(io.StringIO(bank.get(f"/ledger/{book}/export/csv").get_data().decode("utf-8-sig"))))
    assert sum(int(row["amount_minor"]) for row in rows) == 0
    assert bank.get(f"/ledger/{book}/export/beancount").get_data(as_text=True).count(" * ") >= 1
    assert bank.get(f"/ledger/{book}/export/exe").status_code == 404
    assert bank.get(f"/ledger/{book}?cursor=ent_nothing").status_code == 404
    outsider = new_browser().sign_in(make.member("bank").user)
    assert book not in text_of(outsider.get("/ledger"))
    with make.database.transaction() as session:
        foreign = post_entry(
            session, book="agreement:another", reference="elsewhere", kind="call", effective_on=MOMENT.date(),
            now=MOMENT, currency="CNY", lines=[Line("1110", 1), Line("3010", -1)],
        ).public_id  # fmt: skip
    assert bank.get(f"/ledger/{book}?cursor={entry}").status_code == 200
    assert bank.get(f"/ledger/{book}?cursor={foreign}").status_code == 404
    for path in ("", f"/entries/{entry}", "/export/csv"):
        assert outsider.get(f"/ledger/{book}{path}").status_code == 404
    regulator = new_browser().sign_in(make.member("regulator").user)
    assert regulator.get(f"/ledger/{book}/entries/{entry}").status_code == 200


RULE = {
    "code": "test-rule", "kind": "linkage", "document_number": "测试〔2026〕1号", "title_zh": "测试规则",
    "title_en": "Test rule", "text_zh": "文本", "text_en": "Text", "source": "Test gazette", "status": "invented",
    "valid_from": "2026-01-01", "valid_to": "", "parameters": '{"ratio_min": "1.5"}',
}  # fmt: skip


def test_the_operator_adds_a_rule_and_everybody_reads_it(new_browser: Any, make: Any) -> None:
    operator = new_browser().sign_in(make.member("operator").user)
    answer = operator.submit("/schemes/new", RULE)
    assert answer.status_code == 302
    reader = new_browser().sign_in(make.member("angel").user)
    shown = text_of(reader.get(f"{answer.location}?lang=en"))
    assert "测试〔2026〕1号" in shown
    assert "ratio_min" in shown
    assert reader.get("/schemes/new").status_code == 403


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("code", ""),
        ("title_zh", ""),
        ("source", ""),
        ("valid_from", "yesterday"),
        ("valid_to", "2025-01-01"),
        ("status", "wished"),
        ("parameters", "[1]"),
        ("parameters", "{"),
    ],
)
def test_a_rule_that_cannot_be_kept_is_refused_at_its_field(browser: Any, make: Any, field: str, value: str) -> None:
    browser.sign_in(make.member("operator").user)
    before = table_counts(make.database)
    answer = browser.submit("/schemes/new", {**RULE, field: value})
    page = text_of(answer)
    assert answer.status_code == 422
    assert f'id="error-{field}"' in page
    assert "Test gazette" in page or field == "source"
    assert table_counts(make.database) == before


def add_job(make: Any, organisation: Any | None = None, **values: Any) -> str:
    with make.database.transaction() as session:
        job = Job(
            name="mail.send", run_after=clock.now(), created_at=clock.now(),
            owner_organisation_id=organisation.id if organisation else None, **values,
        )  # fmt: skip
        session.add(job)
        session.flush()
        return str(job.public_id)


def test_an_organisation_sees_its_own_jobs_only(new_browser: Any, make: Any) -> None:
    member = make.member("project_team")
    job = add_job(make, member.organisation)
    assert new_browser().sign_in(member.user).get(f"/jobs/{job}").status_code == 200
    assert new_browser().sign_in(make.member("project_team").user).get(f"/jobs/{job}").status_code == 404


def test_the_operator_retries_a_parked_job_and_cancels_a_waiting_one(browser: Any, make: Any) -> None:
    parked, waiting = add_job(make, state="parked", last_error="boom"), add_job(make)
    browser.sign_in(make.member("operator").user)
    assert parked in text_of(browser.get("/operation/jobs?state=parked"))
    assert browser.submit(f"/jobs/{parked}/retry", page=f"/jobs/{parked}").status_code == 302
    assert browser.submit(f"/jobs/{waiting}/cancel", page=f"/jobs/{waiting}").status_code == 302
    assert browser.submit(f"/jobs/{waiting}/cancel", page=f"/jobs/{waiting}").status_code == 409
    with make.database.transaction("read") as session:
        states = {job.public_id: job.state for job in session.query(Job)}
    assert states == {parked: "waiting", waiting: "cancelled"}


def test_the_regulator_reads_operation_and_changes_nothing(browser: Any, make: Any) -> None:
    job = add_job(make, state="parked")
    browser.sign_in(make.member("regulator").user)
    for page in ("/operation", "/operation/jobs", "/operation/audit?verify=1"):
        assert browser.get(page).status_code == 200
    before = table_counts(make.database)["job"]
    assert browser.submit(f"/jobs/{job}/retry", page="/account").status_code == 403
    assert table_counts(make.database)["job"] == before


def test_the_audit_trail_is_filtered_and_its_chain_is_checked(browser: Any, make: Any) -> None:
    browser.sign_in(make.member("operator").user)
    assert browser.submit("/schemes/new", RULE).status_code == 302
    shown = text_of(browser.get("/operation/audit?subject_kind=scheme_rule&lang=en"))
    assert "scheme" in shown
    assert browser.get("/operation/audit?verify=1").status_code == 200
    for cursor in ("x", "-1", "９", "1" * 40):
        assert browser.get("/operation/audit", query_string={"cursor": cursor}).status_code == 422
    assert browser.get("/operation/jobs?state=lost").status_code == 422


def test_a_bank_line_that_differs_from_its_payment_is_shown_to_the_operator(browser: Any, make: Any) -> None:
    payer, payee = make.member("bank"), make.member("project_team")
    with make.database.transaction() as session:
        intent = create_intent(
            session, purpose="fee", subject="test", payer_organisation_id=payer.organisation.id,
            payee_organisation_id=payee.organisation.id, amount=Money(10_000, "CNY"), due_on=MOMENT.date(),
            now=MOMENT, actor=payer.actor,
        )  # fmt: skip
        record_transfer(
            session, actor=payer.actor, intent=intent, amount=Money(9_900, "CNY"), paid_on=MOMENT.date(),
            bank_reference="ODD-LINE-1", remittance_code=intent.remittance_code, now=MOMENT,
        )  # fmt: skip
    browser.sign_in(make.member("operator").user)
    shown = text_of(browser.get("/operation?lang=en"))
    assert "ODD-LINE-1" in shown
    assert "99.00" in shown
