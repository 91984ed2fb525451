"""How the export of another system becomes cases: profiles, local times, rows."""

from banyan.apps.service_requests.rules.imports.cases import QUIRKS, Case, Read, read_case
from banyan.apps.service_requests.rules.imports.profiles import Extra, Profile, SourceService, read_profile, slug
from banyan.apps.service_requests.rules.imports.times import LocalTimes, Skipped

__all__ = [
    "Case",
    "Extra",
    "LocalTimes",
    "Profile",
    "QUIRKS",
    "Read",
    "Skipped",
    "SourceService",
    "read_case",
    "read_profile",
    "slug",
]
