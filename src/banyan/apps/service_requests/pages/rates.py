"""The rates as the staff and as everybody reads them: never by resident, never by member of staff."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, gettext_noop
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from banyan.apps.accounts import queries as accounts
from banyan.apps.parties import queries as parties
from banyan.apps.service_requests import actions, queries
from banyan.apps.service_requests.pages import shared
from banyan.apps.service_requests.queries import rates as counting
from banyan.apps.service_requests.queries.rates import Asked, Behind, By, Drill, Line, Report
from banyan.apps.service_requests.rules.periods import NAMES, Period, named, read
from banyan.apps.service_requests.rules.rates import DEFINITIONS, Rate
from banyan.apps.territory.queries import Town
from banyan.base import tables
from banyan.base.errors import InvalidInput, NotFound
from banyan.kit import guard
from banyan.kit.asking import TownRequest
from banyan.kit.problem import spoken_problems

_EXCLUDE: Final = "service_requests.exclude_from_rates"
#: Period -> its name for readers.
_PERIODS: Final = {
    "days_30": gettext_noop("Last 30 days"),
    "days_90": gettext_noop("Last 90 days"),
    "last_month": gettext_noop("Last month"),
    "quarter": gettext_noop("Last three months"),
    "year": gettext_noop("Last twelve months"),
}
_BY: Final = {
    By.UNIT: gettext_noop("Unit"),
    By.GROUP: gettext_noop("Group of services"),
    By.SERVICE: gettext_noop("Service"),
    By.PLACE: gettext_noop("Place"),
}
#: A request that was given back belongs to no unit any more: this rate cannot be told by unit.
_NOT_BY_UNIT: Final = Rate.RETURNED
_SHOWN_FIRST: Final = (Rate.RESPONSE, Rate.IN_TIME, Rate.SATISFACTION)


@dataclass(frozen=True, slots=True)
class Address:
    """What stands in the address of the page; words it does not know are dropped."""

    period: str = ""
    begin: str = ""
    end: str = ""
    by: str = ""
    level: str = ""
    sort: str = ""
    falling: str = ""

    @classmethod
    def of(cls, request: HttpRequest, *, town: Town) -> Address:
        """Read the address."""
        words = {name: request.GET.get(_WORDS.get(name, name), "").strip()[:40] for name in cls.__slots__}
        known = {
            "period": words["period"] in NAMES,
            "by": words["by"] in set(By),
            "level": words["level"] in town.levels,
            "sort": words["sort"] in _SORTS,
            "falling": words["falling"] == "1",
        }
        return cls(**{name: word if known.get(name, True) else "" for name, word in words.items()})

    def search(self, **changes: str) -> str:
        """Return the query part of an address that asks for this, with changes and further words."""
        held = {_WORDS.get(name, name): getattr(self, name) for name in self.__slots__} | changes
        return "?" + urlencode({name: value for name, value in held.items() if value})

    def asked(self, *, today: datetime) -> Asked:
        """Return what is asked for; `InvalidInput` where the days cannot be read."""
        period = read(self.begin, self.end) if self.begin or self.end else named(self.period, today.date())
        return Asked(period, By(self.by) if self.by else By.UNIT, self.level)


#: "from" is a word of Python.
_WORDS: Final = {"begin": "from", "end": "until"}
_SORTS: Final = frozenset({"name", "n", "score", *map(str, Rate)})


@never_cache
@require_safe
def rates(request: TownRequest, town: str) -> HttpResponse:
    """Show the rates of a period with everything behind them."""
    actor, held, at = request.actor, request.town, timezone.now()
    guard.authorise(actor, counting.VERB)
    address, problems = Address.of(request, town=held), []
    try:
        asked = address.asked(today=timezone.localtime(at))
    except InvalidInput as error:
        problems = spoken_problems(error)
        asked = replace(address, begin="", end="").asked(today=timezone.localtime(at))
    report = counting.report(actor, asked, town=held, at=at)
    context = {
        "report": report,
        "asked": asked,
        "address": address,
        "problems": problems,
        "here": reverse("rates", args=[town]),
        "lines": [line for line in _sorted(report, address) if line.counts.n >= report.rules["fewest"]],
        "few": [line for line in report.lines if line.counts.n < report.rules["fewest"]],
        "list_href": reverse("rates_list", args=[town]),
        "board_hrefs": _board_hrefs(report, town=town),
        "heads": _heads(report, address),
        "periods": [(name, gettext(words)) for name, words in _PERIODS.items()],
        "bys": [(str(by), gettext(words)) for by, words in _BY.items()],
        "levels": [level for level in held.levels if level != "building"],
        "exclusions": _exclusions(request),
        "may_exclude": guard.may(actor, _EXCLUDE),
        "returns": _returns(request, asked.period),
        "newest_on": None if report.total.counts.n else counting.newest_on(actor, town=held),
        **_told(report),
    }
    return render(request, "service_requests/rates.html", context, status=422 if problems else 200)


def _told(report: Report) -> dict[str, Any]:
    """Return what both pages tell: which rates, what they mean, how they went."""
    rates_told = [rate for rate in Rate if report.by is not By.UNIT or rate is not _NOT_BY_UNIT]
    return {
        "rates_told": rates_told,
        "all_rates": list(Rate),
        "shown_first": _SHOWN_FIRST,
        "definitions": DEFINITIONS,
        "trends": {rate: _trend(report, rate) for rate in _SHOWN_FIRST},
        "left_out": _left_out(report),
    }


def _trend(report: Report, rate: Rate) -> list[tuple[str, float]]:
    """Return (first day, per cent) of each slice with enough requests behind it."""
    told = ((one, counts.tally(rate)) for one, counts in report.trend)
    return [
        (one.from_on.isoformat(), round(100 * tally.n / tally.of, 1))
        for one, tally in told
        if tally.of >= report.rules["fewest"]
    ]


def _left_out(report: Report) -> list[tuple[str, int]]:
    """Return (why, how many) of what the rates do not look at."""
    words = {
        "withdrawn": gettext("withdrawn by the reporter"),
        "merged": gettext("counted with the report they were merged into"),
        "single": gettext("left out one by one, with a reason each (below)"),
    }
    rules = report.rules["exclusions"]
    return [
        (words[why] if why in words else rules[int(why.removeprefix("rule-"))]["reason"], n)
        for why, n in sorted(report.total.counts.left_out.items())
    ]


# --- the table -------------------------------------------------------------------------------------------------------


def _sorted(report: Report, address: Address) -> list[Line]:
    """Return the lines in the order asked for; those without the number come last, whatever the direction."""
    rate = Rate(address.sort) if address.sort in set(Rate) else None

    def number(line: Line) -> float | None:
        if rate is not None:
            return line.shares[rate].share
        return line.score.points if address.sort == "score" else float(line.counts.n)

    if address.sort == "name":
        return sorted(report.lines, key=lambda line: line.name_zh, reverse=bool(address.falling))
    known = [line for line in report.lines if number(line) is not None]
    falling = bool(address.falling) or not address.sort
    known.sort(key=lambda line: (number(line) or 0.0, line.counts.n), reverse=falling)
    return known + [line for line in report.lines if number(line) is None]


def _heads(report: Report, address: Address) -> list[tuple[str, str, str]]:
    """Return (words, address that sorts by it, direction as ARIA says it) of each column."""
    rates_told = [rate for rate in Rate if report.by is not By.UNIT or rate is not _NOT_BY_UNIT]
    columns = [("name", gettext(_BY[report.by])), ("n", gettext("Requests")), ("score", gettext("Score"))]
    columns += [(str(rate), gettext(DEFINITIONS[rate].name)) for rate in rates_told]
    heads = []
    for name, words in columns:
        falling = "" if address.sort == name and address.falling else "1"
        direction = ("descending" if address.falling else "ascending") if address.sort == name else ""
        heads.append((words, address.search(sort=name, falling=falling), direction))
    return heads


def _board_hrefs(report: Report, *, town: str) -> dict[str, str]:
    """Return the board narrowed to each group, where the board knows it by the same name."""
    words = {By.UNIT: "party", By.SERVICE: "service", By.GROUP: "service", By.PLACE: "place"}[report.by]
    prefix = "group:" if report.by is By.GROUP else ""
    board = reverse("board", args=[town])
    return {
        line.key: f"{board}?{urlencode({'queue': 'open', words: prefix + line.key})}"
        for line in report.lines
        if line.key
    }


# --- what was left out, what was given back --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Exclusion:
    """A line of the list of exclusions."""

    row: counting.LeftOut
    service: queries.ServiceView
    href: str
    by: str
    lifted_by: str


def _exclusions(request: TownRequest) -> list[Exclusion]:
    rows = counting.left_out(request.actor, town=request.town)
    names = accounts.names([*(row.account_id for row in rows), *(row.lifted_by_account_id for row in rows)])
    services = queries.catalogue(request.town).by_id
    return [
        Exclusion(
            row=row,
            service=services[row.service_id],
            href=reverse("one_request", args=[request.town.slug, row.service_request_id]),
            by=names.get(row.account_id, "") if row.account_id else "",
            lifted_by=names.get(row.lifted_by_account_id, "") if row.lifted_by_account_id else "",
        )
        for row in rows
    ]


def _returns(request: TownRequest, period: Period) -> list[dict[str, Any]]:
    services, by_id = queries.catalogue(request.town).by_id, parties.register(request.town).by_id
    return [
        {
            "service": services[one.service_id],
            "party": by_id.get(one.party_id) if one.party_id else None,
            "href": reverse("one_request", args=[request.town.slug, one.service_request_id]),
            "at": one.at,
            "reason": gettext("(these words have been erased)") if one.reason is None else one.reason,
        }
        for one in counting.given_back(request.actor, period, town=request.town)
    ]


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def exclude(request: TownRequest, town: str, service_request_id: UUID) -> HttpResponse:
    """Ask for the reason why a request is left out of the rates, and leave it out."""
    found = queries.readable(request.actor, service_request_id, town=request.town)
    guard.authorise(request.actor, _EXCLUDE, subject=queries.subject_of(found, town=request.town))
    problems: Sequence[Any] = ()
    if request.method == "POST":
        try:
            actions.exclude_from_rates(
                actor=request.actor,
                town=request.town,
                service_request_id=service_request_id,
                reason=request.POST.get("reason", ""),
                at=timezone.now(),
            )
        except InvalidInput as error:
            problems = spoken_problems(error)
        else:
            messages.success(request, gettext("The request is left out of the rates."))
            return redirect("rates", town)
    context = {
        "one": found,
        "service": queries.catalogue(request.town).by_id[found.service_id],
        "is_left_out": counting.is_left_out(service_request_id),
        "typed": request.POST,
        "problems": problems,
    }
    return render(request, "service_requests/rates_exclude.html", context, status=422 if problems else 200)


@require_POST
def lift(request: TownRequest, town: str, exclusion_id: UUID) -> HttpResponse:
    """Let a request count again."""
    actions.lift_rate_exclusion(actor=request.actor, town=request.town, exclusion_id=exclusion_id, at=timezone.now())
    messages.success(request, gettext("The request counts in the rates again."))
    return redirect("rates", town)


# --- the requests behind a number ------------------------------------------------------------------------------------


@never_cache
@require_safe
def behind(request: TownRequest, town: str) -> HttpResponse:
    """List the requests behind one number of the page."""
    address, at = Address.of(request, town=request.town), timezone.now()
    asked = address.asked(today=timezone.localtime(at))
    drill = _drill(request)
    cursor = request.GET.get("cursor", "")
    page = counting.behind(request.actor, asked, drill, town=request.town, at=at, size=40, cursor=cursor)
    words = {"rate": str(drill.rate), "which": str(drill.behind), "key": request.GET.get("key", "")[:80]}
    context = {
        "asked": asked,
        "drill": drill,
        "definition": DEFINITIONS[drill.rate],
        "group": "" if drill.key is None else counting.name_of(drill.key, asked, town=request.town),
        "entries": shared.entries(page.rows, town=request.town, at=at),
        "back": reverse("rates", args=[town]) + address.search(),
        "newer": address.search(**words, cursor=page.previous_cursor) if page.previous_cursor else "",
        "older": address.search(**words, cursor=page.next_cursor) if page.next_cursor else "",
    }
    return render(request, "service_requests/rates_list.html", context)


def _drill(request: HttpRequest) -> Drill:
    rate, which = request.GET.get("rate", ""), request.GET.get("which", "")
    if rate not in set(Rate) or which not in set(Behind):
        raise NotFound("page")
    return Drill(Rate(rate), Behind(which), _key(request.GET.get("key", "*")[:80]))


def _key(text: str) -> str | None:
    """Read a group from an address: ``*`` is every group, ``-`` those requests that belong to none."""
    return None if text == "*" else "" if text == "-" else text


# --- files -----------------------------------------------------------------------------------------------------------


@never_cache
@require_safe
def export(request: TownRequest, town: str, form: str) -> HttpResponse:  # noqa: ARG001
    """Answer the table as CSV or as a workbook."""
    if form not in tables.TYPES:
        raise NotFound("page")
    at = timezone.now()
    asked = Address.of(request, town=request.town).asked(today=timezone.localtime(at))
    report = counting.report(request.actor, asked, town=request.town, at=at)
    head, rows = _columns(), list(_cells(report))
    response = HttpResponse(tables.as_file(head, rows, form=form), content_type=tables.TYPES[form])
    name = f"rates-{request.town.slug}-{asked.period.from_on}-{asked.period.until_on}-{asked.by}.{form}"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _columns() -> list[str]:
    columns = ["key", "name_zh", "name_en", "n", "left_out", "score"]
    return columns + [f"{rate}_{name}" for rate in Rate for name in ("n", "of", "unknown", "share", "low", "high")]


def _cells(report: Report) -> Iterator[list[Any]]:
    for line in (report.total, *report.lines):
        is_total = line is report.total
        cells: list[Any] = ["*" if is_total else line.key, line.name_zh, line.name_en, line.counts.n]
        cells += [sum(line.counts.left_out.values()), _rounded(line.score.points)]
        for rate in Rate:
            if rate is _NOT_BY_UNIT and report.by is By.UNIT and not is_total:
                cells += [""] * 6
                continue
            share = line.shares[rate]
            cells += [share.tally.n, share.tally.of, share.tally.unknown]
            cells += [_rounded(number) for number in (share.share, share.low, share.high)]
        yield cells


def _rounded(number: float | None) -> float | str:
    return "" if number is None else round(number, 4)


# --- what everybody reads --------------------------------------------------------------------------------------------


@require_safe
def public(request: TownRequest, town: str) -> HttpResponse:
    """Show everybody the rates of the whole town: by groups of services, no units, no places, no people."""
    name = request.GET.get("period", "")
    name = name if name in NAMES else "days_90"
    hour = timezone.localtime(timezone.now()).replace(minute=0, second=0, microsecond=0)
    report = _of_the_hour(request.town, request.town.edition, named(name, hour.date()), hour)
    context = {
        "report": report,
        "period_name": name,
        "here": reverse("rates_public", args=[town]),
        "periods": [(one, gettext(words)) for one, words in _PERIODS.items()],
        "lines": [line for line in report.lines if line.counts.n >= report.rules["fewest"]],
        **_told(report),
    }
    return render(request, "service_requests/rates_public.html", context)


@lru_cache(maxsize=128)
def _of_the_hour(town: Town, edition: int, period: Period, hour: datetime) -> Report:  # noqa: ARG001
    """Count once in an hour for everybody: whoever asks often makes no work.  The edition stands for the rules."""
    return counting.town_report(period, town=town, at=hour)
