"""Use cases of accounts, gathered for callers of other domains; each module holds one group of them."""

from marketplace.accounts.services.demonstration import create_demo_user
from marketplace.accounts.services.keys import create_api_key, note_key_use, revoke_api_key
from marketplace.accounts.services.members import (
    accept_invitation,
    change_role,
    end_membership,
    invite_member,
    revoke_invitation,
)
from marketplace.accounts.services.organisations import (
    bootstrap_operator,
    decide_verification,
    edit_profile,
    register_organisation,
    request_verification,
    verify_organisation,
)
from marketplace.accounts.services.registration import complete_registration
from marketplace.accounts.services.tokens import issue_token, take_token
from marketplace.accounts.services.users import (
    change_email,
    clear_failed_sign_ins,
    create_user,
    disable_user,
    end_sessions_of,
    record_failed_sign_in,
    set_password,
)

__all__ = [
    "accept_invitation",
    "bootstrap_operator",
    "change_email",
    "change_role",
    "clear_failed_sign_ins",
    "complete_registration",
    "create_api_key",
    "create_demo_user",
    "create_user",
    "decide_verification",
    "disable_user",
    "edit_profile",
    "end_membership",
    "end_sessions_of",
    "invite_member",
    "issue_token",
    "note_key_use",
    "record_failed_sign_in",
    "register_organisation",
    "request_verification",
    "revoke_api_key",
    "revoke_invitation",
    "set_password",
    "take_token",
    "verify_organisation",
]
