"""A tiny server of GeoReport v2 on a port of its own, right in everything but the one defect that is planted."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape

MEMBERS: Final = {
    "services": "service", "service_requests": "request", "errors": "error", "attributes": "attribute",
    "endpoints": "endpoint", "formats": "format", "values": "value", "notes": "note",
    "service_request_updates": "request_update",
}  # fmt: skip
KEY: Final = "a-good-key"
Answer = tuple[int, str, Any]


def w3c(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class Tiny:
    """What the server holds; `defect` names what is wrong with it."""

    defect: str = ""
    base: str = ""
    elsewhere: str = ""
    hits: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        now = datetime.now(UTC)
        self.now = now
        self.requests = [self._request(i, now - timedelta(days=i + 1)) for i in range(6)]
        if self.is_("old requests by default"):
            self.requests.append(self._request(9, now - timedelta(days=200)))
        if self.is_("too many requests"):
            self.requests += [self._request(100 + i, now - timedelta(days=6, minutes=i)) for i in range(1001)]

    def is_(self, defect: str) -> bool:
        return self.defect == defect

    def _request(self, i: int, at: datetime) -> dict[str, Any]:
        return {
            "service_request_id": f"r{i}",
            "status": "fixed" if self.is_("status of its own") else "open" if i % 2 else "closed",
            "status_notes": None,
            "service_name": "Hole",
            "service_code": "" if self.is_("no code") else "hole" if i % 3 else "lamp",
            "description": "<b>a hole</b>" if self.is_("html in the words") else "a hole\nand another",
            "requested_datetime": at.strftime("%Y-%m-%d %H:%M:%S") if self.is_("no zone") else w3c(at),
            "updated_datetime": w3c(at - timedelta(days=9) if self.is_("updated before") else at + timedelta(hours=1)),
            "lat": 123.0 if self.is_("point off the map") else 23.05,
            "long": 113.35,
        }

    # --- answers

    def answer(self, method: str, path: str, form: str, query: dict[str, str], fields: dict[str, list[str]]) -> Answer:
        head, _, rest = path.partition("/")
        given = query.get("jurisdiction_id", "")
        if given not in ("", "town") and not self.is_("unknown jurisdiction is 400"):
            return self.refused(404, "no such jurisdiction")
        if given not in ("", "town"):
            return self.refused(400, "no such jurisdiction")
        if method == "POST":
            return self.written(fields) if path == "requests" else self.refused(404, "?")
        shown = {
            "discovery": lambda: (200, "discovery", self.discovery(form)),
            "services": lambda: self.definition(rest) if rest else (200, "services", self.services(form)),
            "requests": lambda: self.one(rest) if rest else self.listed(query, form),
            "servicerequestupdates": self.updates,
            "tokens": lambda: self.refused(400 if self.is_("unknown token is 400") else 404, "no such token"),
        }
        return shown.get(head, lambda: self.refused(404, "nothing here"))()

    def updates(self) -> Answer:
        at = "yesterday" if self.is_("update without a time") else w3c(self.now)
        one = {"update_id": "1", "service_request_id": "r1", "status": "open", "updated_datetime": at}
        return 200, "service_request_updates", [one]

    def refused(self, status: int, words: str) -> Answer:
        if self.is_("every error is a 500"):
            status = 500
        if self.is_("errors are one object"):
            return status, "errors", {"error": words}
        return status, "errors", [{"code": None if self.is_("errors without a code") else status, "description": words}]

    def discovery(self, form: str) -> dict[str, Any]:
        changeset = {"changeset of tomorrow": w3c(self.now + timedelta(days=9)), "changeset in words": "last week"}
        formats = ["application/json"] if self.is_("no xml declared") else ["text/xml", "application/json"]
        endpoint = {
            "specification": "http://wiki.open311.org/GeoReport_v1"
            if self.is_("another specification")
            else "http://wiki.open311.org/GeoReport_v2",
            "url": f"{self.base}/v2",
            "changeset": "2020-01-01T00:00:00Z",
            "type": "beta" if self.is_("endpoint of a type of its own") else "test",
            "formats": "text/xml" if self.is_("formats in a row") and form == "json" else formats,
        }
        return {
            "changeset": changeset.get(self.defect, "2020-01-01T00:00:00Z"),
            "contact": "" if self.is_("no contact") else f"us, {form}" if self.is_("two contacts") else "us",
            "key_service": "ask",
            "endpoints": [endpoint],
        }

    def services(self, form: str) -> list[dict[str, Any]]:
        names = ["hole", "lamp"] + (["lamp"] if self.is_("service twice") else [])
        found = [
            {
                "service_code": name,
                "service_name": name.title(),
                "description": "",
                "metadata": "maybe" if self.is_("metadata maybe") else name == "hole",
                "type": "instant" if self.is_("service of a type of its own") else "realtime",
                "keywords": "",
                "group": "street",
            }
            for name in names
        ]
        if self.is_("fields left out"):
            found = [{name: value for name, value in one.items() if name != "keywords"} for one in found]
        if self.is_("numbers for codes"):
            found = [one | {"service_code": i} for i, one in enumerate(found, 1)] if form == "json" else found
        return found[: 1 if self.is_("fewer services in xml") and form == "xml" else None]

    def definition(self, code: str) -> Answer:
        if code not in ("hole", "lamp") and not self.is_("unknown service is 400"):
            return self.refused(404, "no such service")
        if code not in ("hole", "lamp"):
            return self.refused(400, "no such service")
        orders = {"order doubled": (1, 1), "order from 0": (0, 1), "order from 2": (2, 3)}.get(self.defect, (1, 2))
        size = [{"key": "s", "name": "small"}, {"key": "s" if self.is_("key twice") else "b", "name": "big"}]
        attributes = [
            {
                "variable": True, "code": "depth", "required": True, "datatype_description": "", "order": orders[0],
                "datatype": "float" if self.is_("datatype of its own") else "number", "description": "How deep?",
            },
            {
                "variable": True, "code": "size", "datatype": "singlevaluelist", "required": False,
                "datatype_description": "", "order": orders[1], "description": "How big?",
                "values": [] if self.is_("list without values") else size,
            },
        ]  # fmt: skip
        if self.is_("definition without attributes"):
            attributes = []
        return 200, "service_definition", {"service_code": code, "attributes": attributes}

    def one(self, request_id: str) -> Answer:
        found = [one for one in self.requests if one["service_request_id"] == request_id]
        if not found:
            return (
                self.refused(404, "no such request")
                if not self.is_("unknown request is empty")
                else (200, "service_requests", [])
            )
        if self.is_("one is no list"):
            return 200, "request", found[0]
        return 200, "service_requests", self.requests[:1] * 2 if self.is_("one is two") else found

    def listed(self, query: dict[str, str], form: str) -> Answer:
        words = {name: value for name, value in query.items() if value or self.is_("empty is not absent")}
        if "" in words.values():
            return 200, "service_requests", []
        try:
            since, until = (
                datetime.fromisoformat(words[name]) if name in words else None for name in ("start_date", "end_date")
            )
        except ValueError:
            return (200, "service_requests", []) if self.is_("bad date is 200") else self.refused(400, "no date")
        if since and until and until - since > timedelta(days=90) and not self.is_("any span"):
            return self.refused(400, "too long")
        found = self.requests + (
            [self._request(77, self.now - timedelta(days=300))] if self.is_("any span") and since else []
        )
        ids = words.get("service_request_id")
        if ids:
            found = [one for one in found if one["service_request_id"] in ids.split(",")]
        if not ids or self.is_("ids do not override"):
            found = self._narrowed(found, words, since, until)
        if self.is_("fewer requests in xml") and form == "xml":
            found = found[3:]
        if self.is_("numbers for requests") and form == "json":
            found = [one | {"service_request_id": int(one["service_request_id"][1:])} for one in found]
        return 200, "service_requests", self._extended(self._paged(found, words), words)

    def _narrowed(
        self, found: list[dict[str, Any]], words: dict[str, str], since: Any, until: Any
    ) -> list[dict[str, Any]]:
        at = {one["service_request_id"]: datetime.fromisoformat(one["requested_datetime"]) for one in found}
        if "status" in words and not self.is_("status is ignored"):
            found = [one for one in found if one["status"] in words["status"].split(",")]
        if "service_code" in words and not self.is_("service is ignored"):
            codes = words["service_code"].split(",")
            found = [one for one in found if one["service_code"] in (codes[:1] if self.is_("one code only") else codes)]
        if since and not self.is_("dates are ignored"):
            found = [one for one in found if at[one["service_request_id"]] >= since]
        if until and not self.is_("dates are ignored"):
            found = [one for one in found if at[one["service_request_id"]] <= until]
        if "updated_after" in words:
            late = words["updated_after"][:10] if self.is_("changes of another day") else words["updated_after"]
            found = [one for one in found if one["updated_datetime"] >= late] + (
                found[-1:] if late != words["updated_after"] else []
            )
        return found

    def _paged(self, found: list[dict[str, Any]], words: dict[str, str]) -> list[dict[str, Any]]:
        size, page = int(words.get("page_size", len(found) or 1)), int(words.get("page", 1))
        last = max(1, -(-len(found) // size))
        if self.is_("page past the end repeats"):
            page = min(page, last)
        if self.is_("pages from 0"):
            page = max(1, page - 1)
        return found[size * (page - 1) : size * page]

    def _extended(self, found: list[dict[str, Any]], words: dict[str, str]) -> list[dict[str, Any]]:
        if words.get("extensions") != "true":
            return found
        at = "just now" if self.is_("note without a time") else w3c(self.now)
        return [one | {"extended_attributes": {"channel": "web"}, "notes": [{"datetime": at}]} for one in found]

    def written(self, fields: dict[str, list[str]]) -> Answer:  # noqa: PLR0911 - one line for each refusal
        given = {name: values[0] for name, values in fields.items()}
        if given.get("api_key") != KEY and not self.is_("anybody may write"):
            return self.refused(401 if self.is_("no key is 401") else 403, "no key")
        if "service_code" not in given and not self.is_("no service is taken"):
            return self.refused(400, "no service")
        if given.get("service_code", "lamp") not in ("hole", "lamp"):
            return self.refused(400 if self.is_("unknown service to write is 400") else 404, "no such service")
        if "long" not in given and not self.is_("half a place is taken"):
            return self.refused(400, "no place")
        if (
            given.get("service_code") == "hole"
            and "attribute[depth]" not in given
            and not self.is_("nothing is required")
        ):
            return self.refused(400, "how deep?")
        if "attribute[depth]" in given and self.is_("answers are refused"):
            return self.refused(400, "what is this?")
        made = self._request(len(self.requests) + 50, self.now)
        if not self.is_("it is forgotten"):
            self.requests.append(made)
        both = {"token": "t1"} if self.is_("id and token") else {}
        value = {"service_request_id": made["service_request_id"], **both}
        return 201, "service_requests", value if self.is_("what was made is no list") else [value]


def as_xml(root: str, value: Any, tiny: Tiny) -> bytes:
    head = "" if tiny.is_("no declaration") else '<?xml version="1.0" encoding="utf-8"?>\n'
    if tiny.is_("a document type"):
        head += '<!DOCTYPE x [<!ENTITY e "eeee">]>'
    text = head + _element(root, value)
    if tiny.is_("a foreign namespace"):
        text = text.replace(f"<{root}>", f'<{root} xmlns="http://example.org/ours">', 1)
    if tiny.is_("another root"):
        text = text.replace("<services>", "<list>").replace("</services>", "</list>")
    return (text[:-3] if tiny.is_("xml cut short") else text).encode()


def _element(name: str, value: Any) -> str:
    if isinstance(value, list):
        return f"<{name}>{''.join(_element(MEMBERS[name], one) for one in value)}</{name}>"
    if isinstance(value, dict):
        return f"<{name}>{''.join(_element(key, one) for key, one in value.items())}</{name}>"
    words = "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    return f"<{name}>{escape(words)}</{name}>"


def as_json(root: str, value: Any, tiny: Tiny) -> bytes:
    if tiny.is_("outer container in json") and isinstance(value, list):
        value = {root: value}
    text = json.dumps(value)
    return text.replace('"r1"', "001").encode() if tiny.is_("bare numbers") else text.encode()


class _Handler(BaseHTTPRequestHandler):
    tiny: Tiny

    def do_GET(self) -> None:
        self._answer({})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        self._answer(parse_qs(body))

    def _answer(self, fields: dict[str, list[str]]) -> None:
        tiny, parts = self.tiny, urlsplit(self.path)
        tiny.hits.append(self.path)
        path, _, form = parts.path.lstrip("/").removeprefix("v2/").rpartition(".")
        query = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        if tiny.is_("json is missing") and form == "json" and path == "discovery":
            self.send_error(404)
            return
        if tiny.is_("it sends elsewhere") and path == "services":
            self.send_response(302)
            self.send_header("Location", f"{tiny.elsewhere}{self.path}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if form == "csv":
            table = b"id,when\r\n" if tiny.is_("a table of its own") else _table(tiny)
            self._send(200, "text/csv; charset=utf-8", table)
            return
        status, root, value = tiny.answer(self.command, path, form, query, fields)
        kinds = {"xml": "text/xml; charset=utf-8", "json": "application/json; charset=utf-8"}
        kind = kinds[form]
        wrong = {
            "html for a type": "text/html; charset=utf-8",
            "no charset": kind.partition(";")[0],
            "latin letters": kind.replace("utf-8", "iso-8859-1"),
            "errors are pages": "text/html; charset=utf-8" if status >= 400 else kind,
        }
        body = (as_xml if form == "xml" else as_json)(root, value, tiny)
        self._send(status, wrong.get(tiny.defect, kind), body)

    def _send(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def _table(tiny: Tiny) -> bytes:
    columns = "service_request_id requested_datetime updated_datetime status_description status_notes service_name"
    head = ",".join((*columns.split(), "address", "lat", "long"))
    at = "3 May" if tiny.is_("table without times") else w3c(tiny.now)
    return f"{head}\r\nr1,{at},{at},Open,,Hole,,23.05,113.35\r\n".encode()


@contextmanager
def tiny_server(defect: str = "", *, elsewhere: str = "") -> Iterator[Tiny]:
    """Run a tiny server on a free port."""
    tiny = Tiny(defect, elsewhere=elsewhere)
    handler = type("Handler", (_Handler,), {"tiny": tiny})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    tiny.base = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield tiny
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
