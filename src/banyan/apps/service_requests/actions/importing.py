"""Bringing cases of another system into a town, in whole batches that belong to a run; a second run changes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import F

from banyan.apps.audit import actions as audit
from banyan.apps.matters import actions as matters
from banyan.apps.parties import queries as parties
from banyan.apps.service_requests import queries
from banyan.apps.service_requests.actions.report import calendar_of
from banyan.apps.service_requests.actions.searching import index
from banyan.apps.service_requests.errors import ImportOver
from banyan.apps.service_requests.models import ImportRun, Rejection, ServiceRequest
from banyan.apps.service_requests.rules import ENDED, STAGE, Clocks
from banyan.apps.service_requests.rules.clocks import left_min
from banyan.apps.service_requests.rules.imports import Case
from banyan.apps.service_requests.rules.likeness import cell
from banyan.apps.service_requests.rules.privacy import Privacy
from banyan.apps.territory import actions as towns
from banyan.apps.territory import queries as territory
from banyan.apps.territory.queries import Town
from banyan.base.errors import Problem
from banyan.base.ids import tracking_number, uuid7
from banyan.kit import guard, scopes
from banyan.kit.guard import Actor
from banyan.kit.rows import Stencil, insert_many

#: States of a run.
WAITING: Final = "waiting"
RUNNING: Final = "running"
BROKEN: Final = "broken"
DONE: Final = "done"
REFUSED: Final = "refused"
UNDOING: Final = "undoing"
UNDONE: Final = "undone"


@dataclass(frozen=True, slots=True)
class Brought:
    """What became of a batch: new cases, and cases that were there already and stay as they are."""

    n_imported: int
    n_unchanged: int


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that could not be believed, with every reason."""

    row: int
    source_key: str
    problems: Sequence[Problem]


def begin_import(
    *, actor: Actor, town: Town, profile: str, file_name: str, sha256: str, at: datetime, status: str = RUNNING
) -> ImportRun:
    """Begin the run of a file, or return the one that was broken off in the middle of the same file."""
    guard.authorise(actor, "service_requests.import", subject=guard.Subject())
    with scopes.action_transaction():
        towns.hold(town)
        going_on = (RUNNING, BROKEN) if status == RUNNING else (WAITING, RUNNING, BROKEN)
        held = ImportRun.objects.filter(profile=profile[:60], sha256=sha256, status__in=going_on)
        broken: ImportRun | None = held.order_by("-started_at").first()
        if broken is not None:
            return broken
        run = ImportRun(
            profile=profile[:60],
            file_name=file_name[:200],
            sha256=sha256,
            status=status,
            account_id=actor.account_id,
            started_at=at,
        )
        run.save(force_insert=True)
        facts = {"profile": run.profile, "file": run.file_name, "sha256": sha256}
        _tell(actor, run, "import_begun", facts=facts, at=at, is_first=True)
    return run


def import_batch(
    *,
    actor: Actor,
    town: Town,
    run_id: UUID,
    cases: Sequence[Case],
    rejected: Sequence[Rejected] = (),
    profile: str,
    at: datetime,
) -> Brought:
    """Store the next rows of a run in one transaction: cases, rejections, and how far the run has come.

    Raises
    ------
    ImportOver
        The run has ended or was taken back meanwhile.
    """
    guard.authorise(actor, "service_requests.import", subject=guard.Subject())
    with scopes.action_transaction():
        run = ImportRun.objects.select_for_update().get(id=run_id)
        if run.status != RUNNING:
            raise ImportOver()
        brought = import_cases(actor=actor, town=town, cases=cases, profile=profile, at=at, run_id=run_id)
        Rejection.objects.bulk_create(
            Rejection(run_id=run_id, row=one.row, source_key=one.source_key[:80], reasons=_reasons(one.problems))
            for one in rejected
        )
        ImportRun.objects.filter(id=run_id).update(
            n_read=F("n_read") + len(cases) + len(rejected),
            n_imported=F("n_imported") + brought.n_imported,
            n_there=F("n_there") + brought.n_unchanged,
            n_rejected=F("n_rejected") + len(rejected),
        )
    return brought


def end_import(
    *, actor: Actor, run_id: UUID, at: datetime, status: str = DONE, problems: Sequence[Problem] = ()
) -> ImportRun:
    """End a run: its rows are in, or its file was refused for the problems that are given."""
    guard.authorise(actor, "service_requests.import", subject=guard.Subject())
    with scopes.action_transaction():
        run: ImportRun = ImportRun.objects.select_for_update().get(id=run_id)
        run.status, run.ended_at = status, at
        run.save(update_fields=["status", "ended_at"])
        if problems:  # they are of the file, not of a row of it
            Rejection.objects.create(run=run, row=0, reasons=_reasons(problems))
        facts = {name: getattr(run, name) for name in ("n_read", "n_imported", "n_there", "n_rejected")}
        _tell(actor, run, f"import_{status}", facts=facts, at=at)
    return run


def keep_quirks(*, run_id: UUID, quirks: Mapping[str, int], n_rows: int) -> None:
    """Keep what is odd in a file that was read whole, and how many rows it has."""
    ImportRun.objects.filter(id=run_id).update(quirks={**quirks, "rows": n_rows}, status=RUNNING)


def _reasons(problems: Sequence[Problem]) -> list[dict[str, Any]]:
    return [
        {"where": one.where, "code": one.code, "sentence": one.sentence, "facts": dict(one.facts)}
        for one in problems[:200]
    ]


def _tell(
    actor: Actor, run: ImportRun, verb: str, *, facts: Mapping[str, Any], at: datetime, is_first: bool = False
) -> None:
    subject, verb = ("import_run", run.id), f"service_requests.{verb}"
    audit.record(actor=actor, verb=verb, subject=subject, at=at, facts=facts, is_first=is_first)


def import_cases(
    *, actor: Actor, town: Town, cases: Sequence[Case], profile: str, at: datetime, run_id: UUID | None = None
) -> Brought:
    """Store a batch of cases in one transaction; a case whose source key is known stays as it is.

    No news is told of imported cases: what happened in the other system has happened.
    """
    guard.authorise(actor, "service_requests.import", subject=guard.Subject())
    with scopes.action_transaction():
        keys = [case.source_key for case in cases]
        known = set(ServiceRequest.objects.filter(source_key__in=keys).values_list("source_key", flat=True))
        fresh = list({case.source_key: case for case in reversed(cases) if case.source_key not in known}.values())
        fresh.reverse()
        maker = _Maker(town, run_id=run_id, at=at)
        rows = [maker.row(case) for case in fresh]
        matters.open_matters([(("service_request", row.id), row.place_id, row.matter_id) for row in rows], at=at)
        insert_many(ServiceRequest, rows)
        audit.record_first([_history(row, case, actor, profile, at) for row, case in zip(rows, fresh, strict=True)])
        index(rows)
    return Brought(len(fresh), len(cases) - len(fresh))


class _Maker:
    """Makes requests of cases; what they name is looked up once for a batch."""

    def __init__(self, town: Town, *, run_id: UUID | None, at: datetime) -> None:
        self._town, self._run_id, self._at = town, run_id, at
        self._new = Stencil(ServiceRequest).row
        self._offered = queries.catalogue(town).offered
        self._tree = territory.tree(town)
        self._parties = parties.register(town).by_code
        self._kept_until: dict[str, date] = {}
        self._names = {name: place for place in self._tree.places for name in (place.name_zh, place.name_en)}

    def row(self, case: Case) -> ServiceRequest:
        """Return the request of a case, not stored."""
        service = self._offered[case.service_code]
        place, party = self._place(case), self._parties.get(case.party_code)
        has_point = case.lon is not None and case.lat is not None
        clock = _clocks(case, service, town=self._town)
        return self._new(
            id=uuid7(),
            matter_id=uuid7(),
            service_id=service.id,
            tracking_number=tracking_number(),
            status=str(case.status),
            urgency=service.default_urgency,
            kind=service.kind,
            channel=case.channel,
            description=case.description,
            is_text_public=case.has_public_words,
            remedy=case.remedy,
            lon=case.lon,
            retain_until=self._kept(service.kind),
            lat=case.lat,
            cell=cell(case.lon, case.lat) if has_point else None,  # type: ignore[arg-type]
            address=case.address,
            place_id=place.id if place else None,
            party_id=party,
            suggested_party_id=party,
            requested_at=case.requested_at,
            updated_at=case.closed_at or self._at,
            responded_at=case.responded_at,
            resolved_at=case.resolved_at,
            source_key=case.source_key,
            import_run_id=self._run_id,
            next_rung_at=self._rung_at(clock, service, case),
            **clock.columns(),
        )

    def _kept(self, kind: str) -> date:
        """Return until when the words are kept, reckoned from the day on which they came to this town."""
        if kind not in self._kept_until:
            self._kept_until[kind] = queries.kept_until(Privacy.NAMED, kind, town=self._town, at=self._at)
        return self._kept_until[kind]

    def _rung_at(self, clock: Clocks, service: queries.ServiceView, case: Case) -> datetime | None:
        """Return the next rung ahead; what lies behind happened in the other system and is not made up for."""
        if clock.stopped_at is not None or clock.deadline_at is None:
            return None
        urgency, since = service.default_urgency, case.requested_at
        return queries.first_rung_at(clock, service, urgency, town=self._town, since=since, after=self._at)

    def _place(self, case: Case) -> territory.PlaceView | None:
        named = self._tree.by_code.get(case.place_code) or self._names.get(case.place_name or case.place_code)
        if named is None and self._tree.has_polygons and case.lon is not None and case.lat is not None:
            return self._tree.locate(case.lon, case.lat)
        return named


def _clocks(case: Case, service: queries.ServiceView, *, town: Town) -> Clocks:
    """Return the clocks of a case as its own system set them: its deadline, and where it stood when the case ended."""
    stage = STAGE.get(case.status, "")
    ended = case.status in ENDED
    left = None
    if ended and case.deadline_at and case.closed_at:
        left = left_min(calendar_of(service, town=town), case.deadline_at, case.closed_at)
    return Clocks(
        deadline_at=case.deadline_at,
        stopped_at=case.closed_at if ended else None,
        remaining_min=left,
        stage=stage,
        stage_started_at=case.requested_at if stage else None,
    )


def _history(row: ServiceRequest, case: Case, actor: Actor, profile: str, at: datetime) -> audit.First:
    facts = {
        "profile": profile,
        "source_key": case.source_key,
        "service": case.service_code,
        "to": str(case.status),
        "remarks": list(case.remarks),
        **{name: held.isoformat() if (held := getattr(case, name)) else None for name in _INSTANTS},
        **({"kept": dict(case.extras)} if case.extras else {}),
    }
    return audit.First(
        actor=actor, verb="service_requests.imported", subject=("service_request", row.id), at=at, facts=facts
    )


_INSTANTS: Final = ("requested_at", "deadline_at", "closed_at")
