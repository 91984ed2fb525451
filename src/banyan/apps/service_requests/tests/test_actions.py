"""The loop by its actions: a resident reports, the town dispatches, a worker handles, someone else verifies."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from banyan.apps.audit import queries as audit
from banyan.apps.audit.models import Entry
from banyan.apps.matters.models import Matter
from banyan.apps.service_requests import actions, queries
from banyan.apps.service_requests.errors import HandlerMayNotVerify, IllegalStep, NotRateable
from banyan.apps.service_requests.models import Service, ServiceRequest
from banyan.apps.service_requests.rules import Step
from banyan.apps.territory import queries as territory
from banyan.base.coordinates import LonLat, System, convert
from banyan.base.errors import Forbidden, InvalidInput, NotFound, SignInNeeded, StaleVersion
from banyan.kit.guard import ANYONE, Actor
from tests.towns import FOUNDER, NOW, SmallTown

LATER = NOW + timedelta(minutes=30)


def _counts() -> tuple[int, int, int]:
    return ServiceRequest.objects.count(), Matter.objects.count(), Entry.objects.count()


def test_four_people_walk_the_whole_loop(small_town: SmallTown):
    made = small_town.report()
    closed = small_town.walk(made.id, until="closed", at=LATER)

    with small_town.scope():
        rated = actions.rate(
            actor=small_town.actor("resident"), town=small_town.town, service_request_id=made.id, rating=5, at=LATER
        )
        verbs = [moment.verb.partition(".")[2] for moment in audit.timeline(("service_request", made.id))]

    assert (closed.status, rated.rating) == ("closed", 5)
    assert verbs == ["received", "triage", "dispatch", "accept", "start", "resolve", "verify", "close", "rated"]


def test_a_report_is_located_routed_and_clocked(small_town: SmallTown):
    request = small_town.report().request

    with small_town.scope():
        assert queries.place_of(request, town=small_town.town).code == "n1"
    assert request.suggested_party_id == small_town.parties["great_property"]
    assert request.party_id is None
    assert request.target_min == 900
    assert request.stage == "triage"


def test_a_point_from_a_chinese_phone_is_put_right(small_town: SmallTown):
    shifted = convert(LonLat(113.31, 23.06), source=System.WGS84, target=System.GCJ02)

    request = small_town.report(lon=shifted.lon, lat=shifted.lat, coordinate_system="gcj02").request

    assert request.lon == pytest.approx(113.31, abs=1e-6)
    assert request.lat == pytest.approx(23.06, abs=1e-6)


def test_a_building_named_by_its_code_is_kept_with_its_grid(small_town: SmallTown):
    request = small_town.report(lon=None, lat=None, place_code="n1-b1").request

    with small_town.scope():
        tree = territory.tree(small_town.town)
    assert (request.place_id, request.building_id) == (tree.by_code["n1"].id, tree.by_code["n1-b1"].id)


def test_a_lift_goes_to_the_lift_company_and_its_clock_never_sleeps(small_town: SmallTown):
    request = small_town.report(service_code="lift").request

    assert request.suggested_party_id == small_town.parties["lift_company"]
    assert request.deadline_at == NOW + timedelta(minutes=900)


BAD_DRAFTS: list[tuple[dict[str, Any], set[tuple[str, str]]]] = [
    ({"service_code": "moon"}, {("service_code", "unknown")}),
    ({"description": "  "}, {("description", "required")}),
    ({"description": "x" * 4001}, {("description", "too_long")}),
    ({"description": "a\x00b"}, {("description", "not_text")}),
    ({"description": "a\ud800"}, {("description", "not_text")}),
    ({"lon": 120.0}, {("lon", "outside")}),
    ({"lon": float("nan")}, {("lon", "range")}),
    ({"lat": 91.0}, {("lon", "range")}),
    ({"lat": None}, {("lat", "required")}),
    ({"lon": None, "lat": None}, {("lon", "required")}),
    ({"coordinate_system": "mars"}, {("coordinate_system", "unknown")}),
    ({"place_code": "nowhere"}, {("place_code", "unknown")}),
    ({"urgency": "soon"}, {("urgency", "unknown")}),
    ({"intake": "pigeon"}, {("channel", "unknown")}),
    ({"requested_at": NOW + timedelta(hours=1)}, {("requested_at", "future")}),
    ({"contact_phone": "call me"}, {("phone", "pattern")}),
    ({"contact_email": "nobody"}, {("email", "pattern")}),
    (
        {"service_code": "moon", "description": "", "urgency": "soon", "lon": 500.0, "contact_phone": "x"},
        {
            ("service_code", "unknown"),
            ("description", "required"),
            ("urgency", "unknown"),
            ("lon", "range"),
            ("phone", "pattern"),
        },
    ),
]


@pytest.mark.parametrize(("words", "expected"), BAD_DRAFTS)
def test_a_bad_report_is_refused_with_every_problem_and_nothing_is_stored(
    small_town: SmallTown, words: dict[str, Any], expected: set[tuple[str, str]]
):
    with small_town.scope():
        before = _counts()

    with pytest.raises(InvalidInput) as refused:
        small_town.report(**words)

    assert {(problem.where, problem.code) for problem in refused.value.problems} == expected
    with small_town.scope():
        assert _counts() == before
    small_town.report()
    with small_town.scope():
        assert _counts() == tuple(n + 1 for n in before)


def test_anybody_may_report_and_only_staff_on_behalf_of_others(small_town: SmallTown):
    draft = actions.Draft("lamp", "灯坏了", lon=113.31, lat=23.06)
    phoned = actions.Draft("lamp", "灯坏了", lon=113.31, lat=23.06, intake="phone", contact_phone="13800000000")
    with small_town.scope():
        made = actions.report(actor=ANYONE, town=small_town.town, draft=draft, at=NOW)
        taken = actions.report(actor=small_town.actor("coordinator"), town=small_town.town, draft=phoned, at=NOW)
        with pytest.raises(Forbidden):
            actions.report(actor=small_town.actor("resident"), town=small_town.town, draft=phoned, at=NOW)
        with pytest.raises(SignInNeeded):
            actions.report(actor=ANYONE, town=small_town.town, draft=phoned, at=NOW)

    assert made.request.reporter_account_id is None
    assert taken.request.reporter_account_id is None
    assert taken.request.taken_by_account_id == small_town.accounts["coordinator"]


def test_whoever_knows_the_tracking_number_acts_as_the_reporter(small_town: SmallTown):
    draft = actions.Draft("lamp", "灯坏了", lon=113.31, lat=23.06)
    with small_town.scope():
        made = actions.report(actor=ANYONE, town=small_town.town, draft=draft, at=NOW)
        bearer = Actor(bearer_of=frozenset({made.id}))
        withdraw = {"town": small_town.town, "service_request_id": made.id, "step": Step("withdraw")}
        with pytest.raises(NotFound):
            actions.take_step(actor=ANYONE, at=NOW, **withdraw)
        done = actions.take_step(actor=bearer, at=NOW, **withdraw)

    assert done.status == "withdrawn"


# Who may take a step, and who may not: the same request, the same words, another person.
ALLOWED_AND_REFUSED = [
    ("received", "triage", {}, "coordinator", "resident", Forbidden),
    ("received", "triage", {}, "manager", "other_coordinator", NotFound),
    ("received", "withdraw", {}, "resident", "neighbour", NotFound),
    ("triaged", "dispatch", {}, "coordinator", "worker", NotFound),
    ("dispatched", "accept", {}, "worker", "other_worker", NotFound),
    ("dispatched", "accept", {}, "property_manager", "resident", Forbidden),
    ("dispatched", "return", {"reason": "不归我们管"}, "worker", "auditor", Forbidden),
    ("in_progress", "resolve", {"remedy": "换灯泡"}, "worker", "resident", Forbidden),
    ("resolved", "verify", {}, "coordinator", "auditor", Forbidden),
    ("resolved", "verify", {}, "resident", "neighbour", NotFound),
    ("resolved", "refute", {"reason": "还是不亮"}, "resident", "operator", NotFound),
    ("verified", "close", {}, "coordinator", "resident", Forbidden),
    ("closed", "reopen", {"reason": "又坏了"}, "resident", "worker", Forbidden),
]


@pytest.mark.parametrize(("state", "step", "words", "allowed", "refused", "error"), ALLOWED_AND_REFUSED)
def test_a_step_is_taken_by_the_one_and_refused_to_the_other(
    small_town: SmallTown,
    state: str,
    step: str,
    words: dict[str, Any],
    allowed: str,
    refused: str,
    error: type[Exception],
):
    made = small_town.report()
    if state != "received":
        small_town.walk(made.id, until=state)
    with small_town.scope():
        before = _counts()

    with pytest.raises(error):
        small_town.step(made.id, step, refused, **words)

    with small_town.scope():
        assert _counts() == before
    small_town.step(made.id, step, allowed, **words)


def test_the_worker_who_resolved_it_may_not_verify_even_as_a_coordinator(small_town: SmallTown):
    made = small_town.report()
    small_town.walk(made.id, until="accepted")
    small_town.step(made.id, "start", "property_manager")
    small_town.step(made.id, "resolve", "property_manager", remedy="换灯泡")

    with pytest.raises(HandlerMayNotVerify):
        small_town.step(made.id, "verify", "property_manager")

    assert small_town.step(made.id, "verify", "coordinator").status == "verified"


def test_the_worker_who_wrote_it_down_cannot_verify_or_rate_by_its_number_either(small_town: SmallTown):
    draft = actions.Draft("lamp", "灯坏了", lon=113.31, lat=23.06, intake="phone")
    with small_town.scope():
        made = actions.report(actor=small_town.actor("worker"), town=small_town.town, draft=draft, at=NOW)
    small_town.walk(made.id, until="resolved")
    by_number = {"actor": Actor(bearer_of=frozenset({made.id})), "town": small_town.town, "service_request_id": made.id}

    with small_town.scope():
        with pytest.raises(HandlerMayNotVerify):
            actions.take_step(step=Step.VERIFY, at=NOW, **by_number)
        with pytest.raises(HandlerMayNotVerify):
            actions.rate(rating=5, at=NOW, **by_number)

    assert small_town.step(made.id, "verify", "coordinator").status == "verified"


def test_a_step_from_a_stale_page_is_refused(small_town: SmallTown):
    made = small_town.report()
    small_town.step(made.id, "triage", "coordinator", version=1)

    with pytest.raises(StaleVersion):
        small_town.step(made.id, "dispatch", "coordinator", version=1)

    assert small_town.step(made.id, "dispatch", "coordinator", version=2).status == "dispatched"


def test_a_step_that_the_table_lacks_is_refused(small_town: SmallTown):
    made = small_town.report()

    with pytest.raises(IllegalStep):
        small_town.step(made.id, "dispatch", "coordinator")


def test_dispatch_goes_to_whoever_answers_for_the_place_unless_another_is_named(small_town: SmallTown):
    first, second = small_town.report(), small_town.report()
    for made in (first, second):
        small_town.step(made.id, "triage", "coordinator")

    suggested = small_town.step(first.id, "dispatch", "coordinator")
    named = small_town.step(second.id, "dispatch", "coordinator", party_id=small_town.parties["lift_company"])

    assert suggested.party_id == small_town.parties["great_property"]
    assert named.party_id == small_town.parties["lift_company"]


def test_the_named_handler_works_for_the_party(small_town: SmallTown):
    made = small_town.report()
    small_town.step(made.id, "triage", "coordinator")

    with pytest.raises(InvalidInput):
        small_town.step(made.id, "dispatch", "coordinator", handler_account_id=small_town.accounts["other_worker"])

    done = small_town.step(made.id, "dispatch", "coordinator", handler_account_id=small_town.accounts["worker"])
    assert done.handler_account_id == small_town.accounts["worker"]


def test_triage_puts_the_service_right_and_finds_who_answers_anew(small_town: SmallTown):
    made = small_town.report()

    request = small_town.step(
        made.id, "triage", "coordinator", service_code="lift", urgency="high", is_text_public=True
    )

    assert request.suggested_party_id == small_town.parties["lift_company"]
    assert (request.urgency, request.is_text_public) == ("high", True)


def test_a_rating_comes_once_from_the_reporter_when_there_is_something_to_rate(small_town: SmallTown):
    made = small_town.report()

    def rate(key: str, rating: int = 4) -> ServiceRequest:
        with small_town.scope():
            actor = small_town.actor(key)
            return actions.rate(actor=actor, town=small_town.town, service_request_id=made.id, rating=rating, at=LATER)

    with pytest.raises(NotRateable):
        rate("resident")
    small_town.walk(made.id, until="resolved")
    with pytest.raises(InvalidInput):
        rate("resident", 6)
    with pytest.raises(Forbidden):
        rate("coordinator")
    assert rate("resident").rating == 4
    with pytest.raises(NotRateable):
        rate("resident")


def test_internal_notes_are_for_the_staff_only(small_town: SmallTown):
    made = small_town.report()
    words = {"town": small_town.town, "service_request_id": made.id, "at": LATER}
    with small_town.scope():
        actions.comment(actor=small_town.actor("coordinator"), text="先查电表", is_internal=True, **words)
        actions.comment(actor=small_town.actor("resident"), text="晚上很黑", **words)
        with pytest.raises(Forbidden):
            actions.comment(actor=small_town.actor("resident"), text="内部", is_internal=True, **words)
        request = queries.readable(small_town.actor("resident"), made.id, town=small_town.town)
        outside = [row.text for row in queries.comments(request, with_internal=False)]
        inside = [row.text for row in queries.comments(request, with_internal=True)]

    assert (outside, inside) == (["晚上很黑"], ["先查电表", "晚上很黑"])


def test_a_contact_is_read_in_the_clear_only_with_a_note_that_its_owner_sees(small_town: SmallTown):
    from banyan.apps.people import queries as people

    made = small_town.report(contact_name="王小榕", contact_phone="13800000000")
    with small_town.scope():
        read = {"town": small_town.town, "service_request_id": made.id, "at": LATER}
        masked = people.masked_contact(made.request.reporter_id)
        clear = actions.read_contact(actor=small_town.actor("coordinator"), **read)
        with pytest.raises(NotFound):
            actions.read_contact(actor=small_town.actor("other_coordinator"), **read)
        looks = people.looks_at(small_town.accounts["resident"])

    assert "3800000" not in masked.phone
    assert clear.phone.endswith("13800000000")
    assert [look.role for look in looks] == ["coordinator"]


def test_an_edit_of_the_catalogue_makes_a_version_and_open_requests_keep_theirs(small_town: SmallTown):
    made = small_town.report()
    new = actions.NewService(
        "lamp",
        "repair",
        "lighting",
        "照明",
        "Lighting",
        "路灯故障",
        "Street lamp fault",
        responsible_kinds=("property_company",),
    )
    with small_town.scope():
        n_changed = actions.publish_catalogue(actor=FOUNDER, town=small_town.town, services=[new], at=LATER)
        n_again = actions.publish_catalogue(actor=FOUNDER, town=small_town.town, services=[new], at=LATER)
        versions = list(Service.objects.filter(code="lamp").order_by("version").values_list("version", "is_current"))
        kept = queries.catalogue(small_town.town).by_id[made.request.service_id]
    fresh = small_town.report()

    assert (n_changed, n_again, versions) == (1, 0, [(1, False), (2, True)])
    assert (kept.version, kept.name_en) == (1, "Street lamp out")
    assert fresh.request.target_min is None


def test_pages_of_a_list_meet_neither_twice_nor_never(small_town: SmallTown):
    ids = [small_town.report(at=NOW + timedelta(minutes=n // 2)).id for n in range(11)]
    with small_town.scope():
        actor, wanted = small_town.actor("coordinator"), queries.Filter()
        read = {"town": small_town.town, "at": LATER, "size": 4}
        pages = [queries.listed(actor, wanted, **read)]
        while pages[-1].next_cursor:
            pages.append(queries.listed(actor, wanted, cursor=pages[-1].next_cursor, **read))
        back = queries.listed(actor, wanted, cursor=pages[-1].previous_cursor, **read)

    met = [row.id for page in pages for row in page.rows]
    assert sorted(met) == sorted(ids)
    assert [row.id for row in back.rows] == [row.id for row in pages[-2].rows]


def test_a_list_costs_one_statement_at_any_size(small_town: SmallTown, django_assert_num_queries: Any):
    for n in range(12):
        small_town.report(at=NOW + timedelta(minutes=n))
    with small_town.scope():
        actor, read = small_town.actor("manager"), {"town": small_town.town, "at": LATER}
        for size in (1, 12):
            with django_assert_num_queries(1):
                assert len(queries.listed(actor, queries.Filter(), size=size, **read).rows) == size
