"""Publishing the service catalogue: an edit makes a new version, open requests keep theirs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from banyan.apps.audit import actions as audit
from banyan.apps.parties import queries as parties
from banyan.apps.service_requests.models import Service
from banyan.apps.service_requests.rules import CLOCKS, Kind, Urgency, attributes, catalogue_files
from banyan.apps.territory import actions as territory
from banyan.apps.territory.queries import Town
from banyan.base.errors import InvalidInput, Problem, mark
from banyan.kit import guard, scopes
from banyan.kit.guard import Actor


@dataclass(frozen=True, slots=True)
class NewService:
    """One service of a catalogue file.  `targets`: urgency -> clock -> working minutes.

    `attributes`: as `rules.attributes` says; None leaves those that the service has.
    """

    code: str
    kind: str
    group: str
    group_zh: str
    group_en: str
    name_zh: str
    name_en: str
    description_zh: str = ""
    description_en: str = ""
    keywords_zh: str = ""
    keywords_en: str = ""
    default_urgency: str = "normal"
    is_clock_always_on: bool = False
    targets: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    responsible_kinds: Sequence[str] = ()
    needs_place: bool = True
    advises_photo: bool = True
    source: str = ""
    is_active: bool = True
    attributes: Sequence[Mapping[str, Any]] | None = None


def publish_catalogue(*, actor: Actor, town: Town, services: Sequence[NewService], at: datetime) -> int:
    """Publish services: what is new or changed gets a new version, what is the same stays; return how many changed.

    Raises
    ------
    InvalidInput
        Lists every problem of every service; nothing is changed.
    """
    guard.authorise(actor, "service_requests.edit_catalogue", subject=guard.Subject())
    problems = catalogue_problems(services)
    if problems:
        raise InvalidInput(mark("The catalogue"), problems)
    with scopes.action_transaction():
        territory.hold(town)
        held = {service.code: service for service in Service.objects.select_for_update().filter(is_current=True)}
        changed = [new for new in services if not _is_same(held.get(new.code), new)]
        codes = [new.code for new in changed]
        Service.objects.filter(is_current=True, code__in=codes).update(is_current=False)
        Service.objects.bulk_create(
            [
                Service(
                    version=held[new.code].version + 1 if new.code in held else 1,
                    created_at=at,
                    **_columns(new, held.get(new.code)),
                )
                for new in changed
            ]
        )
        if changed:
            audit.record(
                actor=actor,
                verb="service_requests.catalogue_published",
                subject=("town", town.id),
                at=at,
                facts={"codes": codes},
            )
            territory.grow_edition(town)
    return len(changed)


def read_catalogue(content: bytes, *, form: str = "json") -> list[NewService]:
    """Read the services of a file, ``json`` or ``csv``; nothing is stored.

    Raises
    ------
    InvalidInput
        Lists every problem of the file and of every service in it.
    """
    rows, problems = catalogue_files.read(content, form=form)
    services = [NewService(**row) for row in rows]
    known = {(one.where, one.code) for one in problems}
    problems += [one for one in catalogue_problems(services) if (one.where, one.code) not in known]
    if problems:
        raise InvalidInput(mark("The catalogue"), problems)
    return services


def _columns(new: NewService, held: Service | None) -> dict[str, Any]:
    words = asdict(new)
    if new.attributes is None:
        words["attributes"] = held.attributes if held is not None else []
    else:
        words["attributes"], _ = attributes.read_attributes(list(new.attributes))
    words["targets"] = {urgency: dict(clocks) for urgency, clocks in new.targets.items()}
    words["responsible_kinds"] = list(new.responsible_kinds)
    return words


def _is_same(held: Service | None, new: NewService) -> bool:
    return held is not None and all(getattr(held, name) == value for name, value in _columns(new, held).items())


def catalogue_problems(services: Sequence[NewService]) -> list[Problem]:
    """Return every problem of a catalogue: codes, kinds, names in both languages, targets."""
    problems, seen = [], set[str]()
    for i, new in enumerate(services):
        at = f"services[{i}]"
        if not new.code or len(new.code) > 60:
            problems.append(Problem(f"{at}.code", "required", mark("A code of 1 to 60 characters is needed.")))
        if new.code in seen:
            problems.append(
                Problem(f"{at}.code", "doubled", mark("The code {code} is used twice."), {"code": new.code})
            )
        seen.add(new.code)
        if new.kind not in set(Kind):
            problems.append(Problem(f"{at}.kind", "unknown", mark("There is no kind “{value}”."), {"value": new.kind}))
        if not (new.name_zh.strip() and new.name_en.strip()):
            problems.append(Problem(f"{at}.name", "required", mark("A name is needed in both languages.")))
        if new.default_urgency not in set(Urgency):
            value = {"value": new.default_urgency}
            problems.append(Problem(f"{at}.default_urgency", "unknown", mark("There is no urgency “{value}”."), value))
        problems += [
            Problem(f"{at}.responsible_kinds", "unknown", mark("There is no kind of party “{kind}”."), {"kind": kind})
            for kind in new.responsible_kinds
            if kind not in parties.kinds()
        ]
        problems += _target_problems(at, new.targets)
        problems += attributes.read_attributes(list(new.attributes or ()), at=f"{at}.attributes")[1]
    return problems


def _target_problems(at: str, targets: Mapping[str, Mapping[str, int]]) -> list[Problem]:
    return [
        Problem(
            f"{at}.targets.{urgency}.{clock}",
            "invalid",
            mark("A target is whole minutes, 1 or more, for a known clock."),
        )
        for urgency, clocks in targets.items()
        for clock, minutes in clocks.items()
        if urgency not in set(Urgency) or clock not in CLOCKS or not isinstance(minutes, int) or minutes < 1
    ]
