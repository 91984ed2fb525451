"""Calendars and instants that the tests of deadlines share."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from banyan.base.calendar import ALWAYS, Calendar, Override, Period
from banyan.engines.deadlines import Clock, Pause

CHINA: Final = Calendar()
BOSTON: Final = Calendar(timezone="America/New_York", country="US", subdivision="MA")
NIGHT_SHIFT: Final = Calendar(
    timezone="America/New_York", week=((Period(0, 165), Period(1320, 1440)),) * 7, country=None
)
ISLAND: Final = Calendar(timezone="Australia/Lord_Howe", week=((Period(0, 1440),),) * 7, country=None)
ONE_MORNING: Final = Calendar(
    week=((Period(541, 600),), (), (), (), (), (), ()),
    overrides=(
        Override(date(2026, 3, 4), (Period(0, 1), Period(1, 2), Period(1439, 1440)), "drill"),
        Override(date(2026, 3, 9), (), "flood"),
    ),
)

calendars = st.sampled_from([CHINA, BOSTON, NIGHT_SHIFT, ISLAND, ONE_MORNING, ALWAYS])
instants = st.datetimes(datetime(2024, 1, 1), datetime(2026, 11, 30), timezones=st.just(UTC))


def near_the_clock_changes(days: int = 3) -> st.SearchStrategy[datetime]:
    """Instants around days on which the clocks change, a long holiday begins, or a year ends."""
    edges = [
        datetime(2026, 3, 8),
        datetime(2026, 11, 1),
        datetime(2026, 4, 5),
        datetime(2026, 2, 13),
        datetime(2025, 12, 31),
    ]
    span = timedelta(days=days)
    return st.one_of([st.datetimes(edge - span, edge + span, timezones=st.just(UTC)) for edge in edges])


def local(calendar: Calendar, text: str) -> datetime:
    """Read ``2026-02-14 09:30`` as the wall clock of a town shows it."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(calendar.timezone)).astimezone(UTC)


@st.composite
def clocks(draw: st.DrawFn, *, open_end: bool = True) -> Clock:
    """Clocks with up to three pauses, some still open, some stopped."""
    started_at = draw(instants)
    gaps = draw(st.lists(st.timedeltas(timedelta(0), timedelta(days=9)), max_size=7))
    stops: bool = draw(st.booleans())
    moments = [started_at + sum(gaps[:n], timedelta(0)) for n in range(1, len(gaps) + 1)]
    stopped_at = moments.pop() if moments and stops else None
    ends: list[datetime | None] = [*moments[1::2], None]
    pauses = tuple(Pause(began, ended, "waits for a part") for began, ended in zip(moments[::2], ends, strict=False))
    if not open_end and pauses and pauses[-1].ended_at is None:
        pauses = pauses[:-1]
    return Clock(draw(st.integers(1, 4_000)), started_at, stopped_at, pauses)
