"""What a file is, judged by its bytes and never by its name."""

from __future__ import annotations

import io
import unicodedata
import zipfile

SIGNATURES = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
)
OFFICE_PARTS = {
    "xl/workbook.xml": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "word/document.xml": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}
EXTENSIONS = {
    "application/pdf": ".pdf",
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "text/plain": ".txt",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
}
UNPACKED_LIMIT_BYTES = 200 * 1024 * 1024
MEMBER_LIMIT = 2000


def detect_media_type(content: bytes) -> str | None:
    """The media type by content, or None for anything that is not on the list."""
    for signature, media_type in SIGNATURES:
        if content.startswith(signature):
            return media_type
    if content.startswith(b"PK\x03\x04"):
        return _office_type(content)
    return "text/plain" if _is_text(content) else None


def _office_type(content: bytes) -> str | None:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError):
        return None
    if len(members) > MEMBER_LIMIT or sum(member.file_size for member in members) > UNPACKED_LIMIT_BYTES:
        return None
    names = {member.filename for member in members}
    return next((kind for part, kind in OFFICE_PARTS.items() if part in names), None)


def _is_text(content: bytes) -> bool:
    if not content or b"\x00" in content:
        return False
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    start = text.lstrip("\ufeff \t\r\n")[:200].lower()
    # Markup that a browser would run is refused even as plain text.
    return not start.startswith(("<!doctype", "<html", "<svg", "<script", "<?xml"))


def safe_name(name: str, media_type: str) -> str:
    """A display name without path, control or direction-changing characters, with the ending of its content."""
    base = name.replace("\\", "/").rsplit("/", 1)[-1]
    kept = "".join(
        character
        for character in unicodedata.normalize("NFC", base)
        if unicodedata.category(character)[0] not in "CZ" or character == " "
    ).strip(" .")
    stem = kept.rsplit(".", 1)[0][:120] or "file"
    return stem + EXTENSIONS.get(media_type, "")
