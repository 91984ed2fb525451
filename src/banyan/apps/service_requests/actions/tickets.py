"""Exchanging tickets with a district's desk, so that nobody types anything twice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from django.db import IntegrityError
from django.db.models import Q

from banyan.apps.audit import actions as audit
from banyan.apps.parties import queries as parties
from banyan.apps.service_requests import queries
from banyan.apps.service_requests.actions.report import report
from banyan.apps.service_requests.models import ServiceRequest
from banyan.apps.service_requests.rules import Intake
from banyan.apps.service_requests.rules.privacy import Privacy
from banyan.apps.service_requests.rules.tickets import ReadTicket, TicketProfile, read_ticket
from banyan.apps.territory import queries as territory
from banyan.apps.territory.queries import Town
from banyan.base import rowfiles, tables
from banyan.base.errors import Conflict, InvalidInput, Problem, mark
from banyan.kit import guard, scopes
from banyan.kit.guard import Actor

#: Tickets of one file; a desk sends those of a day.
MOST_TICKETS: Final = 20_000
_SHAPE: Final = Problem("", "shape", mark("The row has more or fewer cells than the head."))


@dataclass(frozen=True, slots=True)
class TakenTicket:
    """What became of one row: ``taken``, ``there`` already, or ``rejected`` with every reason."""

    row: int
    ticket: str
    outcome: str
    problems: Sequence[Problem] = ()


def take_tickets(path: Path, *, actor: Actor, town: Town, profile: TicketProfile, at: datetime) -> list[TakenTicket]:
    """Take over the tickets of a file: each becomes a request as if it had been written down here.

    Those whose number is there already are left as they are.  The file is read whole before the first is stored.

    Returns
    -------
    list
        One entry for each row: read = taken + there + rejected.

    Raises
    ------
    InvalidInput
        The file cannot be read to its end, or needed columns are missing; nothing is stored.
    """
    guard.authorise(actor, "service_requests.exchange_tickets")
    guard.authorise(actor, "service_requests.report_on_behalf")
    rows = list(_read(path, profile, town=town))
    done = [_taken(number, ticket, actor=actor, town=town, at=at) for number, ticket in rows]
    outcomes = [one.outcome for one in done]
    facts = {name: outcomes.count(name) for name in ("taken", "there", "rejected")} | {"profile": profile.name}
    with scopes.action_transaction():
        _record(actor, town, "tickets_taken", facts=facts, at=at)
    return done


def _record(actor: Actor, town: Town, verb: str, *, facts: dict[str, Any], at: datetime) -> None:
    from banyan.apps.territory import actions as towns

    towns.hold(town)
    audit.record(actor=actor, verb=f"service_requests.{verb}", subject=("town", town.id), at=at, facts=facts)


def _read(path: Path, profile: TicketProfile, *, town: Town) -> Iterator[tuple[int, ReadTicket]]:
    offered, tree = queries.catalogue(town).offered.values(), territory.tree(town)
    services = {name: one.code for one in offered for name in (one.name_en, one.name_zh, one.code)}
    places = {name: one.code for one in tree.places for name in (one.name_en, one.name_zh, one.code)}
    with rowfiles.opened(path, layout=profile.layout) as table:
        if missing := profile.missing_columns(table.head):
            raise InvalidInput(mark("The file"), missing)
        for n, (number, cells) in enumerate(table.rows):
            if n >= MOST_TICKETS:
                limit = {"limit": MOST_TICKETS}
                problem = Problem("file", "too_large", mark("At most {limit} rows."), limit)
                raise InvalidInput(mark("The file"), [problem])
            if not any(cells):
                continue
            if len(cells) != len(table.head):
                yield number, ReadTicket("", None, (_SHAPE,))
                continue
            row = dict(zip(table.head, cells, strict=True))
            yield number, read_ticket(row, profile, services=services, places=places)


def _taken(number: int, read: ReadTicket, *, actor: Actor, town: Town, at: datetime) -> TakenTicket:
    if read.draft is None:
        return TakenTicket(number, read.ticket, "rejected", read.problems)
    if ServiceRequest.objects.filter(source_key=read.ticket).exists():
        return TakenTicket(number, read.ticket, "there")
    try:
        with scopes.action_transaction():
            report(actor=actor, town=town, draft=read.draft, at=at)
    except InvalidInput as error:
        return TakenTicket(number, read.ticket, "rejected", error.problems)
    except Conflict as error:
        return TakenTicket(
            number, read.ticket, "rejected", [Problem("ticket", error.code, error.sentence, error.facts)]
        )
    except IntegrityError as error:  # another import of the same file was quicker
        if "an_imported_case_comes_once" not in str(error) and "source_key" not in str(error):
            raise
        return TakenTicket(number, read.ticket, "there")
    return TakenTicket(number, read.ticket, "taken")


def give_tickets(
    *,
    actor: Actor,
    town: Town,
    profile: TicketProfile,
    form: str,
    at: datetime,
    since: datetime | None = None,
    is_all: bool = False,
) -> tuple[bytes, int]:
    """Return a file for the desk (``csv`` or ``xlsx``) with what became of its tickets, and how many there are.

    Parameters
    ----------
    since
        Only those that have changed from this instant on.
    is_all
        Also requests that did not come from the desk, confidential ones left out; each has our own identifier in place
        of a ticket's number.
    """
    guard.authorise(actor, "service_requests.exchange_tickets")
    rows = queries.reached(actor, "service_requests.exchange_tickets", town=town)
    known_there = Q(source_key__isnull=False, channel=Intake.PARENT)
    rows = rows.filter(known_there | ~Q(privacy=Privacy.CONFIDENTIAL) if is_all else known_there)
    if since is not None:
        rows = rows.filter(updated_at__gte=since)
    found = list(rows.order_by("requested_at", "id")[:MOST_TICKETS])
    answers = profile.tables["answers"]
    cells = [_answers(one, profile, town=town, at=at) for one in found]
    table = [[row[name] for name in answers] for row in cells]
    with scopes.action_transaction():
        facts = {"n": len(found), "profile": profile.name, "since": since.isoformat() if since else None}
        _record(actor, town, "tickets_given", facts=facts, at=at)
    content = tables.as_file(list(answers.values()), table, form=form)
    if form == "csv" and profile.writes != "utf-8":
        content = content.decode("utf-8-sig").encode(profile.writes, errors="replace")
    return content, len(found)


def _answers(request: ServiceRequest, profile: TicketProfile, *, town: Town, at: datetime) -> dict[str, Any]:
    place = territory.tree(town).by_id.get(request.place_id) if request.place_id else None
    party = parties.register(town).by_id.get(request.party_id) if request.party_id else None
    deadline, stopped = request.deadline_at, request.stopped_at
    return {
        "ticket": request.source_key or str(request.id),
        "status": profile.tables["states"][request.status],
        "answer": request.answer or request.remedy,
        "party": party.name_zh if party else "",
        "service": queries.catalogue(town).by_id[request.service_id].name_zh,
        "place": place.name_zh if place else "",
        "address": request.address,
        "requested_at": profile.time(request.requested_at),
        "deadline_at": profile.time(deadline),
        "responded_at": profile.time(request.responded_at),
        "resolved_at": profile.time(request.resolved_at),
        "updated_at": profile.time(request.updated_at),
        "is_overdue": profile.yes(deadline is not None and deadline < (stopped or at)),
        "n_reopened": request.n_reopened,
        "satisfaction": profile.satisfaction(request.rating),
    }
