"""What the staff's panels show: joint work, decisions, return calls.  Read here, changed by the pages beside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from banyan.apps.accounts import queries as accounts
from banyan.apps.parties import queries as parties
from banyan.apps.service_requests import queries
from banyan.apps.service_requests.models import Part, Photo, ReturnCall, Ruling, ServiceRequest
from banyan.apps.service_requests.pages import answer_words, shared
from banyan.apps.service_requests.queries import joint
from banyan.apps.service_requests.rules import RATEABLE, Status
from banyan.apps.service_requests.rules.answer_templates import Template
from banyan.apps.service_requests.rules.joint import (
    OVER,
    PART_NEEDS,
    SUMMONABLE,
    UNDER_WAY,
    UNDISPATCHED,
    PartStep,
)
from banyan.apps.service_requests.rules.rulings import RulingKind, RulingStatus, clock_is_on, is_arbitrable
from banyan.apps.territory.queries import Town
from banyan.kit import guard
from banyan.kit.guard import Actor

#: Rows of the form that calls parties together, which is drawn without scripts.
N_ROWS: Final = 4
#: Targets to choose from, in working minutes.
TARGETS_MIN: Final = (30, 60, 120, 240, 480, 960, 2400)


@dataclass(frozen=True, slots=True)
class Refused:
    """A form of a panel that came back: which one, what was typed and what is wrong with it."""

    panel: str
    """summon, part, ask, decide or call"""
    key: str = ""
    """The part or the question it is about."""
    typed: Mapping[str, Any] = field(default_factory=dict)
    problems: Sequence[Mapping[str, str]] = ()

    def of(self, panel: str, key: object = "") -> Refused:
        """Return this where it is about a panel and a record, else nothing refused."""
        return self if (self.panel, self.key) == (panel, str(key)) else Refused(panel)


NOTHING: Final = Refused("")


@dataclass(frozen=True, slots=True)
class PartLine:
    """One part of joint work as a reader sees it."""

    part: Part
    party: parties.PartyView | None
    clock: shared.Clock
    handler: str
    photos: Sequence[Photo]
    steps: Sequence[PartStep]
    needs: Mapping[PartStep, Sequence[str]]
    is_own: bool
    """Whether it is the part of the reader's own party."""
    refused: Refused

    @property
    def is_over(self) -> bool:
        """Say whether the party takes part no longer."""
        return self.part.status in OVER


@dataclass(frozen=True, slots=True)
class JointPanel:
    """The panel of joint work."""

    lines: Sequence[PartLine]
    may_summon: bool
    lead_id: UUID | None
    """Who leads by the form as it is first shown: the party that has the request, or the suggested one."""
    needs_lead: bool
    rows: range
    parties: Sequence[parties.PartyView]
    targets: Sequence[int]
    refused: Refused

    @property
    def is_shown(self) -> bool:
        """Say whether there is anything to show."""
        return bool(self.lines) or self.may_summon


@dataclass(frozen=True, slots=True)
class RulingLine:
    """One question as a reader sees it."""

    ruling: Ruling
    asked_by: str
    asking_party: parties.PartyView | None
    decided_by: str
    decided_party: parties.PartyView | None
    may_decide: bool
    may_withdraw: bool
    refused: Refused


@dataclass(frozen=True, slots=True)
class RulingPanel:
    """The panel of decisions."""

    lines: Sequence[RulingLine]
    may_extend: bool
    """Whether the reader may ask for more time for the whole."""
    may_arbitrate: bool
    parts: Sequence[PartLine]
    """Parts for which the reader may ask for more time."""
    parties: Sequence[parties.PartyView]
    refused: Refused

    @property
    def is_shown(self) -> bool:
        """Say whether there is anything to show."""
        return bool(self.lines or self.may_extend or self.may_arbitrate or self.parts)


@dataclass(frozen=True, slots=True)
class CallPanel:
    """The panel of return calls."""

    calls: Sequence[tuple[ReturnCall, str]]
    """Each with the name of who called."""
    may_call: bool
    refused: Refused
    templates: Sequence[Template] = ()
    """Ready words for what was said."""

    @property
    def is_shown(self) -> bool:
        """Say whether there is anything to show."""
        return bool(self.calls) or self.may_call


def joint_panel(
    actor: Actor, request: ServiceRequest, *, town: Town, at: datetime, refused: Refused = NOTHING
) -> JointPanel:
    """Return the panel of joint work for one reader."""
    rows = joint.parts_of(request)
    has_lead = any(part.is_lead and part.status not in OVER for part in rows)
    verb = "service_requests.summon"
    may = guard.may(actor, verb, subject=queries.subject_of(request, town=town, verb=verb))
    held = request.party_id if Status(request.status) not in UNDISPATCHED else None
    return JointPanel(
        lines=part_lines(actor, request, rows, town=town, at=at, refused=refused),
        may_summon=may and Status(request.status) in SUMMONABLE,
        lead_id=None if has_lead else held or request.suggested_party_id,
        needs_lead=not has_lead,
        rows=range(1, N_ROWS + 1),
        parties=list(parties.register(town).by_id.values()),
        targets=TARGETS_MIN,
        refused=refused.of("summon"),
    )


def part_lines(
    actor: Actor,
    request: ServiceRequest,
    rows: Sequence[Part],
    *,
    town: Town,
    at: datetime,
    refused: Refused = NOTHING,
) -> list[PartLine]:
    """Return parts as a reader sees them; two SQL statements for names and photos, none where there are no parts."""
    if not rows:
        return []
    by_id, names = parties.register(town).by_id, accounts.names(part.handler_account_id for part in rows)
    photos = [photo for photo in queries.photos(request) if photo.part_id is not None]
    return [
        PartLine(
            part=part,
            party=by_id.get(part.party_id),
            clock=part_clock(part, at=at),
            handler=names.get(part.handler_account_id, "") if part.handler_account_id else "",
            photos=[photo for photo in photos if photo.part_id == part.id],
            steps=joint.part_steps_for(actor, request, part, town=town),
            needs=PART_NEEDS,
            is_own=part.party_id in actor.party_ids(),
            refused=refused.of("part", part.id),
        )
        for part in rows
    ]


def part_clock(part: Part, *, at: datetime) -> shared.Clock:
    """Return the clock of a part: it runs until the part is done."""
    is_done = part.status not in UNDER_WAY
    if part.deadline_at is None or part.status in OVER:
        return shared.Clock(None, is_paused=False, is_done=is_done, due_at=None)
    left = shared.wall_min(part.done_at or at, until=part.deadline_at)
    return shared.Clock(left, is_paused=False, is_done=is_done, due_at=part.deadline_at)


def working_together(request: ServiceRequest, *, town: Town) -> list[tuple[parties.PartyView, Part]]:
    """Return which parties work on a request together, as everybody sees it: no names of people, no words."""
    by_id = parties.register(town).by_id
    rows = [part for part in joint.parts_of(request) if part.status not in OVER]
    return [(by_id[part.party_id], part) for part in rows if part.party_id in by_id]


def ruling_panel(
    actor: Actor, request: ServiceRequest, lines: Sequence[PartLine], *, town: Town, refused: Refused = NOTHING
) -> RulingPanel:
    """Return the panel of decisions for one reader; `lines` are those of the panel of joint work."""
    rows = joint.rulings_of(request)
    is_open = {(row.kind, row.part_id) for row in rows if row.status == RulingStatus.OPEN}
    verb = "service_requests.ask_ruling"
    may_ask = guard.may(actor, verb, subject=queries.subject_of(request, town=town, verb=verb))
    runs = clock_is_on(request.status, has_deadline=request.deadline_at is not None)
    return RulingPanel(
        lines=ruling_lines(actor, rows, {request.id: request}, town=town, refused=refused),
        may_extend=may_ask and runs and (RulingKind.EXTENSION, None) not in is_open,
        may_arbitrate=may_ask and is_arbitrable(request.status) and (RulingKind.ARBITRATION, None) not in is_open,
        parts=[one for one in lines if _may_ask_for(one, is_open)],
        parties=list(parties.register(town).by_id.values()),
        refused=refused.of("ask"),
    )


def _may_ask_for(line: PartLine, is_open: set[tuple[str, UUID | None]]) -> bool:
    """Say whether the reader does a part whose clock runs: who may accept or finish it may also ask for time."""
    part, own = line.part, {PartStep.ACCEPT, PartStep.ARRIVE, PartStep.FINISH}
    running = part.deadline_at is not None and part.status in UNDER_WAY
    return running and bool(own & set(line.steps)) and (RulingKind.EXTENSION, part.id) not in is_open


def ruling_lines(
    actor: Actor,
    rows: Sequence[Ruling],
    requests: Mapping[UUID, ServiceRequest],
    *,
    town: Town,
    refused: Refused = NOTHING,
) -> list[RulingLine]:
    """Return questions as a reader sees them; one SQL statement, for the names."""
    by_id = parties.register(town).by_id
    names = accounts.names(one for row in rows for one in (row.asked_by_account_id, row.decided_by_account_id))
    return [
        RulingLine(
            ruling=row,
            asked_by=names.get(row.asked_by_account_id, "") if row.asked_by_account_id else "",
            asking_party=by_id.get(row.asked_by_party_id) if row.asked_by_party_id else None,
            decided_by=names.get(row.decided_by_account_id, "") if row.decided_by_account_id else "",
            decided_party=by_id.get(row.decided_party_id) if row.decided_party_id else None,
            may_decide=joint.may_decide(actor, row, requests[row.service_request_id], town=town),
            may_withdraw=joint.may_withdraw(actor, row),
            refused=refused.of("decide", row.id),
        )
        for row in rows
    ]


def call_panel(actor: Actor, request: ServiceRequest, *, town: Town, refused: Refused = NOTHING) -> CallPanel:
    """Return the panel of return calls for one reader."""
    rows = joint.return_calls_of(request)
    names = accounts.names(row.account_id for row in rows)
    verb = "service_requests.record_return_call"
    may = (
        Status(request.status) in RATEABLE
        and guard.may(actor, verb, subject=queries.subject_of(request, town=town, verb=verb))
        and actor.account_id not in joint.hands_of(request)
    )
    calls = [(row, names.get(row.account_id, "") if row.account_id else "") for row in rows]
    ready = answer_words.options(town, use="call") if may else ()
    return CallPanel(calls=calls, may_call=may, refused=refused.of("call"), templates=ready)
