"""Words of a text as the search knows them: Latin words in lower case, pairs of Chinese characters.

Both engines then answer a search by plain substring tests on `search_text`, whatever their own tokenisers know.
"""

from __future__ import annotations

import re
import unicodedata

CJK = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f"
_RUN = re.compile(rf"(?P<cjk>[{CJK}]+)|(?P<word>[^\W_]+)")
_CJK_CHARACTER = re.compile(rf"[{CJK}]")


def fold(text: str) -> str:
    """Full width becomes half width, case is folded, accents of Latin letters stay."""
    return unicodedata.normalize("NFKC", text).casefold()


def _runs(text: str) -> list[tuple[str, bool]]:
    """Runs of one script: `3000升` is a number and a Chinese run."""
    pieces: list[tuple[str, bool]] = []
    for match in _RUN.finditer(fold(text)):
        if match["cjk"]:
            pieces.append((match["cjk"], True))
            continue
        # A word run may hold Chinese characters, because they count as letters.
        position = 0
        word = match["word"]
        for found in re.finditer(rf"[{CJK}]+", word):
            if found.start() > position:
                pieces.append((word[position : found.start()], False))
            pieces.append((found[0], True))
            position = found.end()
        if position < len(word):
            pieces.append((word[position:], False))
    return pieces


def list_tokens(text: str) -> list[str]:
    """Tokens in order: a Latin word as itself, a Chinese run as its overlapping pairs."""
    tokens: list[str] = []
    for run, chinese in _runs(text):
        if not chinese or len(run) == 1:
            tokens.append(run)
        else:
            tokens.extend(run[index : index + 2] for index in range(len(run) - 1))
    return tokens


def build_search_text(*texts: str | None) -> str:
    """The stored column: every token and every single Chinese character once, between spaces."""
    seen: dict[str, None] = {}
    for text in texts:
        for token in list_tokens(text or ""):
            seen.setdefault(token)
        for character in _CJK_CHARACTER.findall(fold(text or "")):
            seen.setdefault(character)
    return f" {' '.join(seen)} " if seen else ""


def list_query_tokens(query: str) -> list[str]:
    """Tokens that a found text must all have, each once."""
    return list(dict.fromkeys(list_tokens(query)))
