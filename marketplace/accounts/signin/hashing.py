"""Passwords through Flask-Security: argon2 over an HMAC with the installation's pepper."""

from __future__ import annotations

from flask_security.utils import hash_password as _hash
from flask_security.utils import verify_password as _verify

from marketplace.accounts.models import User
from marketplace.accounts.passwords import LONGEST, normalise_password

# Only for the time it takes: the answer for an unknown address comes as late as for a known one.
_NOBODY: dict[str, str] = {}


def hash_password(password: str) -> str:
    """The text kept in the database; needs an application context."""
    return str(_hash(normalise_password(password)))


def verify_password(user: User | None, password: str) -> bool:
    """Whether this is the user's password; for nobody it takes as long and is never true."""
    given = normalise_password(password[: LONGEST + 1])
    if user is None or not user.password:
        if "hash" not in _NOBODY:
            _NOBODY["hash"] = str(_hash("nobody's password"))
        _verify(given, _NOBODY["hash"])
        return False
    return bool(_verify(given, user.password)) and len(password) <= LONGEST
