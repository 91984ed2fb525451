"""Privacy and search on the command line and in the API's writes."""

from __future__ import annotations

import pytest
from click.testing import CliRunner
from django.test import Client

from banyan.apps.accounts import actions as accounts
from banyan.apps.service_requests.cli import requests
from banyan.apps.service_requests.models import SearchWord, ServiceRequest
from tests.towns import SmallTown


def _run(*words: str) -> str:
    done = CliRunner().invoke(requests, list(words), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.parametrize("way", ["named", "anonymous", "confidential"])
def test_the_command_line_takes_each_way_of_reporting(small_town: SmallTown, way: str):
    told = ("--town", small_town.town.slug, "--as", small_town.emails["resident"])
    _run("report", *told, "--service", "lamp", "--text", "路灯", "--lon", "113.31", "--lat", "23.06", "--privacy", way)
    with small_town.scope():
        assert ServiceRequest.objects.get().privacy == way


def test_the_command_line_redacts_publishes_and_makes_the_words_anew(small_town: SmallTown):
    made = small_town.report(description="我叫张伟，路灯不亮")
    town = ("--town", small_town.town.slug)
    out = _run("redact", str(made.id), *town, "--as", small_town.emails["coordinator"], "--publish")
    assert "我叫［姓名 name］，路灯不亮" in out
    with small_town.scope():
        SearchWord.objects.all().delete()
    assert "1 requests" in _run("index", *town)
    with small_town.scope():
        assert SearchWord.objects.filter(word="不亮", is_public=True).exists()


def test_the_api_redacts_by_version_and_shows_everybody_the_words_for_everybody(small_town: SmallTown):
    made = small_town.report(description="我叫张伟，路灯不亮")
    with small_town.scope():
        at, actor = made.request.requested_at, small_town.actor("coordinator")
        issued = accounts.issue_token(actor=actor, town=small_town.town, name="t", at=at)
    url = f"/api/v1/towns/{small_town.town.slug}/service_requests/{made.id}"
    who = Client(headers={"Authorization": f"Bearer {issued}"})
    body = {"version": 1, "text": "", "is_text_public": True}
    done = who.post(f"{url}/redaction", body, content_type="application/json")
    assert done.status_code == 200 and done.json()["public_text"] == "我叫［姓名 name］，路灯不亮"
    assert done.json()["description"] == "我叫张伟，路灯不亮"
    assert who.post(f"{url}/redaction", body, content_type="application/json").status_code == 409
    shown = Client().get(url).json()
    assert shown["description"] == "我叫［姓名 name］，路灯不亮" and shown["public_text"] == ""
