"""The application: Flask with the transaction edge, and the factory that wires everything once."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import sqlalchemy.exc
import structlog
from flask import Flask, Request, Response, g, request
from werkzeug.exceptions import HTTPException

from marketplace import handlers
from marketplace.accounts.access import set_actor, set_signed_in_at
from marketplace.accounts.signin.sessions import forget_changes
from marketplace.audit.services import forget_pending_lines, write_pending_lines
from marketplace.config import PROJECT_ROOT, Settings, load_settings
from marketplace.db import READ, WRITE, Database, UnitOfWork, current_session
from marketplace.errors import ConflictError, MarketplaceError
from marketplace.files.services import FileStore

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

READING_METHODS = ("GET", "OPTIONS")
JSON_LIMIT_BYTES = 2 * 1024 * 1024


class MarketRequest(Request):
    """HEAD runs as GET (the server leaves the body out), and JSON is limited more narrowly than uploads."""

    def __init__(self, environ: WSGIEnvironment, *, populate_request: bool = True, shallow: bool = False) -> None:
        super().__init__(environ, populate_request=populate_request, shallow=shallow)
        if self.method == "HEAD":
            self.method = "GET"
        if self.is_json:
            self.max_content_length = JSON_LIMIT_BYTES


class Marketplace(Flask):
    """Flask whose every request is one transaction: committed below 400, else rolled back."""

    request_class = MarketRequest
    settings: Settings
    database: Database
    file_store: FileStore

    def connect(self, settings: Settings) -> None:
        """Open the database and the files of the settings; routes and templates are the same over any of them."""
        settings.instance_path.mkdir(parents=True, exist_ok=True)
        self.settings = settings
        self.database = Database(settings.database_url)
        self.database.handlers = handlers.HANDLERS
        self.database.before_commit.append(write_pending_lines)
        self.file_store = FileStore(settings.files_directory, limit_bytes=settings.upload_limit_bytes)
        handlers.register_jobs(settings)

    def wsgi_app(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        # Server threads are used again: whoever acted in the request before must not be seen by this one,
        # whatever fails before its own member is read.
        set_actor(None)
        set_signed_in_at(None)
        return super().wsgi_app(environ, start_response)

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

    def _commit(self, unit: UnitOfWork, response: Response) -> Response:
        """Commit, or answer what the database or a handler refuses at the last moment."""
        try:
            unit.commit()
        except Exception as error:  # every kind of fault gets its own answer from the error handlers
            # The act did not happen: neither the session nor a kept answer may say that it did.
            g.after_transaction.clear()
            forget_changes()
            return self.finalize_request(self.handle_user_exception(error))
        return response

    def handle_exception(self, e: Exception) -> Response:
        """The last answer, when the transaction is gone or never began: it asks the database nothing."""
        from marketplace.web.headers import start_request

        g.session_usable = False
        if "request_id" not in g:
            start_request()
        return super().handle_exception(e)


def run_after_transaction(callback: Callable[[], None]) -> None:
    """Run something after the request's transaction has ended, whatever its outcome."""
    g.after_transaction.append(callback)


def create_app(settings: Settings | None = None) -> Marketplace:
    """Build the application from settings; nothing is read from the environment after this."""
    settings = settings or load_settings()
    _configure_log()
    app = Marketplace(
        "marketplace",
        root_path=str(PROJECT_ROOT / "marketplace"),
        template_folder=str(PROJECT_ROOT / "templates"),
        static_folder=str(PROJECT_ROOT / "static"),
        instance_path=str(settings.instance_path),
    )
    app.config.from_mapping(_flask_config(settings))
    app.connect(settings)
    _register_doors(app)
    return app


def _configure_log() -> None:
    """One JSON line for each message on standard error, tracebacks without the values of variables."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        logger_factory=lambda *_names: structlog.PrintLogger(sys.stderr),
    )


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
        # What the view left unfinished must not be flushed, nor a failed statement be met again, by the error page.
        if g.get("session_usable", True):
            current_session().rollback()
        return (api.answer_error if request.path.startswith("/api/") else web.answer_error)(error)

    app.register_error_handler(MarketplaceError, answer)
    app.register_error_handler(HTTPException, answer)
    app.register_error_handler(sqlalchemy.exc.IntegrityError, lambda error: answer(ConflictError()))
    app.register_error_handler(Exception, _unexpected(answer))


def _unexpected(answer: Callable[[Exception], Any]) -> Callable[[Exception], Any]:
    def handle(error: Exception) -> Any:
        structlog.get_logger().exception(
            "unexpected_error", path=request.path, method=request.method, request_id=g.get("request_id", "")
        )
        g.session_usable = False
        return answer(error)

    return handle
