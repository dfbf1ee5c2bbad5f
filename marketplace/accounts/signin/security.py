"""Flask-Security on flask-login, fitted to the house: its primitives (hashing, TOTP, recovery codes, sign-in) without
its views, because those write in GET requests, commit for themselves and tell known from unknown addresses."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any

from flask_security import Security, SQLAlchemyUserDatastore
from flask_security.totp import Totp
from sqlalchemy import orm

from marketplace.accounts.models import User
from marketplace.db import current_session

if TYPE_CHECKING:
    from marketplace.app import Marketplace

RECOVERY_CODES = 8


class _EdgeDatabase:
    """What Flask-Security takes for a database: the session of the running request."""

    @property
    def session(self) -> orm.Session:
        return current_session()


class MarketDatastore(SQLAlchemyUserDatastore):
    """The edge commits, never the datastore."""

    def __init__(self) -> None:
        database: Any = _EdgeDatabase()
        users: Any = User  # has what is asked of a user without the mixin, which would bring flask into the models
        roles: Any = None  # roles belong to memberships, not to users
        super().__init__(database, users, roles)

    def commit(self) -> None:
        current_session().flush()  # what Flask-Security asks to keep is kept when the edge commits

    def mf_delete_recovery_code(self, user: Any, idx: int) -> bool:
        """Give the column a new list, since a change inside a JSON value goes unseen."""
        codes = list(user.mf_recovery_codes or [])
        if not 0 <= idx < len(codes):
            return False
        del codes[idx]
        user.mf_recovery_codes = codes
        return True


class OneTimeTotp(Totp):
    """A code works once: the counter of the last one used is kept with the user."""

    def get_last_counter(self, user: Any) -> int | None:
        return user.tf_last_counter  # type: ignore[no-any-return]  # Flask-Security's user has no types

    def set_last_counter(self, user: Any, tmatch: Any) -> None:
        user.tf_last_counter = tmatch.counter


def register(app: Marketplace) -> None:
    """Attach Flask-Security without its pages."""
    settings = app.settings
    recovery_key = base64.urlsafe_b64encode(hashlib.sha256(f"recovery:{settings.totp_secret}".encode()).digest())
    app.config.update(
        SECURITY_PASSWORD_SALT=settings.password_salt,
        SECURITY_PASSWORD_HASH="argon2",
        SECURITY_PASSWORD_SCHEMES=["argon2"],
        SECURITY_DEPRECATED_PASSWORD_SCHEMES=[],
        SECURITY_PASSWORD_HASH_PASSLIB_OPTIONS=_hashing_cost(test=settings.environment == "test"),
        SECURITY_EMAIL_VALIDATOR_ARGS={"check_deliverability": False},
        SECURITY_TOTP_SECRETS={"1": settings.totp_secret},
        SECURITY_TOTP_ISSUER="Pilotage",
        SECURITY_MULTI_FACTOR_RECOVERY_CODES=True,
        SECURITY_MULTI_FACTOR_RECOVERY_CODES_N=RECOVERY_CODES,
        SECURITY_MULTI_FACTOR_RECOVERY_CODES_KEYS=[recovery_key],
        SECURITY_CLI_USERS_NAME=None,
        SECURITY_CLI_ROLES_NAME=None,
    )
    security = Security(app, MarketDatastore(), register_blueprint=False, totp_cls=OneTimeTotp)
    # Who acts is read once for each request by actor.py; Flask-Principal would ask again, for static files too.
    security.principal.identity_loaders.clear()
    # Flask-Security's own tokens (also taken from ?auth_token=) are no door of this house.
    security.login_manager.request_loader(lambda request: None)
    security.login_manager.session_protection = None
    # Templates are given `actor`; flask-login's `current_user` would read the user once more for each page.
    processors = app.template_context_processors[None]
    processors[:] = [item for item in processors if item.__module__.split(".")[0] != "flask_login"]


def _hashing_cost(*, test: bool) -> dict[str, Any]:
    """OWASP's second choice for argon2id: 19 MiB, two passes, one lane, about 30 ms; tests spend less."""
    memory, passes = (256, 1) if test else (19456, 2)
    return {"argon2__type": "id", "argon2__memory_cost": memory, "argon2__time_cost": passes, "argon2__parallelism": 1}
