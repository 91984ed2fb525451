"""Three months in the demonstration town."""

from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest
import shapely

from banyan.apps.service_requests.rules import NEEDS, RATEABLE, TAKES, Intake, Status, Step, next_status
from banyan.base.calendar import Calendar
from banyan.base.errors import InvalidInput
from banyan.base.rng import stream
from banyan.demo.catalogue import services
from banyan.demo.geometry import plan_town
from banyan.demo.parties import organise
from banyan.demo.requests_model import Parameters, simulate, weather
from banyan.demo.tests.towns import town_of

UNTIL = datetime(2026, 9, 30, 7, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def town():
    return town_of(7)


@pytest.fixture(scope="module")
def organisation(town):
    return organise(town)


@pytest.fixture(scope="module")
def told(town, organisation):
    return simulate(town, organisation, until=UNTIL, calendar=Calendar())


@pytest.fixture(scope="module")
def lives(told):
    found = defaultdict(list)
    for happening in told:
        found[happening.request].append(happening)
    return found


def test_about_three_thousand_requests_arrive_in_three_months(told, lives):
    reports = [h for h in told if h.step == "report"]

    assert 2750 <= len(reports) == len(lives) <= 3350
    assert min(h.at for h in told) >= UNTIL - timedelta(days=92)
    assert max(h.at for h in told) < UNTIL


def test_happenings_come_in_order_of_time(told):
    assert all(before.at <= after.at for before, after in pairwise(told))
    assert all(happening.at.utcoffset() == timedelta(0) for happening in told)


def test_every_life_follows_the_state_table_and_is_rated_only_when_done(lives):
    for life in lives.values():
        status = Status.RECEIVED
        assert life[0].step == "report" and life[0].report is not None
        for happening in life[1:]:
            if happening.step == "rate":
                assert status in RATEABLE and 1 <= happening.rating <= 5
            elif happening.step != "comment":
                status = next_status(status, Step(happening.step))


def test_time_passes_between_the_steps_of_a_life(lives):
    for life in lives.values():
        assert all(before.at < after.at for before, after in pairwise(life))


def test_every_step_brings_the_words_it_needs_and_no_others(told):
    for happening in told:
        if happening.step in {"report", "rate", "comment"}:
            continue
        step = Step(happening.step)
        given = {"reason": happening.text, "remedy": happening.text, "party_id": happening.party}
        taken = {*NEEDS.get(step, ()), *TAKES.get(step, ())}

        assert all(given[name] for name in NEEDS.get(step, ())), happening
        assert bool(happening.text) <= bool(taken & {"reason", "remedy"}), happening
        assert bool(happening.service or happening.urgency) <= ("urgency" in taken), happening


def test_who_handles_does_not_verify_and_only_the_reporter_withdraws_or_rates(lives):
    for life in lives.values():
        resolver = ""
        for happening in life:
            if happening.step == "resolve":
                resolver = happening.by
            if happening.step in {"verify", "refute"}:
                assert happening.by != resolver
            if happening.step in {"withdraw", "rate"}:
                assert happening.by == life[0].report.reporter != ""


def test_hands_belong_to_the_party_that_answers_and_desks_to_the_community(town, organisation, lives):
    staff = {member.key: member for member in organisation.staff}
    community_of = {grid.code: grid.community for grid in town.grids}
    by_code = {service.code: service for service in services()}
    for life in lives.values():
        service, grid, party = by_code[life[0].service], life[0].report.grid, ""
        for happening in life:
            service = by_code[happening.service] if happening.service else service
            if happening.step == "dispatch":
                chain = (grid, community_of[grid])
                party = organisation.answering(chain, kinds=service.responsible_kinds, topic=service.group)
                assert happening.party == party == staff[happening.handler].party
            if happening.step in {"accept", "start", "pause", "resume", "resolve", "return"}:
                assert staff[happening.by].party == party
            if happening.step in {"triage", "dispatch", "reject", "close", "refute"}:
                assert staff[happening.by].role == "coordinator"
                assert staff[happening.by].place == community_of[grid]


def test_reports_point_into_the_grid_they_name_and_read_as_sentences(town, told):
    grids = {grid.code: shapely.Polygon(grid.ring) for grid in town.grids}
    for report in (h.report for h in told if h.report):
        assert grids[report.grid].covers(shapely.Point(report.lon, report.lat))
        assert report.channel in {str(intake) for intake in Intake}
        assert (report.channel == "web") == (not report.taken_by)
        assert not (report.reporter and report.contact_phone)
        assert "{" not in report.text
        assert report.text.isascii() == (report.language == "en")


def test_the_flow_follows_hour_week_and_weather(town, told):
    reports = [h for h in told if h.step == "report"]
    hours = Counter((h.at.hour + 8) % 24 for h in reports)
    weekdays = Counter((h.at + timedelta(hours=8)).weekday() for h in reports)
    wet = weather(stream(town.seed, "demo", "weather"), 92, parameters=Parameters())
    first = (UNTIL + timedelta(hours=8)).date() - timedelta(days=91)
    leaks = [h for h in reports if h.service in {"leak_roof", "drain_blocked", "flooding"}]
    by_weather = Counter(wet[((h.at + timedelta(hours=8)).date() - first).days] > 0 for h in leaks)
    n_wet = sum(day > 0 for day in wet)

    assert hours[9] + hours[10] > 5 * (hours[2] + hours[3])
    assert weekdays[0] > weekdays[6]
    assert 10 <= n_wet <= 60
    assert by_weather[True] / n_wet > 1.5 * by_weather[False] / (92 - n_wet)


def test_lift_outages_cluster_in_one_house(told):
    outages = [h for h in told if h.step == "report" and h.service == "lift_out"]
    near = sum(
        any(
            other is not h and other.report.building == h.report.building and abs(other.at - h.at) < timedelta(hours=8)
            for other in outages
        )
        for h in outages
    )

    assert near / len(outages) > 0.4


def test_old_houses_ask_more_for_plumbing_than_new_ones(town, told):
    built = {building.code: building for building in town.buildings}
    asked = Counter()
    doors = Counter()
    for building in town.buildings:
        doors[building.built_in < 2000] += building.n_dwellings
    for h in told:
        if h.report and h.report.building and h.service in {"pipe_leak", "drain_home", "stair_light"}:
            asked[built[h.report.building].built_in < 2000] += 1

    assert asked[True] / doors[True] > 1.5 * asked[False] / doors[False]


def test_nothing_stays_spotless_shares_are_as_stated(told, lives):
    steps = Counter(h.step for h in told)
    numbers = Parameters()
    n = len(lives)

    for step, share in (("reject", numbers.rejected_share), ("return", numbers.returned_share)):
        assert share * n * 0.6 < steps[step] < share * n * 1.5, step
    assert all(steps[step] for step in ("withdraw", "refute", "reopen", "pause", "resume", "rate", "comment"))
    assert any(h.step == "triage" and h.service for h in told)
    still_open = [life[-1].step for life in lives.values() if life[-1].step in {"start", "accept", "dispatch", "pause"}]
    assert 0.01 * n < len(still_open) < 0.25 * n


def test_the_same_seed_tells_the_same_story_and_another_seed_another():
    first, again, other = (
        simulate(small, organise(small), until=UNTIL, calendar=Calendar())
        for small in (town_of(7, 0.1), plan_town(seed=7, scale=0.1), town_of(1, 0.1))
    )

    assert first == again
    assert first != other


def test_the_scale_multiplies_the_requests():
    small = town_of(7, 0.1)
    told = simulate(small, organise(small), until=UNTIL, calendar=Calendar())

    assert 240 <= sum(h.step == "report" for h in told) <= 380


def test_weather_lingers():
    days = np.array(weather(np.random.default_rng(1), 20_000, parameters=Parameters())) > 0

    assert days[1:][days[:-1]].mean() > days[1:][~days[:-1]].mean() + 0.2


def test_parameters_that_are_no_shares_are_refused_all_at_once():
    with pytest.raises(InvalidInput) as refused:
        Parameters(rejected_share=1.5, paused_share=-0.1, n_days=0, channels={"web": 0.5})

    assert len(refused.value.problems) == 4


def test_an_instant_without_a_zone_is_refused(town, organisation):
    with pytest.raises(InvalidInput, match="time zone"):
        simulate(town, organisation, until=datetime(2026, 1, 1), calendar=Calendar())
