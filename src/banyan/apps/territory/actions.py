"""Changing places.  Every change grows the town's edition, so that what is kept in memory is read anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.db.models import F

from banyan.apps.audit import actions as audit
from banyan.apps.territory import rules
from banyan.apps.territory.models import Feature, Place, Region, Town
from banyan.apps.territory.queries import Growing
from banyan.base.calendar import Calendar
from banyan.base.coordinates import Bounds, System
from banyan.base.errors import InvalidInput, Problem, StaleVersion, mark
from banyan.base.words import line_problems
from banyan.kit import guard, scopes
from banyan.kit.guard import Actor, Channel


@dataclass(frozen=True, slots=True)
class NewTown:
    """What a town needs to begin.  Bounds in WGS84 degrees; `calendar` as `Calendar.to_json` writes it."""

    slug: str
    name_zh: str
    name_en: str
    bounds: tuple[float, float, float, float]
    time_zone: str = "Asia/Shanghai"
    country: str = "CN"
    calendar: Mapping[str, Any] = field(default_factory=dict)
    levels: Sequence[str] = ("community", "grid", "building")
    is_synthetic: bool = False
    region_code: str = ""


def found(new: NewTown, *, at: datetime) -> Town:
    """Found a town.  Only the command line and the demonstration do this: it stands above every town's roles.

    Raises
    ------
    InvalidInput
        Lists every problem of the slug, names, bounds, time zone, calendar and levels.
    """
    problems = rules.town_problems(new)
    if Town.objects.filter(slug=new.slug).exists():
        problems.append(Problem("slug", "taken", mark("There is a town by this name already.")))
    region = Region.objects.filter(code=new.region_code).first() if new.region_code else None
    if new.region_code and region is None:
        problems.append(Problem("region_code", "unknown", mark("There is no region with this code.")))
    if problems:
        raise InvalidInput(mark("The town"), problems)
    town = Town(
        slug=new.slug,
        name_zh=new.name_zh,
        name_en=new.name_en,
        time_zone=new.time_zone,
        country=new.country,
        calendar=dict(new.calendar),
        levels=list(new.levels),
        is_synthetic=new.is_synthetic,
        region=region,
    )
    town.min_lon, town.min_lat, town.max_lon, town.max_lat = new.bounds
    with scopes.town(town.id), scopes.action_transaction():
        town.save(force_insert=True)
        founder = Actor(channel=Channel.CLI)
        facts = {"slug": new.slug, "region": new.region_code}
        audit.record_first(
            [audit.First(actor=founder, verb="territory.founded", subject=("town", town.id), at=at, facts=facts)]
        )
    return town


@dataclass(frozen=True, slots=True)
class NewRegion:
    """A part of the country above towns, by its administrative code (GB/T 2260 in China)."""

    code: str
    level: str
    name_zh: str
    name_en: str
    parent_code: str = ""


def lay_region(new: NewRegion) -> Region:
    """Make or rename a region.  Only the command line does this: regions stand above every town and are public.

    Raises
    ------
    InvalidInput
        Lists every problem of the code, level, names and parent.
    """
    problems = [
        Problem(name, "required", mark("This is needed, with at most {limit} characters."), {"limit": limit})
        for name, limit in (("code", 40), ("level", 20), ("name_zh", 120), ("name_en", 120))
        if not 0 < len(getattr(new, name).strip()) <= limit
    ]
    problems += line_problems({name: getattr(new, name) for name in ("code", "level", "name_zh", "name_en")})
    parent = Region.objects.filter(code=new.parent_code).first() if new.parent_code else None
    if new.parent_code and (parent is None or new.parent_code == new.code):
        problems.append(Problem("parent_code", "unknown", mark("There is no region with this code.")))
    if problems:
        raise InvalidInput(mark("The region"), problems)
    words = {"level": new.level, "name_zh": new.name_zh, "name_en": new.name_en, "parent": parent}
    region: Region = Region.objects.update_or_create(code=new.code, defaults=words)[0]
    return region


@dataclass(frozen=True, slots=True)
class NewPlace:
    """One place to make or to change, named by its code; `parent_code` "" hangs it below the town itself."""

    code: str
    level: str
    name_zh: str
    name_en: str
    parent_code: str = ""
    polygon: Mapping[str, Any] | None = None
    lon: float | None = None
    lat: float | None = None
    n_dwellings: int = 0


#: Degrees, about a metre: a corner on the rim of the town may lose its last digits on the way through a file.
_RIM: Final = 1e-5


def read_places(content: bytes, *, town: Town, form: str = "geojson", system: str = "wgs84") -> list[NewPlace]:
    """Read the places of a file for a town; nothing is stored.

    Parameters
    ----------
    form
        ``geojson`` or ``csv``.
    system
        Coordinate system of the file: wgs84, gcj02 or bd09.  What is returned is WGS84.

    Raises
    ------
    InvalidInput
        Lists every problem of the file and of every place in it.
    """
    problems = []
    if form not in rules.FORMS:
        problems.append(Problem("form", "unknown", mark("A file of places is GeoJSON or CSV.")))
    if system not in set(System):
        value = {"value": system[:40]}
        sentence = mark("There is no coordinate system “{value}”.")
        problems.append(Problem("coordinate_system", "unknown", sentence, value))
    if problems:
        raise InvalidInput(mark("The places"), problems)
    bounds = Bounds(
        west=town.min_lon - _RIM, south=town.min_lat - _RIM, east=town.max_lon + _RIM, north=town.max_lat + _RIM
    )
    rows, problems = rules.read(content, form=form, system=System(system), bounds=bounds)
    places = [NewPlace(**row) for row in rows]
    held = dict(Place.objects.values_list("code", "path"))
    try:
        rules.paths(places, held=held, levels=town.levels)
    except InvalidInput as error:
        problems += error.problems
    if problems:
        raise InvalidInput(mark("The places"), problems)
    return places


def lay_out(*, actor: Actor, town: Town, places: Sequence[NewPlace], at: datetime) -> int:
    """Make or change places of the town in scope; return how many changed.

    Raises
    ------
    InvalidInput
        Lists every problem of every place; nothing is changed.
    """
    guard.authorise(actor, "territory.edit", subject=guard.Subject())
    with scopes.action_transaction():
        hold(town)
        held = {place.code: place for place in Place.objects.select_for_update()}
        paths = rules.paths(places, held={code: place.path for code, place in held.items()}, levels=town.levels)
        fresh, changed = list[Place](), list[Place]()
        for new in places:
            row = _filled(held.get(new.code), new, path=paths[new.code])
            (changed if new.code in held else fresh).append(row)
            held[new.code] = row
        for row, new in zip([held[new.code] for new in places], places, strict=True):
            row.parent = held.get(new.parent_code)
        for depth in sorted({row.path.count("/") for row in fresh}):
            Place.objects.bulk_create([row for row in fresh if row.path.count("/") == depth], batch_size=500)
        Place.objects.bulk_update(
            changed,
            ["parent", "level", "path", "name_zh", "name_en", "polygon", "lon", "lat", "n_dwellings", "is_active"],
            batch_size=200,
        )
        audit.record(
            actor=actor,
            verb="territory.laid_out",
            subject=("town", town.id),
            at=at,
            facts={"n_new": len(fresh), "n_changed": len(changed), "digest": rules.digest(places)},
        )
        grow_edition(town)
    return len(fresh) + len(changed)


def _filled(row: Place | None, new: NewPlace, *, path: str) -> Place:
    row = row or Place(code=new.code)
    row.level, row.path, row.is_active = new.level, path, True
    row.name_zh, row.name_en, row.n_dwellings = new.name_zh, new.name_en, new.n_dwellings
    row.polygon = dict(new.polygon) if new.polygon is not None else None
    centre = rules.centre(new.polygon) if new.polygon is not None and new.lon is None else (new.lon, new.lat)
    row.lon, row.lat = centre
    return row


@dataclass(frozen=True, slots=True)
class NewFeature:
    """Something to draw on the map, named by kind and code."""

    kind: str
    code: str
    geometry: Mapping[str, Any]
    name_zh: str = ""
    name_en: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)


def draw(*, actor: Actor, town: Town, features: Sequence[NewFeature], at: datetime) -> int:
    """Add or replace what is drawn on the town's map; return how many.  Same errors as `lay_out`."""
    guard.authorise(actor, "territory.edit", subject=guard.Subject())
    checked = (rules.geometry_problem(f"features[{i}].geometry", new.geometry) for i, new in enumerate(features))
    problems = [problem for problem in checked if problem]
    if problems:
        raise InvalidInput(mark("The map"), problems)
    with scopes.action_transaction():
        hold(town)
        Feature.objects.bulk_create(
            [
                Feature(
                    kind=new.kind,
                    code=new.code,
                    name_zh=new.name_zh,
                    name_en=new.name_en,
                    geometry=dict(new.geometry),
                    attributes=dict(new.attributes),
                )
                for new in features
            ],
            update_conflicts=True,
            unique_fields=["town", "kind", "code"],
            update_fields=["name_zh", "name_en", "geometry", "attributes"],
            batch_size=500,
        )
        audit.record(actor=actor, verb="territory.drawn", subject=("town", town.id), at=at, facts={"n": len(features)})
        grow_edition(town)
    return len(features)


def keep_calendar(
    *, actor: Actor, town: Town, calendar: Mapping[str, Any], at: datetime, edition: int | None = None
) -> None:
    """Give the town in scope another business calendar, as `Calendar.to_json` writes it.

    Clocks that run keep the deadlines they have; whatever is started or resumed from now on follows the new calendar.
    `edition` is the one of the town whose calendar the caller changed, None to keep the new one whatever came between.

    Raises
    ------
    StaleVersion
        The town is not at that edition any more; it keeps the calendar it has.
    InvalidInput
        Lists every problem of the calendar; the town keeps the one it has.
    """
    guard.authorise(actor, "territory.edit", subject=guard.Subject())
    Calendar.from_json(calendar)
    with scopes.action_transaction():
        hold(town)
        current = Town.objects.values_list("edition", flat=True).get(id=town.id)
        if edition is not None and edition != current:
            raise StaleVersion(held=edition, current=current)
        Town.objects.filter(id=town.id).update(calendar=dict(calendar))
        facts = {"calendar": dict(calendar)}
        audit.record(actor=actor, verb="territory.calendar_kept", subject=("town", town.id), at=at, facts=facts)
        grow_edition(town)


def hold(town: Town) -> None:
    """Lock the row of a town, so that two changes of the town itself come one after the other in its history."""
    Town.objects.select_for_update().filter(id=town.id).values_list("id").first()


def grow_edition(town: Town) -> None:
    """Tell every process that territory, parties or catalogue of this town changed; other apps call it too."""
    Town.objects.filter(id=town.id).update(edition=F("edition") + 1)
    town.refresh_from_db(fields=["edition", "calendar"])  # what is kept at an edition is made from both
    transaction.on_commit(Growing(town.id))
