"""What a party may be."""

from __future__ import annotations

from enum import StrEnum


class PartyKind(StrEnum):
    """What kind of organisation a party is."""

    RESIDENTS_COMMITTEE = "residents_committee"
    VILLAGE_COMMITTEE = "village_committee"
    PROPERTY_COMPANY = "property_company"
    OWNERS_COMMITTEE = "owners_committee"
    CONTRACTOR = "contractor"
    SERVICE_STATION = "service_station"
    MUNICIPAL = "municipal"
    SAFETY = "safety"
    TOWN_OFFICE = "town_office"
