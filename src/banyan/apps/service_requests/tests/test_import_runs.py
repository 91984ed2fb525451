"""An import is a run: killed it goes on, done it can be taken back, and the office sees what became of each row."""

from __future__ import annotations

import csv
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from banyan.apps.accounts.models import Account
from banyan.apps.audit.models import Entry
from banyan.apps.matters.models import Matter
from banyan.apps.service_requests import actions, queries
from banyan.apps.service_requests.actions import import_turns, importing, uploads
from banyan.apps.service_requests.models import ImportRun, SearchWord, ServiceRequest
from banyan.apps.service_requests.rules.likeness import cell
from banyan.base import sheets
from banyan.base.errors import Forbidden, InvalidInput
from tests.towns import NOW, SmallTown

PROFILE = """
[file]
encodings = ["utf-8", "gb18030"]
[columns]
source_key = "编号"
requested_at = "时间"
closed_at = "结案"
status = "状态"
service = "类别"
group = "大类"
place = "社区"
lon = "经度"
lat = "纬度"
[times]
format = "%Y-%m-%d %H:%M:%S"
serials = true
[status]
"办理中" = "dispatched"
"已结案" = "closed"
[kinds]
default = "repair"
[services.codes]
"路灯" = "lamp"
"""
HEAD = ["编号", "时间", "结案", "状态", "类别", "大类", "社区", "经度", "纬度"]


def _row(n: int, **cells: str) -> list[str]:
    words = {
        "编号": f"G{n}",
        "时间": "2026-01-05 09:00:00",
        "结案": "",
        "状态": "办理中",
        "类别": "路灯",
        "大类": "市政",
        "社区": "",
        "经度": "113.31",
        "纬度": "23.06",
    }
    return [(words | cells)[name] for name in HEAD]


def _csv(path: Path, rows: list[list[str]], *, encoding: str = "gb18030") -> Path:
    with path.open("w", encoding=encoding, newline="") as out:
        csv.writer(out).writerows([HEAD, *rows])
    return path


def _import(small_town: SmallTown, path: Path, **words: int) -> ImportRun:
    profile = uploads.profile_for(small_town.town, PROFILE, name="own")
    return actions.import_file(
        path, actor=small_town.actor("manager"), profile=profile, town=small_town.town, at=NOW, **words
    )[1]


def _undo(small_town: SmallTown, run: ImportRun) -> None:
    with small_town.scope():
        actions.begin_undo(actor=small_town.actor("manager"), run_id=run.id)
    for _ in actions.undo_import(actor=small_town.actor("manager"), town=small_town.town, run_id=run.id, at=NOW):
        pass


def test_a_town_s_own_profile_brings_a_chinese_export_and_its_workbook_into_that_town(
    small_town: SmallTown, tmp_path: Path
):
    rows = [_row(1), _row(2, 状态="已结案", 结案="2026-01-06 10:00:00"), _row(3, 状态="没有"), _row(4, 类别="井盖")]
    run = _import(small_town, _csv(tmp_path / "a.csv", rows))
    book = tmp_path / "a.xlsx"
    book.write_bytes(sheets.as_xlsx(HEAD, [*rows[:2], _row(5, 时间="46027.375")]))
    again = _import(small_town, book)

    with small_town.scope():
        held = {one.source_key: one for one in ServiceRequest.objects.filter(import_run__isnull=False)}
        reasons = queries.reasons(queries.rejections(run)[0])
        offered = queries.catalogue(small_town.town)
        assert SearchWord.objects.filter(service_request_id=held["G1"].id).exists()
    assert queries.counts(run) == {"read": 4, "imported": 3, "already_there": 0, "rejected": 1}
    assert queries.counts(again) == {"read": 3, "imported": 1, "already_there": 2, "rejected": 0}
    assert [(one.where, one.code) for one in reasons] == [("status", "unknown")]
    assert offered.by_id[held["G1"].service_id].code == "lamp"
    assert held["G2"].status == "closed"
    assert held["G1"].requested_at == held["G5"].requested_at
    assert held["G1"].place_id is not None


def test_an_imported_case_has_its_days_of_keeping_its_cell_and_the_next_rung_that_lies_ahead(
    small_town: SmallTown, tmp_path: Path
):
    path = tmp_path / "a.csv"
    ended = {"状态": "已结案", "结案": "2026-01-06 10:00:00"}
    rows = [[*_row(1), "2026-03-25 18:00:00"], [*_row(2), "2026-01-07 18:00:00"], [*_row(3, **ended), "2026-03-25"]]
    with path.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows([[*HEAD, "限期"], *rows])
    profile = PROFILE.replace("[times]", 'deadline_at = "限期"\n[times]')
    actions.import_file(
        path,
        actor=small_town.actor("manager"),
        profile=uploads.profile_for(small_town.town, profile, name="own"),
        town=small_town.town,
        at=NOW,
    )

    with small_town.scope():
        held = {one.source_key: one for one in ServiceRequest.objects.filter(import_run__isnull=False)}
        kept_until = queries.kept_until("named", "repair", town=small_town.town, at=NOW)
        actions.reckon_rungs(town=small_town.town, at=NOW)
        anew = {one.source_key: one for one in ServiceRequest.objects.filter(import_run__isnull=False)}
    assert {one.retain_until for one in held.values()} == {kept_until}
    assert {one.cell for one in held.values()} == {cell(113.31, 23.06)}
    ahead, behind, over = (held[name].next_rung_at for name in ("G1", "G2", "G3"))
    assert ahead is not None and NOW < ahead <= held["G1"].deadline_at
    assert behind is None or behind > NOW
    assert over is None
    assert [anew[name].next_rung_at for name in ("G1", "G2", "G3")] == [ahead, behind, over]


def test_a_file_with_an_unreadable_end_changes_nothing(small_town: SmallTown, tmp_path: Path):
    path = _csv(tmp_path / "a.csv", [_row(n) for n in range(5)])
    path.write_bytes(path.read_bytes() + b'G9,"never closed')

    with pytest.raises(InvalidInput):
        _import(small_town, path)

    with small_town.scope():
        assert not ImportRun.objects.exists()
        assert not ServiceRequest.objects.exists()


def test_a_row_that_stands_twice_comes_once_and_is_counted(small_town: SmallTown, tmp_path: Path):
    run = _import(small_town, _csv(tmp_path / "a.csv", [_row(1), _row(1), _row(2), _row(1)]), batch=2)

    assert queries.counts(run) == {"read": 4, "imported": 2, "already_there": 2, "rejected": 0}
    assert queries.quirks(run)["doubled_key"] == 2


def test_what_nobody_touched_goes_and_what_somebody_worked_on_stays(small_town: SmallTown, tmp_path: Path):
    path = _csv(tmp_path / "a.csv", [_row(n) for n in range(6)])
    run = _import(small_town, path)
    with small_town.scope():
        first, second = ServiceRequest.objects.order_by("source_key")[:2]
        reporter = small_town.actor("coordinator")
        actions.comment(
            actor=reporter, town=small_town.town, service_request_id=first.id, text="看过了", at=NOW, is_internal=True
        )
        actions.follow(actor=small_town.actor("resident"), town=small_town.town, service_request_id=second.id, at=NOW)
        n_entries = Entry.objects.count()

    _undo(small_town, run)

    with small_town.scope():
        run.refresh_from_db()
        kept = set(ServiceRequest.objects.values_list("id", flat=True))
        assert kept == {first.id, second.id}
        assert Matter.objects.filter(origin_type="service_request").count() == 2
        assert set(SearchWord.objects.values_list("service_request_id", flat=True)) == kept
        assert run.status == importing.UNDONE
        assert Entry.objects.count() == n_entries + 1
        told = Entry.objects.get(verb="service_requests.import_undone")
        assert told.facts == {"n_removed": 4, "n_kept": 2}
    again = _import(small_town, path)
    assert queries.counts(again) == {"read": 6, "imported": 4, "already_there": 2, "rejected": 0}


def test_only_who_manages_the_whole_town_brings_files_in(small_town: SmallTown, tmp_path: Path):
    profile = uploads.profile_for(small_town.town, PROFILE, name="own")
    with small_town.scope(), pytest.raises(Forbidden):
        actions.import_file(
            _csv(tmp_path / "a.csv", []),
            actor=small_town.actor("coordinator"),
            profile=profile,
            town=small_town.town,
            at=NOW,
        )


# --- the office ------------------------------------------------------------------------------------------------------


def _client(small_town: SmallTown, key: str) -> Client:
    client = Client()
    client.force_login(
        Account.objects.get(id=small_town.accounts[key]), backend="allauth.account.auth_backends.AuthenticationBackend"
    )
    return client


def _upload(small_town: SmallTown, content: bytes, *, name: str = "cases.csv", profile: str = PROFILE):
    files = {
        "file": SimpleUploadedFile(name, content),
        "profile_file": SimpleUploadedFile("own.toml", profile.encode()),
    }
    return _client(small_town, "manager").post(f"/t/{small_town.town.slug}/office/imports/", files)


@pytest.mark.django_db(transaction=True)
def test_a_file_is_uploaded_brought_in_by_the_queue_looked_at_and_taken_back(small_town: SmallTown, tmp_path: Path):
    client, base = _client(small_town, "manager"), f"/t/{small_town.town.slug}/office/imports/"
    assert "Nothing was brought in yet" in client.get(base, headers={"accept-language": "en"}).content.decode()

    sent = _upload(small_town, _csv(tmp_path / "a.csv", [_row(1), _row(2, 经度="0")]).read_bytes())
    assert sent.status_code == 302
    page = sent["Location"]
    with small_town.scope():
        run = ImportRun.objects.get()
    assert run.status == importing.WAITING
    assert 'hx-trigger="every 3s"' in client.get(page).content.decode()
    words = {"town_id": str(small_town.town.id), "run_id": str(run.id)}
    import_turns.bring_in(**words)
    import_turns.bring_in(**words)  # delivered a second time

    shown = client.get(page, headers={"accept-language": "en"}).content.decode()
    assert "The point lies outside the town." in shown
    told = json.loads(client.get(f"{page}report.json").content)
    assert (told["read"], told["imported"], told["rejected"]) == (2, 1, 1)
    assert client.get(f"{page}report.xlsx").content[:2] == b"PK"
    assert "G2" in client.get(f"{page}report.csv").content.decode()
    assert not list((Path(os.environ["BANYAN_HOME"]) / "files").rglob(f"{run.id}.upload"))

    assert client.post(f"{page}undo/").status_code == 302
    with small_town.scope():
        assert ServiceRequest.objects.count() == 1, "not without the tick"
    client.post(f"{page}undo/", {"sure": "on"})
    import_turns.take_back(**words)
    with small_town.scope():
        assert ServiceRequest.objects.count() == 0
        assert ImportRun.objects.get().status == importing.UNDONE


@pytest.mark.django_db(transaction=True)
def test_a_refused_upload_says_why_and_changes_nothing(small_town: SmallTown):
    broken = _upload(small_town, b"x", profile="[columns]")
    macros = _upload(small_town, sheets.as_xlsx(HEAD, [_row(1)]), name="cases.xlsm")
    sent = _upload(small_town, "编号,时间\n1,2\n".encode())
    with small_town.scope():
        run = ImportRun.objects.get()
    import_turns.bring_in(town_id=str(small_town.town.id), run_id=str(run.id))

    assert (broken.status_code, macros.status_code) == (422, 422)
    shown = _client(small_town, "auditor").get(sent["Location"]).content.decode()
    assert "状态" in shown
    with small_town.scope():
        assert ImportRun.objects.get().status == importing.REFUSED
        assert not ServiceRequest.objects.exists()


def test_a_resident_sees_no_imports_and_an_auditor_may_not_bring_one_in(small_town: SmallTown):
    base = f"/t/{small_town.town.slug}/office/imports/"

    assert _client(small_town, "resident").get(base).status_code == 403
    assert _client(small_town, "auditor").get(base).status_code == 200
    assert _client(small_town, "auditor").post(base).status_code == 403
    assert {"boston311"} == set(uploads.known_profiles())


# --- a real process, killed -------------------------------------------------------------------------------------------


def _n_read(home: Path) -> int:
    with closing(sqlite3.connect(home / "banyan.sqlite3", timeout=20)) as held:
        return sum(n for (n,) in held.execute("SELECT n_read FROM service_requests_importrun"))


def test_a_process_killed_in_the_middle_goes_on_and_ends_with_the_same_rows(tmp_path: Path):
    home, file, profile = tmp_path / "home", tmp_path / "many.csv", tmp_path / "own.toml"
    _csv(file, [_row(n) for n in range(4000)])
    town = '[town]\nslug = "killed"\nname_zh = "甲"\nname_en = "A"\nbounds = [113.0, 23.0, 114.0, 24.0]\n'
    town += 'time_zone = "Asia/Shanghai"\ncountry = "CN"\n'
    profile.write_text(PROFILE.replace('[services.codes]\n"路灯" = "lamp"\n', "") + town, encoding="utf-8")
    away = ("BANYAN_DATABASE_URL", "BANYAN_OWNER_DATABASE_URL", "BANYAN_TEST_DATABASE")
    env = {name: value for name, value in os.environ.items() if name not in away} | {"BANYAN_HOME": str(home)}
    banyan = [sys.executable, "-m", "banyan.faces.cli"]
    command = [*banyan, "requests", "import", str(file), "--profile", str(profile), "--batch", "20"]
    home.mkdir()
    subprocess.run([*banyan, "migrate"], env=env, check=True, capture_output=True)

    started = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while started.poll() is None and not _n_read(home):
        time.sleep(0.01)
    started.send_signal(signal.SIGKILL)
    assert started.wait() == -signal.SIGKILL
    assert 0 < _n_read(home) < 4000
    ended = subprocess.run(command, env=env, check=True, capture_output=True, text=True)
    again = subprocess.run(command, env=env, check=True, capture_output=True, text=True)

    assert "read 4000 = imported 4000 + already there 0 + rejected 0" in ended.stdout
    assert "read 4000 = imported 0 + already there 4000 + rejected 0" in again.stdout
