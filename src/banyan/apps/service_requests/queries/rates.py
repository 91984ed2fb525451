"""The rates of a period, by unit, service or place, and the requests behind each number.

Two SQL statements for any grouping: one over the requests of the period and of the one before it, one over the return
calls about them.  Both start from the index by time of report, so their cost grows with the two periods, not with the
past.  Nothing here groups by person.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Case, Count, QuerySet, Value, When

from banyan.apps.audit import queries as audit
from banyan.apps.parties import queries as parties
from banyan.apps.service_requests.models import RateExclusion, ServiceRequest
from banyan.apps.service_requests.queries import measures
from banyan.apps.service_requests.queries.many import ORDERS, Row, within
from banyan.apps.service_requests.queries.offered import catalogue, rules_of
from banyan.apps.service_requests.rules.periods import Period
from banyan.apps.service_requests.rules.rates import Counts, Rate, Score, Share, Tally, score, shown
from banyan.apps.territory import queries as territory
from banyan.apps.territory.queries import Town
from banyan.base.errors import NotFound
from banyan.kit import guard
from banyan.kit.guard import Actor
from banyan.kit.paging import Page, page_of

VERB: Final = "service_requests.read_rates"


class By(StrEnum):
    """What the rates are told apart by: never a resident, never a member of staff."""

    UNIT = "unit"
    GROUP = "group"
    SERVICE = "service"
    PLACE = "place"


#: The column of a request that tells its group, before services and places are folded together.
_COLUMN: Final = {By.UNIT: "party_id", By.GROUP: "service_id", By.SERVICE: "service_id", By.PLACE: "place_id"}


@dataclass(frozen=True, slots=True)
class Line:
    """The rates of one group in a period, beside those of the period before."""

    key: str
    """Identifier of a unit, code of a service, a group or a place; "" for requests without one."""
    name_zh: str
    name_en: str
    counts: Counts
    before: Counts
    shares: Mapping[Rate, Share]
    shares_before: Mapping[Rate, Share]
    score: Score

    def change(self, rate: Rate) -> float | None:
        """Return by how much a rate has grown since the period before, None where one of the two is not shown."""
        now, then = self.shares[rate].share, self.shares_before[rate].share
        return None if now is None or then is None else now - then


@dataclass(frozen=True, slots=True)
class Report:
    """The rates of a period within what an actor reaches."""

    period: Period
    compared: Period
    by: By
    at: datetime
    total: Line
    lines: tuple[Line, ...]
    trend: tuple[tuple[Period, Counts], ...]
    rules: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a report is asked for.  `level` is a level of the tree of places, for `By.PLACE`; "" takes the highest."""

    period: Period
    by: By = By.UNIT
    level: str = ""


def report(actor: Actor, asked: Asked, *, town: Town, at: datetime) -> Report:
    """Return the rates of a period by the rules in force, within what the actor reaches; two SQL statements.

    Raises
    ------
    SignInNeeded, Forbidden
        The actor may not read rates.
    """
    guard.authorise(actor, VERB)
    return _report(within(guard.reach(actor, VERB), town=town), asked, town=town, at=at)


def town_report(period: Period, *, town: Town, at: datetime) -> Report:
    """Return the rates of the whole town by groups of services, as everybody may read them: no units, no places."""
    return _report(ServiceRequest.objects.all(), Asked(period, By.GROUP), town=town, at=at)


def _report(rows: QuerySet[ServiceRequest], asked: Asked, *, town: Town, at: datetime) -> Report:
    rules, compared = rules_of(town, "rates"), asked.period.before()
    slices = (compared, *asked.period.slices())
    sums = _summed(rows, asked, slices=slices, rules=rules, town=town, at=at)
    found: dict[str, list[Counts]] = defaultdict(lambda: [Counts()] * len(slices))
    for (key, place), counts in sums.items():
        found[key][place] = counts
    lines = [_line(key, name_of(key, asked, town=town), row, rules=rules) for key, row in found.items()]
    whole = [_added(row[place] for row in found.values()) for place in range(len(slices))]
    return Report(
        period=asked.period,
        compared=compared,
        by=asked.by,
        at=at,
        total=_line("", ("", ""), whole, rules=rules),
        lines=tuple(sorted((line for line in lines if line.counts.n), key=lambda line: (-line.counts.n, line.key))),
        trend=tuple(zip(slices[1:], whole[1:], strict=True)),
        rules=rules,
    )


def _line(key: str, names: tuple[str, str], row: Sequence[Counts], *, rules: Mapping[str, Any]) -> Line:
    """Return a group from its counts in the period before and in each slice of the period."""
    now, before = _added(row[1:]), row[0]
    return Line(
        key=key,
        name_zh=names[0],
        name_en=names[1],
        counts=now,
        before=before,
        shares={rate: shown(now.tally(rate), fewest=rules["fewest"]) for rate in Rate},
        shares_before={rate: shown(before.tally(rate), fewest=rules["fewest"]) for rate in Rate},
        score=score(now, rules),
    )


def _added(each: Iterable[Counts]) -> Counts:
    return sum(each, Counts())


# --- counting --------------------------------------------------------------------------------------------------------


def _summed(
    rows: QuerySet[ServiceRequest],
    asked: Asked,
    *,
    slices: Sequence[Period],
    rules: Mapping[str, Any],
    town: Town,
    at: datetime,
) -> dict[tuple[str, int], Counts]:
    """Return what was counted by group and slice."""
    column, satisfied_from = _COLUMN[asked.by], rules["satisfied_from"]
    told = _of_days(rows, slices[0], slices[-1], town=town).annotate(
        slice=_slice(slices, town=town), why=measures.why_left_out(rules, town=town)
    )
    told = told.order_by().values(column, "slice", "why")
    found: dict[tuple[str, int], Counts] = defaultdict(Counts)
    for row in told.annotate(**_columns(measures.measures(at=at, satisfied_from=satisfied_from))):
        found[_key(row[column], asked, town=town), row["slice"]] += _counts(row)
    heard = measures.heard(satisfied_from=satisfied_from)
    calls = told.filter(why="", return_calls__id=measures.last_call())
    for row in calls.annotate(
        n_answers=Count("id", filter=heard.answers),
        n_satisfied=Count("id", filter=heard.satisfied),
        n_unsettled=Count("id", filter=heard.unsettled),
        n_of_silent=Count("id", filter=heard.answers & measures.IS_SILENT),
    ):
        found[_key(row[column], asked, town=town), row["slice"]] += _heard(row)
    return found


def _of_days(rows: QuerySet[ServiceRequest], first: Period, last: Period, *, town: Town) -> QuerySet[ServiceRequest]:
    begins, ends = first.instants(town.time_zone)[0], last.instants(town.time_zone)[1]
    return rows.filter(requested_at__gte=begins, requested_at__lt=ends)


def _slice(slices: Sequence[Period], *, town: Town) -> Case:
    """Return the place of the slice in which a request was made; they follow each other without a gap."""
    ends = [(place, one.instants(town.time_zone)[1]) for place, one in enumerate(slices)]
    return Case(*(When(requested_at__lt=end, then=Value(place)) for place, end in ends))


def _columns(wanted: Mapping[Rate, measures.Measure]) -> dict[str, Count]:
    columns = {"n_all": Count("id")}
    for rate, measure in wanted.items():
        for name in ("n", "of", "unknown"):
            columns[f"{rate}_{name}"] = Count("id", filter=getattr(measure, name))
    columns["n_silent"] = Count("id", filter=measures.IS_SILENT)
    columns["n_rejected"] = Count("id", filter=measures.IS_REJECTED)
    return columns


def _counts(row: Mapping[str, Any]) -> Counts:
    if row["why"]:
        return Counts(n=row["n_all"], left_out={row["why"]: row["n_all"]})
    return Counts(
        n=row["n_all"],
        tallies={rate: Tally(*(row[f"{rate}_{name}"] for name in ("n", "of", "unknown"))) for rate in Rate},
        n_silent=row["n_silent"],
        n_rejected=row["n_rejected"],
    )


def _heard(row: Mapping[str, int]) -> Counts:
    """Return what return calls add to the counts: answers that nobody gave in writing, work that is not settled."""
    answers = Tally(row["n_satisfied"], row["n_answers"], -row["n_answers"])
    tallies = {Rate.SATISFACTION: answers, Rate.RESOLVED: Tally(-row["n_unsettled"])}
    return Counts(tallies=tallies, n_silent=-row["n_of_silent"])


# --- groups ----------------------------------------------------------------------------------------------------------


def _key(value: UUID | None, asked: Asked, *, town: Town) -> str:
    """Return the group to which a unit, a version of a service or a place belongs; "" for none."""
    if value is None:
        return ""
    if asked.by is By.UNIT:
        return str(value)
    if asked.by is By.PLACE:
        tree = territory.tree(town)
        level = asked.level if asked.level in town.levels else town.levels[0]
        return next((one.code for one in tree.upward(tree.by_id[value]) if one.level == level), "")
    service = catalogue(town).by_id[value]
    return service.group if asked.by is By.GROUP else service.code


def name_of(key: str, asked: Asked, *, town: Town) -> tuple[str, str]:
    """Return the name of a group in Chinese and English; two empty ones for requests that belong to none.

    Raises
    ------
    NotFound
        The town knows no such group.
    """
    if not key:
        return "", ""
    versions = catalogue(town).by_id.values()
    if asked.by is By.UNIT:
        party = next((one for one in parties.register(town).by_id.values() if str(one.id) == key), None)
        return _names(party)
    if asked.by is By.PLACE:
        return _names(territory.tree(town).by_code.get(key))
    if asked.by is By.GROUP:
        found = next((one for one in versions if one.group == key), None)
        return (found.group_zh, found.group_en) if found else _names(None)
    # of several versions, the newest tells the name
    return _names(max((one for one in versions if one.code == key), key=lambda one: one.version, default=None))


def _names(thing: Any) -> tuple[str, str]:
    if thing is None:
        raise NotFound("group")
    return thing.name_zh, thing.name_en


# --- the requests behind a number ------------------------------------------------------------------------------------


class Behind(StrEnum):
    """Which of the requests that a rate looks at."""

    COUNTED = "counted"
    MISSED = "missed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Drill:
    """The number whose requests are asked for.  `key` None takes every group."""

    rate: Rate
    behind: Behind
    key: str | None = None


def behind(
    actor: Actor, asked: Asked, drill: Drill, *, town: Town, at: datetime, size: int = 50, cursor: str = ""
) -> Page[Row]:
    """Return one page of the requests behind a number of `report`, newest first, in one SQL statement.

    Raises
    ------
    SignInNeeded, Forbidden
        The actor may not read rates.
    """
    guard.authorise(actor, VERB)
    rules = rules_of(town, "rates")
    measure = measures.measures(at=at, satisfied_from=rules["satisfied_from"])[drill.rate]
    measure = measures.with_calls(measure, drill.rate, satisfied_from=rules["satisfied_from"])
    wanted = {
        Behind.COUNTED: measure.n & measure.of,
        Behind.MISSED: measure.of & ~measure.n,
        Behind.UNKNOWN: measure.unknown,
    }
    rows = within(guard.reach(actor, VERB), town=town)
    rows = _of_days(rows, asked.period, asked.period, town=town)
    rows = rows.annotate(why=measures.why_left_out(rules, town=town)).filter(why="")
    if drill.key is not None:
        rows = rows.filter(**_members(drill.key, asked, town=town))
    columns = tuple(Row.__slots__)
    page = page_of(rows.filter(wanted[drill.behind]), order=ORDERS["newest"], columns=columns, size=size, cursor=cursor)
    return Page([Row(*row) for row in page.rows], page.next_cursor, page.previous_cursor)


def _members(key: str, asked: Asked, *, town: Town) -> dict[str, Any]:
    """Return the filter of a group: the units, versions of services or places that fold into it."""
    column = _COLUMN[asked.by]
    if asked.by is By.UNIT:
        name_of(key, asked, town=town)  # an unknown one is not found
        return {column: UUID(key)} if key else {f"{column}__isnull": True}
    if asked.by is By.PLACE:
        inside = [one.id for one in territory.tree(town).places if _key(one.id, asked, town=town) == key]
    else:
        inside = [one for one in catalogue(town).by_id if _key(one, asked, town=town) == key]
    return {f"{column}__in": inside} if key else {f"{column}__isnull": True}


# --- what was left out one by one, and what was given back -----------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A request that somebody left out of the rates, or had left out before it was lifted."""

    id: UUID
    service_request_id: UUID
    service_id: UUID
    requested_at: datetime
    reason: str
    account_id: UUID | None
    at: datetime
    lifted_at: datetime | None
    lifted_by_account_id: UUID | None


def left_out(actor: Actor, *, town: Town, limit: int = 100) -> list[LeftOut]:
    """Return the newest exclusions of single requests that the actor reaches, the lifted ones among them.

    Raises
    ------
    SignInNeeded, Forbidden
        The actor may not read rates.
    """
    guard.authorise(actor, VERB)
    reached = within(guard.reach(actor, VERB), town=town)
    rows = RateExclusion.objects.filter(service_request__in=reached).order_by("-at", "-id")
    columns = ["id", "service_request_id", "service_request__service_id", "service_request__requested_at"]
    columns += ["reason", "account_id", "at", "lifted_at", "lifted_by_account_id"]
    return [LeftOut(*row) for row in rows.values_list(*columns)[:limit]]


def is_left_out(service_request_id: UUID) -> bool:
    """Say whether somebody left a request out of the rates.  The caller has authorised the read."""
    return RateExclusion.objects.filter(service_request_id=service_request_id, lifted_at__isnull=True).exists()


@dataclass(frozen=True, slots=True)
class GivenBack:
    """A request that a unit gave back: which unit, when and why.  `reason` is None where its words were erased."""

    service_request_id: UUID
    service_id: UUID
    party_id: UUID | None
    at: datetime
    reason: str | None


def given_back(actor: Actor, period: Period, *, town: Town, limit: int = 30) -> list[GivenBack]:
    """Return the returns, with their reasons, of the newest requests of a period that were given back.

    Two or three SQL statements; `limit` bounds the requests.

    Raises
    ------
    SignInNeeded, Forbidden
        The actor may not read rates.
    """
    guard.authorise(actor, VERB)
    rows = _of_days(within(guard.reach(actor, VERB), town=town), period, period, town=town)
    found = dict(rows.filter(n_returned__gt=0).order_by(*ORDERS["newest"]).values_list("id", "service_id")[:limit])
    held: dict[UUID, UUID] = {}
    returns = []
    for moment in audit.timelines(("service_request", one) for one in found) if found else ():
        request_id = moment.subject[1]
        if moment.verb == _RETURNED:
            reason = moment.words.get("reason", "")
            returns.append(GivenBack(request_id, found[request_id], held.pop(request_id, None), moment.at, reason))
        elif moment.facts.get("party_id"):
            held[request_id] = UUID(moment.facts["party_id"])
    return returns[::-1]


_RETURNED: Final = "service_requests.return"


def newest_on(actor: Actor, *, town: Town) -> date | None:
    """Return the day of the newest request that the actor reaches, on the town's clocks; None where there is none."""
    rows = within(guard.reach(actor, VERB), town=town).order_by(*ORDERS["newest"])
    newest: datetime | None = rows.values_list("requested_at", flat=True).first()
    return newest.astimezone(ZoneInfo(town.time_zone)).date() if newest else None
