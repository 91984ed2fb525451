"""Every number of the model on one page.  All illustrative: chosen to look plausible, estimated from nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from banyan.base.errors import InvalidInput

#: Relative frequency of each service on a dry day.
MIX: Final[Mapping[str, float]] = {
    "street_light_out": 30, "lamppost_damaged": 3, "manhole_cover": 8, "drain_blocked": 14, "sewage_overflow": 7,
    "water_main": 3, "power_cut": 6, "gas_smell": 2, "public_toilet": 4, "road_surface": 18, "traffic_sign": 7,
    "bus_shelter": 4, "barrier_free": 5, "litter_bin": 14, "waste_point": 26, "river_litter": 7, "tree_dangerous": 7,
    "plants_missing": 8, "tree_trimming": 14, "bench_fitness": 11, "notice_board": 4, "littering": 34, "pests": 14,
    "cooking_fumes": 9, "stray_ads": 16, "sign_falling": 3, "works_noise": 24, "works_dust": 8, "illegal_build": 7,
    "bad_parking": 40, "shared_bikes": 18, "street_vending": 12, "public_noise": 26, "flooding": 1, "fire_hazard": 16,
    "wall_falling": 4, "person_missing": 0.6, "animal": 6, "lift_entrapment": 3, "lift_out": 22, "lift_noise": 14,
    "leak_roof": 12, "door_window": 15, "wall_crack": 5, "pipe_leak": 26, "drain_home": 24, "no_water": 9,
    "stair_light": 34, "electric_fault": 12, "access_control": 22, "estate_cleaning": 18, "estate_security": 14,
    "property_fee": 10, "elder_visit": 9, "elder_meal": 8, "elder_home": 4, "housekeeping": 9, "home_repair": 13,
    "venue_booking": 9, "children_care": 8, "neighbour_dispute": 12, "volunteering": 6, "service_complaint": 16,
    "suggestion": 22, "facility_wish": 15, "enquiry": 26, "praise": 9,
}  # fmt: skip

#: Factors on a rain day for services that rain makes more frequent; storms square them.
RAIN: Final[Mapping[str, float]] = {
    "flooding": 9, "leak_roof": 4, "drain_blocked": 3.2, "sewage_overflow": 2, "tree_dangerous": 2.2,
    "river_litter": 1.8, "power_cut": 1.5, "pipe_leak": 1.2, "manhole_cover": 1.4, "sign_falling": 1.6,
    "road_surface": 1.2, "public_noise": 0.6, "works_dust": 0.4, "street_vending": 0.5,
}  # fmt: skip

#: Relative intensity by hour of the day: mornings and evenings, little at night.
HOURS: Final = (2, 1, 1, 1, 1, 2, 6, 16, 30, 38, 36, 30, 20, 20, 28, 32, 32, 32, 34, 38, 36, 28, 16, 6)
#: Relative intensity Monday to Sunday.
WEEK: Final = (1.2, 1.08, 1.0, 1.0, 1.02, 0.9, 0.8)
#: Service groups that ageing buildings need more often: factor (age / 15 years), within (0.4, 2.6).
AGEING_GROUPS: Final = frozenset({"lifts", "building_fabric", "plumbing_electrics"})
#: Kind of building -> inclination to ask per dwelling.
INCLINATION: Final[Mapping[str, float]] = {
    "tower": 1.0, "slab": 1.0, "walkup": 1.15, "arcade": 1.6, "village_house": 1.3
}  # fmt: skip
#: Kind of party -> factor on the time it takes to handle.
PACE: Final[Mapping[str, float]] = {
    "property_company": 0.9, "contractor": 0.8, "municipal": 1.15, "safety": 0.7, "residents_committee": 0.95,
    "village_committee": 1.1, "service_station": 0.75, "town_office": 1.25, "owners_committee": 1.3,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Parameters:
    """Parameters of the model, illustrative.

    `n_requests`: expected at scale 1 over `n_days`, without clusters.  Shares in [0, 1] are probabilities per request.
    `*_ratio`: median time of a stage over its target; `*_spread`: standard deviation of its logarithm.
    """

    n_days: int = 92
    n_requests: float = 2880.0
    rain_after_dry_share: float = 0.22
    rain_after_rain_share: float = 0.55
    storm_share: float = 0.18
    channels: Mapping[str, float] = field(
        default_factory=lambda: {"web": 0.55, "phone": 0.25, "counter": 0.11, "door_to_door": 0.09}
    )
    without_account_share: float = 0.18
    contact_share: float = 0.75
    english_share: float = 0.04
    #: Reports that follow a lift out of service: Poisson mean, within so many hours, from the same house.
    lift_followers: float = 0.9
    lift_follow_hours: float = 7.0
    lift_entrapment_share: float = 0.08
    misfiled_share: float = 0.05
    urgency_changed_share: float = 0.07
    rejected_share: float = 0.035
    rejection_reopened_share: float = 0.15
    withdrawn_share: float = 0.03
    returned_share: float = 0.06
    paused_share: float = 0.11
    refuted_share: float = 0.05
    reopened_share: float = 0.035
    asked_share: float = 0.10
    informed_share: float = 0.16
    rated_share: float = 0.55
    verified_by_reporter_share: float = 0.3
    desk_ratio: float = 0.4
    desk_spread: float = 0.7
    handle_ratio: float = 0.5
    handle_spread: float = 0.8
    verify_ratio: float = 0.35
    verify_spread: float = 0.8

    def __post_init__(self) -> None:
        problems = [
            f"{name} is {getattr(self, name)}, needs 0 to 1"
            for name in self.__slots__
            if name.endswith("_share") and not 0 <= getattr(self, name) <= 1
        ]
        problems += [f"{name} needs to be above 0" for name in ("n_days", "n_requests") if not getattr(self, name) > 0]
        if abs(sum(self.channels.values()) - 1) > 1e-9:
            problems.append("channels do not add up to 1")
        if problems:
            raise InvalidInput("the parameters", problems)
