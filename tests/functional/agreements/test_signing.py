"""Signing: exactly the version that was simulated and shown, by its own signatory, once."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError

from marketplace.agreements import queries
from marketplace.agreements.chain import signed_bytes
from marketplace.agreements.errors import (
    AgreementNotFoundError,
    AgreementStateError,
    AlreadySignedError,
    NoSigningKeyError,
    NotAPartyError,
    OrganisationTwiceError,
    PartiesDifferError,
    SimulationMissingError,
    TermsRefusedError,
    VersionChangedError,
    WrongPassphraseError,
)
from marketplace.agreements.keys import is_valid_signature
from marketplace.agreements.services import drafting, signing
from marketplace.errors import InvalidInputError, NotAllowedError
from marketplace.ledger.queries import get_balance_minor
from tests.conftest import table_counts
from tests.factories import MOMENT
from tests.factories import agreements as factory


def change(scene: factory.Scene, edit: Any, *, based_on: int | None = None) -> None:
    with scene.transaction() as session:
        agreement = scene.agreement(session)
        version = queries.get_version(session, agreement=agreement)
        terms = copy.deepcopy(queries.load_terms(version))
        edit(terms)
        drafting.change_terms(
            session, actor=scene.members["project"].actor, agreement=agreement, terms=terms,
            based_on=version.number if based_on is None else based_on, note="talks", now=MOMENT,
        )  # fmt: skip


def retitle(terms: dict[str, Any]) -> None:
    terms["title"]["en"] += " (second draft)"


def signed_parties(scene: factory.Scene) -> set[str]:
    with scene.transaction() as session:
        agreement = scene.agreement(session)
        version = queries.get_version(session, agreement=agreement)
        rows = queries.list_signatures(session, agreement_id=agreement.id, version_id=version.id)
        return {row.party.party for row in rows}


def test_last_signature_brings_agreement_into_force_and_books_commitments(scene: factory.Scene) -> None:
    factory.add_simulation(scene)
    for party in scene.members:
        factory.sign(scene, party)
    with scene.transaction() as session:
        agreement = scene.agreement(session)
        assert (agreement.state, agreement.active_version_number, agreement.event_count) == ("active", 1, 1)
        bank = scene.members["bank"].organisation.public_id
        book = agreement.book
        assert get_balance_minor(session, book=book, code="9010", party=bank, currency="CNY") == 500_000_000


def test_stored_signature_is_valid_over_the_stated_bytes_only(scene: factory.Scene) -> None:
    factory.add_simulation(scene)
    factory.sign(scene, "angel")
    with scene.transaction() as session:
        agreement = scene.agreement(session)
        version = queries.get_version(session, agreement=agreement)
        (row,) = queries.list_signatures(session, agreement_id=agreement.id)
        facts = {
            "agreement": agreement.public_id, "version_number": version.number, "terms_hash": version.terms_hash,
            "party": "angel", "organisation": row.organisation_public_id, "user": row.user_public_id,
            "role": row.role, "capacity": row.capacity, "signed_at": row.signed_at, "statement": row.statement,
        }  # fmt: skip
        assert is_valid_signature(row.public_key, row.signature, signed_bytes(**facts))
        for name in facts:
            changed = {**facts, name: facts[name] + 1 if name == "version_number" else f"{facts[name]}x"}
            assert not is_valid_signature(row.public_key, row.signature, signed_bytes(**changed)), name


def test_version_without_its_own_simulation_cannot_be_signed(scene: factory.Scene) -> None:
    with pytest.raises(SimulationMissingError):
        factory.sign(scene, "angel")
    factory.add_simulation(scene)
    change(scene, retitle)
    with pytest.raises(SimulationMissingError):
        factory.sign(scene, "angel")


def test_change_of_terms_voids_signatures_given_before(scene: factory.Scene) -> None:
    factory.add_simulation(scene)
    factory.sign(scene, "angel")
    assert signed_parties(scene) == {"angel"}
    change(scene, retitle)
    with scene.transaction() as session:
        assert scene.agreement(session).state == "negotiating"
    assert signed_parties(scene) == set()
    factory.add_simulation(scene)
    factory.sign(scene, "angel")
    assert signed_parties(scene) == {"angel"}


def test_signing_what_was_shown_before_a_change_is_refused(scene: factory.Scene) -> None:
    factory.add_simulation(scene)
    actor = scene.members["angel"].actor
    with scene.transaction() as session:
        signing.create_signing_key(session, actor=actor, passphrase=factory.PASSPHRASE, now=MOMENT)
        shown = signing.prepare_signing(session, agreement=scene.agreement(session), actor=actor, locale="en")
        number, digest = shown.version.number, shown.digest
    change(scene, retitle)
    factory.add_simulation(scene)
    with pytest.raises(VersionChangedError), scene.transaction() as session:
        signing.sign_agreement(
            session, agreement=scene.agreement(session), actor=actor, version_number=number, statement_digest=digest,
            passphrase=factory.PASSPHRASE, locale="en", now=MOMENT,
        )  # fmt: skip
    assert signed_parties(scene) == set()


def test_second_signature_of_the_same_party_is_refused(scene: factory.Scene) -> None:
    factory.add_simulation(scene)
    factory.sign(scene, "bank")
    with pytest.raises(AlreadySignedError):
        factory.sign(scene, "bank")


def test_wrong_passphrase_writes_nothing(scene: factory.Scene) -> None:
    factory.add_simulation(scene)
    actor = scene.members["bank"].actor
    with scene.transaction() as session:
        signing.create_signing_key(session, actor=actor, passphrase=factory.PASSPHRASE, now=MOMENT)
    before = table_counts(scene.factory.database)
    with pytest.raises(WrongPassphraseError):
        factory.sign(scene, "bank", passphrase="not the passphrase")
    assert table_counts(scene.factory.database) == before


def test_signing_needs_a_key_of_ones_own(scene: factory.Scene) -> None:
    factory.add_simulation(scene)
    factory.sign(scene, "angel")
    actor = scene.members["bank"].actor
    with pytest.raises(NoSigningKeyError), scene.transaction() as session:
        agreement = scene.agreement(session)
        shown = signing.prepare_signing(session, agreement=agreement, actor=actor, locale="en")
        signing.sign_agreement(
            session, agreement=agreement, actor=actor, version_number=1, statement_digest=shown.digest,
            passphrase=factory.PASSPHRASE, locale="en", now=MOMENT,
        )  # fmt: skip


@pytest.mark.parametrize("role", ["editor", "viewer"])
def test_member_without_authority_cannot_sign(scene: factory.Scene, role: str) -> None:
    factory.add_simulation(scene)
    member = scene.factory.member("bank", role, organisation=scene.members["bank"].organisation)
    with pytest.raises(NotAllowedError), scene.transaction() as session:
        signing.prepare_signing(session, agreement=scene.agreement(session), actor=member.actor, locale="en")


def test_stranger_neither_sees_nor_signs(scene: factory.Scene) -> None:
    factory.add_simulation(scene)
    stranger = scene.factory.member("angel").actor
    with scene.transaction() as session:
        with pytest.raises(AgreementNotFoundError):
            queries.get_agreement(session, actor=stranger, public_id=scene.public_id)
        with pytest.raises(NotAPartyError):
            signing.prepare_signing(session, agreement=scene.agreement(session), actor=stranger, locale="en")


def test_draft_is_hidden_from_its_parties_until_it_is_shared(make: Any) -> None:
    scene = factory.make_scene(make, shared=False)
    with scene.transaction() as session:
        for actor in (scene.members["bank"].actor, scene.operator.actor):
            with pytest.raises(AgreementNotFoundError):
                queries.get_agreement(session, actor=actor, public_id=scene.public_id)


def test_replacement_key_waits_for_an_owner_and_the_old_one_is_retired(scene: factory.Scene) -> None:
    owner = scene.members["bank"]
    signatory = scene.factory.member("bank", "signatory", organisation=owner.organisation)
    with scene.transaction() as session:
        first = signing.create_signing_key(
            session, actor=signatory.actor, passphrase=factory.PASSPHRASE, now=MOMENT
        ).public_id
        second = signing.create_signing_key(session, actor=signatory.actor, passphrase="another passphrase", now=MOMENT)
        assert second.state == "waiting"
        with pytest.raises(NotAllowedError):
            signing.confirm_signing_key(session, actor=signatory.actor, key=second, now=MOMENT)
        with pytest.raises(NotAllowedError):
            signing.confirm_signing_key(session, actor=scene.members["angel"].actor, key=second, now=MOMENT)
        signing.confirm_signing_key(session, actor=owner.actor, key=second, now=MOMENT)
        states = {key.public_id: key.state for key in queries.list_keys_of(session, user_id=signatory.user.id)}
        assert states == {first: "retired", second.public_id: "active"}


def test_terms_that_cannot_be_run_name_the_clause_and_leave_no_version(scene: factory.Scene) -> None:
    def overshare(terms: dict[str, Any]) -> None:
        terms["instruments"][0]["commitment_minor"] += 1

    before = table_counts(scene.factory.database)
    with pytest.raises(TermsRefusedError) as caught:
        change(scene, overshare)
    assert caught.value.details["clause"]
    assert table_counts(scene.factory.database) == before


def test_change_based_on_an_older_version_is_refused(scene: factory.Scene) -> None:
    change(scene, retitle)
    with pytest.raises(VersionChangedError):
        change(scene, retitle, based_on=1)


def test_new_version_keeps_the_parties(scene: factory.Scene) -> None:
    def rename(terms: dict[str, Any]) -> None:
        terms["parties"].append({"id": "more", "kind": "other", "name": {"zh": "其他", "en": "Other"}})

    with pytest.raises(PartiesDifferError):
        change(scene, rename)


def test_unchanged_terms_make_no_version(scene: factory.Scene) -> None:
    with pytest.raises(InvalidInputError):
        change(scene, lambda terms: None)


def test_organisation_cannot_act_for_two_parties(make: Any) -> None:
    members = {party: make.member(kind) for party, kind in factory.ORGANISATIONS.items()}
    project = factory.make_project(make, members["project"])
    terms = drafting.make_terms(factory.scenario_a_parameters())
    chosen = {**members, "angel": members["industrial"]}
    seats = [
        drafting.Seat(party["id"], chosen[party["id"]].organisation.id if party["id"] in chosen else None)
        for party in terms["parties"]
    ]
    with pytest.raises(OrganisationTwiceError), make.database.transaction() as session:
        drafting.draft_agreement(
            session, actor=members["project"].actor, project=project, terms=terms, seats=seats, title_zh="甲",
            title_en="A", now=MOMENT,
        )  # fmt: skip


def test_round_plan_must_hold_what_was_committed(make: Any) -> None:
    members = {party: make.member(kind) for party, kind in factory.ORGANISATIONS.items()}
    project = factory.make_project(make, members["project"])
    amounts = {"angel": 200_000_000, "industrial": 500_000_000, "guidance": 400_000_000, "bank": 500_000_000}

    def plan(**changes: int) -> drafting.RoundPlan:
        return drafting.RoundPlan(
            round_id=7, parameters=factory.scenario_a_parameters(),
            commitments=[
                drafting.Commitment(party, members[party].organisation.id, amount)
                for party, amount in {**amounts, **changes}.items()
            ],
            organisations={party: members[party].organisation.id for party in ("insurer", "pool", "centre")},
        )  # fmt: skip

    def draft(session: Any, given: drafting.RoundPlan) -> Any:
        return drafting.draft_from_round(
            session, actor=members["project"].actor, project=project, plan=given, title_zh="甲", title_en="A",
            now=MOMENT,
        )  # fmt: skip

    with make.database.transaction() as session:
        with pytest.raises(PartiesDifferError) as caught:
            draft(session, plan(angel=199_999_999))
        assert caught.value.details["parties"] == ["angel"]
        assert draft(session, plan()).round_id == 7


def test_ended_talks_cannot_be_signed(scene: factory.Scene) -> None:
    factory.add_simulation(scene)
    with scene.transaction() as session:
        drafting.terminate_agreement(
            session, actor=scene.members["bank"].actor, agreement=scene.agreement(session), reason="no credit",
            on=MOMENT.date(), now=MOMENT,
        )  # fmt: skip
    with pytest.raises(AgreementStateError):
        factory.sign(scene, "angel")


@pytest.mark.parametrize("table", ["agreement_version", "agreement_signature", "agreement_event"])
def test_database_refuses_change_of_what_was_signed_or_recorded(active: factory.Scene, table: str) -> None:
    import sqlalchemy as sa

    for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET agreement_id = agreement_id"):
        with pytest.raises(DBAPIError, match="append-only"), active.transaction() as session:
            session.execute(sa.text(statement))
