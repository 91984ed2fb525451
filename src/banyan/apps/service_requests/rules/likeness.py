"""How much two reports look like the same thing: their words, how near they are and how close in time.

Only a suggestion to people is made of it, never a merge.  Weights and limits are those with which the parent of 1,200
pairs named by staff of a city was found among the first three in .730 of all cases, against .361 at rank one for
distance alone (`reference/requests.md`, "Duplicates"); `benchmarks/duplicates.py` measures ours.
"""

from __future__ import annotations

import math
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from banyan.base.coordinates import LonLat, haversine_m

#: What words, nearness and closeness in time weigh together; they add up to one.
TEXT_WEIGHT: Final = 0.5
NEAR_WEIGHT: Final = 0.3
RECENT_WEIGHT: Final = 0.2
#: Beyond these nothing is a candidate.
REACH_M: Final = 200.0
REACH_TIME: Final = timedelta(days=180)
#: Below either of these a report is not offered: something else at the same door on the same day is no duplicate.
LEAST_SCORE: Final = 0.45
LEAST_TEXT: Final = 0.12
#: Height of a cell of the grid in which near reports are looked up, in degrees (250 m); its width is 250 m or more.
METRES_PER_DEGREE: Final = 111_195
_CELL_DEGREES: Final = 250 / METRES_PER_DEGREE
_COLUMNS: Final = 1 << 20
_MOST_CHARACTERS: Final = 600

Grams = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Seen:
    """A report as likeness sees it: words as `grams`, a WGS84 point, an instant."""

    grams: Grams
    point: LonLat
    at: datetime


@dataclass(frozen=True, slots=True)
class Likeness:
    """Parts of the likeness of two reports, each 0 to 1; `distance_m` in metres."""

    text: float
    near: float
    recent: float
    distance_m: float

    @property
    def score(self) -> float:
        """The weighted sum, 0 to 1."""
        return TEXT_WEIGHT * self.text + NEAR_WEIGHT * self.near + RECENT_WEIGHT * self.recent

    @property
    def is_worth_a_look(self) -> bool:
        """Say whether a person should be asked: alike as a whole, and in words at least a little."""
        return self.score >= LEAST_SCORE and self.text >= LEAST_TEXT


def grams(*texts: str) -> Grams:
    """Return the character 1- to 3-grams of texts with logarithmic weights, of length one as a vector.

    No dictionary cuts words: Chinese is compared by one to three characters, words in Latin letters by three, with a
    space around each, so that one form of a word meets the other.  Letters are compared without case and width.
    """
    counts: Counter[str] = Counter()
    for text in texts:
        for run, is_latin in _runs(unicodedata.normalize("NFKC", text[:_MOST_CHARACTERS]).casefold()):
            for n in (3,) if is_latin else (1, 2, 3):
                counts.update(run[i : i + n] for i in range(len(run) - n + 1))
    weights = {gram: (1 + math.log(n)) * len(gram) for gram, n in counts.items()}
    length = math.sqrt(sum(weight * weight for weight in weights.values()))
    return {gram: weight / length for gram, weight in weights.items()}


def _runs(text: str) -> Iterable[tuple[str, bool]]:
    """Cut a text into runs of letters and digits of one kind: Latin ones padded with a space, others as they are."""
    run, was_latin = "", False
    for character in f"{text} ":
        is_latin = character < "\u2e80"
        if not character.isalnum() or is_latin != was_latin:
            if run:
                yield (f" {run} " if was_latin else run), was_latin
            run = ""
        was_latin = is_latin
        if character.isalnum():
            run += character


def cosine(one: Grams, other: Grams) -> float:
    """Return the cosine of two bags of grams, 0 (nothing in common) to 1."""
    few, many = (one, other) if len(one) <= len(other) else (other, one)
    return min(1.0, sum(weight * many[gram] for gram, weight in few.items() if gram in many))


def likeness(one: Seen, other: Seen) -> Likeness:
    """Compare two reports; the order of the two, in place and in time, does not matter."""
    distance_m = haversine_m(one.point, other.point)
    apart = abs(one.at - other.at)
    return Likeness(
        text=cosine(one.grams, other.grams),
        near=max(0.0, 1 - distance_m / REACH_M),
        recent=max(0.0, 1 - apart / REACH_TIME),
        distance_m=distance_m,
    )


def bound(seen: Seen, point: LonLat, *, at: datetime) -> float:
    """Return the most that the likeness to a report at a point and an instant can come to, whatever its words."""
    near = max(0.0, 1 - haversine_m(seen.point, point) / REACH_M)
    recent = max(0.0, 1 - abs(seen.at - at) / REACH_TIME)
    return TEXT_WEIGHT + NEAR_WEIGHT * near + RECENT_WEIGHT * recent if near else 0.0


def cell(lon: float, lat: float) -> int:
    """Return the number of the cell of the grid in which a WGS84 point lies."""
    row = _row(lat)
    return row * _COLUMNS + _column(lon, row)


def cell_of(lon: float | None, lat: float | None) -> int | None:
    """Return the cell of a point; None where there is none."""
    return None if lon is None or lat is None else cell(lon, lat)


def cells_around(lon: float, lat: float) -> list[int]:
    """Return the cell of a point with its eight neighbours: whatever lies within `REACH_M` lies in one of them."""
    rows = range(max(0, _row(lat) - 1), _row(lat) + 2)
    found = [row * _COLUMNS + (_column(lon, row) + step) % _n_columns(row) for row in rows for step in (-1, 0, 1)]
    return sorted(set(found))


def _row(lat: float) -> int:
    return int((lat + 90) / _CELL_DEGREES)


def _n_columns(row: int) -> int:
    """Return how many columns a row has: each is 250 m wide or more at the edge of the row that is nearer to a pole."""
    edge = min(90.0, max(abs(row * _CELL_DEGREES - 90), abs((row + 1) * _CELL_DEGREES - 90)))
    return max(1, int(360 * math.cos(math.radians(edge)) / _CELL_DEGREES))


def _column(lon: float, row: int) -> int:
    n = _n_columns(row)
    return int((lon + 180) / 360 * n) % n
