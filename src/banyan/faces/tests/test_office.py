"""The town office: who may look in, roles, parties, the calendar, the history, and the reading room of records."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from django.apps import apps
from django.test import Client

from banyan.apps.accounts import queries as accounts
from banyan.apps.accounts.models import Membership
from banyan.apps.audit.models import Entry
from banyan.apps.parties import queries as parties
from banyan.apps.service_requests.models import ServiceRequest
from banyan.apps.territory import queries as territory
from banyan.apps.territory.models import Town
from banyan.faces.web.admin import HIDDEN, PERSONAL, shown_fields, shown_models
from banyan.kit.guard import Role
from tests import towns
from tests.contexts import client as _client
from tests.contexts import let_contexts_be_seen
from tests.towns import SmallTown

ROOMS = ("", "catalogue/", "places/", "parties/", "roles/", "calendar/", "history/")


@pytest.fixture(autouse=True)
def contexts(monkeypatch: pytest.MonkeyPatch) -> None:
    let_contexts_be_seen(monkeypatch)


def _office(town: SmallTown, path: str = "") -> str:
    return f"/t/{town.town.slug}/office/{path}"


@pytest.mark.parametrize(
    ("key", "status"),
    [("manager", 200), ("auditor", 200), ("coordinator", 403), ("worker", 403), ("resident", 403), ("operator", 403)],
)
def test_the_office_opens_to_managers_and_auditors(small_town: SmallTown, key: str, status: int):
    for room in ROOMS:
        assert _client(small_town, key).get(_office(small_town, room)).status_code == status, room


def test_a_stranger_is_asked_to_sign_in_at_every_door(small_town: SmallTown):
    for room in ROOMS:
        assert _client(small_town).get(_office(small_town, room)).status_code == 302, room


def test_a_manager_of_one_town_is_nobody_in_another(small_town: SmallTown):
    elsewhere = small_town_of_its_own()

    assert _client(small_town, "manager").get(_office(elsewhere)).status_code == 403


def small_town_of_its_own() -> SmallTown:
    return towns.small_town("another-town")


# --- roles -----------------------------------------------------------------------------------------------------------


def test_a_role_is_given_and_ended_at_the_next_click(small_town: SmallTown):
    manager, neighbour = _client(small_town, "manager"), _client(small_town, "neighbour")
    board = f"/t/{small_town.town.slug}/board/"
    words = {"who": small_town.emails["neighbour"], "role": "coordinator", "place": "n1"}
    before = neighbour.get(board).status_code

    given = manager.post(_office(small_town, "roles/"), words)
    during = neighbour.get(board).status_code
    with small_town.scope():
        held = accounts.members(town_id=small_town.town.id, role=Role.COORDINATOR)
    membership = next(one for one in held if one.account_id == small_town.accounts["neighbour"])
    manager.post(_office(small_town, f"roles/{membership.membership_id}/end/"))
    after = neighbour.get(board).status_code

    assert given.status_code == 302
    assert (before, during, after) == (403, 200, 403)
    assert membership.place_path == "north/n1/"


@pytest.mark.parametrize(
    ("words", "where"),
    [
        ({"who": "nobody@example.org", "role": "auditor"}, "who"),
        ({"who": "", "role": "auditor"}, "who"),
        ({"who": "no\0body", "role": "auditor"}, "who"),
        ({"role": "king"}, "role"),
        ({"role": "worker"}, "party_id"),
        ({"role": "coordinator", "place": "nowhere"}, "place"),
    ],
)
def test_a_role_with_a_fault_is_not_given(small_town: SmallTown, words: dict[str, str], where: str):
    n_before = Membership.objects.count()

    answer = _client(small_town, "manager").post(
        _office(small_town, "roles/"), {"who": small_town.emails["neighbour"], **words}
    )

    assert answer.status_code == 422
    assert [one["where"] for one in answer.context["problems"]] == [where]
    assert Membership.objects.count() == n_before


def test_an_auditor_reads_the_roles_and_gives_none(small_town: SmallTown):
    words = {"who": small_town.emails["neighbour"], "role": "auditor"}

    assert _client(small_town, "auditor").post(_office(small_town, "roles/"), words).status_code == 403


def test_the_last_manager_stays(small_town: SmallTown):
    held = Membership.objects.get(town=small_town.town, role="manager")

    _client(small_town, "manager").post(_office(small_town, f"roles/{held.id}/end/"))

    held.refresh_from_db()
    assert held.ended_at is None


# --- parties ---------------------------------------------------------------------------------------------------------


def test_a_gap_shows_until_somebody_answers_for_the_place(small_town: SmallTown):
    client = _client(small_town, "manager")
    words = {"kind": "property_company", "name_zh": "南榕物业", "name_en": "South Banyan Property"}
    client.post(_office(small_town, "parties/party/south_property/"), {**words, "place_0": "s1"})
    client.post(
        _office(small_town, "parties/party/lift_company/"),
        {"kind": "contractor", "name_zh": "电梯", "name_en": "Lift", "place_0": "north", "topic_0": "lifts"},
    )

    page = client.get(_office(small_town, "parties/"))

    coverage = {one.kind: [place.code for place in one.gaps] for one in page.context["coverage"]}
    assert [place.code for place in page.context["gaps"]] == ["s2"]
    assert coverage == {"property_company": ["s2"], "contractor": ["s1", "s2"]}


def test_a_party_with_a_fault_is_not_saved(small_town: SmallTown):
    words = {"code": "lift_company", "kind": "circus", "name_zh": "", "name_en": "X", "place_0": "nowhere"}

    answer = _client(small_town, "manager").post(_office(small_town, "parties/new/"), words)

    assert answer.status_code == 422 and answer.context["problems"]
    with small_town.scope():
        assert len(parties.register(small_town.town).by_id) == 3


@pytest.mark.parametrize("where", ["code", "name_zh", "name_en", "public_phone", "topic_0"])
def test_a_party_with_characters_that_are_not_text_is_not_saved(small_town: SmallTown, where: str):
    words = {
        "code": "bright",
        "kind": "contractor",
        "name_zh": "亮",
        "name_en": "B",
        "place_0": "n1",
        "topic_0": "lifts",
    }

    answer = _client(small_town, "manager").post(_office(small_town, "parties/new/"), {**words, where: "a\0b"})

    assert answer.status_code == 422
    assert [one["code"] for one in answer.context["problems"]] == ["not_text"]


def test_a_new_party_is_suggested_from_then_on(small_town: SmallTown):
    words = {"code": "bright", "kind": "property_company", "name_zh": "亮亮", "name_en": "Bright", "place_0": "n1"}
    _client(small_town, "manager").post(_office(small_town, "parties/new/"), words)

    small_town.town.refresh_from_db()
    made = small_town.report()

    with small_town.scope():
        held = ServiceRequest.objects.get(id=made.id)
        assert parties.register(small_town.town).by_id[held.suggested_party_id].code == "bright"


def test_who_manages_a_part_of_the_town_is_shown_no_form_that_would_be_refused(small_town: SmallTown):
    given = {"who": small_town.emails["neighbour"], "role": "manager", "place": "north"}
    _client(small_town, "manager").post(_office(small_town, "roles/"), given)
    rooms = ("parties/", "parties/party/great_property/", "catalogue/", "catalogue/exchange/", "places/", "calendar/")

    for room in rooms:
        of_part, whole = (_client(small_town, key).get(_office(small_town, room)) for key in ("neighbour", "manager"))
        assert (of_part.status_code, of_part.context["may_edit"], whole.context["may_edit"]) == (200, False, True), room
    assert _client(small_town, "neighbour").post(_office(small_town, "catalogue/exchange/")).status_code == 403


# --- the calendar ----------------------------------------------------------------------------------------------------


def test_a_day_is_added_to_the_calendar_and_taken_away_again(small_town: SmallTown):
    client, path = _client(small_town, "manager"), _office(small_town, "calendar/")
    client.post(path, {"on": "2026-03-21", "works": "yes", "hours": "09:00-12:00", "reason": "龙舟"})
    added = _overrides(small_town)
    client.post(path, {"on": "2026-03-21", "drop": "1"})

    assert added == [{"on": "2026-03-21", "hours": ["09:00-12:00"], "reason": "龙舟"}]
    assert _overrides(small_town) == []


def _overrides(town: SmallTown) -> Any:
    held = Town.objects.get(id=town.town.id)
    with town.scope():
        return territory.calendar(held).to_json().get("overrides", [])


@pytest.mark.parametrize(
    "words",
    [
        {"on": "soon", "works": "no", "reason": "x"},
        {"on": "2026-03-21", "works": "yes", "hours": "9 to 5", "reason": "x"},
        {"json": "{"},
        {"json": json.dumps({"timezone": "Mars/Base", "country": "CN", "week": {}})},
    ],
)
def test_a_broken_calendar_is_refused_and_the_old_one_kept(small_town: SmallTown, words: dict[str, str]):
    before = Town.objects.get(id=small_town.town.id).calendar

    answer = _client(small_town, "manager").post(_office(small_town, "calendar/"), words)

    assert answer.status_code == 422 and answer.context["problems"]
    assert Town.objects.get(id=small_town.town.id).calendar == before


def test_two_managers_do_not_lose_each_others_days(small_town: SmallTown):
    client, path = _client(small_town, "manager"), _office(small_town, "calendar/")
    opened = re.findall(r'name="edition" value="(\d+)"', client.get(path).content.decode())
    first = {"on": "2026-03-21", "works": "no", "reason": "龙舟", "edition": opened[0]}
    client.post(path, first)

    late = client.post(path, {**first, "on": "2026-03-22", "reason": "庙会"})
    whole = client.post(path, {"json": json.dumps(Town.objects.get(id=small_town.town.id).calendar), **first})
    kept = [one["on"] for one in _overrides(small_town)]
    page = late.content.decode()
    again = client.post(path, {**first, "on": "2026-03-22", "edition": late.context["edition"]})

    assert len(set(opened)) == 1 and (late.status_code, whole.status_code, again.status_code) == (409, 409, 302)
    assert "庙会" in page and 'value="2026-03-22"' in page and "龙舟" in page and "flash" in page
    assert kept == ["2026-03-21"]
    assert [one["on"] for one in _overrides(small_town)] == ["2026-03-21", "2026-03-22"]


# --- history ---------------------------------------------------------------------------------------------------------


def test_history_is_browsed_by_day_record_and_verb(small_town: SmallTown):
    made = small_town.report()
    small_town.walk(made.id, until="dispatched")
    client, path = _client(small_town, "auditor"), _office(small_town, "history/")

    def shown(query: str) -> list[str]:
        return [deed.verb for deed in client.get(f"{path}?{query}").context["page"].rows]

    assert shown(f"id={made.id}&on=2026-03-18") == [
        *("service_requests.dispatch", "service_requests.triage", "service_requests.received")
    ]
    assert shown(f"id={made.id}&on=2026-03-17") == []
    assert set(shown("verb=territory.")) == {"territory.founded", "territory.laid_out"}
    assert set(shown("subject=party")) == {"parties.registered"}


def test_a_day_of_history_lasts_as_long_as_on_the_clocks_of_the_town(small_town: SmallTown):
    Town.objects.filter(id=small_town.town.id).update(time_zone="America/New_York")
    late = datetime(2026, 11, 2, 4, 30, tzinfo=UTC)  # 23:30 on the first of November, a day of 25 hours
    small_town.report(at=late)
    client, path = _client(small_town, "auditor"), _office(small_town, "history/")

    def deeds(**words: str) -> list[str]:
        return [deed.verb for deed in client.get(path, words).context["page"].rows]

    assert "service_requests.received" in deeds(on="2026-11-01")
    assert "service_requests.received" not in deeds(on="2026-11-02")


@pytest.mark.parametrize("words", [{"on": "9999-12-31"}, {"on": "0001-01-01"}, {"subject": "party\0"}, {"id": "\0"}])
def test_an_impossible_question_to_history_is_no_failure(small_town: SmallTown, words: dict[str, str]):
    assert _client(small_town, "auditor").get(_office(small_town, "history/"), words).status_code == 200


def test_the_whole_history_is_verified_on_request(small_town: SmallTown):
    small_town.walk(small_town.report().id, until="closed")

    answer = _client(small_town, "auditor").post(_office(small_town, "history/"))

    with small_town.scope():
        assert answer.context["findings"].n_entries == Entry.objects.count() > 8
    assert answer.context["findings"].is_clean and "The history is whole" in answer.content.decode()


# --- the reading room of records -------------------------------------------------------------------------------------


def _records(town: SmallTown, key: str) -> Client:
    client = _client(town, key)
    client.get(f"/admin/?town={town.town.slug}")
    return client


def _paths() -> list[str]:
    return [f"/admin/{one._meta.app_label}/{one._meta.model_name}/" for one in shown_models()]


@pytest.mark.parametrize("key", ["manager", "auditor"])
def test_records_are_read_by_managers_and_auditors(small_town: SmallTown, key: str):
    words = "我家门口的灯灭了"
    made = small_town.report(description=words, contact_name="林小榕", contact_phone="13812345678")
    small_town.walk(made.id, until="closed")
    client = _records(small_town, key)
    for path in ["/admin/", *_paths()]:
        page = client.get(path)
        assert page.status_code == 200, path
        for row in re.findall(r'href="(/admin/[^"?]+/change/)"', page.content.decode())[:2]:
            told = client.get(row)
            text = told.content.decode()
            assert told.status_code == 200, row
            assert "13812345678" not in text and "林小榕" not in text and words not in text, row
            assert 'style="' not in text and "<script>" not in text, row


@pytest.mark.parametrize("key", ["coordinator", "worker", "resident", "operator"])
def test_records_are_closed_to_everybody_else(small_town: SmallTown, key: str):
    for path in ["/admin/", *_paths()]:
        assert _records(small_town, key).get(path).status_code == 403, path


def test_records_of_another_town_are_out_of_reach(small_town: SmallTown):
    elsewhere = small_town_of_its_own()
    made = elsewhere.report()
    client = _records(small_town, "manager")

    assert client.get(f"/admin/service_requests/servicerequest/{made.id}/change/").status_code != 200
    assert "another-town" not in client.get("/admin/territory/town/").content.decode()
    held = Membership.objects.filter(town=elsewhere.town).values_list("id", flat=True).first()
    assert client.get(f"/admin/accounts/membership/{held}/change/").status_code != 200
    client.get("/admin/?town=another-town")
    assert client.get("/admin/").status_code == 403


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_no_request_that_could_write_gets_past_the_door(small_town: SmallTown, method: str):
    made = small_town.report()
    client = _records(small_town, "manager")
    paths = [
        "/admin/",
        "/admin/service_requests/servicerequest/",
        "/admin/service_requests/servicerequest/add/",
        f"/admin/service_requests/servicerequest/{made.id}/change/",
        f"/admin/service_requests/servicerequest/{made.id}/delete/",
        "/admin/logout/",
    ]
    before = _rows(small_town)

    for path in paths:
        sent = {"action": "delete_selected", "_selected_action": str(made.id), "post": "yes", "status": "closed"}
        assert getattr(client, method)(path, sent).status_code == 405, path
    assert _rows(small_town) == before


def _rows(town: SmallTown) -> dict[str, int]:
    with town.scope():
        counted = [model for model in apps.get_models() if model._meta.app_label != "sessions"]
        return {model._meta.label: model._base_manager.count() for model in counted}


def test_no_record_may_be_added_changed_or_deleted(small_town: SmallTown):
    made = small_town.report()
    client = _records(small_town, "manager")
    base = "/admin/service_requests/servicerequest/"

    assert client.get(f"{base}add/").status_code == 403
    assert client.get(f"{base}{made.id}/delete/").status_code == 403
    assert 'name="_save"' not in client.get(f"{base}{made.id}/change/").content.decode()


def test_people_and_their_words_are_not_among_the_records():
    labels = {model._meta.label for model in shown_models()}
    columns = {name for model in shown_models() for name in shown_fields(model) if not name.startswith("description_")}

    assert not labels & HIDDEN and not any(label.startswith("people.") for label in labels)
    # longitude and latitude of places; the attributes are the questions of a service, not their answers
    assert columns & PERSONAL <= {"lon", "lat", "description", "attributes"}


@pytest.mark.parametrize(
    "asked",
    [
        *("tracking_number__startswith=K", "description__contains=%E7%81%AF", "reporter_account_id__isnull=0"),
        *("service__group=lighting", "reporter__phone=1", "comment__text__contains=a", "lon__gt=0"),
    ],
)
def test_what_is_not_shown_among_the_records_cannot_be_asked_for_either(small_town: SmallTown, asked: str):
    small_town.report()

    answer = _records(small_town, "auditor").get(f"/admin/service_requests/servicerequest/?{asked}")

    assert answer.status_code in (302, 400)


def test_records_are_filtered_by_what_they_show(small_town: SmallTown):
    made, base = small_town.report(), "/admin/service_requests/servicerequest/"
    client = _records(small_town, "auditor")

    received = client.get(f"{base}?status=received")
    closed = client.get(f"{base}?status__exact=closed")
    of_photos = client.get(f"/admin/service_requests/photo/?service_request__id__exact={made.id}")

    assert str(made.id) in received.content.decode() and str(made.id) not in closed.content.decode()
    assert [received.status_code, closed.status_code, of_photos.status_code] == [200, 200, 200]
    assert client.get("/admin/service_requests/photo/?service_request__tracking_number__gt=K").status_code == 400
