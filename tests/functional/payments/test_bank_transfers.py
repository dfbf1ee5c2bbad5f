"""Nothing becomes paid by another door: one person records a bank line, another, disinterested one confirms it."""

from __future__ import annotations

import threading
from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from marketplace.accounts.models import Membership
from marketplace.events import PaymentConfirmed
from marketplace.money import Money
from marketplace.notifications.models import Notification
from marketplace.payments import services
from marketplace.payments.errors import (
    BankReferenceUsedError,
    IntentDiffersError,
    InterestedPartyError,
    PaymentStateError,
    RemittanceCodeError,
    SamePersonError,
)
from marketplace.payments.models import BankLine, PaymentIntent
from tests.conftest import table_counts
from tests.factories import MOMENT

DAY = date(2027, 1, 15)


class Desk:
    """A payer, a payee, an operator, and one payment that is due between them."""

    def __init__(self, make: Any) -> None:
        self.make, self.database = make, make.database
        self.payer, self.payee = make.member("project_team"), make.member("bank")
        self.operator = make.member("operator")
        self.heard: list[PaymentConfirmed] = []
        self.database.handlers = {PaymentConfirmed: (lambda _session, event: self.heard.append(event),)}
        self.intent = self.due("fee:1")

    def due(self, subject: str, amount_minor: int = 12_345_67) -> PaymentIntent:
        with self.database.transaction() as session:
            return services.create_intent(
                session, purpose="fee", subject=subject, payer_organisation_id=self.payer.organisation.id,
                payee_organisation_id=self.payee.organisation.id, amount=Money(amount_minor, "CNY"), due_on=DAY,
                now=MOMENT, actor=self.payer.actor,
            )  # fmt: skip

    def record(self, intent: PaymentIntent | None = None, **changes: Any) -> BankLine:
        intent = intent or self.intent
        values: dict[str, Any] = {
            "actor": self.payer.actor, "amount": intent.money, "paid_on": DAY, "bank_reference": "BANK-0001",
            "remittance_code": intent.remittance_code,
        }  # fmt: skip
        with self.database.transaction() as session:
            return services.record_transfer(
                session, intent=session.get_one(PaymentIntent, intent.id), now=MOMENT, **{**values, **changes}
            )

    def line(self, session: Any, line: BankLine) -> BankLine:
        statement = sa.select(BankLine).options(orm.joinedload(BankLine.intent)).where(BankLine.id == line.id)
        return session.scalars(statement).one()

    def confirm(self, line: BankLine, member: Any | None = None) -> None:
        with self.database.transaction() as session:
            actor = (member or self.operator).actor
            services.confirm_transfer(session, actor=actor, line=self.line(session, line), now=MOMENT)

    def reject(self, line: BankLine, reason: str = "not on the statement") -> None:
        with self.database.transaction() as session:
            services.reject_transfer(
                session, actor=self.operator.actor, line=self.line(session, line), reason=reason, now=MOMENT
            )

    def state(self) -> str:
        with self.database.transaction("read") as session:
            return session.get_one(PaymentIntent, self.intent.id).state

    @property
    def page(self) -> str:
        return f"/payments/{self.intent.public_id}"

    def form(self, **changes: str) -> dict[str, str]:
        values = {"amount": "12,345.67", "paid_on": "2027-01-15", "bank_reference": "BANK-0001",
                  "remittance_code": self.intent.remittance_code}  # fmt: skip
        return {**values, **changes}


@pytest.fixture
def desk(make: Any) -> Desk:
    return Desk(make)


def test_payment_is_confirmed_once_and_told_once(desk: Desk) -> None:
    line = desk.record()
    assert (desk.state(), desk.heard) == ("recorded", [])
    desk.confirm(line)
    assert desk.state() == "confirmed"
    with pytest.raises(PaymentStateError):
        desk.confirm(line)
    assert [event.payment_id for event in desk.heard] == [desk.intent.id]
    with desk.database.transaction("read") as session:
        told = session.scalars(sa.select(Notification).where(Notification.kind == "payment_confirmed")).all()
    assert len(told) == 2


def test_same_person_cannot_record_and_confirm(desk: Desk) -> None:
    """Even where that person also belongs to the operator."""
    with desk.database.transaction() as session:
        membership = Membership(
            user_id=desk.payer.user.id, organisation_id=desk.operator.organisation.id, role="owner", created_at=MOMENT
        )
        session.add(membership)
    twice = type(desk.payer)(desk.payer.user, desk.operator.organisation, membership)
    line = desk.record()
    with pytest.raises(SamePersonError):
        desk.confirm(line, twice)
    assert desk.state() == "recorded"


def test_whoever_pays_or_receives_cannot_confirm(desk: Desk, make: Any) -> None:
    line = desk.record()
    for organisation in (desk.payer.organisation, desk.payee.organisation):
        colleague = make.member(organisation=organisation)
        with pytest.raises(InterestedPartyError):
            desk.confirm(line, colleague)
    assert desk.state() == "recorded"


@pytest.mark.parametrize("amount", [Money(12_345_66, "CNY"), Money(12_345_68, "CNY"), Money(12_345_67, "USD")])
def test_another_amount_or_currency_is_an_anomaly_and_pays_nothing(desk: Desk, amount: Money) -> None:
    line = desk.record(amount=amount)
    assert (line.state, desk.state()) == ("anomaly", "pending")
    with pytest.raises(PaymentStateError):
        desk.confirm(line)
    assert (desk.state(), desk.heard) == ("pending", [])


def test_rejected_line_frees_its_reference_for_the_true_one(desk: Desk) -> None:
    wrong = desk.record(amount=Money(1, "CNY"))
    with pytest.raises(BankReferenceUsedError):
        desk.record()
    desk.reject(wrong)
    desk.confirm(desk.record())
    assert desk.state() == "confirmed"


def test_one_bank_reference_pays_one_payment(desk: Desk) -> None:
    other = desk.due("fee:2")
    desk.record()
    with pytest.raises(BankReferenceUsedError):
        desk.record(other)
    with pytest.raises(BankReferenceUsedError):
        desk.record(other, bank_reference="  BANK-0001 ")


def test_code_of_another_payment_is_refused(desk: Desk) -> None:
    other = desk.due("fee:2")
    with pytest.raises(RemittanceCodeError):
        desk.record(remittance_code=other.remittance_code)
    assert desk.record(remittance_code=f" {desk.intent.remittance_code.lower()} ").state == "recorded"


def test_second_line_waits_until_the_first_is_decided(desk: Desk) -> None:
    line = desk.record()
    with pytest.raises(PaymentStateError):
        desk.record(bank_reference="BANK-0002")
    desk.reject(line)
    assert desk.state() == "pending"
    desk.confirm(desk.record(bank_reference="BANK-0002"))
    with pytest.raises(PaymentStateError):
        desk.record(bank_reference="BANK-0003")


def test_rejecting_on_a_stale_view_cannot_undo_a_confirmation(desk: Desk) -> None:
    line = desk.record()
    with desk.database.transaction("read") as session:
        stale = desk.line(session, line)
    desk.confirm(line)
    with pytest.raises(PaymentStateError), desk.database.transaction() as session:
        services.reject_transfer(session, actor=desk.operator.actor, line=stale, reason="late", now=MOMENT)
    assert desk.state() == "confirmed"


def test_same_purpose_and_subject_is_one_payment(desk: Desk) -> None:
    assert desk.due("fee:1").public_id == desk.intent.public_id
    with pytest.raises(IntentDiffersError):
        desk.due("fee:1", amount_minor=1)


def test_withdrawn_payment_takes_no_transfer(desk: Desk) -> None:
    with desk.database.transaction() as session:
        intent = session.get_one(PaymentIntent, desk.intent.id)
        services.cancel_intent(session, actor=desk.payer.actor, intent=intent, now=MOMENT)
    with pytest.raises(PaymentStateError):
        desk.record()


def test_payment_is_recorded_and_confirmed_on_its_pages(desk: Desk, new_browser: Any) -> None:
    payer, operator = new_browser().sign_in(desk.payer.user), new_browser().sign_in(desk.operator.user)
    assert payer.submit(f"{desk.page}/record", desk.form(), page=desk.page).status_code == 302
    with desk.database.transaction("read") as session:
        line = session.scalars(sa.select(BankLine)).one()
    confirm = f"{desk.page}/lines/{line.public_id}/confirm"
    assert payer.submit(confirm, page=desk.page).status_code == 403
    assert operator.submit(confirm, page=desk.page).status_code == 302
    assert operator.submit(confirm, page=desk.page).status_code == 409
    assert len(desk.heard) == 1


def test_double_submit_of_the_form_records_one_line(desk: Desk, new_browser: Any) -> None:
    payer = new_browser().sign_in(desk.payer.user)
    answers = [
        payer.submit(f"{desk.page}/record", desk.form(form_key="same"), page=desk.page).status_code for _ in range(2)
    ]
    assert answers == [302, 302]
    with desk.database.transaction("read") as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(BankLine)) == 1


def test_operator_rejects_an_anomaly_on_its_page(desk: Desk, new_browser: Any) -> None:
    line = desk.record(amount=Money(1, "CNY"))
    operator = new_browser().sign_in(desk.operator.user)
    reject = f"{desk.page}/lines/{line.public_id}/reject"
    assert operator.submit(reject, {"reason": " "}, page=desk.page).status_code == 422
    assert operator.submit(reject, {"reason": "typed wrong"}, page=desk.page).status_code == 302
    with desk.database.transaction("read") as session:
        assert session.get_one(BankLine, line.id).state == "rejected"


def test_line_is_found_only_under_its_own_payment(desk: Desk, new_browser: Any) -> None:
    other, line = desk.due("fee:2"), desk.record()
    operator = new_browser().sign_in(desk.operator.user)
    wrong = f"/payments/{other.public_id}/lines/{line.public_id}/confirm"
    assert operator.submit(wrong, page=desk.page).status_code == 404
    assert desk.state() == "recorded"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        *[({"amount": text}, "amount") for text in (
            "", "NaN", "Infinity", "1e308", "-1", "-0", "0", "0.001", "1_000", "１２", "٣", "12,34", "true", "9" * 31,
        )],
        ({"paid_on": "2027-02-30"}, "paid_on"),
        ({"paid_on": ""}, "paid_on"),
        ({"paid_on": "9999-01-01"}, "paid_on"),
        ({"bank_reference": "abc"}, "bank_reference"),
        ({"bank_reference": "x" * 81}, "bank_reference"),
        ({"remittance_code": "PL000000000"}, "remittance_code"),
        ({"remittance_code": ""}, "remittance_code"),
    ],
)  # fmt: skip
def test_wrong_entries_are_refused_at_the_field_and_kept_in_the_form(
    desk: Desk, new_browser: Any, changes: dict[str, str], field: str
) -> None:
    payer = new_browser().sign_in(desk.payer.user)
    before = table_counts(desk.database)
    answer = payer.submit(f"{desk.page}/record", desk.form(bank_reference="KEEP-ME") | changes, page=desk.page)
    text = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert f'href="#field-{field}"' in text
    if field != "bank_reference":
        assert "KEEP-ME" in text
    assert table_counts(desk.database) == before


def test_only_payer_payee_and_overseers_see_a_payment(desk: Desk, make: Any, new_browser: Any) -> None:
    seen = {"payer": desk.payer, "payee": desk.payee, "operator": desk.operator, "regulator": make.member("regulator"),
            "auditor": make.member("auditor")}  # fmt: skip
    for member in seen.values():
        browser = new_browser().sign_in(member.user)
        assert browser.get(desk.page).status_code == 200
        assert desk.intent.public_id in browser.get("/payments").get_data(as_text=True)
    for kind in ("project_team", "bank", "insurer", "venture_fund"):
        browser = new_browser().sign_in(make.member(kind).user)
        assert browser.get(desk.page).status_code == 404
        assert desk.intent.public_id not in browser.get("/payments").get_data(as_text=True)
        assert browser.get(f"/payments?cursor={desk.intent.public_id}").status_code == 404


def test_regulator_reads_and_changes_nothing(desk: Desk, make: Any, new_browser: Any) -> None:
    line = desk.record()
    regulator = new_browser().sign_in(make.member("regulator").user)
    for act in ("record", f"lines/{line.public_id}/confirm", f"lines/{line.public_id}/reject"):
        assert regulator.submit(f"{desk.page}/{act}", {"reason": "x"}, page=desk.page).status_code == 403
    assert desk.state() == "recorded"


def test_two_operators_at_once_confirm_it_once(desk: Desk, make: Any, new_browser: Any) -> None:
    line = desk.record()
    operators = [desk.operator, *(make.member(organisation=desk.operator.organisation) for _ in range(3))]
    browsers = [new_browser().sign_in(member.user) for member in operators]
    for browser in browsers:
        browser.get(desk.page)
    answers: list[int] = []
    start = threading.Barrier(len(browsers))

    def act(browser: Any) -> None:
        start.wait()
        url = f"{desk.page}/lines/{line.public_id}/confirm"
        answers.append(browser.submit(url, page=desk.page).status_code)

    threads = [threading.Thread(target=act, args=(browser,)) for browser in browsers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(answers) == [302, 409, 409, 409]
    assert len(desk.heard) == 1


def test_one_reference_recorded_at_once_for_many_payments_pays_one(desk: Desk, new_browser: Any) -> None:
    intents = [desk.intent, *(desk.due(f"fee:{number}") for number in range(2, 5))]
    browsers = [new_browser().sign_in(desk.payer.user) for _ in intents]
    answers: list[int] = []
    start = threading.Barrier(len(intents))

    def act(browser: Any, intent: PaymentIntent) -> None:
        page = f"/payments/{intent.public_id}"
        form = desk.form(remittance_code=intent.remittance_code)
        start.wait()
        answers.append(browser.submit(f"{page}/record", form, page=page).status_code)

    threads = [threading.Thread(target=act, args=pair) for pair in zip(browsers, intents, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert answers.count(302) == 1
    assert set(answers) <= {302, 409, 422}
    with desk.database.transaction("read") as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(BankLine)) == 1
