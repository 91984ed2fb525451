"""A client of GeoReport v2 for tests: asks in both formats and holds the two answers against each other."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Final
from xml.etree import ElementTree

from django.http import HttpResponse
from django.test import Client

from tests.programs import token_of
from tests.towns import SmallTown

#: Elements that hold a list, in XML.
LISTS: Final = {
    *("services", "service_requests", "service_request_updates", "errors", "attributes", "endpoints", "formats"),
    *("notes", "photos", "media_urls", "values"),
}
TYPES: Final = {"xml": "text/xml; charset=utf-8", "json": "application/json; charset=utf-8"}


@dataclass
class Caller:
    """Somebody's program at the Open311 endpoint of a small town; "" has no key.  It speaks English."""

    small: SmallTown
    key: str = ""
    client: Client = field(default_factory=Client)

    def __post_init__(self) -> None:
        self.root = f"/open311/{self.small.town.slug}"
        self.api_key = token_of(self.small, self.key) if self.key else ""

    def one(self, path: str, form: str, /, **query: Any) -> HttpResponse:
        """Read in one format."""
        return self.client.get(f"{self.root}/{path}.{form}", query, headers={"Accept-Language": "en"})

    def get(self, path: str, code: int = 200, /, **query: Any) -> Any:
        """Read in both formats, which have to agree, and return the answer of JSON."""
        as_xml, as_json = (self.one(path, form, **query) for form in ("xml", "json"))
        assert (as_xml.status_code, as_json.status_code) == (code, code), as_json.content[:400]
        return agreed(as_xml, as_json)

    def post(
        self, path: str, form: str = "json", /, headers: dict[str, str] | None = None, **fields: Any
    ) -> HttpResponse:
        """Write as a form; files make it multipart."""
        sent = ({"api_key": self.api_key} if self.api_key else {}) | fields
        return self.client.post(
            f"{self.root}/{path}.{form}", sent, headers={"Accept-Language": "en", **(headers or {})}
        )

    def report(self, **fields: Any) -> dict[str, Any]:
        """Report a broken lamp, or what the fields say; it has to succeed."""
        response = self.post("v2/requests", **{"service_code": "lamp", "lat": "23.06", "long": "113.31", **fields})
        assert response.status_code == 201, response.content
        made: dict[str, Any] = json.loads(response.content)[0]
        return made


def agreed(as_xml: HttpResponse, as_json: HttpResponse) -> Any:
    """Return what both answers say, once it is the same."""
    assert as_xml.headers["Content-Type"] == TYPES["xml"] and as_json.headers["Content-Type"] == TYPES["json"]
    value = json.loads(as_json.content)
    assert read_xml(as_xml.content) == _as_text(value)
    return value


def read_xml(content: bytes) -> Any:
    """Read an answer without a document type (so without entities) into the shape of JSON, with text for all values."""
    text = content.decode("utf-8")
    assert text.startswith('<?xml version="1.0" encoding="utf-8"?>') and "<!" not in text
    return _value(ElementTree.fromstring(text.partition("\n")[2]))


def _value(element: ElementTree.Element) -> Any:
    if element.tag in LISTS:
        return [_value(one) for one in element]
    return {one.tag: _value(one) for one in element} if len(element) else element.text


def _as_text(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _as_text(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_as_text(one) for one in value]
    if isinstance(value, bool):
        return str(value).lower()
    return value if value is None else str(value)


def faults_of(response: HttpResponse, *, status: int) -> list[tuple[int, str]]:
    """Return the number of every fault and the argument it is about."""
    assert response.status_code == status, (response.status_code, response.content[:400])
    if response.headers["Content-Type"] == TYPES["xml"]:
        errors = read_xml(response.content)
    else:
        assert response.headers["Content-Type"] == TYPES["json"]
        errors = json.loads(response.content)
    assert errors and all(set(error) == {"code", "description"} and error["description"] for error in errors)
    return [(int(error["code"]), error["description"].partition(":")[0]) for error in errors]
