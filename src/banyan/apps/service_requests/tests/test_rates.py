"""The rates: what is counted, what is left out, and that the database counts as a person with a pencil would."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from banyan.apps.audit import queries as audit
from banyan.apps.service_requests import actions
from banyan.apps.service_requests.errors import HandlerMayNotExclude, LeftOutAlready
from banyan.apps.service_requests.models import RateExclusion, ReturnCall, ServiceRequest
from banyan.apps.service_requests.queries import rates
from banyan.apps.service_requests.queries.rates import Asked, Behind, By, Drill
from banyan.apps.service_requests.rules import STOPPED, Status
from banyan.apps.service_requests.rules.periods import Period, read
from banyan.apps.service_requests.rules.rates import DEFAULT, Counts, Rate, Tally, problems, score, shown, wilson
from banyan.base.errors import Forbidden, InvalidInput, NotFound, SignInNeeded
from banyan.kit.guard import ANYONE
from tests.towns import FOUNDER, NOW, SmallTown

MARCH = Period(date(2026, 3, 1), date(2026, 3, 31))
SERVICES = {"lamp": "lighting", "leak": "water", "lift": "lifts", "idea": "voice"}


# --- the town with a pencil ------------------------------------------------------------------------------------------


def _looked_at(row: ServiceRequest, rate: Rate, *, at: datetime, call: ReturnCall | None) -> str:
    """Say of one request what a rate says of it: n (counted), of (looked at, not counted), unknown or rest."""
    elsewhere = row.source_key is not None and row.responded_at is None and row.status in STOPPED
    if elsewhere and rate in (Rate.RESPONSE, Rate.REOPENED, Rate.RETURNED):
        return "unknown"
    if row.status == "rejected" and rate in (Rate.IN_TIME, Rate.RESOLVED):
        return "rest"
    done_at = row.resolved_at if row.status in OVER else None
    said: dict[Rate, str] = {
        Rate.RESPONSE: _responded(row, at=at),
        Rate.IN_TIME: _in_time(row, done_at, at=at),
        Rate.RESOLVED: _resolved(row, done_at, call=call),
        Rate.SATISFACTION: _satisfied(row, call),
        Rate.REOPENED: "n" if row.n_reopened else "of" if row.resolved_at is not None else "rest",
        Rate.RETURNED: "n" if row.n_returned else "of" if row.party_id is not None else "rest",
    }
    return said[rate]


def _resolved(row: ServiceRequest, done_at: datetime | None, *, call: ReturnCall | None) -> str:
    if row.status in OVER and done_at is None:
        return "unknown"
    says_no = call is not None and call.is_settled is False
    return "n" if done_at is not None and not says_no else "of"


OVER = ("resolved", "verified", "closed")


def _responded(row: ServiceRequest, *, at: datetime) -> str:
    if row.response_due_at is None:
        return "unknown"
    if row.responded_at is not None:
        return "n" if row.responded_at <= row.response_due_at else "of"
    return "of" if row.response_due_at <= at else "rest"


def _in_time(row: ServiceRequest, done_at: datetime | None, *, at: datetime) -> str:
    if row.deadline_at is None or (row.status in STOPPED and done_at is None):
        return "unknown"
    if done_at is not None:
        return "n" if done_at <= row.deadline_at else "of"
    runs_late = row.stopped_at is None and row.deadline_at <= at
    return "of" if runs_late or (row.remaining_min is not None and row.remaining_min < 0) else "rest"


def _satisfied(row: ServiceRequest, call: ReturnCall | None) -> str:
    stars = row.rating
    if stars is None and row.status in OVER and call is not None:
        stars = call.satisfaction
    if stars is not None:
        return "n" if stars >= 4 else "of"
    return "unknown" if row.status in OVER else "rest"


def _why(row: ServiceRequest, *, single: set[Any], rules: Mapping[str, Any]) -> str:
    if row.status in ("withdrawn", "merged"):
        return str(row.status)
    if row.id in single:
        return "single"
    on = row.requested_at.astimezone(ZoneInfo("Asia/Shanghai")).date().isoformat()
    for place, one in enumerate(rules["exclusions"]):
        code = row.service.code
        fits = [
            code in one["service_codes"] if one.get("service_codes") else True,
            SERVICES[code] in one["groups"] if one.get("groups") else True,
            row.kind in one["kinds"] if one.get("kinds") else True,
            on >= one["from_on"] if one.get("from_on") else True,
            on <= one["until_on"] if one.get("until_on") else True,
        ]
        if all(fits):
            return f"rule-{place}"
    return ""


def _by_pencil(
    period: Period, key: Callable[[ServiceRequest], str], *, at: datetime, rules: Mapping[str, Any]
) -> dict[str, Counts]:
    single = set(RateExclusion.objects.filter(lifted_at=None).values_list("service_request_id", flat=True))
    calls = {
        call.service_request_id: call for call in ReturnCall.objects.filter(outcome="reached").order_by("at", "id")
    }
    start, end = period.instants("Asia/Shanghai")
    found: dict[str, Counts] = {}
    for row in ServiceRequest.objects.select_related("service", "place"):
        if not start <= row.requested_at < end:
            continue
        why, call = _why(row, single=single, rules=rules), calls.get(row.id)
        said = {rate: _looked_at(row, rate, at=at, call=call) for rate in Rate}
        tallies = {rate: Tally(word == "n", word in ("n", "of"), word == "unknown") for rate, word in said.items()}
        silent = said[Rate.SATISFACTION] == "unknown" and row.verified_how == "silence"
        one = Counts(1, {why: 1}) if why else Counts(1, {}, tallies, int(silent), int(row.status == "rejected"))
        found[key(row)] = found.get(key(row), Counts()) + one
    return found


def _plain(counts: Counts) -> dict[str, Any]:
    tallies = {rate: counts.tally(rate) for rate in Rate}
    left_out = {why: n for why, n in counts.left_out.items() if n}
    return {"n": counts.n, "why": left_out, **tallies, "silent": counts.n_silent, "rejected": counts.n_rejected}


def _random_town(town: SmallTown, seed: int, *, n: int) -> None:
    """Make requests in every state with every kind of time, in March and February."""
    drawn = random.Random(seed)
    made = [
        town.report(
            service_code=drawn.choice([*SERVICES]),
            lat=drawn.choice([23.06, 23.01]),
            at=datetime.fromisoformat("2026-02-01T00:30:00+00:00") + timedelta(hours=drawn.randrange(24 * 59)),
        ).id
        for _ in range(n)
    ]
    with town.scope():
        for i, request_id in enumerate(made):
            row = ServiceRequest.objects.get(id=request_id)
            _scatter(row, drawn, town, i)
            row.save()
            for k in range(drawn.choice([0, 0, 1, 2])):
                ReturnCall.objects.create(
                    service_request=row,
                    at=NOW + timedelta(minutes=k),
                    outcome=drawn.choice(["reached", "reached", "unreachable"]),
                    is_settled=drawn.choice([None, True, False]),
                    satisfaction=drawn.choice([None, 1, 3, 4, 5]),
                )
            if drawn.random() < 0.1:
                RateExclusion.objects.create(
                    service_request=row, reason="测试", at=NOW, lifted_at=drawn.choice([None, NOW])
                )


def _scatter(row: ServiceRequest, drawn: random.Random, town: SmallTown, i: int) -> None:
    def around(*, or_none: float) -> datetime | None:
        return None if drawn.random() < or_none else row.requested_at + timedelta(hours=drawn.randrange(1, 60))

    row.status = drawn.choice([*map(str, Status)])
    row.party_id = drawn.choice([None, *town.parties.values()])
    row.response_due_at, row.responded_at = around(or_none=0.2), around(or_none=0.4)
    row.deadline_at, row.resolved_at = around(or_none=0.2), around(or_none=0.3)
    stands = row.status in STOPPED or row.status in ("paused", "parked")
    row.stopped_at = around(or_none=0) if stands else None
    row.remaining_min = drawn.choice([-30, 0, 200]) if stands else None
    row.n_reopened, row.n_returned = drawn.choice([0, 0, 1]), drawn.choice([0, 0, 2])
    row.rating = drawn.choice([None, None, 1, 3, 4, 5])
    row.verified_how = drawn.choice(["", "staff", "silence"])
    row.source_key = f"x-{i}" if drawn.random() < 0.3 else None


RULES = {
    **DEFAULT,
    "exclusions": [
        {"reason": "暴雨红色预警", "from_on": "2026-03-03", "until_on": "2026-03-04"},
        {"reason": "not ours", "service_codes": ["leak"], "kinds": ["repair"], "from_on": "2026-03-10"},
        {"reason": "praise and ideas", "groups": ["voice"]},
    ],
}


def _publish(town: SmallTown, body: Mapping[str, Any]) -> None:
    with town.scope():
        actions.publish_rules(actor=FOUNDER, town=town.town, subject="rates", body=body, at=NOW)
    town.town.refresh_from_db()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_database_counts_as_a_person_with_a_pencil_would(small_town: SmallTown, seed: int) -> None:
    _random_town(small_town, seed, n=120)
    _publish(small_town, RULES)
    keys: dict[By, Callable[[ServiceRequest], str]] = {
        By.UNIT: lambda row: str(row.party_id or ""),
        By.SERVICE: lambda row: row.service.code,
        By.GROUP: lambda row: SERVICES[row.service.code],
        By.PLACE: lambda row: row.place.path.split("/")[0] if row.place else "",
    }
    with small_town.scope():
        manager = small_town.actor("manager")
        for by, key in keys.items():
            report = rates.report(manager, Asked(MARCH, by), town=small_town.town, at=NOW)
            slow = _by_pencil(MARCH, key, at=NOW, rules=RULES)
            slow_before = _by_pencil(MARCH.before(), key, at=NOW, rules=RULES)

            assert {line.key: _plain(line.counts) for line in report.lines} == {
                name: _plain(counts) for name, counts in slow.items()
            }
            assert _plain(report.total.before) == _plain(sum(slow_before.values(), Counts()))
            assert _plain(sum((counts for _, counts in report.trend), Counts())) == _plain(report.total.counts)
            assert report.total.counts.n > 0


def test_each_number_leads_to_exactly_its_requests(small_town: SmallTown) -> None:
    _random_town(small_town, 7, n=120)
    _publish(small_town, RULES)
    with small_town.scope():
        manager, asked = small_town.actor("manager"), Asked(MARCH, By.UNIT)
        report = rates.report(manager, asked, town=small_town.town, at=NOW)
        for line in report.lines:
            for rate in Rate:
                tally = line.counts.tally(rate)
                wanted = {Behind.COUNTED: tally.n, Behind.MISSED: tally.of - tally.n, Behind.UNKNOWN: tally.unknown}
                for which, n in wanted.items():
                    drill = Drill(rate, which, line.key)
                    page = rates.behind(manager, asked, drill, town=small_town.town, at=NOW, size=200)
                    assert len(page.rows) == n, (line.key, rate, which)


def test_a_report_takes_two_statements_whatever_it_is_told_apart_by(small_town: SmallTown) -> None:
    small_town.report()
    with small_town.scope():
        manager = small_town.actor("manager")
        for by in By:
            rates.report(manager, Asked(MARCH, by), town=small_town.town, at=NOW)
            with CaptureQueriesContext(connection) as captured:
                rates.report(manager, Asked(MARCH, by), town=small_town.town, at=NOW)
            assert len(captured) == 2, [one["sql"] for one in captured]


def test_both_statements_start_from_the_index_by_time(small_town: SmallTown) -> None:
    small_town.report()
    with small_town.scope():
        with CaptureQueriesContext(connection) as captured:
            rates.town_report(MARCH, town=small_town.town, at=NOW)
        assert all('"requested_at" >=' in one["sql"] and '"requested_at" <' in one["sql"] for one in captured)


# --- the walk of real requests ---------------------------------------------------------------------------------------


def test_a_coordinator_counts_the_area_and_nobody_else_counts(small_town: SmallTown) -> None:
    small_town.report(lat=23.06)
    small_town.report(lat=23.01)
    with small_town.scope():
        asked, words = Asked(MARCH), {"town": small_town.town, "at": NOW}
        whole = rates.report(small_town.actor("manager"), asked, **words)
        north = rates.report(small_town.actor("coordinator"), asked, **words)
        assert (whole.total.counts.n, north.total.counts.n) == (2, 1)
        for key in ("resident", "worker"):
            with pytest.raises(Forbidden):
                rates.report(small_town.actor(key), asked, **words)
        with pytest.raises(SignInNeeded):
            rates.report(ANYONE, asked, **words)


def test_silence_is_never_counted_as_satisfied(small_town: SmallTown) -> None:
    request_id = small_town.report().id
    small_town.walk(request_id, until="closed")
    with small_town.scope():
        ServiceRequest.objects.filter(id=request_id).update(verified_how="silence")
        total = rates.report(small_town.actor("manager"), Asked(MARCH), town=small_town.town, at=NOW).total.counts
    assert total.tally(Rate.SATISFACTION) == Tally(0, 0, 1)
    assert total.n_silent == 1


def test_the_return_call_speaks_where_nobody_rated_and_the_last_word_counts(small_town: SmallTown) -> None:
    request_id = small_town.report().id
    small_town.walk(request_id, until="closed")
    with small_town.scope():
        ServiceRequest.objects.filter(id=request_id).update(resolved_at=NOW)
        for minute, stars, settled in ((0, 5, True), (1, 2, False)):
            ReturnCall.objects.create(
                service_request_id=request_id,
                at=NOW + timedelta(minutes=minute),
                outcome="reached",
                satisfaction=stars,
                is_settled=settled,
            )
        total = rates.report(small_town.actor("manager"), Asked(MARCH), town=small_town.town, at=NOW).total.counts
        assert total.tally(Rate.SATISFACTION) == Tally(0, 1, 0)
        assert total.tally(Rate.RESOLVED) == Tally(0, 1, 0)
        ServiceRequest.objects.filter(id=request_id).update(rating=4)
        total = rates.report(small_town.actor("manager"), Asked(MARCH), town=small_town.town, at=NOW).total.counts
        assert total.tally(Rate.SATISFACTION) == Tally(1, 1, 0)


def test_a_case_of_another_system_without_its_times_is_never_kept(small_town: SmallTown) -> None:
    request_id = small_town.report().id
    with small_town.scope():
        ServiceRequest.objects.filter(id=request_id).update(
            status="closed", source_key="boston-1", responded_at=None, resolved_at=None, stopped_at=NOW
        )
        total = rates.report(small_town.actor("manager"), Asked(MARCH), town=small_town.town, at=NOW).total.counts
    assert all(total.tally(rate) == Tally(0, 0, 1) for rate in Rate)


# --- leaving out -----------------------------------------------------------------------------------------------------


def test_a_request_is_left_out_with_a_reason_and_taken_in_again(small_town: SmallTown) -> None:
    request_id = small_town.report().id
    with small_town.scope():
        manager, town = small_town.actor("manager"), small_town.town
        row = actions.exclude_from_rates(
            actor=manager, town=town, service_request_id=request_id, reason=" 台风期间 ", at=NOW
        )
        assert rates.report(manager, Asked(MARCH), town=town, at=NOW).total.counts.left_out == {"single": 1}
        with pytest.raises(LeftOutAlready):
            actions.exclude_from_rates(actor=manager, town=town, service_request_id=request_id, reason="x", at=NOW)

        actions.lift_rate_exclusion(actor=manager, town=town, exclusion_id=row.id, at=NOW)
        actions.lift_rate_exclusion(actor=manager, town=town, exclusion_id=row.id, at=NOW + timedelta(days=1))

        assert rates.report(manager, Asked(MARCH), town=town, at=NOW).total.counts.left_out == {}
        listed = rates.left_out(small_town.actor("auditor"), town=town)
        assert [(one.reason, one.lifted_at) for one in listed] == [("台风期间", NOW)]
        verbs = [moment.verb for moment in audit.timeline(("service_request", request_id))]
    assert verbs[-2:] == ["service_requests.excluded_from_rates", "service_requests.counted_in_rates"]
    assert Counter(verbs)["service_requests.counted_in_rates"] == 1


def test_only_a_manager_leaves_out_and_never_without_a_reason(small_town: SmallTown) -> None:
    request_id = small_town.report().id
    with small_town.scope():
        words = {"town": small_town.town, "service_request_id": request_id, "at": NOW}
        for key, error in (("coordinator", Forbidden), ("auditor", Forbidden), ("neighbour", NotFound)):
            with pytest.raises(error):
                actions.exclude_from_rates(actor=small_town.actor(key), reason="因为", **words)
        for reason in ("", "  ", "x" * 301, "a\0b"):
            with pytest.raises(InvalidInput):
                actions.exclude_from_rates(actor=small_town.actor("manager"), reason=reason, **words)
        assert not RateExclusion.objects.exists()


def test_whoever_handled_a_request_does_not_leave_it_out_even_after_it_was_reopened(small_town: SmallTown) -> None:
    request_id = small_town.report().id
    for step, words in (("triage", {}), ("dispatch", {}), ("accept", {}), ("start", {}), ("resolve", {"remedy": "好"})):
        small_town.step(request_id, step, "manager", **words)
    small_town.step(request_id, "refute", "coordinator", reason="没好")
    with small_town.scope(), pytest.raises(HandlerMayNotExclude):
        actions.exclude_from_rates(
            actor=small_town.actor("manager"),
            town=small_town.town,
            service_request_id=request_id,
            reason="不算",
            at=NOW,
        )


# --- rules -----------------------------------------------------------------------------------------------------------

_KNOWN: dict[str, frozenset[str]] = {"service_codes": frozenset(SERVICES), "groups": frozenset(SERVICES.values())}


@pytest.mark.parametrize(
    ("changed", "where"),
    [
        ({"weights": {"response": 0.5, "resolution": 0.5, "satisfaction": 0.5}}, "weights"),
        ({"weights": {"response": float("nan"), "resolution": 0.5, "satisfaction": 0.5}}, "weights"),
        ({"weights": {"response": True, "resolution": 0, "satisfaction": 0}}, "weights"),
        ({"weights": [1]}, "weights"),
        ({"resolution": "often"}, "resolution"),
        ({"satisfied_from": 1}, "satisfied_from"),
        ({"fewest": 1}, "fewest"),
        ({"more": 1}, "more"),
        ({"exclusions": "all"}, "exclusions"),
        ({"exclusions": [{"reason": "x"}]}, "exclusions[0]"),
        ({"exclusions": [{"reason": "", "kinds": ["repair"]}]}, "exclusions[0].reason"),
        ({"exclusions": [{"reason": "x", "kinds": ["war"]}]}, "exclusions[0].kinds"),
        ({"exclusions": [{"reason": "x", "kinds": [["repair"]]}]}, "exclusions[0].kinds"),
        ({"exclusions": [{"reason": "x", "service_codes": ["no"]}]}, "exclusions[0].service_codes"),
        ({"exclusions": [{"reason": "x", "from_on": "soon"}]}, "exclusions[0].from_on"),
        (
            {"exclusions": [{"reason": "x", "from_on": "2026-03-02", "until_on": "2026-03-01"}]},
            "exclusions[0].until_on",
        ),
        ({"exclusions": [{"reason": "x", "kinds": ["repair"], "person": "王"}]}, "exclusions[0]"),
    ],
)
def test_bad_rules_on_rates_are_refused_at_their_place(changed: dict[str, Any], where: str) -> None:
    assert where in {one.where for one in problems({**DEFAULT, **changed}, **_KNOWN)}


def test_the_default_rules_and_those_of_this_town_are_sound() -> None:
    assert problems(DEFAULT, **_KNOWN) == []
    assert problems(RULES, **_KNOWN) == []


def test_a_missing_rule_is_named() -> None:
    assert {one.where for one in problems({}, **_KNOWN)} == set(DEFAULT)


def test_the_score_is_the_weighted_sum_and_none_where_a_part_rests_on_too_few() -> None:
    tallies = {Rate.RESPONSE: Tally(9, 10), Rate.IN_TIME: Tally(8, 10), Rate.SATISFACTION: Tally(5, 10)}
    whole = score(Counts(10, {}, tallies), DEFAULT)
    assert whole.points == pytest.approx(30 * 0.9 + 35 * 0.8 + 35 * 0.5)
    few = score(Counts(10, {}, tallies | {Rate.SATISFACTION: Tally(9, 9)}), DEFAULT)
    assert few.points is None
    assert [part.points is None for part in few.parts] == [False, False, True]


@given(st.integers(1, 10_000).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
def test_the_interval_holds_the_share_and_shrinks_with_more_requests(numbers: tuple[int, int]) -> None:
    n, of = numbers
    low, high = wilson(n, of)
    assert 0 <= low <= n / of <= high <= 1
    wider = wilson(n * 10, of * 10)
    assert wider[1] - wider[0] < high - low


@given(st.integers(0, 30).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
def test_a_share_is_shown_from_ten_requests_on(numbers: tuple[int, int]) -> None:
    one = shown(Tally(*numbers), fewest=10)
    assert (one.share is None) == (numbers[1] < 10)


# --- periods ---------------------------------------------------------------------------------------------------------


@given(st.dates(date(1981, 1, 1), date(2097, 1, 1)), st.integers(0, 731))
def test_slices_cover_a_period_day_by_day_without_gap_or_overlap(from_on: date, more: int) -> None:
    period = Period(from_on, from_on + timedelta(days=more))
    days = [one.from_on + timedelta(days=i) for one in period.slices() for i in range(one.n_days)]
    assert days == [from_on + timedelta(days=i) for i in range(more + 1)]
    assert period.before().until_on == from_on - timedelta(days=1)
    assert len(period.slices()) <= 25


def test_a_month_is_compared_with_the_month_before() -> None:
    assert MARCH.before() == Period(date(2026, 2, 1), date(2026, 2, 28))
    assert read("2026-01-01", "2026-03-31").before() == Period(date(2025, 10, 1), date(2025, 12, 31))
    assert read("2026-03-11", "2026-03-20").before() == Period(date(2026, 3, 1), date(2026, 3, 10))


@pytest.mark.parametrize(
    ("words", "where"),
    [
        (("", "2026-03-01"), ["from"]),
        (("x", "y"), ["from", "until"]),
        (("1200-01-01", "2026-03-01"), ["from"]),
        (("2026-03-02", "2026-03-01"), ["until"]),
        (("2020-03-02", "2026-03-01"), ["from"]),
    ],
)
def test_a_period_that_cannot_be_is_refused_with_every_problem(words: tuple[str, str], where: list[str]) -> None:
    with pytest.raises(InvalidInput) as refused:
        read(*words)
    assert [one.where for one in refused.value.problems] == where
