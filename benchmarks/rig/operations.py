"""What is asked of the town: each operation as chains of requests over HTTP, and what it needs beforehand."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from itertools import count
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID, uuid4

import numpy as np
from django.conf import settings
from django.test import Client
from django.utils import timezone
from PIL import Image

from banyan.apps.accounts.models import Account
from banyan.apps.service_requests import actions, queries
from banyan.apps.service_requests.actions import Draft
from banyan.apps.service_requests.models import ServiceRequest
from banyan.apps.territory import queries as territory
from banyan.base.ids import uuid7
from banyan.base.rng import stream
from banyan.kit import paging, scopes
from banyan.kit.guard import Actor, Channel
from benchmarks.rig.asking import Ask, Chain
from benchmarks.rig.town import SEED, WORDS, Bench

RESIDENT: Final = "demo-resident"
COORDINATOR: Final = "demo-coordinator"
MANAGER: Final = "demo-manager"
#: One life on the way: step, who takes it ("" is a worker of the party), the words it needs.
LIFE: Final[tuple[tuple[str, str, dict[str, str]], ...]] = (
    ("triage", MANAGER, {"urgency": "high"}),
    ("dispatch", MANAGER, {}),
    ("accept", "", {}),
    ("start", "", {}),
    ("pause", "", {"reason": "等配件到货。"}),
    ("resume", "", {}),
    ("resolve", "", {"remedy": "已更换，测试正常。"}),
    ("verify", MANAGER, {}),
    ("close", MANAGER, {}),
)
_places = count()


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing people ask for: `chains(n)` gives n chains whose requests follow each other."""

    name: str
    label: str
    chains: Callable[[int], list[Chain]]
    n_alone: int
    n_together: int


def operations(bench: Bench) -> list[Operation]:
    """Return what is measured in the town as it is now."""
    return [
        Operation("create", "create, signed in, with routing, clocks, history, task", _creates(bench), 150, 100),
        Operation("step", "one step of the state table (nine kinds)", _lives(bench), 18, 12),
        Operation("note", "add a note", _notes(bench), 100, 60),
        Operation("list_100", "list of 100, manager", _reads(bench, MANAGER, "limit=100"), 100, 80),
        Operation("list_100_area", "list of 100, coordinator", _reads(bench, COORDINATOR, "limit=100"), 60, 40),
        Operation("list_20", "list of 20, manager", _reads(bench, MANAGER, "limit=20"), 100, 80),
        Operation("detail", "detail", _details(bench), 150, 100),
        Operation("points", "GeoJSON of 5,000 points", _points(bench), 20, 16),
        Operation("web_create", "create in the web form", _web_creates(bench), 60, 40),
        Operation("board", "the board, a page of 40", _board(bench), 40, 30),
        Operation("photo", "add a photo of 3 megapixels", _photos(bench), 16, 12),
    ]


def lists(bench: Bench) -> list[Operation]:
    """Return the lists that are compared between few and many requests."""
    half = _cursor_at(bench, bench.n_requests // 2)
    wanted = {
        "newest": (MANAGER, "limit=100", "newest first, whole town"),
        "clock": (MANAGER, "limit=100&order=clock", "by clock, whole town"),
        "half": (MANAGER, f"limit=100&cursor={half}", "newest first, from the middle of the past"),
        "area": (COORDINATOR, "limit=100", "newest first, coordinator of a community"),
        "area_clock": (COORDINATOR, "limit=100&order=clock", "by clock, coordinator of a community"),
        "status": (MANAGER, "limit=100&status=in_progress", "newest first, one state"),
    }
    return [
        Operation(f"list_{name}", label, _reads(bench, who, words), 50, 30)
        for name, (who, words, label) in wanted.items()
    ]


def _base(bench: Bench) -> str:
    return f"/api/v1/towns/{bench.town.slug}/service_requests"


def _bearer(bench: Bench, who: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {bench.tokens[who]}", "Accept-Language": "zh-hans"}


def _post(bench: Bench, who: str, path: str, body: dict[str, Any], *, status: int) -> Ask:
    headers = _bearer(bench, who) | {"Content-Type": "application/json", "Idempotency-Key": str(uuid4())}
    return Ask("POST", path, headers, json.dumps(body).encode(), status)


def _reports(bench: Bench) -> Iterator[dict[str, Any]]:
    """Draw reports: any service, the point of any building."""
    rng = stream(SEED, "reports", next(_places))
    with scopes.town(bench.town.id):
        offered = list(queries.catalogue(bench.town).offered)
        buildings = territory.tree(bench.town).at_level("building")
    while True:
        building = buildings[int(rng.integers(len(buildings)))]
        yield {
            "service_code": offered[int(rng.integers(len(offered)))],
            "description": WORDS,
            "lon": building.lon,
            "lat": building.lat,
            "address": f"{building.name_zh}附近",
            "contact_name": "陈女士",
            "contact_phone": "+99910000001",
        }


def _creates(bench: Bench) -> Callable[[int], list[Chain]]:
    def chains(n: int) -> list[Chain]:
        drawn = _reports(bench)
        return [[_post(bench, RESIDENT, _base(bench), next(drawn), status=201)] for _ in range(n)]

    return chains


def _lives(bench: Bench) -> Callable[[int], list[Chain]]:
    def chains(n: int) -> list[Chain]:
        drawn = _reports(bench)
        return [_life(bench, _made(bench, next(drawn))) for _ in range(n)]

    return chains


def _life(bench: Bench, made: tuple[UUID, UUID]) -> list[Ask]:
    request_id, party_id = made
    worker = bench.workers[party_id]
    path = f"{_base(bench)}/{request_id}/steps"
    return [
        _post(bench, who or worker, path, {"step": step, "version": version, **words}, status=200)
        for version, (step, who, words) in enumerate(LIFE, start=1)
    ]


def _made(bench: Bench, report: dict[str, Any]) -> tuple[UUID, UUID]:
    """Make a request whose party has a worker; return it and the party."""
    actor = Actor(account_id=bench.accounts[RESIDENT], channel=Channel.API)
    with scopes.town(bench.town.id):
        while True:
            got = actions.report(actor=actor, town=bench.town, draft=Draft(**report), at=timezone.now())
            party_id = got.request.suggested_party_id
            if party_id in bench.workers:
                return got.id, party_id
            report = report | {"service_code": "street_light_out"}


def _notes(bench: Bench) -> Callable[[int], list[Chain]]:
    def chains(n: int) -> list[Chain]:
        body = {"text": "已电话联系，约定明天上午上门。", "is_internal": True}
        paths = (f"{_base(bench)}/{request_id}/comments" for request_id in _some(bench, n))
        return [[_post(bench, MANAGER, path, body, status=201)] for path in paths]

    return chains


def _photos(bench: Bench) -> Callable[[int], list[Chain]]:
    """Send a noisy JPEG: two megabytes, as a phone makes them."""
    noise = stream(SEED, "photo").integers(0, 255, (1500, 2000, 3), dtype=np.uint8)
    packed = BytesIO()
    Image.fromarray(noise).resize((500, 375)).resize((2000, 1500)).save(packed, "JPEG", quality=92)
    limit = "benchmark-of-photos"
    head = f'--{limit}\r\nContent-Disposition: form-data; name="photos"; filename="1.jpg"\r\nContent-Type: image/jpeg'
    body = f"{head}\r\n\r\n".encode() + packed.getvalue() + f"\r\n--{limit}--\r\n".encode()

    def one(request_id: UUID) -> Ask:
        headers = _bearer(bench, MANAGER) | {"Content-Type": f"multipart/form-data; boundary={limit}"}
        path = f"{_base(bench)}/{request_id}/photos"
        return Ask("POST", path, headers | {"Idempotency-Key": str(uuid4())}, body, 201)

    return lambda n: [[one(request_id)] for request_id in _some(bench, n)]


def _reads(bench: Bench, who: str, words: str) -> Callable[[int], list[Chain]]:
    return lambda n: [[Ask("GET", f"{_base(bench)}?view=work&{words}", _bearer(bench, who))]] * n


def _details(bench: Bench) -> Callable[[int], list[Chain]]:
    return lambda n: [
        [Ask("GET", f"{_base(bench)}/{request_id}", _bearer(bench, MANAGER))] for request_id in _some(bench, n)
    ]


def _points(bench: Bench) -> Callable[[int], list[Chain]]:
    return lambda n: [[Ask("GET", f"/t/{bench.town.slug}/requests/points.json")]] * n


def _board(bench: Bench) -> Callable[[int], list[Chain]]:
    headers = session(bench, MANAGER)
    return lambda n: [[Ask("GET", f"/t/{bench.town.slug}/board/", headers)]] * n


def _web_creates(bench: Bench) -> Callable[[int], list[Chain]]:
    def chains(n: int) -> list[Chain]:
        drawn = _reports(bench)
        return [[_form(bench, next(drawn))] for _ in range(n)]

    return chains


def _form(bench: Bench, report: dict[str, Any]) -> Ask:
    headers, secret = session(bench, RESIDENT), "c" * 32
    headers["Cookie"] += f"; csrftoken={secret}"
    headers["Content-Type"] = "application/x-www-form-urlencoded"
    fields = {name: report[name] for name in ("description", "lon", "lat", "address")}
    fields |= {"draft_id": str(uuid7()), "contact_me": "on", "csrfmiddlewaretoken": secret}
    path = f"/t/{bench.town.slug}/report/about/{report['service_code']}/"
    return Ask("POST", path, headers, urlencode(fields).encode(), 302)


def session(bench: Bench, who: str) -> dict[str, str]:
    """Sign somebody in and return what their browser sends."""
    client = Client()
    client.force_login(
        Account.objects.get(id=bench.accounts[who]), backend="allauth.account.auth_backends.AuthenticationBackend"
    )
    cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
    return {"Cookie": f"{settings.SESSION_COOKIE_NAME}={cookie}; {settings.LANGUAGE_COOKIE_NAME}=zh-hans"}


def _some(bench: Bench, n: int) -> Sequence[UUID]:
    """Draw requests from the whole past."""
    with scopes.town(bench.town.id):
        held = ServiceRequest.objects.order_by("-requested_at", "-id").values_list("id", flat=True)
        known = list(held)
    chosen = stream(SEED, "some", next(_places)).choice(len(known), size=n, replace=False)
    return [known[int(i)] for i in np.sort(chosen)]


def _cursor_at(bench: Bench, place: int) -> str:
    """Return the cursor of a page that begins after so many requests, as the API would give it."""
    with scopes.town(bench.town.id):
        held = ServiceRequest.objects.order_by("-requested_at", "-id").values_list("requested_at", "id")
        at: datetime
        at, request_id = held[place]
    return paging._written(False, at, request_id)
