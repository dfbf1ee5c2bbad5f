"""`flask worker` runs the job rows; `flask serve` runs the web server and a worker, as `make run` does."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING, Any

import click
from flask import Flask, current_app

from marketplace import clock
from marketplace.jobs.services import enqueue_scheduled, run_next_job

if TYPE_CHECKING:
    from marketplace.app import Marketplace

PAUSE_SECONDS = 1.0


def run_worker(app: Marketplace, stop: threading.Event, *, once: bool = False) -> int:
    """Run jobs until told to stop (or, with `once`, until nothing is due); returns how many ran."""
    count = 0
    with app.app_context():
        while not stop.is_set():
            try:
                enqueue_scheduled(app.database, now=clock.now())
                job = run_next_job(app.database)
            except Exception as error:  # the database may be away for a moment; the worker outlives it
                if once:
                    raise
                click.echo(f"worker: {error}", err=True)
                stop.wait(5)
                continue
            if job is not None:
                count += 1
            elif once:
                return count
            else:
                stop.wait(PAUSE_SECONDS)
    return count


@click.command("worker")
@click.option("--once", is_flag=True, help="Run what is due, then end.")
def worker(once: bool) -> None:
    """Run background jobs."""
    stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    count = run_worker(_app(), stop, once=once)
    click.echo(f"{count} jobs run")


@click.command("serve")
@click.option("--threads", default=8)
def serve(threads: int) -> None:
    """Serve the pages and the API, with a job worker beside; Ctrl-C stops both."""
    import errno

    from waitress.server import create_server

    app = _app()
    port = app.settings.port
    try:
        server: Any = create_server(app, host="127.0.0.1", port=port, threads=threads,
                                    channel_timeout=60, ident=None)  # fmt: skip
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise click.ClickException(
                f"port {port} is busy: stop what uses it, or choose another with PORT=8001"
            ) from error
        raise
    stop = threading.Event()
    thread = threading.Thread(target=run_worker, args=(app, stop), daemon=True, name="worker")
    thread.start()
    signal.signal(signal.SIGTERM, lambda *_: _interrupt())
    click.echo(f"Pilotage answers on http://127.0.0.1:{port}")
    try:
        server.run()
    except KeyboardInterrupt:
        pass
    finally:
        stop.set()
        server.close()
        thread.join(timeout=5)


def _interrupt() -> None:
    raise KeyboardInterrupt


def _app() -> Marketplace:
    return current_app._get_current_object()  # type: ignore[attr-defined, no-any-return]  # the proxy's target


def register(app: Flask) -> None:
    app.cli.add_command(worker)
    app.cli.add_command(serve)
