"""Members of one's organisation: who, with which role; inviting and ending."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, request, url_for
from flask_babel import gettext as _

from marketplace import clock
from marketplace.accounts import queries
from marketplace.accounts.access import current_actor, requires
from marketplace.accounts.permissions import MEMBER_ROLES, Permission
from marketplace.accounts.services import members as services
from marketplace.accounts.signin.mail import absolute_url, send_account_mail
from marketplace.accounts.signin.pages import show_form
from marketplace.accounts.signin.reading import FormReader
from marketplace.db import current_session
from marketplace.errors import ConflictError, InvalidInputError
from marketplace.web.accounts.pages import blueprint


@blueprint.route("/organisation/members")
@requires(Permission.ORGANISATION_READ)
def list_members() -> Any:
    """The members of the organisation one acts for, and its open invitations."""
    return _show()


def _show(error: InvalidInputError | None = None) -> Any:
    session, actor = current_session(), current_actor()
    may_manage = actor.can(Permission.MEMBER_MANAGE)
    open_invitations = queries.list_open_invitations(session, organisation_id=actor.organisation_id, now=clock.now())
    return show_form(
        "accounts/members.html",
        error,
        members=queries.list_members(session, organisation_id=actor.organisation_id),
        invitations=open_invitations if may_manage else [],
        may_manage=may_manage,
        roles=MEMBER_ROLES,
    )


@blueprint.route("/organisation/members/invite", methods=["POST"])
@requires(Permission.MEMBER_MANAGE)
def invite_member() -> Any:
    """Ask an address to join; the link in the mail works once, for seven days."""
    session, actor, now = current_session(), current_actor(), clock.now()
    reader = FormReader()
    email, role = reader.email(), reader.choice("role", MEMBER_ROLES)
    try:
        reader.finish()
    except InvalidInputError as error:
        return _show(error)
    try:
        _invitation, secret = services.invite_member(session, actor=actor, email=email, role=role, now=now)
    except ConflictError as error:
        return _show(InvalidInputError(error.message, field="email"))
    send_account_mail(
        session, recipient=email, template="invitation", now=now, organisation=actor.organisation_name,
        inviter=actor.user_name, link=absolute_url(url_for("security.accept_invitation", secret=secret)),
    )  # fmt: skip
    flash(_("We have sent an invitation to %(email)s.", email=email), "success")
    return redirect(url_for("accounts.list_members"))


@blueprint.route("/organisation/invitations/<public_id>/revoke", methods=["POST"])
@requires(Permission.MEMBER_MANAGE)
def revoke_invitation(public_id: str) -> Any:
    """Take an invitation back."""
    session, actor = current_session(), current_actor()
    invitation = queries.get_invitation(session, actor=actor, public_id=public_id)
    services.revoke_invitation(session, actor=actor, invitation=invitation, now=clock.now())
    flash(_("The invitation is withdrawn."), "success")
    return redirect(url_for("accounts.list_members"))


@blueprint.route("/organisation/members/<public_id>/role", methods=["POST"])
@requires(Permission.MEMBER_MANAGE)
def change_role(public_id: str) -> Any:
    """Give a member another role."""
    session, actor = current_session(), current_actor()
    membership = queries.get_member(session, actor=actor, public_id=public_id)
    services.change_role(
        session, actor=actor, membership=membership, role=request.form.get("role", ""), now=clock.now()
    )
    flash(_("The role is changed; it holds from the member's next click."), "success")
    return redirect(url_for("accounts.list_members"))


@blueprint.route("/organisation/members/<public_id>/end", methods=["POST"])
@requires(Permission.MEMBER_MANAGE)
def end_membership(public_id: str) -> Any:
    """End a membership at once."""
    session, actor = current_session(), current_actor()
    membership = queries.get_member(session, actor=actor, public_id=public_id)
    services.end_membership(session, actor=actor, membership=membership, now=clock.now())
    flash(_("The membership has ended."), "success")
    return redirect(url_for("accounts.list_members"))
