"""Reading parties and who answers for a place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db.models import F

from banyan.apps.parties.models import Duty, Party, Post
from banyan.apps.parties.rules import PartyKind
from banyan.apps.people import queries as people
from banyan.apps.territory import queries as territory
from banyan.apps.territory.queries import Town


@dataclass(frozen=True, slots=True)
class PartyView:
    """A party as others see it."""

    id: UUID
    kind: str
    code: str
    name_zh: str
    name_en: str
    public_phone: str


@dataclass(frozen=True, slots=True)
class Register:
    """All active parties of a town and their duties by place, frozen at one edition."""

    by_id: dict[UUID, PartyView]
    by_code: dict[str, UUID]
    duties: dict[UUID, list[tuple[str, UUID]]]

    def answering(self, chain: Sequence[territory.PlaceView], *, kinds: Sequence[str], topic: str) -> PartyView | None:
        """Return the party that answers for a topic at a place: first the wanted kind, then the nearest place above.

        A duty for the very topic goes before a duty for everything its kind does.
        """
        for kind in kinds:
            for place in chain:
                held = [(t, p) for t, p in self.duties.get(place.id, []) if self.by_id[p].kind == kind]
                for wanted in (topic, ""):
                    if party := next((p for t, p in held if t == wanted), None):
                        return self.by_id[party]
        return None


def register(town: Town) -> Register:
    """Return the register of parties of the town in scope."""
    return territory.kept.get("parties", town=town, make=_read)


def _read() -> Register:
    by_id = {
        row[0]: PartyView(*row)
        for row in Party.objects.filter(is_active=True).values_list(*PartyView.__slots__).order_by("code")
    }
    duties: dict[UUID, list[tuple[str, UUID]]] = {}
    for place_id, topic, party_id in Duty.objects.order_by("party__code").values_list("place_id", "topic", "party_id"):
        if party_id in by_id:
            duties.setdefault(place_id, []).append((topic, party_id))
    return Register(by_id=by_id, by_code={party.code: party.id for party in by_id.values()}, duties=duties)


@dataclass(frozen=True, slots=True)
class PostView:
    """A post of a party; the name of its holder is masked, "" where it is vacant."""

    id: UUID
    title_zh: str
    title_en: str
    holder: str
    from_on: date
    until_on: date | None


def posts_of(party_id: UUID) -> list[PostView]:
    """Return the posts of a party, those held now first, then by the day they began."""
    rows = Post.objects.filter(party_id=party_id).order_by(F("until_on").desc(nulls_first=True), "from_on", "id")
    columns = ("id", "title_zh", "title_en", "person__name", "from_on", "until_on")
    return [
        PostView(post_id, zh, en, people.masked(name or ""), since, until)
        for post_id, zh, en, name, since, until in rows.values_list(*columns)
    ]


def kinds() -> tuple[str, ...]:
    """Return the kinds of organisation that a party may be."""
    return tuple(str(kind) for kind in PartyKind)
