"""What a clever reader must not learn: by asking often, by following, through a merge, in a file, from the history."""

from __future__ import annotations

import csv
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from banyan.apps.notices.models import Notice
from banyan.apps.service_requests import actions, queries
from banyan.apps.service_requests.actions import Summons, tickets, uploads
from banyan.apps.service_requests.actions.uploads import profile_text
from banyan.apps.service_requests.models import ServiceRequest
from banyan.apps.service_requests.rules.tickets import read_ticket_profile
from banyan.apps.service_requests.tests.test_import_runs import HEAD, PROFILE, _row
from banyan.apps.service_requests.tests.test_public_doors import _doors, _read
from banyan.apps.service_requests.tests.test_same_api import Caller
from banyan.apps.service_requests.tests.test_same_thing import deliver
from banyan.base.coordinates import LonLat
from banyan.base.errors import NotFound
from tests.contexts import client
from tests.towns import NOW, SmallTown

#: Two doors that the public map blurs to the same point, some eighty metres apart.
DOORS = ((113.31004, 23.06004), (113.30996, 23.05996)), ((113.3104, 23.0604), (113.3096, 23.0596))


def _offered(town: SmallTown, lon: float, lat: float) -> list[tuple[str, float]]:
    with town.scope():
        service = queries.catalogue(town.town).offered["lamp"]
        at = NOW + timedelta(hours=1)
        found = queries.near_and_similar(town.town, LonLat(lon, lat), service=service, words="路灯不亮", at=at)
        return [(str(one.id), one.distance_m) for one in found]


def test_no_number_of_looks_tells_the_door_behind_a_blurred_point(small_town: SmallTown) -> None:
    (near, near_too), (far, far_too) = DOORS
    made = small_town.report("neighbour", lon=near[0], lat=near[1])
    for lon, lat in (near_too, far, far_too):
        looks = [
            (113.31 + east / 10_000, 23.06 + north / 10_000) for east in range(-24, 25, 4) for north in (-18, 0, 17)
        ]
        before = [_offered(small_town, *look) for look in looks]
        assert any(before) and not all(before), "control: the looks cross the border of the reach"
        with small_town.scope():
            ServiceRequest.objects.filter(id=made.id).update(lon=lon, lat=lat)
        assert [_offered(small_town, *look) for look in looks] == before


def test_a_stranger_learns_nothing_of_a_confidential_report_by_following_or_not(small_town: SmallTown) -> None:
    made = small_town.report("neighbour", privacy="confidential")
    stranger = Caller(small_town, "resident")
    stranger.ask("put", f"/service_requests/{made.id}/follow", status=404)
    stranger.ask("delete", f"/service_requests/{made.id}/follow", status=404)
    with small_town.scope(), pytest.raises(NotFound):
        actions.unfollow(actor=small_town.actor("resident"), town=small_town.town, service_request_id=made.id, at=NOW)


def test_a_party_that_handles_the_one_does_not_read_a_confidential_report_merged_into_it(small_town: SmallTown) -> None:
    parent = small_town.report("neighbour")
    child = small_town.report("resident", privacy="confidential", description="绝密的路灯")
    with small_town.scope():
        actions.merge(
            actor=small_town.actor("coordinator"),
            town=small_town.town,
            service_request_id=child.id,
            into_id=parent.id,
            at=NOW,
            reason="同一盏绝密",
        )
    small_town.walk(parent.id, until="accepted")
    panel = f"/t/{small_town.town.slug}/requests/{parent.id}/staff/same/"
    seen = {key: client(small_town, key).get(panel).content.decode() for key in ("coordinator", "worker")}
    assert "绝密" in seen["coordinator"]
    assert "绝密" not in seen["worker"]
    assert str(child.id) not in seen["worker"]


def test_merging_shows_the_handled_one_only_to_who_may_merge_it_too(small_town: SmallTown) -> None:
    """The one in the north was taken in by one in the south: who has the north only is shown nothing of the south."""
    south = small_town.report("neighbour", lon=113.31, lat=23.02, description="南边的秘密")
    taken, fresh = small_town.report(), small_town.report()
    with small_town.scope():
        words = {"actor": small_town.actor("manager"), "town": small_town.town, "at": NOW}
        actions.merge(**words, service_request_id=taken.id, into_id=south.id)
    page = f"/t/{small_town.town.slug}/requests/{fresh.id}/staff/merge/{taken.id}/"
    assert "南边的秘密" in client(small_town, "manager").get(page).content.decode()
    shown = client(small_town, "coordinator").get(page)
    assert shown.status_code == 404, "north alone"


def test_what_staff_say_among_themselves_stays_there_in_the_api_too(small_town: SmallTown) -> None:
    made = small_town.report("resident")
    small_town.walk(made.id, until="in_progress")
    with small_town.scope():
        words = {"town": small_town.town, "service_request_id": made.id, "at": NOW}
        actions.supervise(actor=small_town.actor("manager"), words="拖得太久，内部督办", **words)
        question = actions.Question("extension", "内部：缺零件", minutes=60)
        actions.ask_ruling(actor=small_town.actor("worker"), question=question, **words)
        actions.comment(actor=small_town.actor("worker"), text="明天到", **words)
    lines = {
        key: str(Caller(small_town, key).ask("get", f"/service_requests/{made.id}/timeline"))
        for key in ("", "resident", "coordinator")
    }
    assert "内部督办" in lines["coordinator"] and "缺零件" in lines["coordinator"]
    assert "明天到" in lines["resident"] and "内部" not in lines["resident"]
    for key in ("", "resident"):
        assert "supervised" not in lines[key]


def test_a_file_for_the_desk_leaves_out_confidential_reports_that_the_desk_does_not_know(small_town: SmallTown) -> None:
    plain = small_town.report(address="北街一号")
    hidden = small_town.report(address="北街二号", privacy="confidential")
    profile = read_ticket_profile(profile_text("desk12345"), name="desk12345", time_zone="Asia/Shanghai")
    with small_town.scope():
        words = {"actor": small_town.actor("coordinator"), "town": small_town.town, "profile": profile, "at": NOW}
        content, n = tickets.give_tickets(**words, form="csv", is_all=True)
    text = content.decode(profile.writes)
    assert n == 1 and str(plain.id) in text
    assert str(hidden.id) not in text and "北街二号" not in text


def test_who_follows_is_told_as_a_follower_and_is_not_woken(small_town: SmallTown) -> None:
    made = small_town.report("resident", urgency="emergency", at=timezone.now())
    with small_town.scope():
        words = {"town": small_town.town, "service_request_id": made.id, "at": timezone.now()}
        actions.follow(actor=small_town.actor("neighbour"), **words)
    small_town.walk(made.id, until="dispatched", at=timezone.now())
    deliver()
    with small_town.scope():
        kinds = dict(Notice.objects.filter(verb="dispatch").values_list("account_id", "kind"))
        urgent = dict(Notice.objects.filter(verb="dispatch").values_list("account_id", "is_urgent"))
    who = small_town.accounts
    assert kinds == {who["resident"]: "mine", who["neighbour"]: "followed", who["worker"]: "asked"}
    assert urgent == {who["resident"]: False, who["neighbour"]: False, who["worker"]: True}


def test_one_answer_to_many_resolves_what_is_ready_and_leaves_joint_work_going_on(small_town: SmallTown) -> None:
    alone, joint = small_town.report(), small_town.report()
    small_town.walk(alone.id, until="in_progress")
    small_town.walk(joint.id, until="in_progress")
    who = {"actor": small_town.actor("coordinator"), "town": small_town.town, "at": NOW}
    with small_town.scope():
        summons = [
            Summons(small_town.parties["great_property"], "关总阀", is_lead=True),
            Summons(small_town.parties["lift_company"], "抽水"),
        ]
        actions.summon(**who, service_request_id=joint.id, summons=summons)
        new = actions.NewIncident(title_zh="停电", title_en="Power cut", place_code="north", starts_at=NOW)
        row = actions.open_incident(**who, incident=new)
        actions.attach(**who, incident_id=row.id, service_request_ids={alone.id, joint.id})
        done = actions.answer_all(**who, incident_id=row.id, text_zh="已修", text_en="Mended", resolves=True)
        found = dict(ServiceRequest.objects.filter(incident=row).values_list("id", "status"))
    assert (done.n_answered, done.n_resolved) == (2, 1)
    assert found == {alone.id: "resolved", joint.id: "in_progress"}


@pytest.mark.parametrize("is_open", [False, True])
def test_words_of_a_hotline_s_export_are_published_only_where_its_profile_says_so(
    small_town: SmallTown, tmp_path: Path, is_open: bool
) -> None:
    profile = PROFILE.replace("[columns]", '[columns]\ntitle = "标题"\naddress = "地址"')
    profile = profile.replace("[file]", f"[file]\npublic_words = {str(is_open).lower()}")
    with (tmp_path / "cases.csv").open("w", encoding="utf-8", newline="") as out:
        rows = [[*HEAD, "标题", "地址"], [*_row(1), "王小明13912345678投诉", "北街二号302"]]
        csv.writer(out).writerows(rows)
    actions.import_file(
        tmp_path / "cases.csv",
        actor=small_town.actor("manager"),
        profile=uploads.profile_for(small_town.town, profile, name="own"),
        town=small_town.town,
        at=NOW,
    )
    with small_town.scope():
        made = ServiceRequest.objects.get(source_key="G1")
    seen = "".join(_read(client(small_town), url) for url in _doors(small_town, made.id))
    assert ("13912345678" in seen) is is_open
    assert str(made.id) in seen
    assert "13912345678" in _read(client(small_town, "coordinator"), f"/t/{small_town.town.slug}/requests/{made.id}/")
