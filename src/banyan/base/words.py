"""Words in two languages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


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
