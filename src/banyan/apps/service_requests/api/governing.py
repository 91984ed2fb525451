"""The rules a town sets for itself, what routing would do, and supervision tickets."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpResponse
from django.utils import timezone
from ninja import Router, Schema
from pydantic import Field

from banyan.apps.service_requests import actions, queries
from banyan.apps.service_requests.api.shown import party_named
from banyan.apps.service_requests.queries import supervision
from banyan.apps.service_requests.rules import Urgency, routing
from banyan.apps.service_requests.rules.rulesets import SUBJECTS
from banyan.apps.service_requests.schemas import Code, PartyNamed, Words
from banyan.apps.territory import queries as territory
from banyan.base.errors import InvalidInput, Problem, mark
from banyan.kit import guard
from banyan.kit.api import Body, Cursor, Instant, Limit, answered, paged
from banyan.kit.asking import TownRequest

router = Router(tags=["rules"])
_MOST_PAST = 5000


class RulesOut(Schema):
    """The rules in force on a subject; version 0 is what holds in a town that made none."""

    subject: str
    version: int
    body: dict[str, Any]


class RulesIn(Body):
    """A whole document of rules, made from the version that was read (0: none was there)."""

    version: Annotated[int, Field(ge=0, le=2**31 - 1)]
    body: dict[str, Any]


class TrialIn(Body):
    """A report that is imagined, and rules to try it with; without rules, those in force."""

    service_code: Code
    place_code: Code = ""
    urgency: Annotated[Urgency, Field(strict=False)] | None = None
    at: Instant | None = None
    words: Words = ""
    rules: dict[str, Any] | None = None


class TracedOut(Schema):
    """What became of one rule; where it failed, the first condition that did."""

    rule: str
    name_zh: str
    name_en: str
    outcome: str
    condition: str
    wanted: list[str]
    had: str


class FateOut(Schema):
    """Where a report goes: by ``rule``, by the ``register`` of parties, or to ``nobody``; and why."""

    party: PartyNamed | None
    by: Literal["rule", "register", "nobody"]
    rule: str
    way: str
    urgency: str
    is_automatic: bool
    trace: list[TracedOut]


class PastIn(Body):
    """Rules to try with the newest requests; without rules, those in force."""

    rules: dict[str, Any] | None = None
    limit: Annotated[int, Field(ge=1, le=_MOST_PAST)] = 2000


class PastOut(Schema):
    """What rules would have done with past requests."""

    n: int
    n_unmatched: int
    n_nobody: int
    n_automatic: int
    by_rule: dict[str, int]
    by_party: dict[str, int]


class SupervisionOut(Schema):
    """A supervision ticket; `rung` is empty where somebody raised it by hand."""

    id: UUID
    service_request_id: UUID
    rung: str
    clock: str
    share: float | None
    role: str
    takes_over: bool
    words: str
    raised_at: datetime
    answer: str
    answered_at: datetime | None


class SupervisionsOut(Schema):
    """One page of supervision tickets, newest first."""

    items: list[SupervisionOut]
    next: str | None
    previous: str | None


class SupervisionIn(Body):
    """What has to be answered, or the answer."""

    words: Annotated[str, Field(min_length=1, max_length=2000)]


Subject = Annotated[str, Field(max_length=20, description="What the rules are about.")]


@router.get("/rules/{str:subject}", response=RulesOut, operation_id="read_rules", summary="Rules in force")
def read_rules(request: TownRequest, subject: Subject) -> HttpResponse:
    guard.authorise(request.actor, "service_requests.read_rules", subject=guard.Subject())
    now = queries.rules_now(subject)
    return answered({"subject": subject, "version": now.version, "body": dict(now.body)})


@router.post("/rules/{str:subject}", response=RulesOut, operation_id="publish_rules", summary="Bring rules into force")
def publish_rules(request: TownRequest, subject: Subject, body: RulesIn) -> HttpResponse:
    row = actions.publish_rules(
        actor=request.actor,
        town=request.town,
        subject=subject,
        body=body.body,
        version=body.version,
        at=timezone.now(),
    )
    return answered({"subject": subject, "version": row.version, "body": row.body})


@router.post("/routing/trial", response=FateOut, operation_id="try_routing", summary="What would happen to a report")
def try_routing(request: TownRequest, body: TrialIn) -> HttpResponse:
    """Nothing is stored; the trace says for each rule why it fits or not."""
    guard.authorise(request.actor, "service_requests.read_rules", subject=guard.Subject())
    service = queries.catalogue(request.town).offered.get(body.service_code)
    place = territory.tree(request.town).by_code.get(body.place_code)
    problems = []
    if service is None:
        value = {"value": body.service_code}
        problems.append(Problem("service_code", "unknown", mark("There is no service “{value}”."), value))
    if body.place_code and place is None:
        problems.append(Problem("place_code", "unknown", mark("There is no place {code}."), {"code": body.place_code}))
    if problems or service is None:
        raise InvalidInput(mark("The report"), problems)
    fate = queries.what_would_happen(
        request.town,
        service=service,
        place=place,
        urgency=body.urgency or service.default_urgency,
        at=body.at or timezone.now(),
        words=body.words,
        rules=_ready(request, body.rules),
    )
    return answered(_fate(fate))


@router.post("/routing/trial/past", response=PastOut, operation_id="try_routing_past", summary="Routing of the past")
def try_routing_past(request: TownRequest, body: PastIn) -> HttpResponse:
    """What rules would have done with the newest requests: numbers by rule and by party."""
    guard.authorise(request.actor, "service_requests.read_rules", subject=guard.Subject())
    past = queries.over_past(request.town, rules=_ready(request, body.rules), limit=body.limit)
    return answered({name: getattr(past, name) for name in PastOut.model_fields})


def _ready(request: TownRequest, body: dict[str, Any] | None) -> routing.Compiled | None:
    if body is None:
        return None
    if problems := SUBJECTS["routing"].problems(body, actions.known_of(request.town)):
        raise InvalidInput(mark("The rules"), problems)
    return queries.compiled_for(request.town, body)


def _fate(fate: queries.Fate) -> dict[str, Any]:
    decision = fate.decision
    return {
        "party": party_named(fate.party),
        "by": fate.by,
        "rule": decision.rule if decision else "",
        "way": str(decision.way) if decision else "",
        "urgency": decision.urgency if decision else "",
        "is_automatic": fate.is_automatic,
        "trace": [{name: getattr(one, name) for name in TracedOut.model_fields} for one in fate.trace],
    }


@router.get("/supervisions", response=SupervisionsOut, operation_id="list_supervisions", summary="Supervision tickets")
def list_supervisions(
    request: TownRequest,
    view: Literal["open", "answered", "taken"] = "open",
    limit: Limit = 50,
    cursor: Cursor = "",
) -> HttpResponse:
    guard.authorise(request.actor, "service_requests.read_internal")
    page = supervision.supervisions(request.actor, town=request.town, view=view, size=limit, cursor=cursor)
    return paged(request, page, items=[_ticket(row) for row in page.rows])


@router.post(
    "/service_requests/{uuid:service_request_id}/supervisions",
    response={201: SupervisionOut},
    operation_id="supervise",
    summary="Raise a supervision ticket",
)
def supervise(request: TownRequest, service_request_id: UUID, body: SupervisionIn) -> HttpResponse:
    row = actions.supervise(
        actor=request.actor,
        town=request.town,
        service_request_id=service_request_id,
        words=body.words,
        at=timezone.now(),
    )
    return answered(_ticket(row), status=201)


@router.post(
    "/supervisions/{uuid:supervision_id}/answer",
    response=SupervisionOut,
    operation_id="answer_supervision",
    summary="Answer a supervision ticket",
)
def answer_supervision(request: TownRequest, supervision_id: UUID, body: SupervisionIn) -> HttpResponse:
    row = actions.answer_supervision(
        actor=request.actor, town=request.town, supervision_id=supervision_id, words=body.words, at=timezone.now()
    )
    return answered(_ticket(row))


def _ticket(row: Any) -> dict[str, Any]:
    return {name: getattr(row, name) for name in SupervisionOut.model_fields}
