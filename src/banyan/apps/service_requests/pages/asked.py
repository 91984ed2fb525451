"""What a reader of the board asks for: read from the address, kept in it, undone one by one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from banyan.apps.parties import queries as parties
from banyan.apps.service_requests import queries
from banyan.apps.service_requests.queries import Filter
from banyan.apps.service_requests.rules import ENDED, OPEN, Kind, Status, Urgency
from banyan.apps.territory import queries as territory
from banyan.apps.territory.queries import Town
from banyan.kit.guard import Actor, Reach

#: The queues of the board: the states that wait for the same hand.
QUEUES: Final[Mapping[str, frozenset[Status]]] = {
    "triage": frozenset({Status.RECEIVED}),
    "dispatch": frozenset({Status.TRIAGED, Status.REOPENED, Status.RETURNED}),
    "parties": frozenset({Status.DISPATCHED, Status.ACCEPTED, Status.IN_PROGRESS, Status.PAUSED}),
    "verify": frozenset({Status.RESOLVED, Status.VERIFIED}),
    "parked": frozenset({Status.PARKED}),
    "overdue": OPEN,
    "open": OPEN,
    "ended": ENDED,
}
#: Queues in which the whole clock runs, so that they can be put in its order.
WITH_CLOCK: Final = frozenset({"triage", "dispatch", "parties", "overdue", "open"})
#: A group of services in the place of one service.
GROUP: Final = "group:"
_LONGEST: Final = 400


@dataclass(frozen=True, slots=True)
class Asked:
    """What stands in the address of the board; "" asks for nothing.  Unknown words are dropped, never obeyed."""

    queue: str = ""
    service: str = ""
    """A code of the catalogue, or ``group:`` and a group."""
    place: str = ""
    """A code of the tree."""
    party: str = ""
    urgency: str = ""
    kind: str = ""
    q: str = ""
    mine: str = ""
    order: str = ""
    view: str = ""
    cursor: str = ""

    @property
    def by_clock(self) -> bool:
        """Say whether the list stands in the order of the whole clock."""
        return self.queue in WITH_CLOCK and (self.order == "clock" or (self.queue == "overdue" and not self.order))

    def without(self, *names: str) -> Asked:
        """Return the same without some words, from the first page on."""
        return replace(self, cursor="", **dict.fromkeys(names, ""))

    def having(self, **words: str) -> Asked:
        """Return the same with some words changed, from the first page on."""
        return replace(self, **{"cursor": "", **words})

    def search(self) -> str:
        """Return the query part of the address, with its question mark; "" where nothing is asked."""
        held = {name: value for name in self.__slots__ if (value := getattr(self, name))}
        return f"?{urlencode(held)}" if held else ""

    @property
    def is_narrowed(self) -> bool:
        """Say whether any filter is set."""
        return any((self.service, self.place, self.party, self.urgency, self.kind, self.q, self.mine))


def read(words: Mapping[str, str], *, town: Town) -> Asked:
    """Read the address of the board; what the town does not know is dropped."""
    held = {field.name: words.get(field.name, "").replace("\0", "").strip()[:_LONGEST] for field in fields(Asked)}
    known: Mapping[str, bool] = {
        "queue": held["queue"] in QUEUES,
        "service": _is_service(held["service"], town=town),
        "place": held["place"] in territory.tree(town).by_code,
        "party": held["party"] in {str(party_id) for party_id in parties.register(town).by_id},
        "urgency": held["urgency"] in set(Urgency),
        "kind": held["kind"] in set(Kind),
        "mine": held["mine"] == "1",
        "order": held["order"] in queries.ORDERS,
        "view": held["view"] == "map",
    }
    return Asked(**{name: value if known.get(name, True) else "" for name, value in held.items()})


def _is_service(code: str, *, town: Town) -> bool:
    versions = queries.catalogue(town).by_id.values()
    if code.startswith(GROUP):
        return any(service.group == code.removeprefix(GROUP) for service in versions)
    return any(service.code == code for service in versions)


def as_filter(asked: Asked, *, actor: Actor, town: Town) -> Filter:
    """Return the filter that an address of the board means to this reader."""
    place = territory.tree(town).by_code.get(asked.place)
    is_group = asked.service.startswith(GROUP)
    return Filter(
        statuses=frozenset(str(status) for status in QUEUES.get(asked.queue, OPEN)),
        service_code="" if is_group else asked.service,
        group=asked.service.removeprefix(GROUP) if is_group else "",
        kind=asked.kind,
        urgency=asked.urgency,
        place_path=place.path if place else "",
        party_id=UUID(asked.party) if asked.party else None,
        handler_account_id=actor.account_id if asked.mine else None,
        is_overdue=asked.queue == "overdue",
        words=asked.q,
        order="review" if asked.queue == "parked" else "clock" if asked.by_clock else "newest",
    )


def places_within(reach: Reach, *, town: Town) -> list[territory.PlaceView]:
    """Return the places above buildings in which a reader finds requests, in the order of the tree."""
    areas = tuple(path for path, _ in reach.areas)
    everywhere = reach.everything or bool(reach.party_ids) or not areas
    return [
        place
        for place in territory.tree(town).places
        if place.level != "building" and (everywhere or place.path.startswith(areas))
    ]
