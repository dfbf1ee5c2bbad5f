"""Storing and reading files by internal id, outside the web root."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy import orm

from marketplace.files.content import detect_media_type, safe_name
from marketplace.files.errors import (
    EmptyFileError,
    FileTooLargeError,
    FileTypeRefusedError,
    StoredFileMissingError,
)
from marketplace.files.models import StoredFile

# A scanner given by the deployment: bytes in, "clean" or "infected" out.
ScanHook = Callable[[bytes], str]


class FileStore:
    """The folder of stored files, its size limit and its virus-scan hook."""

    def __init__(self, directory: Path, *, limit_bytes: int, scan: ScanHook | None = None) -> None:
        self.directory = directory
        self.limit_bytes = limit_bytes
        self.scan = scan

    def path_of(self, stored: StoredFile) -> Path:
        return self.directory / stored.storage_key[:2] / stored.storage_key

    def save(
        self, session: orm.Session, *, stream: BinaryIO, name: str, actor: Any, now: datetime, field: str = "file"
    ) -> StoredFile:
        """Check and store an upload; the row is in the caller's transaction, the bytes are durable before it."""
        content = stream.read(self.limit_bytes + 1)
        if len(content) > self.limit_bytes:
            raise FileTooLargeError(field=field, limit_bytes=self.limit_bytes)
        if not content:
            raise EmptyFileError(field=field)
        media_type = detect_media_type(content)
        if media_type is None:
            raise FileTypeRefusedError(field=field)
        scan_state = self.scan(content) if self.scan else "not_scanned"
        if scan_state == "infected":
            raise FileTypeRefusedError("The virus scanner refused this file.", field=field)
        return self.write(
            session, content=content, name=safe_name(name, media_type), media_type=media_type,
            scan_state=scan_state, actor=actor, now=now,
        )  # fmt: skip

    def write(
        self,
        session: orm.Session,
        *,
        content: bytes,
        name: str,
        media_type: str,
        actor: Any,
        now: datetime,
        scan_state: str = "clean",
    ) -> StoredFile:
        """Store bytes that the platform made or has checked."""
        stored = StoredFile(
            name=name,
            media_type=media_type,
            size_bytes=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
            storage_key=secrets.token_hex(16),
            scan_state=scan_state,
            owner_organisation_id=getattr(actor, "organisation_id", None),
            uploaded_by=getattr(actor, "user_public_id", "") or "",
            created_at=now,
        )
        self._write_bytes(self.path_of(stored), content)
        session.add(stored)
        session.flush()  # the caller links the file by its id
        return stored

    def _write_bytes(self, path: Path, content: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(".part")
        with temporary.open("wb") as handle:
            handle.write(content)
            handle.flush()
            os.fsync(handle.fileno())
        temporary.replace(path)

    def read(self, stored: StoredFile) -> bytes:
        """The bytes of a stored file, checked against its hash."""
        try:
            content = self.path_of(stored).read_bytes()
        except FileNotFoundError as error:
            raise StoredFileMissingError(file=stored.public_id) from error
        if hashlib.sha256(content).hexdigest() != stored.sha256:
            raise StoredFileMissingError("The stored file no longer has the hash it was stored with.")
        return content
