"""Words on one line."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

from banyan.base.errors import Problem, mark


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
