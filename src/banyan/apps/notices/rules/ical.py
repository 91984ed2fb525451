"""Announcements as a calendar that programs subscribe to.

Source: RFC 5545 (iCalendar): folding 3.1, text 3.3.11, VTIMEZONE 3.6.5, UID 3.8.4.7, SEQUENCE 3.8.7.4, STATUS 3.8.1.11;
RFC 7986 for NAME and REFRESH-INTERVAL.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a calendar.  An entry without `until_at` is an instant."""

    uid: str
    sequence: int
    changed_at: datetime
    from_at: datetime
    until_at: datetime | None
    title: str
    text: str
    place: str
    url: str
    kind: str
    is_cancelled: bool


def calendar(entries: Sequence[Entry], *, name: str, zone_name: str, language: str) -> bytes:
    """Return a calendar file in UTF-8 with CRLF, its times in the town's zone with the zone's rules beside them."""
    zone = ZoneInfo(zone_name)
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Banyan//Announcements//EN", "CALSCALE:GREGORIAN"]
    lines += ["METHOD:PUBLISH", f"NAME:{_text(name)}", f"X-WR-CALNAME:{_text(name)}", f"X-WR-TIMEZONE:{zone_name}"]
    lines += ["REFRESH-INTERVAL;VALUE=DURATION:PT1H", "X-PUBLISHED-TTL:PT1H"]
    instants = [at for entry in entries for at in (entry.from_at, entry.until_at) if at is not None]
    if instants:
        lines += _zone(zone, zone_name, first=min(instants), last=max(instants))
    for entry in entries:
        lines += _event(entry, zone, zone_name, language)
    lines.append("END:VCALENDAR")
    return "".join(f"{_folded(line)}\r\n" for line in lines).encode()


def _event(entry: Entry, zone: ZoneInfo, zone_name: str, language: str) -> Iterator[str]:
    yield "BEGIN:VEVENT"
    yield f"UID:{entry.uid}"
    yield f"SEQUENCE:{entry.sequence}"
    yield f"DTSTAMP:{_utc(entry.changed_at)}"
    yield f"LAST-MODIFIED:{_utc(entry.changed_at)}"
    yield f"DTSTART;TZID={zone_name}:{_local(entry.from_at, zone)}"
    if entry.until_at is not None:
        yield f"DTEND;TZID={zone_name}:{_local(entry.until_at, zone)}"
    yield f"SUMMARY;LANGUAGE={language}:{_text(entry.title)}"
    yield f"DESCRIPTION;LANGUAGE={language}:{_text(entry.text)}"
    yield f"LOCATION;LANGUAGE={language}:{_text(entry.place)}"
    yield f"URL:{entry.url}"
    yield f"CATEGORIES:{_text(entry.kind)}"
    yield f"STATUS:{'CANCELLED' if entry.is_cancelled else 'CONFIRMED'}"
    yield "TRANSP:TRANSPARENT"
    yield "END:VEVENT"


def _zone(zone: ZoneInfo, name: str, *, first: datetime, last: datetime) -> Iterator[str]:
    """Write the zone's offsets over the time of the entries: one observance for each change, the first since before."""
    yield "BEGIN:VTIMEZONE"
    yield f"TZID:{name}"
    day = (first - timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    yield from _observance(day, zone, before=_offset(day, zone))
    while day < last + timedelta(days=1):
        following = day + timedelta(days=1)
        if _offset(day, zone) != _offset(following, zone):
            yield from _observance(_change(day, following, zone), zone, before=_offset(day, zone))
        day = following
    yield "END:VTIMEZONE"


def _change(low: datetime, high: datetime, zone: ZoneInfo) -> datetime:
    while high - low > timedelta(minutes=1):
        middle = low + (high - low) / 2
        low, high = (middle, high) if _offset(middle, zone) == _offset(low, zone) else (low, middle)
    return high.replace(second=0, microsecond=0)


def _observance(at: datetime, zone: ZoneInfo, *, before: timedelta) -> Iterator[str]:
    local = at.astimezone(zone)
    kind = "DAYLIGHT" if local.dst() else "STANDARD"
    yield f"BEGIN:{kind}"
    # The onset is written in the local time that held until then (3.6.5).
    yield f"DTSTART:{(at.astimezone(UTC) + before).strftime('%Y%m%dT%H%M%S')}"
    yield f"TZOFFSETFROM:{_signed(before)}"
    yield f"TZOFFSETTO:{_signed(_offset(at, zone))}"
    yield f"TZNAME:{local.tzname()}"
    yield f"END:{kind}"


def _offset(at: datetime, zone: ZoneInfo) -> timedelta:
    return at.astimezone(zone).utcoffset() or timedelta(0)


def _signed(offset: timedelta) -> str:
    minutes = round(offset.total_seconds() / 60)
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}{abs(minutes) % 60:02d}"


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def _local(at: datetime, zone: ZoneInfo) -> str:
    return at.astimezone(zone).strftime("%Y%m%dT%H%M%S")


def _text(words: str) -> str:
    escaped = words.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return escaped.replace("\r\n", "\\n").replace("\n", "\\n").replace("\r", "\\n")


def _folded(line: str) -> str:
    """Fold a line at 75 octets without breaking a character."""
    parts, held, room = [], "", 75
    for character in line:
        if len((held + character).encode()) > room:
            parts.append(held)
            held, room = "", 74
        held += character
    return "\r\n ".join([*parts, held])
