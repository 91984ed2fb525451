"""The law of joint work, of questions that others decide, of parking and of return calls: pure rules."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from banyan.apps.service_requests.errors import (
    AskerMayNotDecide,
    HandlerMayNotCall,
    IllegalPartStep,
    PartDoerMayNotVerify,
    PartsNotDone,
    PartsNotVerified,
)
from banyan.apps.service_requests.rules import STEPS, Clocks, Status, Step, Wanted, clocks, step_problems
from banyan.apps.service_requests.rules.joint import (
    MOST_MIN,
    OVER,
    PART_NEEDS,
    PART_STEPS,
    PART_TAKES,
    PART_VERBS,
    PARTS_MOVE,
    SUMMONABLE,
    UNDER_WAY,
    UNDISPATCHED,
    PartStatus,
    PartStep,
    PartWords,
    Summons,
    check_part_hands,
    check_part_words,
    check_parts,
    distance_m,
    next_part_status,
    summons_problems,
)
from banyan.apps.service_requests.rules.rulings import (
    RulingKind,
    asides,
    call_problems,
    check_caller,
    check_other_hand,
    clock_is_on,
    decision_problems,
    is_arbitrable,
    question_problems,
)
from banyan.base.calendar import ALWAYS, OFFICE_WEEK, WEEKDAYS, Calendar
from banyan.base.coordinates import LonLat, System, convert
from banyan.base.errors import InvalidInput
from banyan.engines import deadlines
from banyan.kit.policy import MAY

A, B, C = (UUID(int=n) for n in (1, 2, 3))
WEEK = {day: [str(period) for period in hours] for day, hours in zip(WEEKDAYS, OFFICE_WEEK, strict=True)}
OFFICE = Calendar.from_json({"timezone": "Asia/Shanghai", "country": "CN", "week": WEEK})
NOW = datetime(2026, 3, 18, 2, 0, tzinfo=UTC)
instants = st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31)).map(
    lambda at: at.replace(second=0, microsecond=0, tzinfo=UTC)
)
minutes = st.integers(1, 5000)


def _codes(error: pytest.ExceptionInfo[InvalidInput]) -> set[tuple[str, str]]:
    return {(problem.where, problem.code) for problem in error.value.problems}


# --- the state table of a part ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", list(PartStatus))
@pytest.mark.parametrize("step", list(PartStep))
def test_a_step_of_a_part_leads_where_the_table_says_or_is_refused(status: PartStatus, step: PartStep):
    if step in PART_STEPS[status]:
        assert next_part_status(status, step) is PART_STEPS[status][step]
    else:
        with pytest.raises(IllegalPartStep):
            next_part_status(status, step)


def test_every_state_of_a_part_is_reached_and_none_over_is_left():
    reached, ahead = {PartStatus.SUMMONED}, [PartStatus.SUMMONED]
    while ahead:
        fresh = set(PART_STEPS[ahead.pop()].values()) - reached
        reached |= fresh
        ahead += fresh

    assert reached == set(PartStatus)
    assert {status for status, steps in PART_STEPS.items() if not steps} == OVER


def test_no_way_leads_to_a_verified_part_but_the_look_at_one_that_is_done():
    ways = {(at, step) for at, steps in PART_STEPS.items() for step, to in steps.items() if to is PartStatus.VERIFIED}

    assert ways == {(PartStatus.DONE, PartStep.VERIFY)}


def test_every_step_of_a_part_has_a_line_in_the_policy():
    assert set(PART_VERBS) == set(PartStep) and set(PART_VERBS.values()) <= set(MAY)


def test_parties_are_summoned_to_open_work_and_the_lead_can_be_dispatched_where_nobody_has_it():
    assert all(Step.DISPATCH in STEPS[status] for status in UNDISPATCHED)
    assert {status for status in SUMMONABLE if Step.DISPATCH in STEPS[status]} == UNDISPATCHED
    assert {Status.RESOLVED} == PARTS_MOVE - SUMMONABLE
    assert not UNDER_WAY & OVER


@pytest.mark.parametrize("step", list(PartStep))
def test_a_step_of_a_part_says_every_word_it_lacks_and_every_word_it_does_not_take(step: PartStep):
    needed, taken = set(PART_NEEDS.get(step, ())), set(PART_TAKES.get(step, ()))
    words = {"reason": "r", "remedy": "m", "lon": 113.31, "lat": 23.06, "coordinate_system": "gcj02"}
    check_part_words(step, PartWords(**{name: words[name] for name in needed | taken}))

    strange = {name: value for name, value in words.items() if name not in needed | taken}
    with pytest.raises(InvalidInput) as error:
        check_part_words(step, PartWords(**strange))
    assert _codes(error) == {(name, "required") for name in needed} | {(name, "not_taken") for name in strange}


def test_a_point_that_is_none_is_refused_on_arrival_with_everything_wrong_with_it():
    with pytest.raises(InvalidInput) as error:
        check_part_words(PartStep.ARRIVE, PartWords(lon=913.0, lat=95.0, coordinate_system="mars"))
    assert {("coordinate_system", "unknown"), ("lon", "range"), ("lat", "range")} <= _codes(error)

    with pytest.raises(InvalidInput) as error:
        check_part_words(PartStep.ARRIVE, PartWords(lat=23.0))
    assert _codes(error) == {("lon", "required")}


def test_whoever_did_a_part_does_not_look_at_it():
    for step in (PartStep.VERIFY, PartStep.REFUTE):
        with pytest.raises(PartDoerMayNotVerify):
            check_part_hands(step, actor_account_id=A, resolved_by=A)
        check_part_hands(step, actor_account_id=B, resolved_by=A)
    check_part_hands(PartStep.FINISH, actor_account_id=A, resolved_by=A)


parts = st.lists(st.tuples(st.sampled_from("甲乙丙丁"), st.sampled_from(list(PartStatus)), st.just(False)), max_size=6)


@given(parts)
def test_the_whole_is_resolved_when_every_living_part_is_done_and_verified_when_every_one_is_verified(
    found: list[tuple[str, str, bool]],
):
    living = [(party, status) for party, status, _ in found if status not in OVER]
    undone = [party for party, status in living if status not in (PartStatus.DONE, PartStatus.VERIFIED)]
    unseen = [party for party, status in living if status != PartStatus.VERIFIED]
    for step, missing, error in ((Step.RESOLVE, undone, PartsNotDone), (Step.VERIFY, unseen, PartsNotVerified)):
        if missing:
            with pytest.raises(error) as raised:
                check_parts(step, found)
            assert raised.value.facts["parties"] == ", ".join(missing)
        else:
            check_parts(step, found)
    check_parts(Step.PAUSE, found)


def test_the_leads_own_part_is_finished_by_the_step_that_resolves_the_whole_but_not_verified_by_it():
    check_parts(Step.RESOLVE, [("甲", PartStatus.ON_SITE, True), ("乙", PartStatus.DONE, False)])
    with pytest.raises(PartsNotVerified, match="甲"):
        check_parts(Step.VERIFY, [("甲", PartStatus.DONE, True), ("乙", PartStatus.VERIFIED, False)])


# --- how far away ----------------------------------------------------------------------------------------------------


@given(st.sampled_from(list(System)), st.floats(113.0, 114.0), st.floats(22.5, 23.5))
def test_a_phone_on_the_spot_is_on_the_spot_in_every_coordinate_system(system: System, lon: float, lat: float):
    phone = convert(LonLat(lon, lat), source=System.WGS84, target=system)

    words = PartWords(lon=phone.lon, lat=phone.lat, coordinate_system=str(system))

    assert distance_m(words, lon=lon, lat=lat) == 0


def test_the_way_from_a_phone_to_the_request_is_measured_in_metres():
    # one thousandth of a degree of latitude on a sphere of 6371008.8 m: 111.19 m
    assert distance_m(PartWords(lon=113.31, lat=23.061), lon=113.31, lat=23.060) == 111
    assert distance_m(PartWords(), lon=113.31, lat=23.06) is None
    assert distance_m(PartWords(lon=113.31, lat=23.06), lon=None, lat=None) is None


# --- summoning -------------------------------------------------------------------------------------------------------


def _problems(
    summons: list[Summons], living: dict[UUID, bool] | None = None, holder: UUID | None = None
) -> set[tuple[str, str]]:
    found = summons_problems(summons, known=(A, B, C), living=living or {}, holder_id=holder)
    return {(problem.where, problem.code) for problem in found}


LEAD, HELP = Summons(A, "关总阀", 120, is_lead=True), Summons(B, "抽水", 240)


@pytest.mark.parametrize(
    ("summons", "living", "holder", "expected"),
    [
        ([LEAD, HELP], {}, None, set()),
        ([LEAD, HELP], {}, A, set()),
        ([HELP], {A: True}, A, set()),
        ([HELP], {}, None, {("summons", "lead")}),
        ([HELP], {}, A, {("summons", "lead")}),
        ([LEAD, Summons(B, "t", is_lead=True)], {}, None, {("summons", "leads")}),
        ([LEAD], {B: True}, B, {("summons", "leads")}),
        ([LEAD], {B: True}, None, set()),
        ([LEAD], {C: False}, B, {("summons.0.is_lead", "held")}),
        ([], {}, None, {("summons", "range")}),
        ([HELP] * 13, {}, None, {("summons", "range")}),
        (
            [
                Summons(None, " ", 0, is_lead=True),
                Summons(UUID(int=9), "x" * 501, MOST_MIN + 1),
                Summons(B, "t\x00"),
                Summons(B, "t", 1),
                Summons(C, "t", True),
            ],
            {C: False},
            None,
            {
                ("summons.0.party_id", "required"),
                ("summons.0.task", "required"),
                ("summons.0.target_min", "range"),
                ("summons.1.party_id", "unknown"),
                ("summons.1.task", "too_long"),
                ("summons.1.target_min", "range"),
                ("summons.2.task", "not_text"),
                ("summons.3.party_id", "twice"),
                ("summons.4.party_id", "summoned"),
                ("summons.4.target_min", "range"),
            },
        ),
    ],
)
def test_a_summons_is_refused_with_every_problem(summons, living, holder, expected):
    assert _problems(summons, living, holder) == expected


# --- more time -------------------------------------------------------------------------------------------------------


@given(instants, minutes, minutes, st.sampled_from([OFFICE, ALWAYS]))
def test_more_time_is_exactly_so_many_working_minutes_more(at: datetime, target: int, more: int, calendar: Calendar):
    deadline = deadlines.add_minutes(calendar, at, minutes=target)
    held = Clocks(target_min=target, deadline_at=deadline, stage="handle", stage_deadline_at=deadline)

    found = clocks.extended(held, minutes=more, calendar=calendar)

    assert found.deadline_at == found.stage_deadline_at == deadlines.add_minutes(calendar, at, minutes=target + more)
    assert found.target_min == target and found.remaining_min is None


@given(instants, minutes, minutes, st.integers(0, 4000))
def test_a_paused_clock_that_gets_more_time_has_it_when_it_runs_on(at: datetime, target: int, more: int, spent: int):
    targets = {"normal": {"whole": target, "handle": target}}
    start = clocks.started(targets, urgency="normal", calendar=OFFICE, at=at)
    on = {"targets": targets, "urgency": "normal", "calendar": OFFICE, "since": at}
    pause = deadlines.add_minutes(OFFICE, at, minutes=spent)
    paused = clocks.moved(clocks.moved(start, Status.IN_PROGRESS, at=at, **on), Status.PAUSED, at=pause, **on)

    more_time = clocks.extended(paused, minutes=more, calendar=OFFICE)
    again = clocks.moved(more_time, Status.IN_PROGRESS, at=pause, **on)

    assert more_time.remaining_min == target - spent + more
    if target - spent + more > 0:
        assert clocks.left_min(OFFICE, again.deadline_at, pause) == target - spent + more
    else:
        assert again.deadline_at < pause or again.deadline_at == more_time.deadline_at


def test_a_clock_without_a_target_gets_none_by_more_time():
    assert clocks.extended(Clocks(), minutes=60, calendar=ALWAYS) == Clocks()


def test_more_time_outlives_the_next_step():
    targets = {"normal": {"whole": 900, "accept": 60, "handle": 450}}
    on = {"targets": targets, "urgency": "normal", "calendar": ALWAYS, "at": NOW, "since": NOW}
    held = clocks.started(targets, urgency="normal", calendar=ALWAYS, at=NOW)

    moved = clocks.moved(clocks.extended(held, minutes=100, calendar=ALWAYS), Status.ACCEPTED, **on)

    assert moved.deadline_at == NOW + timedelta(minutes=1000)


# --- questions and decisions -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "words", "expected"),
    [
        ("extension", {"reason": "等零件", "minutes": 60, "for_part": False}, set()),
        ("extension", {"reason": "等零件", "minutes": 60, "for_part": True}, set()),
        ("arbitration", {"reason": "不归我们管", "minutes": None, "for_part": False}, set()),
        (
            "extension",
            {"reason": " ", "minutes": None, "for_part": False},
            {("reason", "required"), ("minutes", "range")},
        ),
        ("extension", {"reason": "r", "minutes": MOST_MIN + 1, "for_part": False}, {("minutes", "range")}),
        (
            "arbitration",
            {"reason": "r", "minutes": 5, "for_part": True},
            {("minutes", "not_taken"), ("part_id", "not_taken")},
        ),
        (
            "mercy",
            {"reason": "x" * 4001, "minutes": None, "for_part": False},
            {("kind", "unknown"), ("reason", "too_long")},
        ),
    ],
)
def test_a_question_is_refused_with_every_problem(kind, words, expected):
    assert {(p.where, p.code) for p in question_problems(kind, **words)} == expected


def _decided(kind: str, **words: object) -> set[tuple[str, str]]:
    given = {
        "is_granted": True,
        "decision": "",
        "minutes": None,
        "party_is": (None, False),
        "asked_by_party_id": A,
    } | words
    return {(p.where, p.code) for p in decision_problems(kind, **given)}


def test_a_decision_is_refused_with_every_problem():
    assert _decided("extension", minutes=60) == set()
    assert _decided("extension", is_granted=False, decision="人手够") == set()
    assert _decided("extension", is_granted=False) == {("decision", "required")}
    assert _decided("extension", minutes=0, party_is=(B, True)) == {("minutes", "range"), ("party_id", "not_taken")}
    assert _decided("arbitration", decision="归物业", party_is=(B, True)) == set()
    assert _decided("arbitration", is_granted=False, decision="归你们") == set()
    assert _decided("arbitration", minutes=5) == {
        ("decision", "required"),
        ("minutes", "not_taken"),
        ("party_id", "required"),
    }
    assert _decided("arbitration", decision="d", party_is=(C, False)) == {("party_id", "unknown")}
    assert _decided("arbitration", decision="d", party_is=(A, True)) == {("party_id", "contrary")}
    assert _decided("arbitration", is_granted=False, decision="d", party_is=(B, True)) == {("party_id", "contrary")}
    assert _decided("arbitration", is_granted=False, decision="d", asked_by_party_id=None) == {("party_id", "required")}


def test_who_asks_does_not_decide_nor_does_the_party_they_ask_for():
    asked = {"asked_by_account_id": A, "asked_by_party_id": B}
    with pytest.raises(AskerMayNotDecide):
        check_other_hand(account_id=A, party_ids=frozenset(), **asked)
    with pytest.raises(AskerMayNotDecide):
        check_other_hand(account_id=C, party_ids=frozenset({B}), **asked)
    check_other_hand(account_id=C, party_ids=frozenset({A}), **asked)
    check_other_hand(account_id=C, party_ids=frozenset(), asked_by_account_id=None, asked_by_party_id=None)


@pytest.mark.parametrize("status", list(Status))
def test_more_time_means_something_while_the_clock_runs_or_is_paused(status: Status):
    assert clock_is_on(status, has_deadline=True) == (
        status not in {"resolved", "verified", "closed", "rejected", "withdrawn", "merged"}
    )
    assert not clock_is_on(status, has_deadline=False)


@pytest.mark.parametrize("status", list(Status))
def test_arbitration_is_about_what_nobody_has(status: Status):
    assert is_arbitrable(status) == (status in UNDISPATCHED)


def test_a_step_that_stops_the_clock_settles_the_questions_that_hang_on_it():
    assert asides(Step.RETURN) == {RulingKind.EXTENSION}
    assert asides(Step.RESOLVE) == asides(Step.WITHDRAW) == asides(Step.REJECT) == set(RulingKind)
    assert not asides(Step.PAUSE)


# --- parking and return calls ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("days", "code"), [(-1, "past"), (0, "past"), (1, None), (366, None), (367, "far")])
def test_a_case_is_parked_until_a_day_ahead_and_not_for_ever(days: int, code: str | None):
    today = date(2026, 3, 18)
    wanted = Wanted(reason="等来年预算", review_on=today + timedelta(days=days))
    found = {(problem.where, problem.code) for problem in step_problems(Step.PARK, wanted, today=today)}
    assert found == ({("review_on", code)} if code else set())


def test_parking_without_anything_lists_everything():
    found = step_problems(Step.PARK, Wanted(remedy="x"), today=date(2026, 3, 18))
    wheres = {(problem.where, problem.code) for problem in found}
    assert wheres == {("reason", "required"), ("review_on", "required"), ("remedy", "not_taken")}


def _called(outcome: str, **words: object) -> set[tuple[str, str]]:
    given = {"is_settled": None, "satisfaction": None, "words": "", "reopens": False} | words
    return {(p.where, p.code) for p in call_problems(outcome, **given)}


def test_a_return_call_is_refused_with_every_problem():
    assert _called("unreachable") == _called("declined", words="不愿意说") == set()
    assert _called("reached", is_settled=True, satisfaction=5) == set()
    assert _called("reached", is_settled=False, reopens=True, words="还是漏") == set()
    assert _called("reached") == {("is_settled", "required")}
    assert _called("unreachable", is_settled=True, satisfaction=3) == {
        ("is_settled", "not_taken"),
        ("satisfaction", "not_taken"),
    }
    assert _called("reached", is_settled=True, satisfaction=6, reopens=True) == {
        ("satisfaction", "range"),
        ("reopens", "not_taken"),
        ("words", "required"),
    }
    assert _called("shouted") == {("outcome", "unknown")}


def test_whoever_handled_does_not_call():
    with pytest.raises(HandlerMayNotCall):
        check_caller(account_id=A, hands=frozenset({A, B}))
    check_caller(account_id=C, hands=frozenset({A, B}))
