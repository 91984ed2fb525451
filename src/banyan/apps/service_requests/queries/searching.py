"""Searching requests by words: best first, each with a piece of its text in which the words are marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from banyan.apps.service_requests.queries.many import Filter, Row, listed
from banyan.apps.service_requests.rules.searching import asked_words, marked
from banyan.apps.territory.queries import Town
from banyan.kit.guard import Actor
from banyan.kit.paging import Page


@dataclass(frozen=True, slots=True)
class Found:
    """A request that was found, with a piece of its words: (text, whether it was asked for)."""

    row: Row
    snippet: Sequence[tuple[str, bool]]


def search(
    actor: Actor,
    words: str,
    *,
    town: Town,
    at: datetime,
    wanted: Filter | None = None,
    size: int = 50,
    cursor: str = "",
    verb: str = "service_requests.read",
) -> Page[Found]:
    """Return the requests that hold every word, best first, within what the actor reaches with `verb`.

    A two-character Chinese word is found wherever it stands; English words are found with and without their plural; a
    whole tracking number finds its request for those who may read it in full.  What is best counts by where the words
    stand and how recent the request is, among the newest `postings.WINDOW` that hold the rarest word; the next page
    goes on from there.
    """
    asked = replace(wanted or Filter(), words=words, order="newest")
    page = listed(actor, asked, town=town, at=at, size=size, cursor=cursor, verb=verb)
    found = [Found(row, snippet(row, words)) for row in page.rows]
    return Page(found, page.next_cursor, page.previous_cursor)


def snippet(row: Row, words: str) -> list[tuple[str, bool]]:
    """Return a piece of the words of a row around what was asked for; of its place in words where they stand there."""
    asked = asked_words(words)
    parts = marked(row.description, asked)
    if any(is_hit for _, is_hit in parts) or not row.address:
        return parts
    in_place = marked(row.address, asked)
    return in_place if any(is_hit for _, is_hit in in_place) else parts
