"""What each rate counts, as conditions of the database.  `rules.rates.DEFINITIONS` says the same in sentences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from django.db.models import Case, Exists, F, OuterRef, Q, Subquery, Value, When

from banyan.apps.service_requests.models import RateExclusion, ReturnCall
from banyan.apps.service_requests.queries.offered import catalogue
from banyan.apps.service_requests.rules import STOPPED, Status
from banyan.apps.service_requests.rules.periods import midnight
from banyan.apps.service_requests.rules.rates import DONE, NOT_COUNTED, Rate
from banyan.apps.territory.queries import Town

#: The work is done and the moment is known; reopening takes the request out of it again.
IS_DONE: Final = Q(status__in=DONE, resolved_at__isnull=False)
_IS_DONE_SOMEHOW: Final = Q(status__in=DONE, resolved_at__isnull=True)
#: It ended in another system that told no stages: what happened on the way is not known here.
_ENDED_ELSEWHERE: Final = Q(source_key__isnull=False, responded_at__isnull=True, status__in=STOPPED)
IS_REJECTED: Final = Q(status=Status.REJECTED)


@dataclass(frozen=True, slots=True)
class Measure:
    """One rate as conditions: the counted among the looked at, and those that cannot be measured.

    `n` holds only for requests for which `of` holds, and `unknown` for none of them.
    """

    n: Q
    of: Q
    unknown: Q


def measures(*, at: datetime, satisfied_from: int) -> Mapping[Rate, Measure]:
    """Return the conditions of every rate at an instant; return calls are not in them (see `heard`)."""
    no_answer_time = Q(response_due_at__isnull=True) | _ENDED_ELSEWHERE
    has_ended_unseen = Q(status__in=STOPPED) & ~IS_DONE
    is_late_now = (Q(stopped_at__isnull=True, deadline_at__lte=at) | Q(remaining_min__lt=0)) & ~Q(status__in=STOPPED)
    no_deadline = ~IS_REJECTED & (Q(deadline_at__isnull=True) | has_ended_unseen)
    has_deadline = Q(deadline_at__isnull=False) & (IS_DONE | is_late_now)
    was_done = Q(resolved_at__isnull=False) | Q(n_reopened__gt=0)
    was_sent = Q(party_id__isnull=False) | Q(n_returned__gt=0)
    return {
        Rate.RESPONSE: Measure(
            n=Q(responded_at__isnull=False, responded_at__lte=F("response_due_at")),
            of=~no_answer_time & (Q(responded_at__isnull=False) | Q(response_due_at__lte=at)),
            unknown=no_answer_time,
        ),
        Rate.IN_TIME: Measure(
            n=IS_DONE & Q(deadline_at__isnull=False, resolved_at__lte=F("deadline_at")),
            of=has_deadline,
            unknown=no_deadline,
        ),
        Rate.RESOLVED: Measure(n=IS_DONE, of=~IS_REJECTED & ~_IS_DONE_SOMEHOW, unknown=_IS_DONE_SOMEHOW),
        Rate.SATISFACTION: Measure(
            n=Q(rating__gte=satisfied_from),
            of=Q(rating__isnull=False),
            unknown=Q(status__in=DONE, rating__isnull=True),
        ),
        Rate.REOPENED: Measure(
            n=~_ENDED_ELSEWHERE & Q(n_reopened__gt=0), of=~_ENDED_ELSEWHERE & was_done, unknown=_ENDED_ELSEWHERE
        ),
        Rate.RETURNED: Measure(
            n=~_ENDED_ELSEWHERE & Q(n_returned__gt=0), of=~_ENDED_ELSEWHERE & was_sent, unknown=_ENDED_ELSEWHERE
        ),
    }


IS_SILENT: Final = Q(status__in=DONE, rating__isnull=True, verified_how="silence")


@dataclass(frozen=True, slots=True)
class Heard:
    """What the last return call that reached the reporter says, as conditions on its row."""

    answers: Q
    """It gives the satisfaction of a request that nobody rated."""
    satisfied: Q
    unsettled: Q
    """It says that work reported as done is not."""


def heard(*, satisfied_from: int, call: str = "return_calls__") -> Heard:
    """Return the conditions on a request joined with its last call (`call`: the path to the call's columns)."""
    answers = Q(status__in=DONE, rating__isnull=True) & Q(**{f"{call}satisfaction__isnull": False})
    return Heard(
        answers=answers,
        satisfied=answers & Q(**{f"{call}satisfaction__gte": satisfied_from}),
        unsettled=IS_DONE & Q(**{f"{call}is_settled": False}),
    )


def last_call(of: Any = None) -> Subquery:
    """Return the key of the last return call that reached the reporter of a request (`of`: its key, one query out)."""
    reached = ReturnCall.objects.filter(service_request_id=of or OuterRef("pk"), outcome="reached")
    return Subquery(reached.order_by("-at", "-id").values("id")[:1])


def with_calls(measure: Measure, rate: Rate, *, satisfied_from: int) -> Measure:
    """Return a measure that looks at return calls too, for lists of the requests behind one number."""
    if rate not in (Rate.RESOLVED, Rate.SATISFACTION):
        return measure
    calls = ReturnCall.objects.filter(id=last_call(OuterRef(OuterRef("pk"))))
    answers, satisfied, unsettled = (
        Exists(calls.filter(**words))
        for words in (
            {"satisfaction__isnull": False},
            {"satisfaction__gte": satisfied_from},
            {"is_settled": False},
        )
    )
    if rate is Rate.RESOLVED:
        return Measure(n=measure.n & ~Q(unsettled), of=measure.of, unknown=measure.unknown)
    return Measure(
        n=measure.n | (measure.unknown & Q(satisfied)),
        of=measure.of | (measure.unknown & Q(answers)),
        unknown=measure.unknown & ~Q(answers),
    )


# --- what is left out ------------------------------------------------------------------------------------------------


def why_left_out(body: Mapping[str, Any], *, town: Town) -> Case:
    """Return why a request is left out of every rate, as text; "" where it counts.  The first that fits tells."""
    single = RateExclusion.objects.filter(lifted_at__isnull=True).values("service_request_id")
    whens = [When(status=status, then=Value(str(status))) for status in sorted(NOT_COUNTED)]
    whens.append(When(pk__in=single, then=Value("single")))
    whens += [When(_fits(one, town=town), then=Value(f"rule-{place}")) for place, one in enumerate(body["exclusions"])]
    return Case(*whens, default=Value(""))


def _fits(exclusion: Mapping[str, Any], *, town: Town) -> Q:
    """Return the condition of one exclusion of the rules: everything it names has to fit."""
    wanted, services = Q(), catalogue(town).by_id.values()
    if codes := exclusion.get("service_codes"):
        wanted &= Q(service_id__in=[one.id for one in services if one.code in codes])
    if groups := exclusion.get("groups"):
        wanted &= Q(service_id__in=[one.id for one in services if one.group in groups])
    if kinds := exclusion.get("kinds"):
        wanted &= Q(kind__in=list(kinds))
    if exclusion.get("from_on"):
        wanted &= Q(requested_at__gte=midnight(date.fromisoformat(exclusion["from_on"]), zone=town.time_zone))
    if exclusion.get("until_on"):
        after = date.fromisoformat(exclusion["until_on"]) + timedelta(days=1)
        wanted &= Q(requested_at__lt=midnight(after, zone=town.time_zone))
    return wanted
