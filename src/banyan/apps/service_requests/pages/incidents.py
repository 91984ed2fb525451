"""Incidents: the page that everybody reads, and the staff's forms to open, change, answer and end them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from banyan.apps.audit import queries as audit
from banyan.apps.service_requests import actions, queries
from banyan.apps.service_requests.models import Incident
from banyan.apps.service_requests.pages import shared
from banyan.apps.service_requests.pages.steps import version_of
from banyan.apps.service_requests.rules import ENDED
from banyan.apps.territory import queries as territory
from banyan.base.errors import BanyanError, InvalidInput, NotFound
from banyan.kit import guard
from banyan.kit.asking import TownRequest
from banyan.kit.problem import spoken, spoken_problems

_FIELDS: Final = (*("title_zh", "title_en", "words_zh", "words_en", "place_code", "starts_at", "expected_end_at"),)


@dataclass(frozen=True, slots=True)
class Shown:
    """An incident with the words of its list."""

    row: Incident
    place: territory.PlaceView | None
    services: Sequence[queries.ServiceView]
    n_requests: int


@require_safe
def listed(request: TownRequest, town: str) -> HttpResponse:  # noqa: ARG001
    """List the incidents: those that go on, and the newest that are over."""
    now, past = queries.open_incidents(), queries.past_incidents()
    numbers = queries.n_requests_of([*now, *past])
    context = {
        "now": [_shown(one, request, n_requests=numbers.get(one.id, 0)) for one in now],
        "past": [_shown(one, request, n_requests=numbers.get(one.id, 0)) for one in past],
        "may_open": guard.may(request.actor, "service_requests.open_incident"),
    }
    return render(request, "service_requests/incidents.html", context)


@never_cache
@require_safe
def one(request: TownRequest, town: str, incident_id: UUID) -> HttpResponse:  # noqa: ARG001
    """Show one incident: to everybody what it is, to who runs it also its requests and forms."""
    return _page(request, queries.incident(incident_id))


def _page(
    request: TownRequest,
    row: Incident,
    *,
    typed: Mapping[str, Any] | None = None,
    problems: Sequence[Mapping[str, str]] = (),
    status: int = 200,
) -> HttpResponse:
    town = request.town
    runs = queries.may_run(request.actor, row, town=town)
    attached = queries.requests_of(request.actor, row, town=town) if runs else []
    proposed = queries.proposed_for(request.actor, row, town=town) if runs and row.ended_at is None else []
    moments = audit.timeline(("incident", row.id))
    context = {
        "incident": row,
        "shown": _shown(row, request, n_requests=queries.n_requests_of([row]).get(row.id, 0)),
        "runs": runs,
        "attached": _with_words(attached, request),
        "proposed": _with_words(proposed, request),
        "n_waiting": sum(1 for found in attached if found.status not in ENDED),
        "answers": [m for m in moments if m.verb == "service_requests.incident_answered" and m.words.get("answer")],
        "typed": typed or {},
        "problems": list(problems),
    }
    return render(request, "service_requests/incident.html", context, status=status)


def _with_words(rows: Sequence[Any], request: TownRequest) -> list[tuple[Any, queries.ServiceView, Any]]:
    services, places = queries.catalogue(request.town).by_id, territory.tree(request.town).by_id
    return [(row, services[row.service_id], places.get(row.place_id) if row.place_id else None) for row in rows]


def _shown(row: Incident, request: TownRequest, *, n_requests: int) -> Shown:
    offered = queries.catalogue(request.town).offered
    return Shown(
        row=row,
        place=territory.tree(request.town).by_id.get(row.place_id),
        services=[offered[code] for code in row.service_codes if code in offered],
        n_requests=n_requests,
    )


# --- the staff -------------------------------------------------------------------------------------------------------


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: TownRequest, town: str) -> HttpResponse:
    """Open an incident."""
    guard.authorise(request.actor, "service_requests.open_incident")
    if request.method != "POST":
        return _form(request, {"starts_at": _field(timezone.now())})
    try:
        row = actions.open_incident(actor=request.actor, town=request.town, incident=_new(request), at=timezone.now())
    except InvalidInput as error:
        return _form(request, request.POST, problems=spoken_problems(error))
    messages.success(request, gettext("The incident stands on the home of the town and on the report form."))
    return redirect("one_incident", town, row.id)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def change(request: TownRequest, town: str, incident_id: UUID) -> HttpResponse:
    """Change what is said about an incident."""
    row = queries.incident(incident_id)
    place = territory.tree(request.town).by_id.get(row.place_id)
    subject = guard.Subject(place_path=place.path if place else "")
    guard.authorise(request.actor, "service_requests.open_incident", subject=subject)
    if request.method != "POST":
        return _form(request, _typed(row, place), row=row)
    try:
        actions.change_incident(
            actor=request.actor,
            town=request.town,
            incident_id=incident_id,
            incident=_new(request),
            version=version_of(request.POST),
            at=timezone.now(),
        )
    except InvalidInput as error:
        return _form(request, request.POST, row=row, problems=spoken_problems(error))
    except BanyanError as error:
        if error.kind != "conflict":
            raise
        return _form(request, request.POST, row=row, problems=[{"where": "", "sentence": spoken(error)}], status=409)
    messages.success(request, gettext("Changed. Whoever is concerned hears of it."))
    return redirect("one_incident", town, incident_id)


@never_cache
@require_POST
def act(request: TownRequest, town: str, incident_id: UUID, deed: str) -> HttpResponse:
    """Attach or detach requests, answer them all, or end the incident."""
    if deed not in _DEEDS:
        raise NotFound("page")
    try:
        said = _DEEDS[deed](request, incident_id)
    except InvalidInput as error:
        row = queries.incident(incident_id)
        return _page(request, row, typed=request.POST.dict(), problems=spoken_problems(error), status=422)
    messages.success(request, said)
    return redirect("one_incident", town, incident_id)


def _attach(request: TownRequest, incident_id: UUID) -> str:
    n = actions.attach(service_request_ids=_ids(request), **_who(request, incident_id))
    return gettext("Attached: {n}.").format(n=n)


def _detach(request: TownRequest, incident_id: UUID) -> str:
    n = actions.detach(service_request_ids=_ids(request), **_who(request, incident_id))
    return gettext("Taken off: {n}.").format(n=n)


def _answer(request: TownRequest, incident_id: UUID) -> str:
    done = actions.answer_all(
        text_zh=_text(request, "text_zh"),
        text_en=_text(request, "text_en"),
        resolves=request.POST.get("resolves") == "on",
        **_who(request, incident_id),
    )
    said = gettext("Answered: {n_answered}. Reported as done: {n_resolved}.")
    return said.format(n_answered=done.n_answered, n_resolved=done.n_resolved)


def _end(request: TownRequest, incident_id: UUID) -> str:
    actions.end_incident(**_who(request, incident_id))
    return gettext("The incident is over. Whoever is concerned hears of it.")


_DEEDS: Final[Mapping[str, Callable[[TownRequest, UUID], str]]] = {
    "attach": _attach,
    "detach": _detach,
    "answer": _answer,
    "end": _end,
}


def _who(request: TownRequest, incident_id: UUID) -> dict[str, Any]:
    return {"actor": request.actor, "town": request.town, "incident_id": incident_id, "at": timezone.now()}


def _ids(request: TownRequest) -> set[UUID]:
    found = set()
    for text in request.POST.getlist("ids")[:1000]:
        try:
            found.add(UUID(text))
        except ValueError:
            continue
    return found


def _text(request: TownRequest, name: str) -> str:
    return request.POST.get(name, "").replace("\r\n", "\n")


def _new(request: TownRequest) -> actions.NewIncident:
    return actions.NewIncident(
        title_zh=_text(request, "title_zh"),
        title_en=_text(request, "title_en"),
        words_zh=_text(request, "words_zh"),
        words_en=_text(request, "words_en"),
        place_code=_text(request, "place_code"),
        starts_at=_instant(_text(request, "starts_at")),
        expected_end_at=_instant(_text(request, "expected_end_at")),
        service_codes=request.POST.getlist("service_codes")[:200],
    )


def _instant(text: str) -> datetime | None:
    """Read a time on the town's wall; what is none counts as not given, and the rules say so where it is needed."""
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return found if found.tzinfo else timezone.make_aware(found)


def _field(at: datetime | None) -> str:
    return timezone.localtime(at).strftime("%Y-%m-%dT%H:%M") if at else ""


def _typed(row: Incident, place: territory.PlaceView | None) -> dict[str, Any]:
    held: dict[str, Any] = {name: getattr(row, name) for name in ("title_zh", "title_en", "words_zh", "words_en")}
    return held | {
        "place_code": place.code if place else "",
        "starts_at": _field(row.starts_at),
        "expected_end_at": _field(row.expected_end_at),
        "chosen": row.service_codes,
    }


def _form(
    request: TownRequest,
    typed: Any,
    *,
    row: Incident | None = None,
    problems: Sequence[Mapping[str, str]] = (),
    status: int = 0,
) -> HttpResponse:
    chosen = typed.getlist("service_codes") if hasattr(typed, "getlist") else typed.get("chosen", [])
    context = {
        "incident": row,
        "typed": {name: typed.get(name, "") for name in _FIELDS},
        "chosen": list(chosen),
        "problems": list(problems),
        "places": [place for place in shared.place_options(request.town) if place.level != "building"],
        "services": list(queries.catalogue(request.town).offered.values()),
    }
    found = status or (422 if problems else 200)
    return render(request, "service_requests/incident_form.html", context, status=found)
