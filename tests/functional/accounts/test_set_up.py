"""The shell's commands for the first operator, and the hourly clearing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from marketplace import clock
from marketplace.accounts.models import AccountToken, Organisation, UserSession
from marketplace.accounts.services import create_demo_user, issue_token
from marketplace.accounts.signin.hashing import hash_password
from marketplace.accounts.tasks import clear_expired
from marketplace.app import Marketplace
from tests.conftest import table_counts
from tests.functional.accounts.support import PASSWORD, signed_in

OPTIONS = ["--name", "Ling Hang", "--name-zh", "引航平台运营有限公司", "--name-en", "Pilotage Operation Ltd"]
CODE = "91350100M000100Y43"


def run(app: Marketplace, *arguments: str, password: str = PASSWORD, code: str = CODE) -> Any:
    command = ["accounts", *arguments, *OPTIONS, "--credit-code", code, "--password", password]
    return app.test_cli_runner().invoke(args=command)


def test_first_operator_is_set_up_verified_and_signs_in(app: Marketplace, browser: Any) -> None:
    done = run(app, "create-operator", "chief@operator.example")
    assert done.exit_code == 0, done.output
    with app.database.transaction("read") as session:
        operator = session.scalars(sa.select(Organisation)).one()
        assert (operator.kind, operator.verification_state, operator.verified_by) == ("operator", "verified", "setup")
    browser.submit("/login", {"email": "chief@operator.example", "password": PASSWORD})
    assert signed_in(browser)


def test_second_operator_weak_password_and_wrong_code_are_refused(app: Marketplace) -> None:
    empty = table_counts(app.database)
    assert "weak_password" in run(app, "create-operator", "a@b.example", password="password1").output
    assert "invalid_credit_code" in run(app, "create-operator", "a@b.example", code=CODE[:-1] + "4").output
    assert table_counts(app.database) == empty
    run(app, "create-operator", "chief@operator.example")
    second = run(app, "create-operator", "other@operator.example", code="914403001922038216")
    assert second.exit_code == 1
    assert "conflict" in second.output


def test_demonstration_user_signs_in_with_the_given_password(app: Marketplace, browser: Any, make: Any) -> None:
    organisation = make.organisation("bank")
    with app.app_context(), app.database.transaction() as session:
        organisation = session.get_one(Organisation, organisation.id)
        made = create_demo_user(
            session, email="bank@demo.example", password_hash=hash_password("demo password of 2026"),
            organisation=organisation, role="signatory", now=clock.now(), name_zh="仲启航",
        )  # fmt: skip
        assert (made.user.email, made.organisation.id) == ("bank@demo.example", organisation.id)
    browser.submit("/login", {"email": "bank@demo.example", "password": "demo password of 2026"})
    assert browser.client.get("/api/v1/me").json["role"] == "signatory"


def test_what_has_run_out_is_cleared_and_the_rest_stays(app: Marketplace, browser: Any, make: Any) -> None:
    browser.sign_in(make.member("bank").user)
    now = clock.now()
    with app.database.transaction() as session:
        issue_token(session, kind="register", email="new@test.example", now=now)
        old = UserSession(id_hash="0" * 64, content={}, created_at=now, expires_at=now - timedelta(seconds=1))
        session.add(old)
    with app.database.transaction() as session:
        clear_expired(session, now=now)
    with app.database.transaction("read") as session:
        assert session.get(UserSession, "0" * 64) is None
        assert session.scalars(sa.select(AccountToken)).one()
    assert signed_in(browser)
    with app.database.transaction() as session:
        clear_expired(session, now=now + timedelta(days=2))
    assert table_counts(app.database)["account_token"] == 0
