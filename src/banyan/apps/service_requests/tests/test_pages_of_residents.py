"""The pages of residents: report, follow, one request, list and map: plain forms, as without scripts."""

from __future__ import annotations

import io
import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from banyan.apps.accounts.models import Account
from banyan.apps.service_requests import actions, queries
from banyan.apps.service_requests.models import Photo, ServiceRequest
from banyan.apps.service_requests.pages.telling import SENTENCES
from banyan.apps.service_requests.rules import Step
from banyan.base.ids import tracking_number
from tests.statements import at_most
from tests.towns import NOW, SmallTown

LATER = NOW + timedelta(minutes=30)


def _client(town: SmallTown, key: str = "") -> Client:
    client = Client(headers={"Accept-Language": "en"})
    if key:
        client.force_login(Account.objects.get(id=town.accounts[key]))
    return client


def _at(town: SmallTown, path: str = "") -> str:
    return f"/t/{town.town.slug}/{path}"


def _photo() -> SimpleUploadedFile:
    out = io.BytesIO()
    Image.new("RGB", (64, 48), (90, 140, 90)).save(out, "JPEG")
    return SimpleUploadedFile("lamp.jpg", out.getvalue(), content_type="image/jpeg")


def _words(**changed: Any) -> dict[str, Any]:
    return {"description": "路灯不亮", "lon": "113.31", "lat": "23.06", **changed}


def _only_request(town: SmallTown) -> ServiceRequest:
    with town.scope():
        return ServiceRequest.objects.get()


# --- reporting -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "found"), [("lamp", "Street lamp out"), ("路灯", "Street lamp out"), ("lifts", "Lift out of order")]
)
def test_a_word_in_either_language_finds_the_service(small_town: SmallTown, words: str, found: str):
    page = _client(small_town).get(_at(small_town, "report/"), {"q": words})

    assert found in page.content.decode()


def test_a_group_shows_its_services_and_no_others(small_town: SmallTown):
    page = _client(small_town).get(_at(small_town, "report/"), {"group": "water"}).content.decode()

    assert "report/about/leak/" in page
    assert "report/about/lamp/" not in page


def test_somebody_without_account_reports_with_a_photo_and_gets_a_number(small_town: SmallTown):
    client = _client(small_town)

    sent = client.post(_at(small_town, "report/about/lamp/"), _words(photos=[_photo()], name="王", phone="13800001111"))
    page = client.get(sent["Location"]).content.decode()

    request = _only_request(small_town)
    assert request.tracking_number in page
    assert "<svg" in page.split("QR code")[1]
    assert (request.reporter_account_id, request.channel) == (None, "web")
    with small_town.scope():
        assert Photo.objects.count() == 1


def test_a_report_that_is_wrong_lists_every_problem_and_loses_no_word(small_town: SmallTown):
    wrong = _words(description=" ", lon="", lat="", phone="call me", address="by the bridge", photos=[_photo()])

    page = _client(small_town).post(_at(small_town, "report/about/lamp/"), wrong)

    text = page.content.decode()
    assert page.status_code == 422
    assert set(re.findall(r'<a href="#f-(\w+)">', text)) == {"description", "point", "phone"}
    assert all(f'id="f-{where}"' in text for where in ("description", "point", "phone"))
    assert 'value="by the bridge"' in text
    assert "You had chosen 1 photo." in text
    with small_town.scope():
        assert ServiceRequest.objects.count() == 0


def test_a_hostile_photo_is_named_by_its_number(small_town: SmallTown):
    bad = SimpleUploadedFile("x.jpg", b"<svg onload=alert(1)>", content_type="image/jpeg")

    page = _client(small_town).post(_at(small_town, "report/about/lamp/"), _words(photos=[_photo(), bad]))

    assert page.status_code == 422
    assert "Photo 2: This file is not a photo" in page.content.decode()


def test_coordinates_that_are_no_numbers_are_a_problem_and_not_a_fault(small_town: SmallTown):
    page = _client(small_town).post(_at(small_town, "report/about/lamp/"), _words(lon="here", lat="nan"))

    assert page.status_code == 422


def test_a_page_sent_twice_makes_one_request(small_town: SmallTown):
    client = _client(small_town)
    page = client.get(_at(small_town, "report/about/lamp/")).content.decode()
    draft_id = re.search(r'name="draft_id" value="([^"]+)"', page)
    assert draft_id is not None

    for _ in range(2):
        client.post(_at(small_town, "report/about/lamp/"), _words(draft_id=draft_id[1]))

    assert str(_only_request(small_town).id) == draft_id[1]


def test_the_draft_of_somebody_else_is_not_overwritten(small_town: SmallTown):
    held = small_town.report()

    _client(small_town).post(_at(small_town, "report/about/lamp/"), _words(draft_id=str(held.id), description="other"))

    with small_town.scope():
        assert ServiceRequest.objects.count() == 2
        assert ServiceRequest.objects.get(id=held.id).description == "路灯不亮"


def test_a_place_can_be_chosen_from_lists_without_a_map(small_town: SmallTown):
    client = _client(small_town)

    shown = client.post(_at(small_town, "report/about/lamp/"), _words(lon="", lat="", grid="n1", show="buildings"))
    client.post(_at(small_town, "report/about/lamp/"), _words(lon="", lat="", grid="n1", building="n1-b1"))

    assert "Building 1" in shown.content.decode()
    with small_town.scope():
        assert queries.place_of(_only_request(small_town), town=small_town.town).code == "n1"


@pytest.mark.parametrize(("key", "channel", "owner"), [("coordinator", "phone", None), ("resident", "web", "resident")])
def test_only_the_staff_reports_on_behalf_of_somebody(small_town: SmallTown, key: str, channel: str, owner: str | None):
    client = _client(small_town, key)

    client.post(_at(small_town, "report/about/lamp/"), _words(intake="phone", name="李", phone="13900001111"))

    request = _only_request(small_town)
    assert request.channel == channel
    assert request.reporter_account_id == (small_town.accounts[owner] if owner else None)


def test_residents_choose_between_emergency_and_ordinary_only(small_town: SmallTown):
    _client(small_town).post(_at(small_town, "report/about/lamp/"), _words(urgency="low"))

    assert _only_request(small_town).urgency == "normal"


def test_reports_of_strangers_are_counted_and_what_was_typed_stays(small_town: SmallTown, settings: Any):
    settings.REPORTS_PER_HOUR = 2
    client, path = _client(small_town), _at(small_town, "report/about/lamp/")

    answers = [client.post(path, words) for words in (_words(), _words(description=""), _words(), _words())]
    signed_in = _client(small_town, "resident").post(path, _words())

    assert [answer.status_code for answer in answers] == [302, 422, 302, 429]
    assert "路灯不亮" in answers[-1].content.decode()
    assert signed_in.status_code == 302
    with small_town.scope():
        assert ServiceRequest.objects.count() == 3


# --- following by number ---------------------------------------------------------------------------------------------


def test_the_number_opens_the_request_and_leaves_the_address(small_town: SmallTown):
    made, client = small_town.report(), _client(small_town)

    opened = client.post(_at(small_town, "follow/"), {"number": f" {made.tracking_number.lower()} "})
    page = client.get(opened["Location"]).content.decode()

    assert made.tracking_number not in opened["Location"]
    assert "路灯不亮" in page
    assert "own-comment" in page
    assert "路灯不亮" not in _client(small_town).get(opened["Location"]).content.decode()


def test_a_mistyped_number_is_explained_and_stays_in_the_field(small_town: SmallTown):
    page = _client(small_town).post(_at(small_town, "follow/"), {"number": "K7QF-2M9X-P2"})

    assert page.status_code == 422
    assert 'value="K7QF-2M9X-P2"' in page.content.decode()


def test_whoever_guesses_numbers_is_stopped_and_stays_stopped(small_town: SmallTown):
    made, guesser = small_town.report(), _client(small_town)

    for _ in range(20):
        assert guesser.post(_at(small_town, "follow/"), {"number": tracking_number()}).status_code == 302
    stopped = guesser.post(_at(small_town, "follow/"), {"number": made.tracking_number})

    assert stopped.status_code == 429
    assert guesser.get(_at(small_town, "follow/"), {"n": made.tracking_number}).status_code == 429


def test_a_device_forgets_the_numbers_when_told(small_town: SmallTown):
    made, client = small_town.report(), _client(small_town)
    client.post(_at(small_town, "follow/"), {"number": made.tracking_number})

    client.post(_at(small_town, "follow/forget/"))

    assert "路灯不亮" not in client.get(_at(small_town, f"requests/{made.id}/")).content.decode()


# --- one request -----------------------------------------------------------------------------------------------------


READERS = [
    ("", False),
    ("neighbour", False),
    ("other_coordinator", False),
    ("operator", False),
    ("resident", True),
    ("coordinator", True),
    ("auditor", True),
]


@pytest.mark.parametrize(("key", "reads"), READERS)
def test_words_and_address_are_for_those_concerned_only(small_town: SmallTown, key: str, reads: bool):
    made = small_town.report(description="三楼的灯", address="一号楼三单元")

    page = _client(small_town, key).get(_at(small_town, f"requests/{made.id}/"))
    listed = _client(small_town, key).get(_at(small_town, "requests/")).content.decode()

    text = page.content.decode()
    assert page.status_code == 200
    assert ("三楼的灯" in text, "一号楼三单元" in text) == (reads, reads)
    assert "Street lamp out" in text
    assert "三楼的灯" not in listed
    assert "一号楼三单元" not in listed


def test_internal_notes_are_told_to_the_staff_and_to_nobody_else(small_town: SmallTown):
    made = small_town.report()
    with small_town.scope():
        actions.comment(
            actor=small_town.actor("coordinator"),
            town=small_town.town,
            service_request_id=made.id,
            text="circuit seven",
            is_internal=True,
            at=LATER,
        )
    path = _at(small_town, f"requests/{made.id}/")

    assert "circuit seven" in _client(small_town, "coordinator").get(path).content.decode()
    assert "circuit seven" not in _client(small_town, "resident").get(path).content.decode()


def test_every_step_of_the_loop_has_its_sentence_in_both_languages(small_town: SmallTown):
    made = small_town.report()
    small_town.walk(made.id, until="closed", at=LATER)
    client = _client(small_town, "resident")

    english = client.get(_at(small_town, f"requests/{made.id}/")).content.decode()
    chinese = client.get(_at(small_town, f"requests/{made.id}/"), headers={"Accept-Language": "zh-CN"}).content.decode()

    assert {str(step) for step in Step} <= set(SENTENCES)
    assert "It was handed to Great Banyan Property" in english
    assert "已派给大榕树物业" in chinese
    assert "换了灯泡" in chinese


def _seen(town: SmallTown) -> dict[str, str]:
    """Return what a form carries of the page it was made from."""
    return {"version": str(_only_request(town).version)}


def test_the_reporter_comments_confirms_and_rates_by_the_number_alone(small_town: SmallTown):
    made, client = small_town.report(), _client(small_town)
    small_town.walk(made.id, until="resolved", at=LATER)
    client.post(_at(small_town, "follow/"), {"number": made.tracking_number})
    own = _at(small_town, f"requests/{made.id}/own/")

    client.post(f"{own}comment/", {"comment-text": "谢谢师傅"})
    client.post(f"{own}photos/", {"photos-photos": [_photo()]})
    client.post(f"{own}verify/", _seen(small_town))
    client.post(f"{own}rate/", {"rate-rating": "5", "rate-words": "快"})

    request = _only_request(small_town)
    assert (request.status, request.rating, request.rating_words) == ("verified", 5, "快")
    assert "谢谢师傅" in client.get(_at(small_town, f"requests/{made.id}/")).content.decode()


def test_what_is_not_fixed_is_refuted_with_a_reason(small_town: SmallTown):
    made, client = small_town.report(), _client(small_town, "resident")
    small_town.walk(made.id, until="resolved", at=LATER)
    refute = _at(small_town, f"requests/{made.id}/own/refute/")

    without = client.post(refute, {"refute-reason": "", **_seen(small_town)})
    client.post(refute, {"refute-reason": "还是不亮", **_seen(small_town)})

    assert without.status_code == 422
    assert 'href="#f-refute-reason"' in without.content.decode()
    assert _only_request(small_town).status == "reopened"


def test_the_reporter_withdraws_and_opens_again(small_town: SmallTown):
    made, client = small_town.report(), _client(small_town, "resident")
    own = _at(small_town, f"requests/{made.id}/own/")

    client.post(f"{own}withdraw/", {"withdraw-reason": "自己修好了", **_seen(small_town)})
    withdrawn = _only_request(small_town).status
    client.post(f"{own}reopen/", {"reopen-reason": "又坏了", **_seen(small_town)})

    assert (withdrawn, _only_request(small_town).status) == ("withdrawn", "reopened")


@pytest.mark.parametrize("act", ["comment", "photos", "rate", "verify", "refute", "withdraw", "triage"])
@pytest.mark.parametrize("key", ["", "neighbour"])
def test_a_stranger_does_nothing_with_a_request(small_town: SmallTown, act: str, key: str):
    made = small_town.report()
    small_town.walk(made.id, until="resolved", at=LATER)

    refused = _client(small_town, key).post(
        _at(small_town, f"requests/{made.id}/own/{act}/"),
        {"comment-text": "x", "rate-rating": "1", "refute-reason": "x", "photos-photos": [_photo()]},
    )

    request = _only_request(small_town)
    assert refused.status_code in (401, 403, 404)
    assert (request.status, request.rating) == ("resolved", None)


def test_somebody_who_came_too_late_is_told_so(small_town: SmallTown):
    made, client = small_town.report(), _client(small_town, "resident")
    small_town.step(made.id, "triage", "coordinator", at=LATER)

    answer = client.post(_at(small_town, f"requests/{made.id}/own/withdraw/"), {"version": "1"}, follow=True)

    assert "Someone changed this since you opened it" in answer.content.decode()
    assert _only_request(small_town).status == "triaged"


# --- photos ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "is_public", "status"),
    [
        ("resident", False, 200),
        ("coordinator", False, 200),
        ("", False, 404),
        ("neighbour", False, 404),
        ("", True, 200),
    ],
)
def test_photos_are_served_to_those_who_may_see_them(small_town: SmallTown, key: str, is_public: bool, status: int):
    with small_town.scope():
        made = actions.report(
            actor=small_town.actor("resident"),
            town=small_town.town,
            draft=actions.Draft("lamp", "路灯不亮", lon=113.31, lat=23.06),
            at=NOW,
            photos=[_photo().read()],
        )
        photo = Photo.objects.get()
    if is_public:
        small_town.step(made.id, "triage", "coordinator", is_text_public=True)

    for end in (".jpg", ".thumb.jpg"):
        answer = _client(small_town, key).get(_at(small_town, f"requests/{made.id}/photos/{photo.id}{end}"))
        assert answer.status_code == status
        if status == 200:
            assert answer["Content-Type"] == "image/jpeg"
            assert answer["X-Content-Type-Options"] == "nosniff"
            assert answer["Content-Disposition"].startswith("inline")
            assert "private" in answer["Cache-Control"]


# --- list and map ----------------------------------------------------------------------------------------------------


def test_points_tell_the_state_and_blur_the_place(small_town: SmallTown):
    small_town.report(lon=113.312345, lat=23.067891)

    body = _client(small_town).get(_at(small_town, "requests/points.json")).json()

    (feature,) = body["features"]
    assert feature["geometry"]["coordinates"] == [113.312, 23.068]
    assert set(feature["properties"]) == {"state", "title", "href"}


def test_a_published_request_shows_words_and_point_to_everybody(small_town: SmallTown):
    made = small_town.report(description="桥头路灯不亮", lon=113.312345, lat=23.067891)
    small_town.step(made.id, "triage", "coordinator", is_text_public=True)

    listed = _client(small_town).get(_at(small_town, "requests/")).content.decode()
    (feature,) = _client(small_town).get(_at(small_town, "requests/points.json")).json()["features"]

    assert "桥头路灯不亮" in listed
    assert feature["geometry"]["coordinates"] == [113.312345, 23.067891]


def test_filters_narrow_list_and_map_alike(small_town: SmallTown):
    lamp = small_town.report()
    small_town.report(service_code="leak", lon=113.36)
    wanted = {"group": "lighting", "place": "n1", "state": "open"}

    listed = _client(small_town).get(_at(small_town, "requests/"), wanted).content.decode()
    points = _client(small_town).get(_at(small_town, "requests/points.json"), wanted).json()["features"]

    assert len(re.findall(r'class="entry-title"', listed)) == 1
    assert [point["properties"]["href"] for point in points] == [_at(small_town, f"requests/{lamp.id}/")]


def test_long_lists_are_turned_page_by_page(small_town: SmallTown):
    for minute in range(25):
        small_town.report(at=NOW + timedelta(minutes=minute))
    client = _client(small_town)

    first = client.get(_at(small_town, "requests/")).content.decode()
    onward = re.search(r'rel="next" href="([^"]+)"', first)
    assert onward is not None
    second = client.get(onward[1].replace("&amp;", "&")).content.decode()

    assert [len(re.findall('class="entry-title"', page)) for page in (first, second)] == [20, 5]


@pytest.mark.parametrize("cursor", ["x", "bm90aGluZw", "%00"])
def test_a_broken_cursor_is_refused_kindly(small_town: SmallTown, cursor: str):
    assert _client(small_town).get(_at(small_town, f"requests/?cursor={cursor}")).status_code == 422


def test_pages_of_lists_cost_the_same_however_long_they_are(small_town: SmallTown):
    for minute in range(22):
        small_town.report(at=NOW + timedelta(minutes=minute))
    client, resident = _client(small_town), _client(small_town, "resident")
    client.get(_at(small_town, "requests/"))

    with at_most(4):
        client.get(_at(small_town, "requests/"))
    with at_most(3):
        client.get(_at(small_town, "requests/points.json"))
    with at_most(7):
        resident.get(_at(small_town, "requests/mine/"))


def test_my_requests_are_mine_also_where_i_am_of_the_staff(small_town: SmallTown):
    small_town.report("resident", description="别人的")
    small_town.report("coordinator", description="我自己的")

    page = _client(small_town, "coordinator").get(_at(small_town, "requests/mine/")).content.decode()

    assert "我自己的" in page
    assert "别人的" not in page


def test_my_requests_ask_a_stranger_to_sign_in(small_town: SmallTown):
    answer = _client(small_town).get(_at(small_town, "requests/mine/"))

    assert answer.status_code == 302
    assert "sign-in" in answer["Location"]


def test_a_request_that_does_not_exist_is_not_found(small_town: SmallTown):
    assert _client(small_town).get(_at(small_town, f"requests/{uuid4()}/")).status_code == 404


@pytest.mark.parametrize("path", ["", "report/", "report/about/lamp/", "follow/", "requests/"])
@pytest.mark.parametrize(("language", "tag"), [("en", "en"), ("zh-CN", "zh-Hans")])
def test_pages_speak_the_language_of_their_reader(small_town: SmallTown, path: str, language: str, tag: str):
    page = _client(small_town).get(_at(small_town, path), headers={"Accept-Language": language}).content.decode()

    assert f'<html lang="{tag}"' in page
    assert ("上报" in page) == (tag == "zh-Hans")
