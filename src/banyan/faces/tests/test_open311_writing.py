"""Open311: reporting with a key, to the letter of GeoReport v2, and whatever a form may hold."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from PIL import Image

from banyan.apps.accounts import actions as accounts
from banyan.apps.audit import queries as audit
from banyan.apps.service_requests import queries
from banyan.apps.service_requests.models import Photo, ServiceRequest
from banyan.apps.territory import queries as territory
from banyan.faces.open311.addresses import place_named
from banyan.faces.tests.open311 import Caller, agreed, faults_of, read_xml
from banyan.kit.guard import Channel
from tests.towns import NOW, SmallTown
from tests.towns import small_town as found_town

pytestmark = pytest.mark.django_db(transaction=True)
STRINGS: Final = Path(__file__).resolve().parents[5] / "shared" / "data" / "trust" / "strings" / "blns.json"
LAMP: Final = {"service_code": "lamp", "lat": "23.06", "long": "113.31"}


@pytest.fixture
def program(small_town: SmallTown) -> Caller:
    return Caller(small_town, "resident")


def stored(caller: Caller, made: dict[str, Any]) -> ServiceRequest:
    with caller.small.scope():
        found: ServiceRequest = ServiceRequest.objects.select_related("reporter").get(id=made["service_request_id"])
    return found


def n_stored(caller: Caller) -> int:
    with caller.small.scope():
        return int(ServiceRequest.objects.count())


def picture() -> SimpleUploadedFile:
    out = BytesIO()
    Image.new("RGB", (40, 30), "green").save(out, "JPEG")
    return SimpleUploadedFile("lamp.jpg", out.getvalue(), "image/jpeg")


# --- what is received ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["xml", "json"])
def test_a_report_gets_its_identifier_at_once_in_either_format(program: Caller, form: str) -> None:
    response = program.post("v2/requests", form, **LAMP, description="路灯不亮\r\n已经三天")

    assert response.status_code == 201
    (made,) = read_xml(response.content) if form == "xml" else json.loads(response.content)
    assert list(made) == ["service_request_id", "service_notice", "account_id"]
    held = stored(program, made)
    assert (held.description, held.lon, held.lat, held.channel) == ("路灯不亮\n已经三天", 113.31, 23.06, "api")
    assert held.reporter_account_id == program.small.accounts["resident"]
    assert (str(held.id), made["account_id"]) == (made["service_request_id"], None)


def test_the_notice_carries_the_tracking_number_and_no_list_does(program: Caller) -> None:
    made = program.report(description="路灯不亮")
    number = stored(program, made).tracking_number

    assert number in made["service_notice"] and f"/t/{program.small.town.slug}/follow/" in made["service_notice"]
    for path in ("v2/requests", f"v2/requests/{made['service_request_id']}", "v2/servicerequestupdates"):
        assert number not in str(program.get(path, extensions="true"))


def test_the_contact_is_the_reporters_and_not_the_programs(program: Caller) -> None:
    his = program.report(first_name="小明", last_name="王", phone="13800000000", email="ming@example.org")
    hers = program.report(first_name="Mary", last_name="Jones", email="mary@example.org")
    named = program.report(first_name="Ada")
    own = program.report(first_name="Ada", email=program.small.emails["resident"].upper())

    kept = [stored(program, made).reporter for made in (his, hers, named, own)]
    assert [(one.name, one.phone, one.email, one.account_id) for one in kept if one][:3] == [
        ("王小明", "13800000000", "ming@example.org", None),
        ("Mary Jones", "", "mary@example.org", None),
        ("Ada", "", "", None),
    ]
    assert kept[3].account_id == program.small.accounts["resident"]


def test_what_is_left_out_is_filled_with_the_name_of_the_service(program: Caller) -> None:
    assert stored(program, program.report()).description == "Street lamp out"
    assert stored(program, program.report(description="", email="", device_id="d", account_id="a")).reporter is None


def test_pictures_are_stored_and_a_strange_address_is_not_fetched(program: Caller) -> None:
    one = program.report(media=picture())
    two = program.report(**{"media[]": [picture(), picture()], "media_url": "http://169.254.169.254/latest"})

    with program.small.scope():
        shots = {
            key: Photo.objects.filter(service_request_id=made["service_request_id"]).count()
            for key, made in (("one", one), ("two", two))
        }
    assert shots == {"one": 1, "two": 2}
    assert "media_url was not fetched" in two["service_notice"] and "media_url" not in one["service_notice"]


def test_a_place_may_be_named_by_its_code_or_its_address(program: Caller) -> None:
    by_code = program.post("v2/requests", service_code="lamp", address_id="n1-b1")
    by_words = program.post("v2/requests", service_code="lamp", address_string="小榕镇南社区南一格 12号")
    of_an_idea = program.post("v2/requests", service_code="idea", address_string="somewhere")
    assert {by_code.status_code, by_words.status_code, of_an_idea.status_code} == {201}

    with program.small.scope():
        tree = territory.tree(program.small.town)
        one, two, three = (
            ServiceRequest.objects.get(id=json.loads(r.content)[0]["service_request_id"])
            for r in (by_code, by_words, of_an_idea)
        )
        places = [queries.place_of(found, town=program.small.town) for found in (one, two, three)]
    assert [place.code if place else None for place in places] == ["n1", "s1", None]
    assert tree.by_id[one.building_id].code == "n1-b1"
    assert (two.address, three.address) == ("小榕镇南社区南一格 12号", "somewhere")


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("北社区北一格一号楼302", "n1-b1"), ("小榕镇 北社区 一号楼", "n1-b1"), ("北社区", "north"), ("n2", "n2"),
        ("Little Banyan, North, North 1, Building 1", "n1-b1"), ("12 Lamp Road, North 2, North, Little Banyan", "n2"),
        ("South 1", "s1"), ("South 12", "south"), ("Building 12, North 1", "n1"), ("北社区南一格", "north"),
        ("东北社区", None), ("十一号楼", None), ("", None), (" ,，", None),
    ],
)  # fmt: skip
def test_an_address_is_read_as_far_as_the_town_knows_it(small_town: SmallTown, address: str, code: str | None) -> None:
    with small_town.scope():
        found = place_named(address, tree=territory.tree(small_town.town), town=small_town.town)

    assert (found.code if found else None) == code


def test_a_repeated_report_with_its_key_is_one_report(program: Caller) -> None:
    key = {"Idempotency-Key": "0123456789abcdef"}
    first, again = (program.post("v2/requests", "xml", headers=key, **LAMP, description="路灯") for _ in range(2))
    other = program.post("v2/requests", "xml", headers=key, **LAMP, description="别的")

    assert first.content == again.content and again.headers["Content-Type"] == "text/xml; charset=utf-8"
    assert (first.status_code, again.status_code, n_stored(program)) == (201, 201, 1)
    assert [code for code, _ in faults_of(other, status=400)] == [409]


def test_a_key_may_stand_in_the_address(program: Caller) -> None:
    response = program.client.post(f"{program.root}/v2/requests.json?api_key={program.api_key}", LAMP)

    assert response.status_code == 201


@pytest.mark.parametrize(
    ("key", "form", "status", "code"),
    [
        ("resident", "xml", "OPEN", 201), ("resident", "json", "", 201), ("coordinator", "json", "IN_PROGRESS", 201),
        ("neighbour", "json", "", 404), ("resident", "xml", "FIXED", 400), ("", "json", "OPEN", 403),
    ],
)  # fmt: skip
def test_an_update_is_a_comment_of_those_concerned(
    program: Caller, key: str, form: str, status: str, code: int
) -> None:
    made = program.report()["service_request_id"]
    fields = {"service_request_id": made, "description": "还是不亮", "status": status, "update_id": "77"}

    response = Caller(program.small, key).post("v2/servicerequestupdates", form, **fields)

    assert response.status_code == code, response.content
    with program.small.scope():
        said = queries.comments(queries.public(made), with_internal=True)
    assert [one.text for one in said] == (["还是不亮"] if code == 201 else [])
    if code == 201:
        (told,) = read_xml(response.content) if form == "xml" else json.loads(response.content)
        with program.small.scope():
            entry = audit.timeline(("service_request", UUID(made)))[-1]
        assert told == {"update_id": str(entry.id), "service_request_id": made}
    assert "还是不亮" not in str(program.get("v2/servicerequestupdates"))


def test_an_update_that_cannot_be_used_is_refused_with_every_fault(program: Caller) -> None:
    nothing = program.post("v2/servicerequestupdates", updated_datetime="yesterday")
    stranger = program.post("v2/servicerequestupdates", "xml", service_request_id="x", description="?")

    assert faults_of(nothing, status=400) == [
        (400, "updated_datetime"),
        (400, "description"),
        (400, "service_request_id"),
    ]
    assert [code for code, _ in faults_of(stranger, status=404)] == [404]


# --- what is refused -------------------------------------------------------------------------------------------------


def test_a_report_needs_a_good_key(program: Caller, small_town: SmallTown) -> None:
    with small_town.scope():
        actor = small_town.actor("resident", channel=Channel.API)
        past = timezone.now() - timedelta(minutes=1)
        expired = accounts.issue_token(actor=actor, town=small_town.town, name="old", at=NOW, expires_at=past)
    abroad = Caller(found_town(), "resident").api_key
    signed_in = Client()
    signed_in.force_login(accounts.Account.objects.get(id=small_town.accounts["manager"]))

    for key in ("", expired, abroad, "bny_nothing", "é", "x" * 500):
        for form in ("xml", "json"):
            response = Caller(small_town).post("v2/requests", form, **LAMP, api_key=key)
            assert faults_of(response, status=403) == [(403, "api_key")]
    assert faults_of(signed_in.post(f"{program.root}/v2/requests.json", LAMP), status=403) == [(403, "api_key")]
    assert n_stored(program) == 0
    assert program.report()


@pytest.mark.parametrize(
    ("fields", "faults"),
    [
        ({}, [(400, "service_code"), (400, "lat")]),
        ({"service_code": "cake", "lat": "23.06", "long": "113.31"}, [(404, "service_code")]),
        ({"service_code": "lamp"}, [(400, "lat")]),
        ({"service_code": "lamp", "lat": "23.06"}, [(400, "long")]),
        ({"service_code": "lamp", "lat": "north", "long": "113.31"}, [(400, "long")]),
        ({"service_code": "lamp", "lat": "23.06", "long": "1e400"}, [(400, "long")]),
        ({"service_code": "lamp", "lat": "31", "long": "120"}, [(400, "long")]),
        ({"service_code": "lamp", "address_id": "z9"}, [(400, "address_id")]),
        ({"service_code": "lamp", "address_string": "Atlantis"}, [(400, "address_string")]),
        ({**LAMP, "jurisdiction_id": "elsewhere"}, [(404, "jurisdiction_id")]),
        ({**LAMP, "description": "x" * 4001}, [(400, "description")]),
        ({**LAMP, "description": "a\x00b", "email": "a\x00b"}, [(400, "email"), (400, "description")]),
        ({**LAMP, "first_name": "a\x1bb", "last_name": "x" * 81}, [(400, "first_name"), (400, "last_name")]),
        ({**LAMP, "email": "nobody", "phone": "call me"}, [(400, "phone"), (400, "email")]),
        ({**LAMP, "media": SimpleUploadedFile("x.jpg", b"GIF89a")}, [(400, "media[0]")]),
        ({**LAMP, "service_code": "cake", "description": "x" * 4001}, [(404, "service_code"), (400, "description")]),
    ],
)  # fmt: skip
@pytest.mark.parametrize("form", ["xml", "json"])
def test_a_report_that_cannot_be_used_is_refused_with_every_fault(
    program: Caller, form: str, fields: dict[str, Any], faults: list[tuple[int, str]]
) -> None:
    gravest = 404 if any(code == 404 for code, _ in faults) else 400
    for file in (one for one in fields.values() if isinstance(one, SimpleUploadedFile)):
        file.seek(0)

    response = program.post("v2/requests", form, **fields)

    assert faults_of(response, status=gravest) == faults
    assert n_stored(program) == 0


@pytest.mark.parametrize(
    ("content_type", "body", "code"),
    [
        ("application/json", b'{"service_code": "lamp"}', 400),
        ("text/xml", b"<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><x>&e;</x>", 400),
        ("multipart/form-data", b"no boundary", 400),
        ("multipart/form-data; boundary=x", b"--x\r\nhalf a", 403),
        ("application/x-www-form-urlencoded", b"service_code=%ff%fe&api_key=KEY&lat=23.06&long=113.31", 400),
        ("application/x-www-form-urlencoded", b"service_code=lamp%00&api_key=KEY&lat=23.06&long=113.31", 400),
        ("application/x-www-form-urlencoded; charset=utf-16", b"a=b", 400),
        ("application/x-www-form-urlencoded", b"&".join(b"a%d=1" % i for i in range(300)), 413),
        ("application/x-www-form-urlencoded", b"description=" + b"x" * 2_200_000, 413),
    ],
)  # fmt: skip
def test_a_hostile_body_is_answered_plainly(program: Caller, content_type: str, body: bytes, code: int) -> None:
    sent = body.replace(b"KEY", program.api_key.encode())
    for form in ("xml", "json"):
        response = program.client.post(f"{program.root}/v2/requests.{form}", sent, content_type=content_type)
        assert faults_of(response, status=403 if code == 403 else 400)[0][0] == code
    assert n_stored(program) == 0


def test_naughty_strings_are_kept_as_they_are_or_refused(program: Caller) -> None:
    if not STRINGS.exists():
        pytest.skip("The collection of hostile input is missing: ../shared/data/trust.")
    naughty = json.loads(STRINGS.read_text(encoding="utf-8"))[::4]
    kept = {}
    for words in naughty:
        fields = dict.fromkeys(("description", "address_string", "first_name", "media_url"), words)
        response = program.post("v2/requests", **LAMP, **fields)
        assert response.status_code in (201, 400), repr(words)
        odd = [program.one("v2/requests", "xml", **dict.fromkeys(("status", "start_date", "page", "lat"), words))]
        odd.append(program.one("v2/requests", "json", service_code=words, service_request_id=words))
        assert all(one.status_code < 500 for one in odd), repr(words)
        if response.status_code == 201:
            kept[json.loads(response.content)[0]["service_request_id"]] = words
    with program.small.scope():
        ServiceRequest.objects.update(is_text_public=True, public_text="")
    program.small.town.refresh_from_db()

    shown = agreed(*(program.one("v2/requests", form) for form in ("xml", "json")))

    assert len(kept) > 40 and {one["service_request_id"] for one in shown} == set(kept)
    for one in shown:
        words = kept[one["service_request_id"]].replace("\r\n", "\n").strip()
        assert one["description"] == (words or "Street lamp out")
    assert not re.search(
        r"<(?!/?(?:service_requests|request|[a-z_]+)/?>)",
        program.one("v2/requests", "xml").content.decode().partition("\n")[2],
    )
