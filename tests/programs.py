"""Programs that talk to the API of a small town: with a token, a tracking number, or as nobody."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from banyan.apps.accounts import actions as accounts
from banyan.kit.guard import Channel
from tests.towns import SmallTown

PROBLEM = "application/problem+json"
REPORT: dict[str, Any] = {"service_code": "lamp", "description": "路灯不亮", "lon": 113.31, "lat": 23.06}


@dataclass
class Program:
    """A program of somebody of the town ("" is nobody known); it speaks English."""

    small: SmallTown
    key: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.headers = {"Accept-Language": "en", **self.headers}
        if self.key:
            self.headers["Authorization"] = f"Bearer {token_of(self.small, self.key)}"
        self.client = Client()
        self.root = f"/api/v1/towns/{self.small.town.slug}"

    def get(self, path: str, /, **query: Any) -> HttpResponse:
        """Read."""
        return self.client.get(f"{self.root}{path}", query, headers=self.headers)

    def post(self, path: str, body: Any = None, /, **headers: str) -> HttpResponse:
        """Write JSON; header names with underscores."""
        sent = body if isinstance(body, bytes) else json.dumps(body)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.post(
            f"{self.root}{path}", sent, content_type="application/json", headers=self.headers | named
        )

    def delete(self, path: str, /, **headers: str) -> HttpResponse:
        """Delete."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.delete(f"{self.root}{path}", headers=self.headers | named)

    def upload(self, path: str, fields: dict[str, Any], /, **headers: str) -> HttpResponse:
        """Write as multipart/form-data."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.post(f"{self.root}{path}", fields, headers=self.headers | named)

    def report(self, **words: Any) -> dict[str, Any]:
        """Report a broken lamp, or what the words say; it has to succeed."""
        response = self.post("/service_requests", REPORT | words)
        assert response.status_code == 201, response.content
        received: dict[str, Any] = response.json()
        return received

    def step(self, request_id: str | UUID, step: str, /, **words: Any) -> HttpResponse:
        """Take a step, with the version as it is now unless one is given."""
        version = words.pop("version", None) or self.get(f"/service_requests/{request_id}").json()["version"]
        return self.post(f"/service_requests/{request_id}/steps", {"step": step, "version": version, **words})


def token_of(small: SmallTown, key: str) -> str:
    """Return a fresh token of somebody of the town."""
    with small.scope():
        actor = small.actor(key, channel=Channel.API)
        return accounts.issue_token(actor=actor, town=small.town, name="a test", at=timezone.now())


def fresh_key() -> str:
    """Return a key as clients make them."""
    return secrets.token_hex(16)


def problem_of(response: HttpResponse, *, status: int) -> dict[str, Any]:
    """Return the problem that a response is, once it is known to be a whole one."""
    assert response.status_code == status, (response.status_code, response.content[:500])
    assert response.headers["Content-Type"] == PROBLEM
    body: dict[str, Any] = json.loads(response.content)
    assert body["status"] == status
    assert body["detail"] and body["code"] and body["title"] and body["type"].startswith("urn:banyan:problem:")
    return body


def codes_of(response: HttpResponse, *, status: int = 422) -> set[tuple[str, str]]:
    """Return (field, code) of every problem of a refusal."""
    return {(one["where"], one["code"]) for one in problem_of(response, status=status).get("problems", [])}
