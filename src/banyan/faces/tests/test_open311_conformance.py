"""Open311: the conformance suite finds what is wrong with a server, and nothing else."""

from __future__ import annotations

import json
import socket
from datetime import UTC, datetime
from typing import Any, Final

import pytest
from click.testing import CliRunner

from banyan.faces.cli.open311 import open311
from banyan.faces.open311.conformance import Outcome, Report, Wish, as_json, as_text, examine
from banyan.faces.open311.conformance.examining import checks
from banyan.faces.open311.conformance.reading import Unreadable, tree_of
from banyan.faces.tests.tiny_open311 import KEY, tiny_server

#: What is planted in a server -> the check that has to find it.
DEFECTS: Final = {
    "json is missing": "discovery.both-formats",
    "no contact": "discovery.fields",
    "endpoint of a type of its own": "discovery.endpoints",
    "no xml declared": "discovery.formats",
    "formats in a row": "discovery.formats",
    "changeset of tomorrow": "discovery.changeset",
    "changeset in words": "discovery.changeset",
    "two contacts": "discovery.agree",
    "another specification": "discovery.names-v2",
    "html for a type": "formats.content-type",
    "no charset": "formats.content-type",
    "latin letters": "formats.content-type",
    "no declaration": "formats.xml",
    "a foreign namespace": "formats.xml",
    "another root": "formats.xml",
    "xml cut short": "formats.xml",
    "a document type": "formats.xml",
    "it sends elsewhere": "formats.xml",
    "bare numbers": "formats.json",
    "outer container in json": "formats.json",
    "unknown service is 400": "errors.unknown-service",
    "every error is a 500": "errors.unknown-service",
    "errors are pages": "errors.unknown-service",
    "errors are one object": "errors.unknown-service",
    "errors without a code": "errors.unknown-service",
    "unknown token is 400": "errors.unknown-token",
    "no code": "requests.fields",
    "numbers for requests": "requests.strings",
    "fewer requests in xml": "requests.agree",
    "answers are refused": "write.attributes",
    "unknown request is empty": "errors.unknown-request",
    "unknown jurisdiction is 400": "errors.unknown-jurisdiction",
    "bad date is 200": "errors.bad-date",
    "metadata maybe": "services.fields",
    "service of a type of its own": "services.fields",
    "service twice": "services.codes",
    "numbers for codes": "services.strings",
    "fields left out": "services.whole",
    "fewer services in xml": "services.agree",
    "definition without attributes": "definition.shape",
    "datatype of its own": "definition.fields",
    "order doubled": "definition.order",
    "order from 0": "definition.order",
    "order from 2": "definition.order",
    "list without values": "definition.values",
    "key twice": "definition.values",
    "status of its own": "requests.status",
    "no zone": "requests.dates",
    "point off the map": "requests.points",
    "html in the words": "requests.description",
    "updated before": "requests.order-of-times",
    "too many requests": "requests.most",
    "old requests by default": "requests.ninety-days",
    "status is ignored": "requests.by-status",
    "service is ignored": "requests.by-service",
    "one code only": "requests.by-service",
    "ids do not override": "requests.by-id",
    "dates are ignored": "requests.by-date",
    "any span": "requests.span",
    "empty is not absent": "requests.empty-argument",
    "one is no list": "request.list-of-one",
    "one is two": "request.list-of-one",
    "pages from 0": "pages.size",
    "page past the end repeats": "pages.end",
    "note without a time": "extensions.fields",
    "changes of another day": "requests.updated-after",
    "update without a time": "updates.fields",
    "a table of its own": "bulk.columns",
    "table without times": "bulk.columns",
    "anybody may write": "write.without-key",
    "no key is 401": "write.without-key",
    "unknown service to write is 400": "write.unknown-service",
    "no service is taken": "write.without-service",
    "half a place is taken": "write.half-a-place",
    "nothing is required": "write.missing-attribute",
    "id and token": "write.received",
    "what was made is no list": "write.received",
    "it is forgotten": "write.can-be-read",
}


def _examined(defect: str = "", **wish: Any) -> Report:
    with tiny_server(defect) as tiny:
        words = {"api_key": KEY, "writes": True, "point": (23.05, 113.35), "timeout_s": 10.0, **wish}
        return examine(Wish(f"{tiny.base}/v2", **words), at=datetime.now(UTC))


def _broken(report: Report) -> dict[str, tuple[str, ...]]:
    return {one.check.code: one.evidence for one in report.findings if one.outcome is Outcome.BROKEN}


def test_a_server_that_keeps_everything_is_told_so() -> None:
    report = _examined()

    assert _broken(report) == {}
    assert report.is_kept
    assert {one.outcome for one in report.findings} == {Outcome.KEPT}
    assert report.n_requests <= 100


@pytest.mark.parametrize(("defect", "check"), DEFECTS.items())
def test_each_planted_defect_is_found(defect: str, check: str) -> None:
    found = _broken(_examined(defect))

    assert check in found, found
    assert all(line.strip() for line in found[check])


def test_every_check_finds_some_defect() -> None:
    assert {one.code for one in checks()} == set(DEFECTS.values())


def test_nothing_is_written_unless_asked_for() -> None:
    report = _examined("anybody may write", writes=False)

    assert report.is_kept
    assert not [line for one in report.findings for line in one.requests if line.startswith("POST")]


def test_discovery_leads_to_the_endpoint() -> None:
    with tiny_server() as tiny:
        report = examine(Wish(f"{tiny.base}/discovery.json"), at=datetime.now(UTC))

    assert report.endpoint == f"{tiny.base}/v2" and report.is_kept


def test_another_host_is_never_asked() -> None:
    with tiny_server() as other:
        elsewhere = other.base.replace("127.0.0.1", "localhost")
        with tiny_server("it sends elsewhere", elsewhere=elsewhere) as tiny:
            report = examine(Wish(f"{tiny.base}/v2"), at=datetime.now(UTC))

    assert other.hits == [] and not report.is_kept


def test_the_number_of_requests_is_bounded() -> None:
    report = _examined(most_requests=9, writes=False)

    assert report.n_requests == 9
    assert any("9 requests were made" in line for one in report.findings for line in one.evidence)


@pytest.mark.parametrize(
    "body",
    [
        b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
        b"<a>" * 100_000,
        b"",
        b"\xff\xfe<a/>",
        b"<a>&b;</a>",
    ],
)
def test_hostile_xml_is_not_read(body: bytes) -> None:
    with pytest.raises(Unreadable):
        tree_of(body)


# --- the command -----------------------------------------------------------------------------------------------------


def _run(*words: str) -> Any:
    return CliRunner().invoke(open311, ["check", *words])


@pytest.mark.parametrize(("defect", "code"), [("", 0), ("two contacts", 0), ("no zone", 1)])
def test_the_command_tells_people_and_programs(defect: str, code: int) -> None:
    with tiny_server(defect) as tiny:
        text, value = _run(f"{tiny.base}/v2"), _run(f"{tiny.base}/v2", "--format", "json")

    found = json.loads(value.output)
    assert (text.exit_code, value.exit_code) == (code, code)
    assert found["is_kept"] == (code == 0) and found["endpoint"] == f"{tiny.base}/v2"
    assert {"check", "clause", "level", "words", "outcome", "evidence", "requests"} == set(found["findings"][0])
    assert all(one["requests"] for one in found["findings"] if one["outcome"] == "kept")
    assert ("FAIL" in text.output) == bool(defect) and "kept: " in text.output


def test_a_server_that_is_not_there_is_said_plainly() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{probe.getsockname()[1]}/v2"

    for words in ([nobody], ["ftp://example.org/v2"], ["file:///etc"], ["nonsense"]):
        assert _run(*words).exit_code == 2
    assert _run(nobody, "--at", "here").exit_code == 2


def test_what_a_server_says_cannot_draw_on_the_terminal() -> None:
    report = _examined("status of its own")

    lines = as_text(report) + as_text(Report("x", report.at, 0, report.findings))
    assert "\x1b" not in lines and json.loads(as_json(report))["n_requests"] == report.n_requests
