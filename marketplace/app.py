"""The application: Flask with the transaction edge, and the factory that wires everything once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy.exc
from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException

from marketplace import handlers
from marketplace.audit.services import forget_pending_lines, write_pending_lines
from marketplace.config import PROJECT_ROOT, Settings, load_settings
from marketplace.db import READ, WRITE, Database
from marketplace.errors import ConflictError, MarketplaceError
from marketplace.files.services import FileStore

READING_METHODS = ("GET", "HEAD", "OPTIONS")


class Marketplace(Flask):
    """Flask whose every request is one transaction: committed below 400, else rolled back."""

    settings: Settings
    database: Database
    file_store: FileStore

    def full_dispatch_request(self) -> Response:
        if request.endpoint == "static":
            return super().full_dispatch_request()
        unit = self.database.begin(READ if request.method in READING_METHODS else WRITE)
        g.after_transaction = []
        try:
            response = super().full_dispatch_request()
            if response.status_code < 400:
                response = self._commit(unit, response)
            facts = unit.rollback() if response.status_code >= 400 else []
        except BaseException:
            unit.rollback()
            unit.close()
            raise
        forget_pending_lines(unit.session)
        unit.close()
        self.database.write_facts(facts)
        for callback in g.after_transaction:
            callback()
        return response

    def _commit(self, unit: Any, response: Response) -> Response:
        """Commit, or turn what the database or a handler refuses at the last moment into its answer."""
        try:
            unit.commit()
        except sqlalchemy.exc.IntegrityError:
            unit.session.rollback()
            return self.make_response(self.handle_user_exception(ConflictError()))
        except MarketplaceError as error:
            unit.session.rollback()
            return self.make_response(self.handle_user_exception(error))
        return response


def run_after_transaction(callback: Callable[[], None]) -> None:
    """Run something after the request's transaction has ended, whatever its outcome."""
    g.after_transaction.append(callback)


def create_app(settings: Settings | None = None) -> Marketplace:
    """Build the application from settings; nothing is read from the environment after this."""
    settings = settings or load_settings()
    app = Marketplace(
        "marketplace",
        root_path=str(PROJECT_ROOT / "marketplace"),
        template_folder=str(PROJECT_ROOT / "templates"),
        static_folder=str(PROJECT_ROOT / "static"),
        instance_path=str(settings.instance_path),
    )
    settings.instance_path.mkdir(parents=True, exist_ok=True)
    app.settings = settings
    app.config.from_mapping(_flask_config(settings))
    app.database = Database(settings.database_url)
    app.database.handlers = handlers.HANDLERS
    app.database.before_commit.append(write_pending_lines)
    app.file_store = FileStore(settings.files_directory, limit_bytes=settings.upload_limit_bytes)
    handlers.register_jobs(settings)
    _register_doors(app)
    return app


def _flask_config(settings: Settings) -> dict[str, Any]:
    return {
        "SECRET_KEY": settings.secret_key,
        "MAX_CONTENT_LENGTH": settings.upload_limit_bytes + 2 * 1024 * 1024,
        "MAX_FORM_MEMORY_SIZE": 2 * 1024 * 1024,
        "MAX_FORM_PARTS": 2000,
        "TESTING": settings.environment == "test",
        "TEMPLATES_AUTO_RELOAD": settings.environment == "development",
        "PROPAGATE_EXCEPTIONS": False,
        "JSON_AS_ASCII": False,
        "SEND_FILE_MAX_AGE_DEFAULT": 31536000,
        "PREFERRED_URL_SCHEME": settings.base_url.split(":", 1)[0],
    }


def _register_doors(app: Marketplace) -> None:
    """The three doors; imported here so that a command that needs one loads no other."""
    from marketplace import api, cli, web
    from marketplace.accounts import signin

    signin.register(app)
    web.register(app)
    api.register(app)
    cli.register(app)
    signin.finish(app)

    def answer(error: Exception) -> Any:
        return (api.answer_error if request.path.startswith("/api/") else web.answer_error)(error)

    app.register_error_handler(MarketplaceError, answer)
    app.register_error_handler(HTTPException, answer)
    app.register_error_handler(sqlalchemy.exc.IntegrityError, lambda error: answer(ConflictError()))
    app.register_error_handler(Exception, _unexpected(answer))


def _unexpected(answer: Callable[[Exception], Any]) -> Callable[[Exception], Any]:
    def handle(error: Exception) -> Any:
        import structlog

        structlog.get_logger().exception("unexpected_error", path=request.path, method=request.method)
        return answer(error)

    return handle
