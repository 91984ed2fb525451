"""The staff's part of one request: the steps open to the reader, notes, the contact behind a button, the proof."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext, gettext_noop
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from banyan.apps.accounts import queries as accounts
from banyan.apps.audit import queries as audit
from banyan.apps.parties import queries as parties
from banyan.apps.people import actions as people_actions
from banyan.apps.people import queries as people
from banyan.apps.service_requests import actions, queries
from banyan.apps.service_requests.models import ServiceRequest
from banyan.apps.service_requests.pages import answer_words, panels, preview, shared
from banyan.apps.service_requests.pages import supervision as supervising
from banyan.apps.service_requests.pages.board import stage_clock
from banyan.apps.service_requests.pages.telling import Ear, Told, told
from banyan.apps.service_requests.rules import NEEDS, TAKES, Status, Step, Urgency, Wanted
from banyan.apps.service_requests.rules.answer_templates import Template
from banyan.apps.service_requests.rules.routing import Way
from banyan.apps.territory import queries as territory
from banyan.apps.territory.queries import Town
from banyan.base.errors import BanyanError, InvalidInput, NotFound, StaleVersion
from banyan.kit import guard, images, scopes
from banyan.kit.asking import TownRequest, is_htmx
from banyan.kit.guard import Actor, Role
from banyan.kit.problem import spoken, spoken_problems
from banyan.kit.templating import bi

#: State -> the step most people take from it; it comes first and its form stands open.
FIRST: Final[Mapping[Status, Step]] = {
    Status.RECEIVED: Step.TRIAGE,
    Status.TRIAGED: Step.DISPATCH,
    Status.DISPATCHED: Step.ACCEPT,
    Status.ACCEPTED: Step.START,
    Status.IN_PROGRESS: Step.RESOLVE,
    Status.PAUSED: Step.RESUME,
    Status.RESOLVED: Step.VERIFY,
    Status.VERIFIED: Step.CLOSE,
    Status.CLOSED: Step.REOPEN,
    Status.REOPENED: Step.DISPATCH,
    Status.RETURNED: Step.DISPATCH,
    Status.REJECTED: Step.REOPEN,
    Status.WITHDRAWN: Step.REOPEN,
    Status.PARKED: Step.UNPARK,
    Status.MERGED: Step.UNMERGE,
}
#: What is said once a step is taken.
DONE: Final[Mapping[Step, str]] = {
    Step.TRIAGE: gettext_noop("Triaged."),
    Step.DISPATCH: gettext_noop("Sent to {party}."),
    Step.ACCEPT: gettext_noop("Accepted: it is yours now."),
    Step.RETURN: gettext_noop("Given back to the coordinators."),
    Step.START: gettext_noop("Work has begun."),
    Step.PAUSE: gettext_noop("Paused: the clock stands still."),
    Step.RESUME: gettext_noop("Work goes on."),
    Step.RESOLVE: gettext_noop("Done. Someone else will look at it."),
    Step.VERIFY: gettext_noop("Verified."),
    Step.REFUTE: gettext_noop("Not fixed: it is open again."),
    Step.CLOSE: gettext_noop("Closed."),
    Step.REOPEN: gettext_noop("Open again."),
    Step.REJECT: gettext_noop("Rejected."),
    Step.WITHDRAW: gettext_noop("Withdrawn."),
    Step.PARK: gettext_noop("Parked until the day of its review."),
    Step.UNPARK: gettext_noop("Taken up again."),
}
_MOST_CHANGES: Final = 5


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Who answers for a request by the register of parties, and by which of its duties."""

    party: parties.PartyView
    place: territory.PlaceView | None
    topic: str


@dataclass(frozen=True, slots=True)
class Open:
    """The form that stands open, with what was typed and what is wrong with it."""

    step: Step | None
    typed: Mapping[str, Any] = field(default_factory=dict)
    problems: Sequence[Mapping[str, str]] = ()
    changes: Sequence[Told] = ()
    """What others did since the form was opened; empty unless the reader came too late."""
    came_late: bool = False


@dataclass(frozen=True, slots=True)
class StaffPart:
    """Everything that `_staff.html` shows."""

    request: ServiceRequest
    service: queries.ServiceView
    place: territory.PlaceView | None
    party: parties.PartyView | None
    suggestion: Suggestion | None
    handler: str
    whole: shared.Clock
    stage: shared.Clock
    steps: Sequence[Step]
    open: Open
    needs: Sequence[str]
    takes: Sequence[str]
    ready: Sequence[Template]
    """Words kept ready for the step that stands open."""
    services: Sequence[queries.ServiceView]
    urgencies: Sequence[str]
    parties: Sequence[parties.PartyView]
    workers: Mapping[UUID, Sequence[accounts.MemberView]]
    """Workers by the party they work for."""
    masked: people.MaskedContact | None
    contact: people_actions.ContactView | None
    joint: panels.JointPanel
    rulings: panels.RulingPanel
    calls: panels.CallPanel
    words: preview.WordsPanel
    supervision: supervising.Panel
    may_note: bool
    may_answer: bool
    may_contact: bool
    may_exclude: bool
    most_photos: int


def staff_part(
    actor: Actor,
    request: ServiceRequest,
    *,
    town: Town,
    at: datetime,
    opened: Open | None = None,
    wanted: str = "",
    contact: people_actions.ContactView | None = None,
    refused: panels.Refused = panels.NOTHING,
) -> StaffPart:
    """Return the staff's part of a request for one reader; `wanted` names the step whose form shall stand open.

    `refused` is the form of a panel that came back.
    """
    subject = queries.subject_of(request, town=town)
    steps = _first_comes_first(request, queries.steps_for(actor, request, town=town))
    opened = opened or Open(step=next((step for step in steps if step == wanted), steps[0] if steps else None))
    register = parties.register(town)
    may_contact = request.reporter_id is not None and guard.may(actor, queries.contact_verb(request), subject=subject)
    service = queries.catalogue(town).by_id[request.service_id]
    dispatches = opened.step is Step.DISPATCH
    names = accounts.names([request.handler_account_id]) if request.handler_account_id else {}
    together = panels.joint_panel(actor, request, town=town, at=at, refused=refused)
    return StaffPart(
        request=request,
        service=service,
        place=queries.place_of(request, town=town),
        party=register.by_id.get(request.party_id) if request.party_id else None,
        suggestion=suggestion(request, service, town=town),
        handler=next(iter(names.values()), ""),
        whole=shared.whole_clock(request, at=at),
        stage=stage_clock(request, at=at),
        steps=steps,
        open=opened,
        needs=NEEDS.get(opened.step, ()) if opened.step else (),
        takes=TAKES.get(opened.step, ()) if opened.step else (),
        ready=answer_words.options(town, use=str(opened.step)) if opened.step else (),
        services=list(queries.catalogue(town).offered.values()),
        urgencies=list(Urgency),
        parties=_ordered(register, request, service),
        workers=_workers(town) if dispatches else {},
        masked=people.masked_contact(request.reporter_id) if may_contact and request.reporter_id else None,
        contact=contact,
        joint=together,
        rulings=panels.ruling_panel(actor, request, together.lines, town=town, refused=refused),
        calls=panels.call_panel(actor, request, town=town, refused=refused),
        words=preview.words_panel(actor, request, town=town, refused=refused),
        supervision=supervising.panel_of(actor, request, town=town),
        may_note=guard.may(actor, "service_requests.comment_internal", subject=subject),
        may_answer=guard.may(actor, "service_requests.comment", subject=subject),
        may_contact=may_contact,
        may_exclude=guard.may(actor, "service_requests.exclude_from_rates", subject=subject),
        most_photos=images.MOST_PICTURES,
    )


def _first_comes_first(request: ServiceRequest, steps: Sequence[Step]) -> list[Step]:
    first = FIRST[Status(request.status)]
    return sorted(steps, key=lambda step: step is not first)


def suggestion(request: ServiceRequest, service: queries.ServiceView, *, town: Town) -> Suggestion | None:
    """Return the party that was suggested when the request was made, and the duty by which it answers today."""
    register, place = parties.register(town), queries.place_of(request, town=town)
    party = register.by_id.get(request.suggested_party_id) if request.suggested_party_id else None
    if party is None:
        return None
    for above in territory.tree(town).upward(place) if place else []:
        for topic, party_id in register.duties.get(above.id, []):
            if party_id == party.id and topic in ("", service.group):
                return Suggestion(party, above, topic)
    return Suggestion(party, None, "")


def _ordered(
    register: parties.Register, request: ServiceRequest, service: queries.ServiceView
) -> list[parties.PartyView]:
    """Return the parties to choose from: the suggested one, then those whose kind answers for the service."""
    kinds = {kind: i for i, kind in enumerate(service.responsible_kinds)}
    return sorted(
        register.by_id.values(),
        key=lambda party: (party.id != request.suggested_party_id, kinds.get(party.kind, len(kinds)), party.code),
    )


def _workers(town: Town) -> dict[UUID, list[accounts.MemberView]]:
    found: dict[UUID, list[accounts.MemberView]] = {}
    for member in accounts.members(town_id=town.id, role=Role.WORKER):
        if member.party_id is not None:
            found.setdefault(member.party_id, []).append(member)
    return found


# --- taking a step ---------------------------------------------------------------------------------------------------


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def take(request: TownRequest, town: str, service_request_id: UUID, step: str) -> HttpResponse:  # noqa: ARG001
    """Open the form of a step, or take the step."""
    if step not in set(Step):
        raise NotFound("step")
    if request.method != "POST":
        return _page(request, queries.readable(request.actor, service_request_id, town=request.town), wanted=step)
    if request.POST.get("fill"):
        found = queries.readable(request.actor, service_request_id, town=request.town)
        typed = answer_words.put_in(request, found, field="remedy" if step == Step.RESOLVE else "reason")
        return _page(request, found, opened=Open(step=Step(step), typed=typed))
    try:
        taken = taken_from_form(request, service_request_id, Step(step))
    except InvalidInput as error:
        return _refused(request, service_request_id, Step(step), error)
    except BanyanError as error:
        if error.kind != "conflict":
            raise
        return _refused(request, service_request_id, Step(step), error)
    messages.success(request, said(Step(step), taken, town=request.town))
    return redirect(onward(request) or shared.after(request, taken))


def href_of(town: str, service_request_id: UUID) -> str:
    """Return the address of one request."""
    return reverse("one_request", args=[town, service_request_id])


def said(step: Step, request: ServiceRequest, *, town: Town) -> str:
    """Return what is said once a step is taken, in the reader's language."""
    party = parties.register(town).by_id.get(request.party_id) if request.party_id else None
    return gettext(DONE[step]).format(party=bi(party) if party else gettext("a party"))


def taken_from_form(request: TownRequest, service_request_id: UUID, step: Step) -> ServiceRequest:
    """Take the step that a form asks for, with its words and, where the work is done, its photos: both or neither."""
    at, photos = timezone.now(), request.FILES.getlist("photos")[: images.MOST_PICTURES + 1]
    with scopes.action_transaction():
        if photos and step is Step.RESOLVE:
            actions.add_photos(
                actor=request.actor,
                town=request.town,
                service_request_id=service_request_id,
                photos=[photo.read(images.MOST_BYTES + 1) for photo in photos],
                moment="after",
                at=at,
            )
        return actions.take_step(
            actor=request.actor,
            town=request.town,
            service_request_id=service_request_id,
            step=step,
            at=at,
            wanted=wanted_of(request.POST, step),
            version=version_of(request.POST),
        )


def version_of(words: Mapping[str, str]) -> int:
    """Return the version that the form was made from; a form without one is never the newest."""
    given = words.get("version", "")
    return int(given) if given.isdecimal() and len(given) < 9 else 0


def wanted_of(words: Mapping[str, str], step: Step) -> Wanted:
    """Read the words of a step from its form; what the step does not take is not read."""
    taken = {*NEEDS.get(step, ()), *TAKES.get(step, ())}
    wanted = Wanted(
        reason=text_of(words, "reason"),
        remedy=text_of(words, "remedy"),
        party_id=uuid_of(words.get("party_id", "")),
        handler_account_id=uuid_of(words.get("handler_account_id", "")),
        way=str(Way.ROUND_ROBIN) if words.get("handler_account_id") == Way.ROUND_ROBIN else "",
        service_code=words.get("service_code", "")[:60],
        urgency=words.get("urgency", "")[:40],
        is_text_public=words.get("is_text_public") == "on",
        public_text=text_of(words, "public_text") if words.get("is_text_public") == "on" else "",
        review_on=_date(words.get("review_on", "")),
        asks_arbitration=True if words.get("asks_arbitration") == "on" else None,
    )
    return replace(wanted, **{name: getattr(Wanted(), name) for name in Wanted.__slots__ if name not in taken})


def text_of(words: Mapping[str, str], name: str) -> str:
    """Return the words of a field as they are kept: plain line ends, nothing around them."""
    return words.get(name, "").replace("\r\n", "\n").strip()


def uuid_of(text: str) -> UUID | None:
    """Return an identifier from a form, None for anything else."""
    try:
        return UUID(text)
    except ValueError:
        return None


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None


def onward(request: TownRequest) -> str:
    """Return the page inside this town that the form asks to go on to, or ""."""
    there = request.POST.get("next", "")
    inside = there.startswith(f"/t/{request.town.slug}/")
    return there if inside and url_has_allowed_host_and_scheme(there, allowed_hosts=None) else ""


def _refused(request: TownRequest, service_request_id: UUID, step: Step, error: BanyanError) -> HttpResponse:
    """Show the form again with every problem and every word; who came too late reads what happened meanwhile."""
    found = queries.readable(request.actor, service_request_id, town=request.town)
    is_late = error.kind == "conflict"
    problems = [] if is_late else spoken_problems(error)
    changes: Sequence[Told] = ()
    if isinstance(error, StaleVersion):
        changes = _changes_since(request, found, held=version_of(request.POST))
    opened = Open(step=step, typed=request.POST.dict(), problems=problems, changes=changes, came_late=is_late)
    sentence = "" if isinstance(error, InvalidInput | StaleVersion) else spoken(error)
    status = 422 if is_htmx(request) or not is_late else 409
    return _page(request, found, opened=opened, status=status, sentence=sentence)


def _changes_since(request: TownRequest, found: ServiceRequest, *, held: int) -> list[Told]:
    """Return what happened since the version that a reader held, newest first."""
    moments = audit.timeline(("service_request", found.id))
    names = accounts.names(moment.account_id for moment in moments)
    ear = Ear(hears_words=True, hears_names=True, hears_inner=True)
    reporter = found.reporter_account_id
    line = told(moments, town=request.town, ear=ear, reporter_account_id=reporter, names=names, photos=())
    return line[: min(max(found.version - held, 1), _MOST_CHANGES)]


def _page(
    request: TownRequest,
    found: ServiceRequest,
    *,
    opened: Open | None = None,
    wanted: str = "",
    contact: people_actions.ContactView | None = None,
    refused: panels.Refused = panels.NOTHING,
    status: int = 200,
    sentence: str = "",
) -> HttpResponse:
    """Show the staff's part by itself: the page a form leads to without scripts, of which htmx takes only the part."""
    if not request.actor.is_staff:
        raise NotFound("service request")
    at, town = timezone.now(), request.town
    part = staff_part(
        request.actor, found, town=town, at=at, opened=opened, wanted=wanted, contact=contact, refused=refused
    )
    if opened is not None and opened.step is not None and opened.step not in part.steps:
        part = replace(part, open=replace(opened, came_late=True))
    context = {"staff": part, "sentence": sentence, "is_alone": True}
    return render(request, "service_requests/staff.html", context, status=status)


def with_panel(
    request: TownRequest, service_request_id: UUID, refused: panels.Refused, *, status: int = 422
) -> HttpResponse:
    """Show a request with the form of a panel that was refused or filled, its words and every problem."""
    found = queries.readable(request.actor, service_request_id, town=request.town)
    return _page(request, found, refused=refused, status=status)


@require_POST
def quick(request: TownRequest, town: str, service_request_id: UUID) -> HttpResponse:
    """Take a step of the board in one tap; whatever is refused is said on the board."""
    step = request.POST.get("step", "")
    back = onward(request) or href_of(town, service_request_id)
    if step not in set(Step):
        raise NotFound("step")
    try:
        taken = _taken_at_once(request, service_request_id, Step(step))
    except BanyanError as error:
        if error.kind not in ("conflict", "invalid", "forbidden"):
            raise
        messages.error(request, spoken(error))
    else:
        messages.success(request, said(Step(step), taken, town=request.town))
    return redirect(back)


def _taken_at_once(request: TownRequest, service_request_id: UUID, step: Step) -> ServiceRequest:
    """Take the step; what was only just received is triaged as it stands before it is dispatched."""
    held = queries.readable(request.actor, service_request_id, town=request.town)
    words = {"actor": request.actor, "town": request.town, "service_request_id": service_request_id}
    version, at = version_of(request.POST), timezone.now()
    if step is Step.DISPATCH and held.status == Status.RECEIVED:
        triaged = actions.take_step(**words, step=Step.TRIAGE, at=at, version=version)
        version = triaged.version
    return actions.take_step(**words, step=step, at=at, version=version)


# --- notes and the contact -------------------------------------------------------------------------------------------


@never_cache
@require_POST
def note(request: TownRequest, town: str, service_request_id: UUID) -> HttpResponse:
    """Add an internal note, or an answer that the reporter reads too."""
    is_internal = request.POST.get("readers") != "everyone"
    try:
        actions.comment(
            actor=request.actor,
            town=request.town,
            service_request_id=service_request_id,
            text=text_of(request.POST, "note"),
            is_internal=is_internal,
            at=timezone.now(),
        )
    except InvalidInput as error:
        found = queries.readable(request.actor, service_request_id, town=request.town)
        problems = [{**one, "where": "note"} for one in spoken_problems(error)]
        step = next(iter(_first_comes_first(found, queries.steps_for(request.actor, found, town=request.town))), None)
        opened = Open(step=step, typed={"note": request.POST.get("note", "")}, problems=problems)
        return _page(request, found, opened=opened, status=422)
    messages.success(request, gettext("The note was added.") if is_internal else gettext("The answer was added."))
    return redirect(href_of(town, service_request_id))


@never_cache
@require_POST
def contact(request: TownRequest, town: str, service_request_id: UUID) -> HttpResponse:  # noqa: ARG001
    """Show the reporter's contact in the clear; the look is recorded and the reporter can see it."""
    found = queries.readable(request.actor, service_request_id, town=request.town)
    try:
        seen = actions.read_contact(
            actor=request.actor,
            town=request.town,
            service_request_id=service_request_id,
            at=timezone.now(),
            reason=text_of(request.POST, "why")[:300],
        )
    except InvalidInput as error:
        problems = [{**one, "where": "why"} for one in spoken_problems(error)]
        opened = Open(step=None, problems=problems)
        return _page(request, found, opened=opened, status=422)
    return _page(request, found, contact=seen)


# --- the proof -------------------------------------------------------------------------------------------------------


@never_cache
@require_http_methods(["GET", "HEAD"])
def proof(request: TownRequest, town: str, service_request_id: UUID) -> HttpResponse:  # noqa: ARG001
    """Show the chain of history entries of a request with their hashes."""
    verb = "service_requests.read_internal"
    found = queries.readable(request.actor, service_request_id, town=request.town, verb=verb)
    links = audit.chain(("service_request", found.id))
    names = accounts.names(link.account_id for link in links)
    context = {"service_request": found, "links": links, "names": names}
    return render(request, "service_requests/proof.html", context)
