"""Questions that somebody else decides, parked cases, return calls, and who hears of all that."""

from __future__ import annotations

from datetime import date

import pytest
from django_q.models import OrmQ

from banyan.apps.notices.models import Notice
from banyan.apps.service_requests import actions, queries
from banyan.apps.service_requests.errors import (
    AlreadyAsked,
    ArbitrationOpen,
    AskerMayNotDecide,
    BoundToHandle,
    HandlerMayNotCall,
    NoClock,
    NotArbitrable,
    NothingToCallAbout,
    RulingClosed,
)
from banyan.apps.service_requests.models import Part, Ruling
from banyan.apps.service_requests.queries import Filter, joint
from banyan.apps.service_requests.tests.desk import LATER, Desk, later
from banyan.base.errors import Forbidden, InvalidInput, NotFound
from banyan.faces import news
from banyan.kit import jobs
from tests.towns import NOW, SmallTown


@pytest.fixture
def desk(small_town: SmallTown) -> Desk:
    return Desk(small_town)


# --- questions that somebody else decides ----------------------------------------------------------------------------


def test_more_time_is_asked_for_and_granted_by_somebody_else(small_town: SmallTown):
    desk = Desk(small_town, until="in_progress")
    before = desk.now
    ruling = desk.ask("worker", minutes=120)
    with pytest.raises(AskerMayNotDecide):
        desk.decide(ruling, "property_manager")

    decided = desk.decide(ruling, "coordinator", minutes=60)

    now = desk.now
    assert (decided.status, decided.decided_minutes) == ("granted", 60)
    assert now.deadline_at == later(desk, before.deadline_at, 60)
    assert now.stage_deadline_at == later(desk, before.stage_deadline_at, 60)
    assert (now.target_min, now.version) == (before.target_min, before.version + 1)
    assert desk.verbs()[-2:] == ["ruling_asked", "ruling_granted"]
    with pytest.raises(RulingClosed):
        desk.decide(ruling, "manager")


def test_who_asked_does_not_decide(small_town: SmallTown):
    desk = Desk(small_town, until="in_progress")
    ruling = desk.ask("coordinator", minutes=120)

    with pytest.raises(AskerMayNotDecide):
        desk.decide(ruling, "coordinator")
    assert desk.decide(ruling, "manager").status == "granted"


def test_a_refusal_says_why_and_moves_no_clock(small_town: SmallTown):
    desk = Desk(small_town, until="in_progress")
    ruling = desk.ask("worker", minutes=120)
    with pytest.raises(InvalidInput, match="why"):
        desk.decide(ruling, "coordinator", is_granted=False)

    desk.decide(ruling, "coordinator", is_granted=False, words="零件仓库里有")

    assert desk.now.deadline_at == desk.town.report(service_code="leak").request.deadline_at


def test_a_paused_clock_can_be_extended_and_a_stopped_one_cannot(small_town: SmallTown):
    desk = Desk(small_town, until="in_progress")
    desk.step("pause", "worker", reason="等零件")
    left = desk.now.remaining_min
    desk.decide(desk.ask("worker", minutes=30), "coordinator")
    assert desk.now.remaining_min == left + 30

    desk.step("resume", "worker")
    desk.step("resolve", "worker", remedy="好了")
    with pytest.raises(NoClock):
        desk.ask("worker", minutes=30)


def test_the_clock_of_a_part_is_extended_alone(desk: Desk):
    _, helper = desk.pair()
    whole = desk.now.deadline_at
    ruling = desk.ask("other_worker", minutes=60, part_id=helper.id)
    assert ruling.asked_by_party_id == desk.town.parties["lift_company"]

    desk.decide(ruling, "coordinator")

    with desk.town.scope():
        assert Part.objects.get(id=helper.id).deadline_at == later(desk, NOW, 300)
    assert desk.now.deadline_at == whole


def test_a_helper_asks_for_its_part_and_not_for_the_whole(desk: Desk):
    lead, _ = desk.pair()

    with pytest.raises(Forbidden):
        desk.ask("other_worker", minutes=60)
    with pytest.raises(Forbidden):
        desk.ask("other_worker", minutes=60, part_id=lead.id)


def test_the_same_is_asked_once_at_a_time(small_town: SmallTown):
    desk = Desk(small_town, until="in_progress")
    ruling = desk.ask("worker", minutes=60)
    with pytest.raises(AlreadyAsked):
        desk.ask("worker", minutes=90)

    with desk.town.scope():
        actions.withdraw_ruling(actor=desk.town.actor("worker"), town=desk.town.town, ruling_id=ruling.id, at=LATER)

    assert desk.ask("worker", minutes=90).status == "open"


def test_only_who_asked_takes_a_question_back(small_town: SmallTown):
    desk = Desk(small_town, until="in_progress")
    ruling = desk.ask("worker", minutes=60)

    for key, error in (
        ("manager", Forbidden),
        ("coordinator", Forbidden),
        ("other_worker", NotFound),
        ("neighbour", NotFound),
    ):
        with desk.town.scope(), pytest.raises(error):
            actions.withdraw_ruling(actor=desk.town.actor(key), town=desk.town.town, ruling_id=ruling.id, at=LATER)


def test_work_that_is_done_needs_no_more_time(small_town: SmallTown):
    desk = Desk(small_town, until="in_progress")
    desk.ask("worker", minutes=60)

    desk.step("resolve", "worker", remedy="好了")

    with desk.town.scope():
        assert Ruling.objects.get().status == "withdrawn"


def test_who_gives_it_back_may_ask_for_arbitration_which_binds(small_town: SmallTown):
    desk = Desk(small_town, until="dispatched")
    desk.step("return", "worker", reason="不归我们管", asks_arbitration=True)
    with desk.town.scope():
        ruling = Ruling.objects.get()
    assert (ruling.kind, ruling.asked_by_party_id) == ("arbitration", desk.town.parties["great_property"])
    with pytest.raises(ArbitrationOpen):
        desk.step("dispatch", "coordinator", party_id=desk.town.parties["lift_company"])

    desk.decide(ruling, "coordinator", words="电梯井归电梯公司", party_id=desk.town.parties["lift_company"])

    now = desk.now
    assert (now.status, now.party_id, now.is_binding, now.n_returned) == (
        "dispatched",
        desk.town.parties["lift_company"],
        True,
        1,
    )
    with pytest.raises(BoundToHandle):
        desk.step("return", "other_worker", reason="还是不归我们管")
    with desk.town.scope():
        steps = queries.steps_for(desk.town.actor("other_worker"), now, town=desk.town.town)
    assert [str(step) for step in steps] == ["accept"]


def test_a_refused_arbitration_gives_it_back_to_the_party_that_asked(small_town: SmallTown):
    desk = Desk(small_town, until="dispatched")
    desk.step("return", "worker", reason="不归我们管", asks_arbitration=True)
    with desk.town.scope():
        ruling = Ruling.objects.get()

    desk.decide(ruling, "manager", is_granted=False, words="合同里有")

    assert (desk.now.party_id, desk.now.is_binding) == (desk.town.parties["great_property"], True)
    assert desk.step("return", "coordinator", reason="重新安排").is_binding is False


def test_what_comes_back_twice_goes_to_arbitration_by_itself(small_town: SmallTown):
    desk = Desk(small_town, until="dispatched")
    desk.step("return", "worker", reason="不归我们管")
    with desk.town.scope():
        assert not Ruling.objects.exists()
    desk.step("dispatch", "coordinator", party_id=desk.town.parties["lift_company"])
    desk.step("return", "other_worker", reason="也不归我们管")

    with desk.town.scope():
        ruling = Ruling.objects.get()
    assert (ruling.asked_by_account_id, ruling.asked_by_party_id) == (None, desk.town.parties["lift_company"])
    assert desk.now.n_returned == 2


def test_arbitration_of_what_somebody_has_is_refused(small_town: SmallTown):
    desk = Desk(small_town, until="dispatched")
    with pytest.raises(NotArbitrable):
        desk.ask("worker", "arbitration")


def test_open_questions_are_listed_for_those_who_decide_here(small_town: SmallTown):
    desk = Desk(small_town, until="in_progress")
    ruling = desk.ask("worker", minutes=60)

    for key, there in (
        ("coordinator", True),
        ("manager", True),
        ("other_coordinator", False),
        ("property_manager", True),
        ("worker", False),
    ):
        with desk.town.scope():
            actor = desk.town.actor(key)
            rows = joint.open_rulings(actor, town=desk.town.town).rows
            assert [row.id for row in rows] == ([ruling.id] if there else []), key
            assert joint.n_open_rulings(actor, town=desk.town.town) == len(rows)
            assert joint.may_decide(actor, ruling, desk.now, town=desk.town.town) == (key in ("coordinator", "manager"))


# --- parking ---------------------------------------------------------------------------------------------------------


def test_a_parked_case_is_told_of_once_on_its_day(small_town: SmallTown, monkeypatch: pytest.MonkeyPatch):
    desk = Desk(small_town, until="triaged")
    desk.step("park", "coordinator", reason="等来年预算", review_on=date(2026, 4, 1))
    assert (desk.now.status, desk.now.review_on) == ("parked", date(2026, 4, 1))

    def heard(day: str) -> int:
        from datetime import datetime

        monkeypatch.setattr(news.timezone, "now", lambda: datetime.fromisoformat(day))
        news.tell_of_reviews()
        with desk.town.scope():
            held = Notice.objects.filter(verb="review_due")
            assert {notice.account_id for notice in held} <= {desk.town.accounts["coordinator"]}
            return held.count()

    # the town's day begins at 16:00 UTC of the day before
    assert heard("2026-03-31T15:59:00+00:00") == 0
    assert heard("2026-03-31T16:00:00+00:00") == 1
    assert heard("2026-04-05T10:00:00+00:00") == 1
    assert desk.step("unpark", "coordinator").review_on is None


def test_parked_cases_are_listed_by_the_day_of_their_review(small_town: SmallTown):
    days = [date(2026, 6, 1), date(2026, 4, 1), date(2026, 5, 1)]
    for day in days:
        Desk(small_town).step("park", "coordinator", reason="等来年预算", review_on=day)
    wanted, found, cursor = Filter(statuses=frozenset({"parked"}), order="review"), [], ""

    with small_town.scope():
        for _ in days:
            page = queries.listed(
                small_town.actor("coordinator"), wanted, town=small_town.town, at=NOW, size=1, cursor=cursor
            )
            found, cursor = [*found, *(row.review_on for row in page.rows)], page.next_cursor

    assert found == sorted(days) and cursor == ""


# --- return calls ----------------------------------------------------------------------------------------------------


def test_a_return_call_is_made_by_somebody_who_did_not_handle_it(small_town: SmallTown):
    desk = Desk(small_town, until="in_progress")
    with pytest.raises(NothingToCallAbout):
        desk.call("coordinator", "unreachable")
    desk.step("resolve", "property_manager", remedy="好了")

    with pytest.raises(HandlerMayNotCall):
        desk.call("property_manager", "reached", is_settled=True)
    with pytest.raises(Forbidden):
        desk.call("worker", "reached", is_settled=True)
    row = desk.call("coordinator", "reached", is_settled=True, satisfaction=4, words="很快")

    assert (row.outcome, row.satisfaction) == ("reached", 4)
    assert desk.verbs()[-1] == "called_back" and desk.now.status == "resolved"


@pytest.mark.parametrize("until", ["resolved", "closed"])
def test_a_call_that_finds_it_not_settled_opens_it_again_in_the_same_go(small_town: SmallTown, until: str):
    desk = Desk(small_town, until=until)

    desk.call("coordinator", "reached", is_settled=False, satisfaction=2, words="还是不亮", reopens=True)

    now = desk.now
    assert (now.status, now.n_reopened, now.handler_account_id) == ("reopened", 1, desk.town.accounts["worker"])
    assert desk.verbs()[-2:] == ["called_back", "refute" if until == "resolved" else "reopen"]


def test_a_bad_call_names_every_problem_and_changes_nothing(small_town: SmallTown):
    desk = Desk(small_town, until="closed")
    before = desk.counts()

    with pytest.raises(InvalidInput) as error:
        desk.call("coordinator", "unreachable", is_settled=False, satisfaction=9, reopens=True)

    assert {problem.where for problem in error.value.problems} == {"is_settled", "satisfaction", "reopens", "words"}
    assert (desk.counts(), desk.now.status) == (before, "closed")


# --- rounds and news -------------------------------------------------------------------------------------------------


def test_rounds_are_counted_and_who_had_it_stays_suggested(small_town: SmallTown):
    desk = Desk(small_town, until="triaged")
    lift = desk.town.parties["lift_company"]
    desk.step("dispatch", "coordinator", party_id=lift)
    for step, words in (("accept", {}), ("start", {}), ("resolve", {"remedy": "好了"})):
        desk.step(step, "other_worker", **words)
    desk.step("refute", "resident", reason="没好")

    now = desk.now
    assert (now.n_reopened, now.suggested_party_id, now.handler_account_id) == (
        1,
        lift,
        desk.town.accounts["other_worker"],
    )
    assert desk.step("dispatch", "coordinator").party_id == lift
    assert desk.step("return", "other_worker", reason="人手不够").n_returned == 1


def _told(desk: Desk, verb: str) -> set[str]:
    keys = {account: key for key, account in desk.town.accounts.items()}
    with desk.town.scope():
        return {keys[notice.account_id] for notice in Notice.objects.filter(verb=verb, subject_id=desk.id)}


def test_everybody_concerned_hears_of_joint_work(small_town: SmallTown):
    desk = Desk(small_town)
    _, helper = desk.pair()
    desk.part(helper, "accept", "other_worker")
    desk.part(helper, "finish", "other_worker", remedy="好了")
    desk.part(helper, "refute", "coordinator", reason="没好")
    _deliver()

    assert _told(desk, "part_summon") == {"other_worker"}
    assert _told(desk, "part_accept") == _told(desk, "part_finish") == {"worker", "coordinator", "property_manager"}
    assert _told(desk, "part_refute") == {"other_worker"}
    assert _told(desk, "dispatch") == {"resident", "worker"}


def test_who_asks_hears_the_answer_and_who_decides_the_question(small_town: SmallTown):
    desk = Desk(small_town, until="in_progress")
    desk.decide(desk.ask("worker", minutes=60), "coordinator")
    _deliver()

    assert _told(desk, "ruling_asked") >= {"coordinator"} and "worker" not in _told(desk, "ruling_asked")
    assert _told(desk, "ruling_granted") == {"worker"}


def test_a_reopening_reaches_the_handler_and_the_coordinators(small_town: SmallTown):
    for until, step, key in (("resolved", "refute", "resident"), ("closed", "reopen", "resident")):
        desk = Desk(small_town, until=until)
        desk.step(step, key, reason="没好")
        _deliver()

        assert _told(desk, step) >= {"worker", "coordinator"}, step


def _deliver() -> None:
    """Run the tasks that were enqueued, as the worker does."""
    for row in OrmQ.objects.order_by("id"):
        task = row.task
        jobs.run(*task["args"], **task["kwargs"])
        row.delete()
