"""When, where, by whom and about what requests arrive."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

import numpy as np
import shapely
from shapely.strtree import STRtree

from banyan.base.rng import stream
from banyan.demo import names
from banyan.demo.catalogue import Service, services
from banyan.demo.geometry import Building, Street, Town
from banyan.demo.geometry.terrain import METRES_PER_DEGREE, Floats
from banyan.demo.names import Name
from banyan.demo.parties import Organisation, Resident
from banyan.demo.requests_model import phrases
from banyan.demo.requests_model.happenings import Report
from banyan.demo.requests_model.parameters import AGEING_GROUPS, HOURS, INCLINATION, MIX, RAIN, WEEK, Parameters

#: Groups whose requests are about a house; all others about a street, save HOUSE_SERVICES and river_litter.
HOUSE_GROUPS = frozenset(
    {"lifts", "building_fabric", "plumbing_electrics", "estate_services", "elder_care", "home_services",
     "community_life", "voice"}
)  # fmt: skip
HOUSE_SERVICES = frozenset({"power_cut", "gas_smell", "wall_falling", "fire_hazard", "person_missing"})
STREET_WEIGHT = {"avenue": 1.4, "road": 1.2, "street": 1.5, "lane": 1.0, "bridge": 0.5}


@dataclass(frozen=True, slots=True)
class Arrival:
    """A report, the instant it was made (aware, UTC) and the service it is really about, whatever was picked."""

    at: datetime
    report: Report
    service: str


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a request points to."""

    grid: str
    building: str
    name: Name
    lon: float
    lat: float


class Arrivals:
    """Draws the arrivals of one town: an inhomogeneous Poisson flow, thicker on rain days, with clusters at lifts."""

    def __init__(self, town: Town, organisation: Organisation, *, parameters: Parameters, zone: ZoneInfo) -> None:
        self._town, self._organisation, self._parameters, self._zone = town, organisation, parameters, zone
        self._grids = STRtree([shapely.Polygon(grid.ring) for grid in town.grids])
        self._lived_in = [building for building in town.buildings if building.n_dwellings]

    def draw(self, days: Sequence[date]) -> list[Arrival]:
        """Draw all arrivals of consecutive days of the town, in order of time."""
        rain = weather(stream(self._town.seed, "demo", "weather"), len(days), parameters=self._parameters)
        weights = [WEEK[on.weekday()] for on in days]
        base = self._parameters.n_requests * self._town.scale / sum(weights) / sum(MIX.values())
        found: list[Arrival] = []
        for on, weight, wet in zip(days, weights, rain, strict=True):
            found += self._day(on, base * weight, wet)
        found.sort(key=lambda arrival: arrival.at)
        return found

    def _day(self, on: date, intensity: float, wet: int) -> Iterator[Arrival]:
        rng = stream(self._town.seed, "demo", "requests", on.isoformat())
        for service in services():
            mean = intensity * MIX[service.code] * RAIN.get(service.code, 1.0) ** wet
            for _ in range(int(rng.poisson(mean))):
                at = self._instant(rng, on)
                spot = self._spot(rng, service, on.year)
                yield Arrival(at, self._report(rng, service, spot, at), service.code)
                if service.code == "lift_out":
                    yield from self._followers(rng, service, spot, at)

    def _followers(self, rng: np.random.Generator, service: Service, spot: Spot, at: datetime) -> Iterator[Arrival]:
        """Neighbours who report the same lift, and now and then somebody caught in it."""
        trapped = next(s for s in services() if s.code == "lift_entrapment")
        for _ in range(int(rng.poisson(self._parameters.lift_followers))):
            about = trapped if rng.random() < self._parameters.lift_entrapment_share else service
            later = at + timedelta(hours=float(rng.uniform(0.1, self._parameters.lift_follow_hours)))
            yield Arrival(later, self._report(rng, about, spot, later), about.code)

    def _instant(self, rng: np.random.Generator, on: date) -> datetime:
        hour = int(rng.choice(24, p=np.array(HOURS) / sum(HOURS)))
        local = datetime(on.year, on.month, on.day, hour, tzinfo=self._zone) + timedelta(
            seconds=int(rng.integers(3600))
        )
        return local.astimezone(ZoneInfo("UTC"))

    def _spot(self, rng: np.random.Generator, service: Service, year: int) -> Spot:
        if service.group in HOUSE_GROUPS or service.code in HOUSE_SERVICES:
            weights = self._house_weights(service, year)
            building = self._lived_in[int(rng.choice(len(weights), p=weights))]
            return Spot(building.grid, building.code, building.name, building.lon, building.lat)
        if service.code == "river_litter":
            return self._street_spot(rng, self._banks)
        return self._street_spot(rng, self._streets)

    def _house_weights(self, service: Service, year: int) -> Floats:
        key = (service.code if service.group != "voice" else "voice", year)
        if key not in self._weights:
            raw = np.array([_need(service, building, year) for building in self._lived_in])
            self._weights[key] = raw / raw.sum()
        return self._weights[key]

    @cached_property
    def _weights(self) -> dict[tuple[str, int], Floats]:
        return {}

    @cached_property
    def _streets(self) -> tuple[list[Street], Floats]:
        streets = [street for street in self._town.streets if len(street.line) > 1]
        return streets, self._shares(streets)

    @cached_property
    def _banks(self) -> tuple[list[Street], Floats]:
        streets = [s for s in self._town.streets if s.code.startswith("binjiang") or s.kind == "bridge"]
        return streets, self._shares(streets)

    def _shares(self, streets: Sequence[Street]) -> Floats:
        lengths = np.array([shapely.LineString(s.line).length * STREET_WEIGHT[s.kind] for s in streets])
        shares: Floats = lengths / lengths.sum()
        return shares

    def _street_spot(self, rng: np.random.Generator, choice: tuple[list[Street], Floats]) -> Spot:
        """A point beside a street, on either kerb, in whichever grid it falls."""
        streets, shares = choice
        while True:
            street = streets[int(rng.choice(len(streets), p=shares))]
            line = shapely.LineString(street.line)
            point = line.interpolate(float(rng.uniform(0.02, 0.98)), normalized=True)
            aside = street.width_m / 2 * float(rng.uniform(-1, 1))
            lon = round(point.x + aside / METRES_PER_DEGREE[0], 6)
            lat = round(point.y + aside / METRES_PER_DEGREE[1], 6)
            hit = self._grids.query(shapely.Point(lon, lat), predicate="within")
            if len(hit):
                return Spot(self._town.grids[int(hit[0])].code, "", street.name, lon, lat)

    def _report(self, rng: np.random.Generator, service: Service, spot: Spot, at: datetime) -> Report:
        channel = self._channel(rng, at)
        resident = self._resident(rng, spot) if channel == "web" else None
        language = (
            resident.language if resident else "en" if rng.random() < self._parameters.english_share else "zh-hans"
        )
        filed = self._filed(rng, service)
        place = spot.name.en if language == "en" else spot.name.zh
        contact = resident is None and rng.random() < self._parameters.contact_share
        who = names.people(rng, 1)[0]
        return Report(
            service=filed.code,
            urgency=filed.default_urgency,
            channel=channel,
            language=language,
            text=phrases.report(rng, service.code, language=language, at=place),
            grid=spot.grid,
            building=spot.building,
            address=place,
            lon=spot.lon,
            lat=spot.lat,
            reporter=resident.key if resident else "",
            taken_by="" if channel == "web" else self._clerk(rng, spot, channel),
            contact_name=(who.en if language == "en" else who.zh) if contact else "",
            contact_phone=names.phone(20_000_000 + int(rng.integers(60_000_000))) if contact else "",
        )

    def _channel(self, rng: np.random.Generator, at: datetime) -> str:
        """Counters and visits keep office hours; at night people write or call."""
        channels = self._parameters.channels
        channel = str(rng.choice(list(channels), p=list(channels.values())))
        by_day = 9 <= at.astimezone(self._zone).hour < 18
        return channel if by_day or channel in {"web", "phone"} else "phone"

    def _filed(self, rng: np.random.Generator, service: Service) -> Service:
        """Now and then a reporter picks a neighbouring service of the same group."""
        siblings = [s for s in services() if s.group == service.group and s.code != service.code and s.needs_place]
        urgent = service.default_urgency in {"emergency", "high"}
        if urgent or not siblings or rng.random() >= self._parameters.misfiled_share:
            return service
        return siblings[int(rng.integers(len(siblings)))]

    def _resident(self, rng: np.random.Generator, spot: Spot) -> Resident | None:
        if rng.random() < self._parameters.without_account_share:
            return None
        near = self._by_building.get(spot.building) or self._by_grid.get(spot.grid) or self._organisation.residents
        return near[int(rng.integers(len(near)))]

    @cached_property
    def _by_building(self) -> dict[str, list[Resident]]:
        found: dict[str, list[Resident]] = {}
        for resident in self._organisation.residents:
            found.setdefault(resident.building, []).append(resident)
        return found

    @cached_property
    def _by_grid(self) -> dict[str, list[Resident]]:
        grid_of = {building.code: building.grid for building in self._town.buildings}
        found: dict[str, list[Resident]] = {}
        for resident in self._organisation.residents:
            found.setdefault(grid_of[resident.building], []).append(resident)
        return found

    def _clerk(self, rng: np.random.Generator, spot: Spot, channel: str) -> str:
        """Calls reach the town's grid centre, counters the service station, doors the grid worker."""
        if channel == "phone":
            desk = self._organisation.of_party("town_office", role="coordinator")
        elif channel == "counter":
            desk = self._organisation.of_party("station")
        else:
            community = next(grid.community for grid in self._town.grids if grid.code == spot.grid)
            desk = self._organisation.of_party(f"committee-{community}")
        return desk[int(rng.integers(len(desk)))].key


def weather(rng: np.random.Generator, n_days: int, *, parameters: Parameters) -> list[int]:
    """Draw the weather of each day: 0 dry, 1 rain, 2 storm; rain tends to follow rain (a two-state Markov chain)."""
    days, wet = [], False
    for chance, storm in rng.random((n_days, 2)):
        wet = bool(chance < (parameters.rain_after_rain_share if wet else parameters.rain_after_dry_share))
        days.append(0 if not wet else 2 if storm < parameters.storm_share else 1)
    return days


def _need(service: Service, building: Building, year: int) -> float:
    """How much a building asks for a service: doors, kind, age; lifts and estates only where there are any."""
    if service.group == "lifts" and not building.has_lift:
        return 0.0
    if service.group == "estate_services" and not building.estate:
        return 0.0
    ageing = float(np.clip((year - building.built_in) / 15, 0.4, 2.6)) if service.group in AGEING_GROUPS else 1.0
    return building.n_dwellings * INCLINATION[building.kind] * ageing
