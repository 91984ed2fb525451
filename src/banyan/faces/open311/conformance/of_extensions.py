"""Checks of what was added to GeoReport v2 in the wild; they bind only whoever offers it."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any, Final

from banyan.faces.open311.conformance.findings import Level, Look, NotApplicable, check
from banyan.faces.open311.conformance.reading import Unreadable, instant_of, read
from banyan.faces.open311.conformance.visiting import Visit, texts

_BULK: Final = (
    *("service_request_id", "requested_datetime", "updated_datetime", "status_description", "status_notes"),
    *("service_name", "address", "lat", "long"),
)


def _extension(code: str, name: str, words: str) -> Callable[[Look], Look]:
    return check(code, name, words, level=Level.EXTENSION)


@_extension("pages.size", "Extension: pagination", "page_size bounds a page, and page 2 goes on where page 1 ended.")
def _pages(visit: Visit) -> Iterable[str]:
    first = _page(visit, 1)
    whole = list(texts(visit.some_requests(2), "service_request_id"))
    second = _page(visit, 2)
    if first == second:
        yield f"page 2 repeats page 1: {first[0]}"
    elif len(second) != 1 or second[0] not in whole[:4]:
        yield f"page 2 of 1 lists {second or 'nothing'}, {whole[1]} was expected"


@_extension("pages.end", "Extension: pagination", "A page past the end is an empty list.")
def _end(visit: Visit) -> Iterable[str]:
    _page(visit, 1)
    answer = visit.get("requests", visit.forms[-1], page_size="1", page="90000")
    if answer.status != 200:
        yield f"{answer}: 200 with an empty list is needed"
    elif found := _page(visit, 90_000):
        yield f"{answer}: page 90000 of 1 lists {found[0]}"


def _page(visit: Visit, number: int) -> list[str]:
    if len(visit.some_requests(2)) < 2 or len(visit.requests(page_size="1", page="1")) != 1:
        raise NotApplicable("page_size is not offered")
    return list(texts(visit.requests(page_size="1", page=str(number)), "service_request_id"))


@_extension("extensions.fields", "Extension: extensions=true", "The added fields have the shapes that clients know.")
def _fields(visit: Visit) -> Iterable[str]:
    visit.some_requests()
    for form in visit.forms:
        found = visit.requests(form, extensions="true")
        held = [one for one in found if one.get("extended_attributes") is not None or "notes" in one]
        if not held:
            raise NotApplicable("extensions=true adds nothing")
        for one in held[:20]:
            at = f"{form}: request {one.get('service_request_id')}"
            if not isinstance(one.get("extended_attributes") or {}, Mapping):
                yield f"{at}: extended_attributes is no object"
            yield from _lists(at, one)


def _lists(at: str, one: Mapping[str, Any]) -> Iterable[str]:
    photos = (one.get("extended_attributes") or {}).get("photos") or []
    for name, members, needed in (
        ("attributes", one.get("attributes") or [], ("code", "value")),
        ("notes", one.get("notes") or [], ("datetime",)),
        ("photos", photos, ("media_url",)),
    ):
        if not isinstance(members, list):
            yield f"{at}: {name} is no list"
            continue
        for member in members:
            if not isinstance(member, Mapping) or not all(member.get(field) for field in needed):
                yield f"{at}: an entry of {name} has no {' or no '.join(needed)}"
            elif member.get("datetime") and instant_of(member["datetime"]) is None:
                yield f"{at}: the time {member['datetime']!r} of an entry of {name} has no W3C form with a zone"


@_extension("requests.updated-after", "v2.1 draft", "updated_after and updated_before narrow by updated_datetime.")
def _updated(visit: Visit) -> Iterable[str]:
    times = sorted(at for one in visit.some_requests(2) if (at := instant_of(one.get("updated_datetime"))))
    if len(times) < 2 or times[0] == times[-1]:
        raise NotApplicable("all requests were updated at once, or nobody says when")
    after = f"{times[-1]:%Y-%m-%dT%H:%M:%SZ}"
    found = visit.requests(updated_after=after)
    if len(found) >= len(times) and len(found) == len(visit.requests()):
        raise NotApplicable("updated_after is not offered")
    old = [
        one
        for one in found
        if (at := instant_of(one.get("updated_datetime"))) and at < times[-1] - timedelta(seconds=1)
    ]
    yield from (
        f"updated_after={after} lists {one.get('service_request_id')} of {one['updated_datetime']}" for one in old[:3]
    )


@_extension(
    "updates.fields", "Extension: Open311-FMS updates", "An update has its id, its request, a status and a time."
)
def _updates(visit: Visit) -> Iterable[str]:
    since = f"{visit.at - timedelta(days=7):%Y-%m-%dT%H:%M:%SZ}"
    until = f"{visit.at:%Y-%m-%dT%H:%M:%SZ}"
    for form in visit.forms:
        answer = visit.get("servicerequestupdates", form, start_date=since, end_date=until)
        if answer.status != 200:
            raise NotApplicable(f"{answer}: updates are not offered")
        try:
            found = read(answer, form)
        except Unreadable as error:
            yield f"{answer}: {error}"
            continue
        if not isinstance(found, list):
            yield f"{answer}: a list is needed"
            continue
        ids = [str(one.get("update_id")) for one in found]
        if len(set(ids)) < len(ids):
            yield f"{answer}: an update_id stands twice"
        for one in found[:200]:
            yield from (
                f"{answer}: an update has no {name}"
                for name in ("update_id", "service_request_id", "status", "updated_datetime")
                if not one.get(name)
            )
            if one.get("updated_datetime") and instant_of(one["updated_datetime"]) is None:
                yield f"{answer}: updated_datetime {one['updated_datetime']!r} has no W3C form with a zone"


@_extension("bulk.columns", "GeoReport Bulk", "The table has the columns of the specification, and times with a zone.")
def _bulk(visit: Visit) -> Iterable[str]:
    answer = visit.get("requests", "csv", start_date=f"{visit.at - timedelta(days=7):%Y-%m-%dT%H:%M:%SZ}")
    if answer.status != 200 or not answer.content_type.startswith("text/csv"):
        raise NotApplicable(f"{answer}: no table is offered")
    reader = csv.DictReader(io.StringIO(answer.body.decode("utf-8", "replace"), newline=""))
    missing = [name for name in _BULK if name not in (reader.fieldnames or ())]
    if missing:
        yield f"{answer}: the columns {', '.join(missing)} are missing"
        return
    for i, row in enumerate(reader):
        if i < 50 and instant_of(row["requested_datetime"]) is None:
            yield f"{answer}: requested_datetime {row['requested_datetime']!r} has no W3C form with a zone"
            return
