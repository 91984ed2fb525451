"""What people told the town stays behind every public door: planted words are looked for in all that anybody can read.

Each look is paired with a control: the same words, or the same door for those who may, so that an empty answer proves
nothing by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from banyan.apps.service_requests import actions, queries
from banyan.apps.service_requests.models import SearchWord, ServiceRequest
from banyan.kit.guard import ANYONE
from tests.contexts import client
from tests.towns import NOW, SmallTown

PHONE, NAME, PLATE, MAIL = "13912345678", "欧阳震华", "粤B·X9731", "secret.lamp@example.net"
TELLING = f"路灯不亮，我叫{NAME}，电话{PHONE}，车牌{PLATE}"
DOOR = f"门口，联系人：{NAME} {PHONE}"
NOTE = f"请打{PHONE}或写{MAIL}"
SECRETS = (PHONE, NAME, PLATE, MAIL)


def _doors(town: SmallTown, request_id: UUID, *, word: str = "路灯") -> Iterator[str]:
    """Yield every public address that may speak of a request."""
    slug = town.town.slug
    here, api, open311 = f"/t/{slug}/", f"/api/v1/towns/{slug}/", f"/open311/{slug}/v2/"
    yield from (here, f"{here}requests/", f"{here}requests/points.json", f"{here}requests/{request_id}/")
    yield from (f"{here}requests/?q={word}", f"{here}requests/points.json?q={word}", f"{here}incidents/")
    yield from (f"{here}lists/needs/", f"{here}lists/suggestions/", f"{here}lists/needs.csv", f"{here}rates/public/")
    yield from (f"{api}service_requests", f"{api}service_requests?words={word}", f"{api}service_requests/{request_id}")
    yield from (f"{api}service_requests/{request_id}/timeline", f"{api}counts")
    for form in ("json", "xml"):
        yield f"{open311}requests.{form}?extensions=true"
        yield f"{open311}requests/{request_id}.{form}?extensions=true"
        yield f"{open311}servicerequestupdates.{form}?service_request_id={request_id}"
    yield f"{open311}requests.csv"
    yield f"/ogc/{slug}/collections/service_requests/items"


def _read(who: Client, url: str) -> str:
    response = who.get(url)
    assert response.status_code in (200, 400, 404), f"{url}: {response.status_code}"
    if response.status_code != 200:
        return ""
    body = b"".join(response.streaming_content) if response.streaming else response.content
    text = body.decode()
    return text.encode().decode("unicode_escape", "ignore") + text if "\\u" in text else text


def _told(town: SmallTown, **words: Any) -> actions.Received:
    made = town.report(description=TELLING, address=DOOR, contact_name="王小明", contact_phone=PHONE, **words)
    with town.scope():
        for key in ("resident", "coordinator"):
            actions.comment(actor=town.actor(key), town=town.town, service_request_id=made.id, text=NOTE, at=NOW)
    return made


# --- words that were published ---------------------------------------------------------------------------------------


def test_what_tells_who_somebody_is_is_behind_no_public_door_after_publishing(small_town: SmallTown):
    made = _told(small_town)
    small_town.step(made.id, "triage", "coordinator", is_text_public=True)
    seen = {url: _read(client(small_town), url) for url in _doors(small_town, made.id)}
    leaks = [(url, secret) for url, text in seen.items() for secret in SECRETS if secret in text]
    assert not leaks
    shown = [url for url, text in seen.items() if "［电话 phone］" in text]
    assert len(shown) >= 8, f"the words themselves are public: {shown}"
    assert PHONE in _read(client(small_town, "coordinator"), f"/t/{small_town.town.slug}/requests/{made.id}/")


def test_nobody_finds_a_request_by_words_that_are_hidden_from_them(small_town: SmallTown):
    made = _told(small_town)
    small_town.step(made.id, "triage", "coordinator", is_text_public=True)
    here = f"/t/{small_town.town.slug}/"
    for word in (PHONE, NAME, "x9731"):
        assert str(made.id) not in _read(client(small_town), f"{here}requests/?q={word}")
        assert str(made.id) in _read(client(small_town, "coordinator"), f"{here}board/?queue=open&q={word}")
    assert str(made.id) in _read(client(small_town), f"{here}requests/?q=路灯")
    with small_town.scope():
        rows = SearchWord.objects.filter(service_request_id=made.id)
        assert (
            rows.filter(word=PHONE, is_public=False).exists() and not rows.filter(word=PHONE, is_public=True).exists()
        )


def test_the_staff_set_other_words_and_the_report_stays_as_it_was_written(small_town: SmallTown):
    made = _told(small_town)
    browser, here = client(small_town, "coordinator"), f"/t/{small_town.town.slug}/requests/{made.id}/"
    page = _read(browser, here)
    assert "<mark" in page and "［姓名 name］" in page
    typed = {"version": made.request.version, "public_text": "路灯坏了两盏", "is_public": "on"}
    assert browser.post(f"{here}staff/words/", typed).status_code == 302
    assert "路灯坏了两盏" in _read(client(small_town), here)
    with small_town.scope():
        kept = ServiceRequest.objects.get(id=made.id)
    assert (kept.description, kept.public_text, kept.is_text_public) == (TELLING, "路灯坏了两盏", True)
    late = browser.post(f"{here}staff/words/", typed, follow=True)
    assert "changed" in late.content.decode()
    assert browser.post(f"{here}staff/words/", {**typed, "version": 2, "public_text": "x" * 4001}).status_code == 422


@pytest.mark.parametrize("key", ["", "resident", "neighbour", "worker", "other_coordinator", "operator", "auditor"])
def test_only_the_staff_in_charge_set_the_words_for_everybody(small_town: SmallTown, key: str):
    made = _told(small_town)
    here = f"/t/{small_town.town.slug}/requests/{made.id}/staff/words/"
    client(small_town, key).post(here, {"version": 1, "public_text": "x", "is_public": "on"})
    with small_town.scope():
        assert not ServiceRequest.objects.get(id=made.id).is_text_public


# --- ways of reporting -----------------------------------------------------------------------------------------------


def test_an_anonymous_report_keeps_nobody_and_its_number_leads_back(small_town: SmallTown):
    from banyan.apps.audit.models import Entry
    from banyan.apps.people.models import Person

    made = small_town.report("resident", privacy="anonymous", description="乱扔垃圾")
    with small_town.scope():
        row = ServiceRequest.objects.get(id=made.id)
        entry = Entry.objects.get(subject_id=made.id, verb="service_requests.received")
        assert (row.reporter_id, row.reporter_account_id, row.taken_by_account_id, entry.account_id) == (None,) * 4
        assert not Person.objects.exists()
    browser = client(small_town)
    assert browser.get(f"/t/{small_town.town.slug}/follow/?n={made.tracking_number}").status_code == 302
    assert "乱扔垃圾" in _read(browser, f"/t/{small_town.town.slug}/requests/{made.id}/")
    assert "乱扔垃圾" not in _read(client(small_town, "resident"), f"/t/{small_town.town.slug}/requests/{made.id}/")


def test_an_anonymous_report_takes_no_contact_and_names_every_field(small_town: SmallTown):
    from banyan.base.errors import InvalidInput

    with pytest.raises(InvalidInput) as refused:
        small_town.report(privacy="anonymous", contact_name="王", contact_phone=PHONE)
    assert [problem.where for problem in refused.value.problems] == ["contact_name", "contact_phone"]


def test_a_confidential_report_is_behind_no_public_door(small_town: SmallTown):
    plain = small_town.report(description="路灯不亮")
    hidden = _told(small_town, privacy="confidential")
    assert hidden.id.version == 4
    for url in _doors(small_town, hidden.id):
        text = _read(client(small_town), url).replace(f"service_request_id={hidden.id}", "")
        assert str(hidden.id) not in text and not any(secret in text for secret in SECRETS), url
    doors = list(_doors(small_town, plain.id))
    assert sum(str(plain.id) in _read(client(small_town), url) for url in doors) >= 10, "the control is seen there"
    with small_town.scope():
        town = small_town.town
        public = queries.n_by_status(ANYONE, town=town, verb="service_requests.read_public")
        staff = queries.n_by_status(small_town.actor("manager"), town=town)
        assert (sum(public.values()), sum(staff.values())) == (1, 2)
        assert not SearchWord.objects.filter(service_request_id=hidden.id, is_public=True).exists()


@pytest.mark.parametrize(
    ("key", "sees"),
    [
        *((key, True) for key in ("resident", "coordinator", "manager", "auditor")),
        *((key, False) for key in ("property_manager", "neighbour", "other_coordinator", "worker", "operator")),
    ],
)
def test_a_confidential_report_is_seen_by_its_reporter_and_the_staff_in_reach(
    small_town: SmallTown, key: str, sees: bool
):
    made = small_town.report("resident", privacy="confidential", description="邻居打人")
    page = client(small_town, key).get(f"/t/{small_town.town.slug}/requests/{made.id}/")
    assert page.status_code == (200 if sees else 404)
    assert ("邻居打人" in page.content.decode()) is sees


def test_the_contact_behind_a_confidential_report_is_for_the_coordinators_and_not_for_workers(small_town: SmallTown):
    from banyan.base.errors import Forbidden

    made = small_town.report(privacy="confidential", contact_name="王", contact_phone=PHONE)
    control = small_town.report(contact_name="李", contact_phone=PHONE)
    for one in (made, control):
        small_town.step(one.id, "triage", "coordinator")
        small_town.step(one.id, "dispatch", "coordinator")
    with small_town.scope():
        ask = {"town": small_town.town, "at": NOW}
        assert actions.read_contact(actor=small_town.actor("worker"), service_request_id=control.id, **ask).phone
        assert actions.read_contact(actor=small_town.actor("coordinator"), service_request_id=made.id, **ask).phone
        with pytest.raises(Forbidden):
            actions.read_contact(actor=small_town.actor("worker"), service_request_id=made.id, **ask)


def test_a_confidential_report_is_never_published(small_town: SmallTown):
    from banyan.base.errors import InvalidInput

    made = small_town.report(privacy="confidential")
    with pytest.raises(InvalidInput):
        small_town.step(made.id, "triage", "coordinator", is_text_public=True)
    with small_town.scope(), pytest.raises(InvalidInput):
        actions.redact(
            actor=small_town.actor("coordinator"), town=small_town.town, service_request_id=made.id, text="", at=NOW
        )


def test_a_draft_sent_twice_makes_one_confidential_report_whose_number_tells_no_time(small_town: SmallTown):
    from banyan.apps.service_requests.errors import IdTaken
    from banyan.base.ids import uuid7

    draft_id = uuid7()
    first = small_town.report(privacy="confidential", id=draft_id)
    assert first.id.version == 4 and first.id != draft_id
    with pytest.raises(IdTaken):
        small_town.report(privacy="confidential", id=draft_id)


# --- the report form -------------------------------------------------------------------------------------------------


def test_the_form_shows_what_everybody_will_read_before_it_is_sent_without_scripts_too(small_town: SmallTown):
    browser, here = client(small_town), f"/t/{small_town.town.slug}/report/about/lamp/"
    typed = {"description": TELLING, "lon": "113.31", "lat": "23.06", "privacy": "named"}
    page = browser.post(here, {**typed, "show": "preview"})
    text = page.content.decode()
    assert page.status_code == 200 and "［电话 phone］" in text and "telephone number" in text
    part = browser.post(f"{here}preview/", typed).content.decode()
    assert "［姓名 name］" in part and "<form" not in part
    assert "no public page" in browser.post(f"{here}preview/", {**typed, "privacy": "confidential"}).content.decode()
    assert browser.post(f"{here}preview/", {}).content.decode().strip() == ""
    with small_town.scope():
        assert not ServiceRequest.objects.exists()


@pytest.mark.parametrize("way", ["named", "anonymous", "confidential"])
def test_the_form_takes_each_way_of_reporting_once(small_town: SmallTown, way: str):
    browser, here = client(small_town, "resident"), f"/t/{small_town.town.slug}/report/about/lamp/"
    form = browser.get(here).content.decode()
    draft_id = form.split('name="draft_id" value="')[1].split('"')[0]
    typed = {"description": "路灯不亮", "lon": "113.31", "lat": "23.06", "privacy": way, "draft_id": draft_id}
    assert browser.post(here, typed).status_code == browser.post(here, typed).status_code == 302
    with small_town.scope():
        row = ServiceRequest.objects.get()
    assert row.privacy == way and (row.reporter_account_id is None) is (way == "anonymous")
    received = browser.get(f"/t/{small_town.town.slug}/report/sent/").content.decode()
    assert row.tracking_number in received
