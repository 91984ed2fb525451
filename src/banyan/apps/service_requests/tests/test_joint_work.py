"""Joint work by its actions: several parties on one request, questions that others decide, parking, return calls."""

from __future__ import annotations

import io
from typing import Any
from uuid import UUID

import pytest
from PIL import Image

from banyan.apps.audit.models import Entry
from banyan.apps.service_requests import actions, queries
from banyan.apps.service_requests.actions import PartWords, Summons
from banyan.apps.service_requests.errors import (
    IllegalPartStep,
    LeadGivesBack,
    NotSummonable,
    PartDoerMayNotVerify,
    PartsNotDone,
    PartsNotVerified,
)
from banyan.apps.service_requests.models import Part, Photo
from banyan.apps.service_requests.queries import joint
from banyan.apps.service_requests.rules.joint import PartStep
from banyan.apps.service_requests.tests.desk import LATER, MUCH_LATER, Desk, later
from banyan.base.coordinates import LonLat, System, convert
from banyan.base.errors import Forbidden, InvalidInput, NotFound, StaleVersion
from banyan.kit.guard import ANYONE
from tests.towns import NOW, SmallTown


@pytest.fixture
def desk(small_town: SmallTown) -> Desk:
    return Desk(small_town)


# --- summoning -------------------------------------------------------------------------------------------------------


def test_three_words_call_two_parties_together_and_the_lead_gets_the_request(desk: Desk):
    lead, helper = desk.pair()

    now = desk.now
    assert (now.status, now.party_id) == ("dispatched", desk.town.parties["great_property"])
    assert now.co_party_ids == [str(desk.town.parties["lift_company"])]
    assert (lead.status, helper.status, lead.is_lead, helper.is_lead) == ("summoned", "summoned", True, False)
    assert (lead.deadline_at, helper.deadline_at) == (later(desk, NOW, 120), later(desk, NOW, 240))
    assert desk.verbs()[-2:] == ["dispatch", "summoned"]


@pytest.mark.parametrize("until", ["triaged", "dispatched", "accepted", "in_progress"])
def test_parties_are_called_in_wherever_there_is_work(small_town: SmallTown, until: str):
    desk = Desk(small_town, until=until)

    lead, _ = desk.pair()

    assert lead.status == ("accepted" if until in ("accepted", "in_progress") else "summoned")
    assert desk.now.status == ("dispatched" if until == "triaged" else until)


@pytest.mark.parametrize(
    "steps", [[("pause", "worker", {"reason": "等零件"})], [("return", "worker", {"reason": "人手不够"})]]
)
def test_parties_are_called_in_while_the_work_is_paused_or_came_back(small_town: SmallTown, steps: Any):
    desk = Desk(small_town, until="in_progress")
    for step, key, words in steps:
        desk.step(step, key, **words)

    desk.pair()

    assert desk.now.status in {"paused", "dispatched"} and len(desk.now.co_party_ids) == 1


@pytest.mark.parametrize("until", ["resolved", "verified", "closed"])
def test_nobody_is_called_in_once_the_work_is_over(small_town: SmallTown, until: str):
    desk = Desk(small_town, until=until)
    before = desk.counts()

    with pytest.raises(NotSummonable):
        desk.pair()
    assert desk.counts() == before


def test_a_bad_summons_names_every_problem_and_changes_nothing(desk: Desk):
    before, status = desk.counts(), desk.now.status

    with pytest.raises(InvalidInput) as error:
        desk.summon(desk.lead(target_min=0), desk.lead(), Summons(UUID(int=7), "t"), Summons(None, " "))

    assert {(problem.where, problem.code) for problem in error.value.problems} == {
        ("summons.0.target_min", "range"),
        ("summons.1.party_id", "twice"),
        ("summons.2.party_id", "unknown"),
        ("summons.3.party_id", "required"),
        ("summons.3.task", "required"),
        ("summons", "leads"),
    }
    assert (desk.counts(), desk.now.status) == (before, status)


def test_a_summons_on_an_old_version_is_refused(desk: Desk):
    with pytest.raises(StaleVersion):
        desk.summon(desk.lead(), version=1)


def test_a_party_that_has_it_leads_and_a_second_call_adds_helpers_only(small_town: SmallTown):
    desk = Desk(small_town, until="in_progress")
    south = desk.town.parties["south_property"]
    with pytest.raises(InvalidInput, match="leads"):
        desk.summon(Summons(south, "来帮忙", is_lead=True))

    desk.pair()
    desk.summon(Summons(south, "封路"))

    assert set(desk.now.co_party_ids) == {str(south), str(desk.town.parties["lift_company"])}
    with pytest.raises(InvalidInput, match="one lead"):
        desk.summon(Summons(south, "再来", is_lead=True))


@pytest.mark.parametrize(
    ("key", "error"),
    [
        ("worker", NotFound),
        ("resident", Forbidden),
        ("neighbour", NotFound),
        ("other_coordinator", NotFound),
        ("auditor", Forbidden),
    ],
)
def test_only_coordinators_of_the_place_call_parties_together(desk: Desk, key: str, error: type[Exception]):
    with pytest.raises(error):
        desk.summon(desk.lead(), key=key)


# --- who reads along -------------------------------------------------------------------------------------------------


def test_a_helper_reads_the_request_while_it_takes_part_and_neither_before_nor_after(desk: Desk):
    assert not desk.reads("other_worker")
    _, helper = desk.pair()
    assert desk.reads("other_worker") and not desk.reads("other_coordinator")

    desk.part(helper, "decline", "other_worker", reason="没有水泵")

    assert not desk.reads("other_worker")
    assert desk.now.co_party_ids == []
    with pytest.raises(NotFound):
        desk.part(helper, "accept", "other_worker")


def test_a_helper_that_is_called_off_reads_no_more(desk: Desk):
    _, helper = desk.pair()

    desk.part(helper, "cancel", "coordinator", reason="水已退")

    assert not desk.reads("other_worker")


def test_a_helper_does_not_handle_the_whole(desk: Desk):
    desk.pair()

    for step, words in (("accept", {}), ("return", {"reason": "不归我们管"})):
        with pytest.raises(Forbidden):
            desk.step(step, "other_worker", **words)
    with desk.town.scope():
        assert queries.steps_for(desk.town.actor("other_worker"), desk.now, town=desk.town.town) == []


def test_a_party_does_its_own_part_and_no_other(desk: Desk):
    lead, helper = desk.pair()

    with pytest.raises(Forbidden):
        desk.part(lead, "accept", "other_worker")
    with pytest.raises(Forbidden):
        desk.part(helper, "accept", "worker")
    with pytest.raises(Forbidden):
        desk.part(helper, "cancel", "other_worker", reason="r")


def test_another_town_knows_nothing_of_a_part(desk: Desk):
    from tests.towns import small_town as found

    _, helper = desk.pair()
    other = found()
    with other.scope(), pytest.raises(NotFound):
        actions.take_part_step(
            actor=other.actor("manager"),
            town=other.town,
            part_id=helper.id,
            step=PartStep.CANCEL,
            at=LATER,
            words=PartWords(reason="r"),
        )


# --- the steps of a part ---------------------------------------------------------------------------------------------


def _picture() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (40, 30), (20, 90, 40)).save(file, "JPEG")
    return file.getvalue()


def test_a_part_goes_its_way_with_arrival_and_evidence(desk: Desk):
    _, helper = desk.pair()
    desk.part(helper, "accept", "other_worker")
    phone = convert(LonLat(113.31, 23.061), source=System.WGS84, target=System.GCJ02)
    arrived = desk.part(helper, "arrive", "other_worker", lon=phone.lon, lat=phone.lat, coordinate_system="gcj02")
    done = desk.part(helper, "finish", "other_worker", at=MUCH_LATER, remedy="水抽干了", photos=[_picture()])
    seen = desk.part(helper, "verify", "coordinator", at=MUCH_LATER)

    assert (arrived.arrived_at, arrived.arrived_m) == (LATER, 111)
    assert (done.done_at, done.remedy, seen.status, seen.version) == (MUCH_LATER, "水抽干了", "verified", 5)
    with desk.town.scope():
        photo = Photo.objects.get(part_id=helper.id)
        entries = list(Entry.objects.filter(verb="service_requests.part_arrive"))
    assert photo.moment == "after"
    assert all("23.06" not in str(entry.facts) and "113.3" not in str(entry.facts) for entry in entries)
    assert desk.verbs()[-4:] == ["part_accept", "part_arrive", "part_finish", "part_verify"]


def test_a_part_on_an_old_version_is_refused(desk: Desk):
    _, helper = desk.pair()
    desk.part(helper, "accept", "other_worker", version=1)

    with pytest.raises(StaleVersion):
        desk.part(helper, "finish", "other_worker", version=1, remedy="好了")


def test_a_part_step_that_the_table_lacks_is_refused_and_changes_nothing(desk: Desk):
    _, helper = desk.pair()
    before = desk.counts()

    for step, words in (("finish", {"remedy": "好了"}), ("arrive", {})):
        with pytest.raises(IllegalPartStep):
            desk.part(helper, step, "other_worker", **words)
    assert desk.counts() == before


def test_a_hostile_photo_stops_the_part_with_it(desk: Desk):
    _, helper = desk.pair()
    desk.part(helper, "accept", "other_worker")

    with pytest.raises(InvalidInput):
        desk.part(helper, "finish", "other_worker", remedy="好了", photos=[b"<svg onload=alert(1)>"])
    with desk.town.scope():
        assert Part.objects.get(id=helper.id).status == "accepted" and not Photo.objects.exists()


def test_who_does_a_part_does_not_verify_it(desk: Desk):
    _, helper = desk.pair()
    desk.part(helper, "accept", "coordinator")
    desk.part(helper, "finish", "coordinator", remedy="我去看了")

    for step, words in (("verify", {}), ("refute", {"reason": "r"})):
        with pytest.raises(PartDoerMayNotVerify):
            desk.part(helper, step, "coordinator", **words)
    assert desk.part(helper, "verify", "manager").status == "verified"


def test_a_refuted_part_goes_back_with_the_time_that_was_left(desk: Desk):
    _, helper = desk.pair()
    desk.part(helper, "accept", "other_worker")
    desk.part(helper, "finish", "other_worker", remedy="好了")

    again = desk.part(helper, "refute", "coordinator", at=MUCH_LATER, reason="还在漏")

    assert (again.status, again.done_at, again.resolved_by_account_id) == ("accepted", None, None)
    assert again.deadline_at == later(desk, MUCH_LATER, 240 - 30)


def test_the_lead_gives_the_whole_back_and_its_part_with_it(desk: Desk):
    lead, _ = desk.pair()
    with pytest.raises(LeadGivesBack):
        desk.part(lead, "decline", "worker", reason="人手不够")

    desk.step("return", "worker", reason="人手不够")

    with desk.town.scope():
        assert [(part.status, part.is_lead) for part in joint.parts_of(desk.now)] == [
            ("declined", False),
            ("summoned", False),
        ]
    assert not desk.reads("worker") and desk.reads("other_worker")


def test_another_party_that_gets_the_request_leads_if_it_was_helping(desk: Desk):
    _, helper = desk.pair()
    desk.step("return", "worker", reason="人手不够")

    desk.step("dispatch", "coordinator", party_id=desk.town.parties["lift_company"])

    with desk.town.scope():
        assert Part.objects.get(id=helper.id).is_lead
    assert desk.now.co_party_ids == [] and desk.reads("other_worker")


def test_what_is_withdrawn_calls_everybody_off(desk: Desk):
    lead, helper = desk.pair()

    desk.step("withdraw", "resident", reason="自己修好了")

    with desk.town.scope():
        assert {part.status for part in Part.objects.all()} == {"cancelled"}
    with pytest.raises(NotFound):
        desk.part(helper, "accept", "other_worker")
    assert lead.id != helper.id and not desk.reads("other_worker")


# --- the whole waits for its parts -----------------------------------------------------------------------------------


def _work(desk: Desk) -> tuple[Part, Part]:
    lead, helper = desk.pair()
    desk.step("accept", "worker")
    desk.step("start", "worker")
    return lead, helper


def test_the_whole_is_resolved_when_every_part_is_done_and_verified_when_every_part_is(desk: Desk):
    lead, helper = _work(desk)
    with pytest.raises(PartsNotDone, match="Lift Company"):
        desk.step("resolve", "worker", remedy="关了总阀")
    desk.part(helper, "accept", "other_worker")
    desk.part(helper, "finish", "other_worker", remedy="水抽干了")
    desk.step("resolve", "worker", remedy="关了总阀")
    with desk.town.scope():
        held = Part.objects.get(id=lead.id)
    assert (held.status, held.remedy, held.handler_account_id) == ("done", "关了总阀", desk.town.accounts["worker"])

    desk.part(helper, "verify", "coordinator")
    with pytest.raises(PartsNotVerified, match="Great Banyan Property"):
        desk.step("verify", "coordinator")
    desk.part(lead, "verify", "coordinator")

    assert desk.step("verify", "coordinator").status == "verified"


def test_parts_that_are_over_hold_nothing_up(desk: Desk):
    _, helper = _work(desk)
    desk.part(helper, "decline", "other_worker", reason="没有水泵")

    assert desk.step("resolve", "worker", remedy="关了总阀").status == "resolved"


def test_a_part_that_is_refuted_opens_the_whole_again(desk: Desk):
    _, helper = _work(desk)
    desk.part(helper, "accept", "other_worker")
    desk.part(helper, "finish", "other_worker", remedy="水抽干了")
    desk.step("resolve", "worker", remedy="关了总阀")

    desk.part(helper, "refute", "coordinator", reason="还有水")

    now = desk.now
    assert (now.status, now.n_reopened, now.suggested_party_id) == ("reopened", 1, desk.town.parties["great_property"])
    assert desk.verbs()[-2:] == ["part_refute", "refute"]


def test_nobody_unknown_summons_or_asks(desk: Desk):
    with desk.town.scope(), pytest.raises(NotFound):
        actions.summon(actor=ANYONE, town=desk.town.town, service_request_id=desk.id, summons=[desk.lead()], at=NOW)
