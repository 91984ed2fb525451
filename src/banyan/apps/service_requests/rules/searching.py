"""Words by which a request is found: pairs of Chinese characters, Latin words without their plural, numbers.

Chinese is written without spaces.  A segmenter cuts 路灯不亮 into 路 and 灯不亮, and who looks for 路灯 finds nothing;
every pair of neighbouring characters is found whoever cuts it how, needs no dictionary and no segmenter at all.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Final

#: Distinct words kept of one request; the first ones count.
MOST_WORDS: Final = 150
#: Words of a question that are looked up; what stands behind them is not asked.
MOST_ASKED: Final = 8
#: Characters of one word.
LONGEST: Final = 24

_HAN: Final = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
_RUNS: Final = re.compile(rf"(?P<han>[{_HAN}]+)|(?P<word>[^\W_{_HAN}]+)")
_POSSESSIVE: Final = re.compile(r"[’']s\b")
_TOO_COMMON: Final = frozenset(["a", "an", "and", "at", "by", "for", "in", "is", "it", "of", "on", "or", "the", "to"])


def words_of(text: str) -> list[str]:
    """Return the words under which a text is found, each once, in the order of the text."""
    return list(dict.fromkeys(word for word in _words(text) if word not in _TOO_COMMON))[:MOST_WORDS]


def asked_words(text: str) -> list[str]:
    """Return the words that a question asks for, at most `MOST_ASKED`; none where it holds nothing to look up.

    One Chinese character alone is too little to look up, and is left out.
    """
    return [word for word in words_of(text[:200]) if not _is_lone(word)][:MOST_ASKED]


def _words(text: str) -> Iterator[str]:
    plain = _POSSESSIVE.sub("", unicodedata.normalize("NFKC", text).casefold())
    for run in _RUNS.finditer(plain):
        if han := run["han"]:
            yield from (han[i : i + 2] for i in range(len(han) - 1)) if len(han) > 1 else (han,)
        else:
            yield singular(run["word"])[:LONGEST]


def singular(word: str) -> str:
    """Return an English word without its plural; other words mostly stay as they are.

    Words asked for go the same way as words kept, so a wrong cut does no harm.
    """
    if len(word) < 4 or not word.endswith("s") or word.endswith(("ss", "us", "is")) or not word.isalpha():
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("ches", "shes", "sses", "xes", "zes")):
        return word[:-2]
    return word[:-1]


def _is_lone(word: str) -> bool:
    return len(word) == 1 and re.fullmatch(rf"[{_HAN}]", word) is not None


def marked(text: str, words: Sequence[str], *, around: int = 60) -> list[tuple[str, bool]]:
    """Return a piece of a text around the first of the words, in parts, each with whether it was asked for.

    Parameters
    ----------
    words
        As `asked_words` returns them.
    around
        Characters on each side of the first hit.
    """
    spans = _hits(text, frozenset(words))
    first = spans[0][0] if spans else 0
    begin = max(0, first - around) if first > around else 0
    end = min(len(text), max(first + around, begin + 2 * around))
    parts: list[tuple[str, bool]] = [("…", False)] if begin else []
    at = begin
    for start, stop in spans:
        if stop > end:
            break
        if start > at:
            parts.append((text[at:start], False))
        parts.append((text[max(start, at) : stop], True))
        at = max(at, stop)
    parts.append((text[at:end], False))
    if end < len(text):
        parts.append(("…", False))
    return [part for part in parts if part[0]]


def _hits(text: str, words: frozenset[str]) -> list[tuple[int, int]]:
    """Return where the words stand in a text as it was written, neighbouring hits joined."""
    found: list[tuple[int, int]] = []
    for run in _RUNS.finditer(text):
        start, stop = run.span()
        if run["han"]:
            spans = [(i, i + 2) for i in range(start, stop - 1) if next(_words(text[i : i + 2]), "") in words]
        else:
            spans = [(start, stop)] if next(_words(run[0]), "") in words else []
        for span in spans:
            if found and span[0] <= found[-1][1]:
                found[-1] = (found[-1][0], span[1])
            else:
                found.append(span)
    return found
