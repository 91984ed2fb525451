"""Public holidays and moved working days, as the `holidays` package knows them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache, lru_cache
from typing import Any, Final

from banyan.base.calendar.hours import FIRST_YEAR, LAST_YEAR
from banyan.base.imports import alone

#: Countries whose governments publish moved working days year by year and of which the package follows the notices.
MOVE_DAYS_BY_YEARLY_NOTICE: Final = frozenset({"AZ", "BY", "CN", "HU", "KG", "KZ", "LV", "MM", "RU", "UZ", "VN"})


@lru_cache(maxsize=1024)
def public_days(
    country: str, subdivision: str | None, *, year: int, language: str = ""
) -> tuple[Mapping[date, str], frozenset[date]]:
    """Free days with their names and weekend days that are worked, of one year.

    `language` ("" is the country's own) is one of the package's, such as ``en_US``.  Left alone, the package would take
    the language of the machine.
    """
    kind = _calendar_of(country)
    spoken = language if language in (kind.supported_languages or ()) else kind.default_language
    known = kind(subdiv=subdivision, years=year, language=spoken)
    moved = getattr(known, "weekend_workdays", None) or ()
    free = {on: name for on, name in known.items() if on.year == year}
    return free, frozenset(on for on in moved if on.year == year)


@cache
def _calendar_of(country: str) -> Any:
    """Return the package's calendar of one country, and import only that.

    Asked in its own way, the package imports the calendars of all countries: half a second, and 7 MiB in each process.
    """
    import holidays.registry  # nobody should pay for it who needs no holidays

    registered = holidays.registry.COUNTRIES.items()
    found = next(((module, names[0]) for module, names in registered if country in names[1:]), None)
    if found is None:
        raise NotImplementedError(country)
    return getattr(alone(f"holidays.countries.{found[0]}"), found[1])


@lru_cache(maxsize=64)
def last_year_with_moved_days(country: str) -> int:
    """Return the last year with known moved working days; the year before `FIRST_YEAR` where there is none."""
    years = range(FIRST_YEAR, LAST_YEAR + 1)
    return max((year for year in years if public_days(country, None, year=year)[1]), default=FIRST_YEAR - 1)


@lru_cache(maxsize=256)
def is_known(country: str, subdivision: str | None) -> bool:
    """Say whether the package knows the holidays of a country (ISO 3166-1 alpha-2) and its subdivision."""
    if len(country) != 2 or not country.isupper() or subdivision == "":
        return False
    try:
        public_days(country, subdivision, year=2024)
    except NotImplementedError:
        return False
    return True
