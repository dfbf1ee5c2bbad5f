"""The second factor: one-time codes of an authenticator (RFC 6238) and recovery codes, each accepted once.

`Any` stands for our User where Flask-Security asks for its own mixin.
"""

from __future__ import annotations

import re
from typing import Any

from flask_security.proxies import _security

from marketplace.accounts.models import User

_RECOVERY_CODE = re.compile(r"[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}", re.ASCII)


def check_second_factor(user: Any, code: str) -> bool:
    """Whether the code is right; a right one is used up. The caller has locked the user's row."""
    code = code.strip().lower()
    if _RECOVERY_CODE.fullmatch(code):
        codes = _security.mf_recovery_codes_util
        return bool(codes.check_recovery_code(user, code)) and bool(codes.delete_recovery_code(user, code))
    return check_totp(user, code, user.tf_totp_secret or "")


def check_totp(user: Any, code: str, secret: str) -> bool:
    """A code of the present 30 seconds that was not used before."""
    digits = code.replace(" ", "")
    if not secret or not re.fullmatch(r"[0-9]{6}", digits, re.ASCII):
        return False
    return bool(_security.totp_factory.verify_totp(digits, secret, user, window=0))


def new_totp_secret() -> str:
    """A new secret, encrypted with the installation's key."""
    return str(_security.totp_factory.generate_totp_secret())


def show_totp_secret(user: User, secret: str) -> dict[str, Any]:
    """What the set-up page shows: the picture to scan and the key to type."""
    factory = _security.totp_factory
    return {"image": factory.generate_qrcode(user.email, secret), "key": factory.get_totp_pretty_key(secret)}


def turn_on(user: User, secret: str) -> list[str]:
    """Keep the secret; returns the recovery codes, which are shown this once."""
    user.tf_totp_secret, user.tf_primary_method = secret, "authenticator"
    return renew_recovery_codes(user)


def turn_off(user: User) -> None:
    user.tf_totp_secret = user.tf_primary_method = user.tf_last_counter = user.mf_recovery_codes = None


def renew_recovery_codes(user: Any) -> list[str]:
    """New recovery codes; the old ones die."""
    return list(_security.mf_recovery_codes_util.create_recovery_codes(user))
