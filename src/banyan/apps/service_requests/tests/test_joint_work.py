"""Joint work by its actions: several parties on one request, questions that others decide, parking, return calls."""

from __future__ import annotations

import io
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from django_q.models import OrmQ
from PIL import Image

from banyan.apps.audit import queries as audit
from banyan.apps.audit.models import Entry
from banyan.apps.notices.models import Notice
from banyan.apps.service_requests import actions, queries
from banyan.apps.service_requests.actions import Call, Decision, PartWords, Question, Summons
from banyan.apps.service_requests.errors import (
    AlreadyAsked,
    ArbitrationOpen,
    AskerMayNotDecide,
    BoundToHandle,
    HandlerMayNotCall,
    IllegalPartStep,
    LeadGivesBack,
    NoClock,
    NotArbitrable,
    NothingToCallAbout,
    NotSummonable,
    PartDoerMayNotVerify,
    PartsNotDone,
    PartsNotVerified,
    RulingClosed,
)
from banyan.apps.service_requests.models import Part, Photo, ReturnCall, Ruling, ServiceRequest
from banyan.apps.service_requests.queries import Filter, joint
from banyan.apps.service_requests.rules.joint import PartStep
from banyan.apps.territory import queries as territory
from banyan.base.coordinates import LonLat, System, convert
from banyan.base.errors import Forbidden, InvalidInput, NotFound, StaleVersion
from banyan.engines import deadlines
from banyan.faces import news
from banyan.kit import jobs
from banyan.kit.guard import ANYONE
from tests.towns import NOW, SmallTown

LATER = NOW + timedelta(minutes=30)
MUCH_LATER = NOW + timedelta(hours=3)


class Desk:
    """A town with one burst pipe on which parties are called together."""

    def __init__(self, town: SmallTown, *, until: str = "triaged") -> None:
        self.town = town
        self.id = town.report(service_code="leak", description="水管爆裂").id
        town.walk(self.id, until=until)

    @property
    def now(self) -> ServiceRequest:
        with self.town.scope():
            return ServiceRequest.objects.get(id=self.id)

    def summon(
        self, *summons: Summons, key: str = "coordinator", at: Any = NOW, version: int | None = None
    ) -> list[Part]:
        with self.town.scope():
            return actions.summon(
                actor=self.town.actor(key),
                town=self.town.town,
                service_request_id=self.id,
                summons=summons,
                at=at,
                version=version,
            )

    def pair(self) -> tuple[Part, Part]:
        """Summon the property company as the lead and the lift company to help."""
        lead, helper = self.summon(self.lead(), self.help())
        return lead, helper

    def lead(self, **words: Any) -> Summons:
        return Summons(self.town.parties["great_property"], "关总阀", **{"target_min": 120, "is_lead": True, **words})

    def help(self, **words: Any) -> Summons:
        return Summons(self.town.parties["lift_company"], "抽电梯井的水", **{"target_min": 240, **words})

    def part(
        self,
        part: Part | UUID,
        step: str,
        key: str,
        *,
        at: Any = LATER,
        version: int | None = None,
        photos: Any = (),
        **words: Any,
    ) -> Part:
        with self.town.scope():
            return actions.take_part_step(
                actor=self.town.actor(key),
                town=self.town.town,
                part_id=part if isinstance(part, UUID) else part.id,
                step=PartStep(step),
                at=at,
                words=PartWords(**words),
                photos=photos,
                version=version,
            )

    def ask(self, key: str, kind: str = "extension", *, at: Any = LATER, **words: Any) -> Ruling:
        question = Question(kind, **{"reason": "等零件", **words})
        with self.town.scope():
            return actions.ask_ruling(
                actor=self.town.actor(key), town=self.town.town, service_request_id=self.id, question=question, at=at
            )

    def decide(self, ruling: Ruling, key: str, *, is_granted: bool = True, at: Any = LATER, **words: Any) -> Ruling:
        decision = Decision(is_granted, **words)
        with self.town.scope():
            return actions.decide_ruling(
                actor=self.town.actor(key), town=self.town.town, ruling_id=ruling.id, decision=decision, at=at
            )

    def call(self, key: str, outcome: str, *, at: Any = LATER, **words: Any) -> ReturnCall:
        with self.town.scope():
            return actions.record_return_call(
                actor=self.town.actor(key),
                town=self.town.town,
                service_request_id=self.id,
                call=Call(outcome, **words),
                at=at,
            )

    def step(self, step: str, key: str, *, at: Any = LATER, **words: Any) -> Any:
        return self.town.step(self.id, step, key, at=at, **words)

    def verbs(self) -> list[str]:
        with self.town.scope():
            return [moment.verb.partition(".")[2] for moment in audit.timeline(("service_request", self.id))]

    def counts(self) -> tuple[int, ...]:
        with self.town.scope():
            return tuple(model.objects.count() for model in (Part, Ruling, ReturnCall, Photo, Entry))

    def reads(self, key: str) -> bool:
        """Say whether somebody reads the request, by itself and in their list alike."""
        actor = self.town.actor(key)
        with self.town.scope():
            try:
                queries.readable(actor, self.id, town=self.town.town)
            except NotFound:
                by_itself = False
            else:
                by_itself = True
            page = queries.listed(actor, Filter(), town=self.town.town, at=NOW)
        assert by_itself == (self.id in {row.id for row in page.rows})
        return by_itself


@pytest.fixture
def desk(small_town: SmallTown) -> Desk:
    return Desk(small_town)


def _later(desk: Desk, at: Any, minutes: int) -> Any:
    with desk.town.scope():
        return deadlines.add_minutes(territory.calendar(desk.town.town), at, minutes=minutes)


# --- summoning -------------------------------------------------------------------------------------------------------


def test_three_words_call_two_parties_together_and_the_lead_gets_the_request(desk: Desk):
    lead, helper = desk.pair()

    now = desk.now
    assert (now.status, now.party_id) == ("dispatched", desk.town.parties["great_property"])
    assert now.co_party_ids == [str(desk.town.parties["lift_company"])]
    assert (lead.status, helper.status, lead.is_lead, helper.is_lead) == ("summoned", "summoned", True, False)
    assert (lead.deadline_at, helper.deadline_at) == (_later(desk, NOW, 120), _later(desk, NOW, 240))
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
    assert again.deadline_at == _later(desk, MUCH_LATER, 240 - 30)


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
    assert now.deadline_at == _later(desk, before.deadline_at, 60)
    assert now.stage_deadline_at == _later(desk, before.stage_deadline_at, 60)
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
        assert Part.objects.get(id=helper.id).deadline_at == _later(desk, NOW, 300)
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


def test_return_calls_are_counted_within_reach(small_town: SmallTown):
    for outcome, words in (
        ("reached", {"is_settled": True, "satisfaction": 5}),
        ("reached", {"is_settled": False, "satisfaction": 2}),
        ("unreachable", {}),
    ):
        Desk(small_town, until="closed").call("coordinator", outcome, **words)
    since, until = NOW, NOW + timedelta(days=1)

    with small_town.scope():
        counts = {
            key: joint.return_call_counts(small_town.actor(key), town=small_town.town, since=since, until=until)
            for key in ("coordinator", "other_coordinator", "auditor")
        }

    assert counts["coordinator"] == counts["auditor"]
    one = counts["coordinator"]
    assert (one.n, one.n_reached, one.n_settled, one.n_unsettled, one.satisfaction) == (3, 2, 1, 1, 3.5)
    assert (counts["other_coordinator"].n, counts["other_coordinator"].satisfaction) == (0, None)


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


def test_nobody_unknown_summons_or_asks(desk: Desk):
    with desk.town.scope(), pytest.raises(NotFound):
        actions.summon(actor=ANYONE, town=desk.town.town, service_request_id=desk.id, summons=[desk.lead()], at=NOW)
