"""Open311: a client that others wrote, unmodified, against a server of its own process."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import urlencode
from xml.etree import ElementTree

import pytest
from django.utils import timezone

from tests.programs import token_of
from tests.towns import SmallTown
from tools.steps import ROOT

pytestmark = pytest.mark.django_db(transaction=True)
_PATIENCE_S = 60


@pytest.fixture
def address(small_town: SmallTown) -> Iterator[str]:
    """The endpoint of the small town on a server of its own; it is stopped by its id."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    words = [sys.executable, "-m", "banyan.faces.cli", "serve", "--port", str(port), "--workers", "1"]
    env = os.environ | {"PYTHONPATH": str(ROOT / "src"), "DJANGO_SETTINGS_MODULE": "banyan.faces.settings"}
    server = subprocess.Popen(words, cwd=ROOT, env=env, start_new_session=True)
    try:
        _wait_for(f"http://127.0.0.1:{port}/health", server)
        yield f"http://127.0.0.1:{port}/open311/{small_town.town.slug}/v2"
    finally:
        server.terminate()
        try:
            server.wait(timeout=15)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait(timeout=5)


def _wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + _PATIENCE_S
    while time.monotonic() < until and server.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=5).close()
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.2)
        else:
            return
    raise AssertionError("The server did not answer.")


def test_georeport_reads_what_a_form_has_written(small_town: SmallTown, address: str) -> None:
    from georeport import GeoReport

    at = timezone.now() - timedelta(hours=1)
    old = [str(small_town.report(at=at - timedelta(hours=i)).id) for i in range(2)]
    new = _reported(address, api_key=token_of(small_town, "resident"))
    small_town.walk(old[0], until="closed", at=at)

    for form in ("json", "xml"):
        client = GeoReport(address, jurisdiction=small_town.town.slug, output_format=form)
        assert {one["service_code"] for one in client.get_service_list()} == {"lamp", "leak", "lift", "idea"}
        assert client.get_service_definition("lamp")["service_code"] == "lamp"
        assert [one["service_request_id"] for one in client.get_service_requests()] == [new, *old]
        assert len(client.get_service_requests(status="open", service_code="lamp")) == 2
        assert len(client.get_service_requests(service_request_id=",".join(old))) == 2
        assert client.get_service_request(old[0])["status"] == "closed"
        assert client.get_service_request(new)["requested_datetime"].endswith("Z")


def _reported(address: str, *, api_key: str) -> str:
    """Report with nothing but the standard library, as a program in any language would."""
    fields = {"api_key": api_key, "service_code": "lamp", "lat": "23.06", "long": "113.31", "description": "路灯不亮"}
    request = urllib.request.Request(f"{address}/requests.xml", urlencode(fields).encode(), method="POST")
    with urllib.request.urlopen(request, timeout=30) as response:
        assert (response.status, response.headers["Content-Type"]) == (201, "text/xml; charset=utf-8")
        found = ElementTree.fromstring(response.read()).findtext("request/service_request_id")
    assert found
    return found
