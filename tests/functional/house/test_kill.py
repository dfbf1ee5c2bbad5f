"""A loaded server killed at random moments: what was acknowledged is there once, the rest whole or absent.

Three kills for each database; `SOAK=1` makes it fifty.
"""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from marketplace import clock
from marketplace.app import Marketplace
from marketplace.audit.models import AuditLine
from marketplace.audit.services import verify_chain
from marketplace.config import Settings
from marketplace.jobs import registry
from marketplace.jobs.models import Job
from marketplace.jobs.services import LEASE, run_due_jobs
from marketplace.ledger.models import Entry
from marketplace.ledger.services import check_ledger
from marketplace.projects.models import Project
from tests.factories import Member
from tests.functional.house.killed_server import follow

ROOT = Path(__file__).resolve().parents[3]
ROUNDS = 50 if os.environ.get("SOAK") else 3
THREADS = 4
HANG_SECONDS = 90


@dataclass
class Load:
    """What the clients sent: acknowledged, and those whose answer never came."""

    acknowledged: dict[str, dict[str, Any]] = field(default_factory=dict)
    unknown: dict[str, dict[str, Any]] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running_server(settings: Settings, log: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """`flask serve` in a process of its own, ready to answer."""
    port = free_port()
    environment = {
        **os.environ, "DATABASE_URL": settings.database_url, "PILOTAGE_INSTANCE": str(settings.instance_path),
        "SECRET_KEY": settings.secret_key, "SECURITY_PASSWORD_SALT": settings.password_salt,
        "TOTP_SECRET": settings.totp_secret, "RATE_LIMITS_ENABLED": "0", "PORT": str(port), "PYTHONPATH": str(ROOT),
        "TEST_CLOCK_AHEAD_SECONDS": str((clock.now() - datetime.now(UTC)).total_seconds()),
    }  # fmt: skip
    command = [sys.executable, "-m", "flask", "--app", "tests.functional.house.killed_server:make_app", "serve"]
    with log.open("ab") as output:
        server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=output)
    try:
        wait_until_it_answers(server, port, log)
        yield server, port
    finally:
        server.kill()
        server.wait()


def wait_until_it_answers(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + HANG_SECONDS
    while time.monotonic() < deadline:
        assert server.poll() is None, log.read_text(encoding="utf-8", errors="replace")[-3000:]
        try:
            send(port, {}, "GET", "/api/v1/me", None)
        except (OSError, HTTPException):
            time.sleep(0.1)
        else:
            return
    pytest.fail("the server did not start")


def send(port: int, headers: dict[str, str], method: str, path: str, body: Any) -> tuple[int, bytes]:
    connection = HTTPConnection("127.0.0.1", port, timeout=HANG_SECONDS)
    try:
        content = None if body is None else json.dumps(body)
        connection.request(method, path, content, {"Content-Type": "application/json", **headers})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def make_act(name: str) -> tuple[str, dict[str, str]]:
    """The address and body of one act; every third makes a project, the others book money."""
    if name.endswith(("0", "3", "6", "9")):
        return "/api/v1/projects", {"title_zh": "压测", "title_en": name, "sector": "chemicals"}
    return "/api/v1/test/acts", {"name": name}


def perform(port: int, headers: dict[str, str], name: str, load: Load) -> bool:
    """Send one act under its own key; False when the server is gone."""
    path, body = make_act(name)
    try:
        status, _content = send(port, {**headers, "Idempotency-Key": name}, "POST", path, body)
    except (OSError, HTTPException):
        load.unknown[name] = body
        return False
    if status == 201:
        load.acknowledged[name] = body
    else:
        load.refused.append(f"{name}: {status}")
    return True


def keep_sending(port: int, headers: dict[str, str], prefix: str, load: Load) -> None:
    number = 0
    while not load.stop.is_set():
        number += 1
        if not perform(port, headers, f"{prefix}-{number}", load):
            return


def load_and_kill(server: Any, port: int, headers: dict[str, str], turn: int, load: Load, pause: float) -> None:
    threads = [
        threading.Thread(target=keep_sending, args=(port, headers, f"r{turn}t{thread}", load), daemon=True)
        for thread in range(THREADS)
    ]
    for thread in threads:
        thread.start()
    time.sleep(pause)
    server.send_signal(signal.SIGKILL)
    for thread in threads:
        thread.join(HANG_SECONDS)
        assert not thread.is_alive()


def test_acknowledged_acts_survive_kills_once_and_nothing_is_half(
    app: Marketplace, settings: Settings, make: Any, make_key: Callable[[Member], dict[str, str]], tmp_path: Path
) -> None:
    headers = make_key(make.member("project_team"))
    log, load, chance = tmp_path / "server.log", Load(), random.Random()
    for turn in range(ROUNDS):
        with running_server(settings, log) as (server, port):
            load_and_kill(server, port, headers, turn, load, pause=chance.uniform(0.5, 2.0))
            check_books(app)
    assert len(load.acknowledged) > ROUNDS, "the load was too small to show anything"
    with running_server(settings, log) as (_server, port):
        # Who got no answer asks again under the same key; by then each act has happened exactly once.
        for name in list(load.unknown):
            assert perform(port, headers, name, load)
    assert load.refused == []
    assert load.unknown.keys() <= load.acknowledged.keys()
    finish_jobs(app)
    check_books(app)
    check_each_act_once(app, set(load.acknowledged))


def check_books(app: Marketplace) -> None:
    """What holds at every moment, also right after a kill."""
    with app.database.transaction("read") as session:
        assert check_ledger(session).sound
        audit = verify_chain(session)
        assert (audit.broken_at, audit.reason) == (None, None)


def finish_jobs(app: Marketplace) -> None:
    """A worker that comes after the leases of the killed one have run out."""
    before = dict(registry._kinds)
    registry.register_job(registry.JobKind("test.follow", record=follow))
    try:
        run_due_jobs(app.database, now=clock.now() + 2 * LEASE, limit=100_000)
    finally:
        registry._kinds.clear()
        registry._kinds.update(before)


def check_each_act_once(app: Marketplace, names: set[str]) -> None:
    projects = {name for name in names if make_act(name)[0] == "/api/v1/projects"}
    with app.database.transaction("read") as session:
        titles = Counter(session.scalars(sa.select(Project.title_en)))
        entries = Counter((entry.kind, entry.details["name"]) for entry in session.scalars(sa.select(Entry)))
        noted = Counter(session.scalars(sa.select(AuditLine.subject_id).where(AuditLine.action == "test.act")))
        states = Counter(session.scalars(sa.select(Job.state).where(Job.name == "test.follow")))
    once = dict.fromkeys(names - projects, 1)
    assert titles == dict.fromkeys(projects, 1)
    assert {name: count for (kind, name), count in entries.items() if kind == "opening"} == once
    assert noted == once
    assert states == {"done": len(once)}
    assert {name: count for (kind, name), count in entries.items() if kind == "closing"} == once
