"""Who works in the demonstration town, who answers for what, and who lives there.  All invented.

Kinds of party and topics are those of the catalogue: a duty is (place, topic), topic "" is whatever the kind does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from banyan.base.rng import stream
from banyan.demo import names
from banyan.demo.geometry import Town
from banyan.demo.geometry.housing import largest_remainder
from banyan.demo.names import Name

#: Shown with the demonstration accounts; it opens nothing but invented data.
DEMONSTRATION_PASSWORD: Final = "rongjiang-demo"  # noqa: S105
#: Registered residents per dwelling.
RESIDENTS_PER_DWELLING: Final = 0.1
#: Share of residents who rent, and who prefer English.
TENANT_SHARE, ENGLISH_SHARE = 0.34, 0.05

PROPERTY_COMPANIES: Final = {
    "banyan_property": Name("大榕树物业服务有限公司", "Great Banyan Property Services"),
    "river_bay_property": Name("江湾物业服务有限公司", "River Bay Property Services"),
    "south_bridge_property": Name("桥南物业服务有限公司", "South Bridge Property Services"),
}
CONTRACTORS: Final = {
    "lift_contractor": (Name("平步电梯维保有限公司", "Steady Step Lift Maintenance"), ("lifts",)),
    "plumbing_contractor": (Name("通达水电维修队", "Tongda Plumbing and Electrics"), ("plumbing_electrics",)),
    "green_clean_contractor": (
        Name("绿洁园林环卫有限公司", "Green and Clean Services"),
        ("greening", "city_appearance", "appearance_hygiene", "advertising"),
    ),
    "lighting_contractor": (Name("明路照明工程有限公司", "Bright Road Lighting"), ("street_lighting",)),
}


@dataclass(frozen=True, slots=True)
class Party:
    """An organisation with its duties: (code of the place, topic)."""

    code: str
    kind: str
    name: Name
    phone: str
    answers_for: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody on the staff: post, role (worker, coordinator, manager, operator, auditor), party, area ("": town)."""

    key: str
    role: str
    name: Name
    title: Name
    party: str
    place: str
    email: str
    phone: str
    is_demonstration: bool


@dataclass(frozen=True, slots=True)
class Resident:
    """Somebody who lives here and has an account; `language` is zh-hans or en."""

    key: str
    name: Name
    email: str
    phone: str
    building: str
    dwelling: str
    is_tenant: bool
    language: str
    is_demonstration: bool


@dataclass(frozen=True, slots=True)
class Organisation:
    """All parties, staff and residents of a town."""

    parties: tuple[Party, ...]
    staff: tuple[Member, ...]
    residents: tuple[Resident, ...]

    def answering(self, chain: Sequence[str], *, kinds: Sequence[str], topic: str) -> str:
        """Return the code of the party that answers at the nearest place of `chain`, or "".

        Kinds are tried in order, for each the nearest place first, a duty for the topic before a general one: the same
        rule by which the platform suggests a party.
        """
        held = {(p.kind, place, t): p.code for p in reversed(self.parties) for place, t in p.answers_for}
        keys = ((kind, place, t) for kind in kinds for place in chain for t in (topic, ""))
        return next((held[key] for key in keys if key in held), "")

    def of_party(self, code: str, *, role: str = "worker") -> tuple[Member, ...]:
        """Return the staff of a party in a role."""
        return tuple(member for member in self.staff if member.party == code and member.role == role)


def organise(town: Town) -> Organisation:
    """Plan who works and lives in a town; same town, same people."""
    parties = tuple(_parties(town))
    staff = tuple(_staff(town, parties))
    return Organisation(parties, staff, tuple(_residents(town)))


def _parties(town: Town) -> Iterable[Party]:
    everywhere = tuple(community.code for community in town.communities)
    whole = tuple((code, "") for code in everywhere)
    phone = (names.phone(90_000_000 + n) for n in range(1000))
    yield Party("town_office", "town_office", Name("榕江镇人民政府", "Rongjiang Town Office"), next(phone), whole)
    yield Party("municipal", "municipal", Name("榕江市政服务所", "Rongjiang Municipal Services"), next(phone), whole)
    yield Party(
        "safety", "safety", Name("榕江应急与消防安全站", "Rongjiang Fire and Safety Station"), next(phone), whole
    )
    yield Party("station", "service_station", Name("榕江星火服务站", "Spark Service Station"), next(phone), whole)
    for community in town.communities:
        village = community.level == "village"
        suffix = Name("村民委员会", " Villagers' Committee") if village else Name("居民委员会", " Residents' Committee")
        name = Name(community.name.zh + suffix.zh, _short(community.name.en) + suffix.en)
        kind = "village_committee" if village else "residents_committee"
        yield Party(f"committee-{community.code}", kind, name, next(phone), ((community.code, ""),))
    for code, name in PROPERTY_COMPANIES.items():
        duties = tuple((estate.grid, "") for estate in town.estates if estate.property_company == code)
        yield Party(code, "property_company", name, next(phone), duties)
    for estate in town.estates:
        if estate.property_company:
            name = Name(f"{estate.name.zh}业主委员会", f"{estate.name.en} Owners' Committee")
            yield Party(f"owners-{estate.grid}", "owners_committee", name, next(phone), ((estate.grid, ""),))
    for code, (name, topics) in CONTRACTORS.items():
        duties = tuple((place, topic) for place in everywhere for topic in topics)
        yield Party(code, "contractor", name, next(phone), duties)


def _short(name: str) -> str:
    return name.removesuffix(" Community").removesuffix(" Village")


#: Kind of party -> posts: role, title, how many.
POSTS: Final[Mapping[str, tuple[tuple[str, Name, int], ...]]] = {
    "town_office": (
        ("coordinator", Name("镇网格中心调度员", "Dispatcher, town grid centre"), 2),
        ("worker", Name("镇执法与建设专员", "Officer for works and order"), 3),
    ),
    "municipal": (("worker", Name("市政维护员", "Municipal maintenance worker"), 5),),
    "safety": (("worker", Name("安全巡查员", "Safety inspector"), 4),),
    "service_station": (("worker", Name("服务专员", "Service station clerk"), 3),),
    "residents_committee": (
        ("coordinator", Name("社区网格长", "Community grid leader"), 2),
        ("worker", Name("网格员", "Grid worker"), 4),
    ),
    "village_committee": (
        ("coordinator", Name("村网格长", "Village grid leader"), 2),
        ("worker", Name("村网格员", "Village grid worker"), 3),
    ),
    "property_company": (
        ("coordinator", Name("物业项目经理", "Property manager"), 1),
        ("worker", Name("物业工程与客服", "Property staff"), 6),
    ),
    "owners_committee": (("worker", Name("业委会秘书", "Secretary of the owners' committee"), 1),),
    "contractor": (("worker", Name("维保人员", "Maintenance worker"), 3),),
}
#: The accounts that the demonstration shows: role, mailbox, party code, area, title.
DEMONSTRATION: Final = (
    ("worker", "worker", "banyan_property", "", Name("物业维修员", "Property maintenance worker")),
    ("coordinator", "coordinator", "committee-rongyin", "rongyin", Name("榕荫社区网格长", "Grid leader of Rongyin")),
    ("manager", "manager", "town_office", "", Name("榕江镇管理员", "Town manager")),
    ("operator", "operator", "town_office", "", Name("多镇运营人员", "Operator of several towns")),
    ("auditor", "auditor", "town_office", "", Name("审计员", "Auditor")),
)


def _staff(town: Town, parties: Sequence[Party]) -> Iterable[Member]:
    posts = [(p, role, title) for p in parties for role, title, n in POSTS[p.kind] for _ in range(n)]
    drawn = names.people(stream(town.seed, "demo", "staff"), len(posts) + len(DEMONSTRATION))
    numbers: dict[str, int] = {}
    for k, (party, role, title) in enumerate(posts):
        stem = f"{party.code}-{role}"
        numbers[stem] = numbers.get(stem, 0) + 1
        key = f"{stem}-{numbers[stem]}"
        place = _area(party) if role == "coordinator" else ""
        yield Member(
            key, role, drawn[k], title, party.code, place, names.email(key), names.phone(91_000_000 + k), False
        )
    for k, (role, mailbox, party_code, place, title) in enumerate(DEMONSTRATION, start=2):
        name = drawn[len(posts) + k - 2]
        key = f"demo-{mailbox}"
        yield Member(key, role, name, title, party_code, place, names.email(mailbox), names.phone(k), True)


def _area(party: Party) -> str:
    """A committee coordinates its community; the town office and a property company act by party, not by area."""
    return party.answers_for[0][0] if party.kind in {"residents_committee", "village_committee"} else ""


def _residents(town: Town) -> Iterable[Resident]:
    n = max(1, round(RESIDENTS_PER_DWELLING * town.n_dwellings))
    rng = stream(town.seed, "demo", "residents")
    homes = np.array([building.n_dwellings for building in town.buildings], dtype=np.float64)
    drawn = names.people(rng, n)
    tenants, english = rng.random(n) < TENANT_SHARE, rng.random(n) < ENGLISH_SHARE
    k = 0
    for building, n_here in zip(town.buildings, largest_remainder(homes, n), strict=True):
        doors = list(building.dwellings())
        for door in sorted(rng.choice(len(doors), size=min(int(n_here), len(doors)), replace=False)) if n_here else ():
            shown = k == 0
            key = "demo-resident" if shown else f"resident-{k:05d}"
            phone, email = names.phone(1 if shown else 10_000_000 + k), names.email("resident" if shown else key)
            language = "en" if english[k] and not shown else "zh-hans"
            yield Resident(
                key, drawn[k], email, phone, building.code, doors[int(door)], bool(tenants[k]), language, shown
            )
            k += 1
