"""Which words of a page are in the wrong language: the catalogues' own sentences, and the other script."""

from __future__ import annotations

import functools
import re
from typing import Any

from babel.messages.pofile import read_po

from marketplace.config import PROJECT_ROOT

CATALOGUES = PROJECT_ROOT / "marketplace" / "translations" / "zh_Hans_CN" / "LC_MESSAGES"
HAN = re.compile(r"[\u3400-\u9fff]")
# Three English words in a row are a sentence, not a unit or an abbreviation.
SENTENCE = re.compile(r"\b[A-Za-z][a-z]+(?:[ ,]+[a-z]{2,}){2,}")
# The brand stands in both scripts everywhere.
BRAND = "引航"
# Visible text outside elements that say that they are in another language, and outside code and figures of codes.
TEXTS = """() => {
  const skipped = 'script, style, code, pre, textarea, svg title, .written, .wordmark';
  const language = document.documentElement.lang;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const texts = [];
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const holder = node.parentElement;
    if (!node.textContent.trim() || holder.closest(skipped)) continue;
    if (holder.closest('[lang]').lang !== language) continue;
    texts.push(node.textContent.trim().replace(/\\s+/g, ' '));
  }
  for (const name of ['aria-label', 'placeholder', 'title', 'alt'])
    for (const element of document.querySelectorAll('body [' + name + ']'))
      if (element.closest('[lang]').lang === language) texts.push(element.getAttribute(name).trim());
  texts.push(document.title);
  return texts;
}"""


@functools.cache
def english_messages() -> frozenset[str]:
    """Every English message of more than one letter whose Chinese is different."""
    messages: set[str] = set()
    for path in CATALOGUES.glob("*.po"):
        with path.open("rb") as stream:
            for message in read_po(stream):
                words = message.id if isinstance(message.id, tuple) else (message.id,)
                told = message.string if isinstance(message.string, tuple) else (message.string,)
                messages |= {word for word in words if len(word) > 2 and word.isascii() and word not in told}
    return frozenset(messages)


def find_foreign_text(page: Any, lang: str) -> list[str]:
    """Texts of a page that are not in its language."""
    texts = dict.fromkeys(page.evaluate(TEXTS))
    if lang == "en":
        return [text for text in texts if HAN.search(text.replace(BRAND, ""))]
    return [text for text in texts if text in english_messages() or SENTENCE.search(text)]
