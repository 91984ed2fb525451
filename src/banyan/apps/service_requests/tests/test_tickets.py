"""Tickets of a district's desk come in once, keep their number and deadline, and go back with what became of them."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from banyan.apps.accounts.models import Account
from banyan.apps.service_requests import actions
from banyan.apps.service_requests.actions import uploads
from banyan.apps.service_requests.actions.tickets import TakenTicket
from banyan.apps.service_requests.models import ServiceRequest
from banyan.apps.service_requests.rules import Status
from banyan.apps.service_requests.rules.tickets import read_ticket_profile
from banyan.base import sheets, tables
from banyan.base.errors import Forbidden, InvalidInput
from tests.towns import NOW, SmallTown

TEXT = uploads.profile_text("desk12345")
DESK = read_ticket_profile(TEXT, name="desk12345", time_zone="Asia/Shanghai")
HEAD = [
    "工单编号",
    "受理时间",
    "办理时限",
    "诉求类别",
    "紧急程度",
    "工单状态",
    "诉求内容",
    "来电人",
    "联系电话",
    "所属社区",
]
TICKET = {
    "工单编号": "SZ202603180001",
    "受理时间": "2026-03-18 09:00:00",
    "办理时限": "2026/03/25 18:00",
    "诉求类别": "lamp",
    "紧急程度": "紧急",
    "工单状态": "已派单",
    "诉求内容": "小区门口路灯不亮",
    "来电人": "李四",
    "联系电话": "13800138000",
    "所属社区": "north",
}
HEAD = list(TICKET)


def _file(path: Path, *tickets: dict[str, str]) -> Path:
    rows = [[(TICKET | ticket)[name] for name in HEAD] for ticket in tickets]
    if path.suffix == ".xlsx":
        path.write_bytes(sheets.as_xlsx(HEAD, rows))
    else:
        with path.open("w", encoding="gb18030", newline="") as out:
            csv.writer(out).writerows([HEAD, *rows])
    return path


def _take(small_town: SmallTown, path: Path, *, key: str = "coordinator") -> list[TakenTicket]:
    with small_town.scope():
        return actions.take_tickets(path, actor=small_town.actor(key), town=small_town.town, profile=DESK, at=NOW)


@pytest.mark.parametrize("name", ["tickets.csv", "tickets.xlsx"])
def test_a_ticket_becomes_a_request_with_its_number_its_deadline_and_its_caller(
    small_town: SmallTown, tmp_path: Path, name: str
):
    done = _take(small_town, _file(tmp_path / name, {}, {"工单编号": "SZ2", "工单状态": "已结案"}))
    again = _take(small_town, _file(tmp_path / name, {"诉求内容": "再次催办"}))

    assert [(one.outcome, [p.code for p in one.problems]) for one in done] == [("taken", []), ("rejected", ["ended"])]
    assert [one.outcome for one in again] == ["there"]
    with small_town.scope():
        request = ServiceRequest.objects.get()
        assert (request.source_key, request.channel, request.status) == ("SZ202603180001", "parent", "received")
        assert (request.urgency, request.description) == ("high", "小区门口路灯不亮")
        assert request.deadline_at == datetime(2026, 3, 25, 10, 0, tzinfo=UTC)
        assert request.requested_at == datetime(2026, 3, 18, 1, 0, tzinfo=UTC)
        assert request.reporter_id is not None
        assert request.place_id is not None
    small_town.step(request.id, "triage", "coordinator")
    with small_town.scope():
        request.refresh_from_db()
    assert request.deadline_at == datetime(2026, 3, 25, 10, 0, tzinfo=UTC), "the desk's deadline outlives triage"


def test_every_row_is_accounted_for_with_every_reason(small_town: SmallTown, tmp_path: Path):
    wrong = {"工单编号": "", "诉求类别": "外星人", "紧急程度": "非常急", "受理时间": "昨天", "工单状态": "不明"}

    done = _take(small_town, _file(tmp_path / "a.csv", wrong, {"联系电话": "12"}, {"办理时限": "2026-03-01 00:00:00"}))

    assert {(p.where, p.code) for p in done[0].problems} == {
        *(("ticket", "required"), ("service", "unknown"), ("urgency", "unknown")),
        *(("requested_at", "time"), ("status", "unknown")),
    }
    assert [one.outcome for one in done] == ["rejected"] * 3
    assert {p.where for p in done[2].problems} == {"deadline_at"}
    with small_town.scope():
        assert not ServiceRequest.objects.exists()


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_what_became_of_a_ticket_goes_back_in_the_words_of_the_desk_and_may_come_again(
    small_town: SmallTown, tmp_path: Path, form: str
):
    _take(small_town, _file(tmp_path / "in.csv", {}, {"工单编号": "0012"}))
    with small_town.scope():
        request = ServiceRequest.objects.get(source_key="SZ202603180001")
    small_town.walk(request.id, until="closed")
    small_town.report()

    with small_town.scope():
        content, n = actions.give_tickets(
            actor=small_town.actor("manager"), town=small_town.town, profile=DESK, form=form, at=NOW
        )
    path = tmp_path / f"out.{form}"
    path.write_bytes(content)

    assert n == 2
    if form == "csv":
        rows = list(csv.DictReader(io.StringIO(content.decode("gb18030"))))
    else:
        rows = tables.rows_of_file(content, columns=list(DESK.tables["answers"].values()), required=(), name="rows")[0]
    by_number = {row["工单编号"]: row for row in rows}
    assert set(by_number) == {"SZ202603180001", "0012"}
    assert by_number["SZ202603180001"]["工单状态"] == "已结案"
    assert by_number["SZ202603180001"]["办理结果"] == "换了灯泡"
    assert by_number["SZ202603180001"]["办理时限"] == "2026-03-25 18:00:00"
    assert by_number["SZ202603180001"]["是否超期"] == "否"
    assert by_number["0012"]["工单状态"] == "待受理"


def test_only_what_has_changed_since_goes_back(small_town: SmallTown, tmp_path: Path):
    _take(small_town, _file(tmp_path / "in.csv", {}))

    def n_since(since: datetime) -> int:
        with small_town.scope():
            actor = small_town.actor("manager")
            return actions.give_tickets(
                actor=actor, town=small_town.town, profile=DESK, form="csv", at=NOW, since=since
            )[1]

    assert (n_since(NOW), n_since(datetime(2026, 3, 19, tzinfo=UTC))) == (1, 0)


def test_who_coordinates_one_part_of_the_town_gives_back_what_lies_there(small_town: SmallTown, tmp_path: Path):
    _take(small_town, _file(tmp_path / "in.csv", {}))
    with small_town.scope():
        south = small_town.actor("other_coordinator")
        assert actions.give_tickets(actor=south, town=small_town.town, profile=DESK, form="csv", at=NOW)[1] == 0
        with pytest.raises(Forbidden):
            actions.give_tickets(
                actor=small_town.actor("worker"), town=small_town.town, profile=DESK, form="csv", at=NOW
            )


def test_a_broken_profile_of_tickets_is_refused_with_every_problem():
    broken = TEXT.replace('ticket = "工单编号"', 'number = "工单编号"').replace('merged = "并案办理"', 'gone = "x"')
    broken = broken.replace('"特急" = "emergency"', '"特急" = "now"').replace("gcj02", "mars")

    with pytest.raises(InvalidInput) as refused:
        read_ticket_profile(broken, name="x", time_zone="Asia/Shanghai")

    assert {problem.where for problem in refused.value.problems} == {
        *("columns.ticket", "columns.number", "answers.ticket", "answers.number", "states.merged", "states.gone"),
        *("urgency.特急", "places.system"),
    }


def test_the_profile_has_a_word_for_every_state():
    assert set(DESK.tables["states"]) == {str(status) for status in Status}


def test_a_coordinator_takes_tickets_over_on_a_page_and_downloads_the_answers(small_town: SmallTown, tmp_path: Path):
    client, base = Client(), f"/t/{small_town.town.slug}/tickets/"
    client.force_login(
        Account.objects.get(id=small_town.accounts["coordinator"]),
        backend="allauth.account.auth_backends.AuthenticationBackend",
    )
    file = SimpleUploadedFile("in.csv", _file(tmp_path / "in.csv", {}, {"诉求类别": "外星人"}).read_bytes())

    empty = client.post(base, {"profile": "desk12345"})
    done = client.post(base, {"profile": "desk12345", "file": file}, headers={"accept-language": "en"})
    given = client.get(f"{base}tickets.xlsx?profile=desk12345")

    assert empty.status_code == 422
    assert "Taken in" in done.content.decode()
    assert "外星人" in done.content.decode()
    assert given.content[:2] == b"PK"
    assert Client().get(base).status_code in (302, 401, 403)
