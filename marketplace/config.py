"""Settings read once from the environment; a missing secret in production refuses to start."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

PROJECT_ROOT = Path(__file__).resolve().parent.parent
ONE_MEBIBYTE = 1024 * 1024


class SettingsError(RuntimeError):
    """A setting is missing or cannot be read; the text names the variable."""


@dataclass(frozen=True)
class Settings:
    """Every setting of one process; `docs/settings.md` explains each (a test holds the list)."""

    environment: str = "development"
    instance_path: Path = field(default_factory=lambda: PROJECT_ROOT / "instance")
    database_url: str = ""
    secret_key: str = ""
    password_salt: str = ""
    totp_secret: str = ""
    base_url: str = "http://127.0.0.1:8000"
    port: int = 8000
    demo_mode: bool = False
    mail_server: str = ""
    mail_sender: str = "no-reply@pilotage.example"
    stripe_secret_key: str = ""
    stripe_webhook_secret: str = ""
    upload_limit_bytes: int = 20 * ONE_MEBIBYTE
    metrics_enabled: bool = False
    password_policy: str = "asvs"
    rate_limits_enabled: bool = True
    rate_limit_storage: str = "memory://"
    insurance_comparison: str = "applicant"
    session_hours: int = 12
    second_factor_required: bool = False

    @property
    def production(self) -> bool:
        return self.environment == "production"

    @property
    def mail_directory(self) -> Path:
        return self.instance_path / "mail"

    @property
    def files_directory(self) -> Path:
        return self.instance_path / "files"

    @property
    def models_directory(self) -> Path:
        return self.instance_path / "models"


VARIABLES = {
    "PILOTAGE_ENV": "environment",
    "PILOTAGE_INSTANCE": "instance_path",
    "DATABASE_URL": "database_url",
    "SECRET_KEY": "secret_key",
    "SECURITY_PASSWORD_SALT": "password_salt",
    "TOTP_SECRET": "totp_secret",
    "BASE_URL": "base_url",
    "PORT": "port",
    "PILOTAGE_DEMO": "demo_mode",
    "MAIL_SERVER": "mail_server",
    "MAIL_SENDER": "mail_sender",
    "STRIPE_SECRET_KEY": "stripe_secret_key",
    "STRIPE_WEBHOOK_SECRET": "stripe_webhook_secret",
    "UPLOAD_LIMIT_BYTES": "upload_limit_bytes",
    "METRICS_ENABLED": "metrics_enabled",
    "PASSWORD_POLICY": "password_policy",
    "RATE_LIMITS_ENABLED": "rate_limits_enabled",
    "RATE_LIMIT_STORAGE": "rate_limit_storage",
    "INSURANCE_COMPARISON": "insurance_comparison",
    "SESSION_HOURS": "session_hours",
    "SECOND_FACTOR_REQUIRED": "second_factor_required",
}
SECRETS = ("secret_key", "password_salt", "totp_secret")
CHOICES = {
    "environment": ("development", "test", "production"),
    "password_policy": ("asvs", "mlps3"),
    "insurance_comparison": ("applicant", "broker", "off"),
}


def _convert(variable: str, name: str, text: str) -> object:
    default = getattr(Settings, name, None)
    if name == "instance_path":
        return Path(text).resolve()
    if isinstance(default, bool):
        if text.lower() not in ("0", "1", "true", "false", "yes", "no", ""):
            raise SettingsError(f"{variable} must be 1 or 0, not {text!r}")
        return text.lower() in ("1", "true", "yes")
    if isinstance(default, int):
        if not text.isdigit():
            raise SettingsError(f"{variable} must be a whole number, not {text!r}")
        return int(text)
    if name in CHOICES and text not in CHOICES[name]:
        raise SettingsError(f"{variable} must be one of {', '.join(CHOICES[name])}, not {text!r}")
    return text


def _kept_secret(directory: Path, name: str) -> str:
    """Development secrets survive a restart in the instance folder, so that sessions do too."""
    path = directory / f"{name}.secret"
    if not path.exists():
        directory.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(48))
    return path.read_text().strip()


def load_settings(environment: Mapping[str, str] | None = None, **overrides: object) -> Settings:
    """Read the settings; raises SettingsError naming the variable that is missing or wrong."""
    source = os.environ if environment is None else environment
    values: dict[str, object] = {}
    for variable, name in VARIABLES.items():
        if variable in source:
            values[name] = _convert(variable, name, source[variable].strip())
    values.update(overrides)
    settings = Settings(**values)  # type: ignore[arg-type]  # values are converted by name just above
    missing = [name for name in SECRETS if not getattr(settings, name)]
    if settings.production:
        required = [*missing, *([] if settings.database_url else ["database_url"])]
        if required:
            variables = [variable for variable, name in VARIABLES.items() if name in required]
            raise SettingsError(f"production needs {', '.join(variables)}")
        if settings.demo_mode:
            raise SettingsError("PILOTAGE_DEMO has public passwords and cannot be used in production")
    values.update({name: _kept_secret(settings.instance_path, name) for name in missing})
    if not settings.database_url:
        values["database_url"] = f"sqlite:///{settings.instance_path / 'pilotage.sqlite3'}"
    elif settings.database_url.startswith(("postgres://", "postgresql://")):
        values["database_url"] = "postgresql+psycopg://" + settings.database_url.split("://", 1)[1]
    return Settings(**values)  # type: ignore[arg-type]  # values are converted by name just above
