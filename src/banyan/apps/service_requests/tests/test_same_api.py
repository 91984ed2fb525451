"""Merging, following, answering and incidents through the API."""

from __future__ import annotations

from typing import Any

from django.test import Client
from django.utils import timezone

from banyan.apps.accounts import actions as accounts
from banyan.kit.guard import Channel
from tests.towns import NOW, SmallTown


class Caller:
    """Somebody with a token."""

    def __init__(self, town: SmallTown, key: str = "") -> None:
        self.base = f"/api/v1/towns/{town.town.slug}"
        self.headers = {}
        if key:
            with town.scope():
                actor = town.actor(key, channel=Channel.API)
                token = accounts.issue_token(actor=actor, town=town.town, name="test", at=NOW)
            self.headers = {"Authorization": f"Bearer {token}"}

    def ask(self, method: str, path: str, body: Any = None, *, status: int = 200) -> Any:
        words = {"data": body, "content_type": "application/json"} if body is not None else {}
        response = getattr(Client(), method)(self.base + path, headers=self.headers, **words)
        assert response.status_code == status, response.content
        return response.json()


def test_a_program_finds_follows_merges_separates_and_answers(small_town: SmallTown) -> None:
    at = timezone.now()
    parent, child = small_town.report("neighbour", at=at), small_town.report("resident", at=at)
    anybody, staff, other = Caller(small_town), Caller(small_town, "coordinator"), Caller(small_town, "auditor")

    body = {"lon": 113.31, "lat": 23.06, "service_code": "lamp", "words": "路灯坏了"}
    found = anybody.ask("post", "/service_requests/similar", body)["items"]
    assert {one["id"] for one in found} == {str(parent.id), str(child.id)}
    assert {one["words"] for one in found} == {""}

    anybody.ask("put", f"/service_requests/{parent.id}/follow", status=401)
    assert other.ask("put", f"/service_requests/{parent.id}/follow")["n_followers"] == 1
    merge = {"into_id": str(parent.id), "version": 1}
    merged = staff.ask("post", f"/service_requests/{child.id}/merge", merge)
    assert (merged["status"], merged["merged_into"]) == ("merged", str(parent.id))
    staff.ask("post", f"/service_requests/{child.id}/separation", {"version": 1}, status=409)
    back = staff.ask("post", f"/service_requests/{child.id}/separation", {"version": merged["version"]})
    assert (back["status"], back["merged_into"]) == ("received", None)
    assert other.ask("delete", f"/service_requests/{parent.id}/follow")["n_followers"] == 0

    staff.ask("put", f"/service_requests/{child.id}/answer", {"text": "周五来。", "version": back["version"]})
    listed = anybody.ask("get", "/lists/needs?state=answered")["items"]
    assert [(one["id"], one["answer"]) for one in listed] == [(str(child.id), "周五来。")]
    anybody.ask("get", "/lists/needs?place=nowhere", status=422)


def test_a_program_runs_an_incident(small_town: SmallTown) -> None:
    received = small_town.report(at=timezone.now())
    staff = Caller(small_town, "coordinator")
    body = {
        "title_zh": "停电",
        "title_en": "Power cut",
        "place_code": "north",
        "starts_at": "2026-01-01T00:00:00Z",
        "service_codes": ["lamp"],
    }
    made = staff.ask("post", "/incidents", body, status=201)
    Caller(small_town, "worker").ask("post", "/incidents", body, status=403)
    here = f"/incidents/{made['id']}"
    ids = {"service_request_ids": [str(received.id)]}
    assert staff.ask("post", f"{here}/requests", ids) == {"n_changed": 1}
    said = {"text_zh": "来电了", "text_en": "Back"}
    assert staff.ask("post", f"{here}/answer", said) == {"n_answered": 1, "n_resolved": 0}
    changed = staff.ask("put", here, {**body, "title_en": "Cut", "version": 1})
    assert (changed["title_en"], changed["n_requests"]) == ("Cut", 1)
    assert staff.ask("post", f"{here}/requests/detach", ids) == {"n_changed": 1}
    assert staff.ask("post", f"{here}/end", {"version": 2})["ended_at"]
    assert [one["id"] for one in Caller(small_town).ask("get", "/incidents")["items"]] == [made["id"]]
