"""Words in two languages, and words on one line."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from banyan.base.errors import Problem, mark


@dataclass(frozen=True, slots=True)
class Bilingual:
    """The same words in simplified Chinese and in English.  Neither may be empty where people read them."""

    zh: str
    en: str

    def in_language(self, language: str) -> str:
        """Return the words for a language tag such as ``zh-hans`` or ``en``; the other language fills a gap."""
        return (self.zh or self.en) if language.lower().startswith("zh") else (self.en or self.zh)

    @classmethod
    def of(cls, row: Mapping[str, str], stem: str = "name") -> Bilingual:
        """Read ``<stem>_zh`` and ``<stem>_en`` from a row."""
        return cls(zh=row[f"{stem}_zh"], en=row[f"{stem}_en"])


def is_one_line(text: str) -> bool:
    """Say whether a text is free of control characters, line breaks among them, and of halves of surrogate pairs.

    PostgreSQL stores neither U+0000 nor surrogates; a name has no use for the others.
    Source: Unicode Standard 16.0, general categories Cc and Cs.
    """
    return not any(unicodedata.category(character) in ("Cc", "Cs") for character in text)


def line_problems(words: Mapping[str, str]) -> list[Problem]:
    """Return one problem for each of these words, by where they stand, that `is_one_line` does not take."""
    sentence = mark("This holds characters that are not text.")
    return [Problem(where, "not_text", sentence) for where, text in words.items() if not is_one_line(text)]
