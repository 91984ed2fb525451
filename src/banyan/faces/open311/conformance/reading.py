"""Reading answers of GeoReport v2: both formats into one shape; hostile XML is refused unread."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from xml.etree import ElementTree
from xml.parsers import expat

from banyan.faces.open311.conformance.wire import Answer

TYPES: Final[Mapping[str, str]] = {"xml": "text/xml", "json": "application/json"}
#: Elements that hold a list -> what its members are called.
LISTS: Final[Mapping[str, str]] = {
    "attributes": "attribute",
    "endpoints": "endpoint",
    "errors": "error",
    "formats": "format",
    "notes": "note",
    "photos": "photo",
    "service_request_updates": "request_update",
    "service_requests": "request",
    "services": "service",
    "values": "value",
}
#: The specification's own namespace, the one that may be there.
NAMESPACE: Final = "http://wiki.open311.org/GeoReport_v2"
_W3C: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)", re.ASCII)


class Unreadable(Exception):
    """An answer is not what its format says; the message says how."""


def read(answer: Answer, form: str) -> Any:
    """Return what an answer says: lists, mappings and text (in JSON also numbers, booleans and null).

    Raises
    ------
    Unreadable
        Not UTF-8, not well-formed, cut off, or XML with a document type (so with entities).
    """
    if answer.is_cut:
        raise Unreadable("the answer is longer than this client reads")
    try:
        text = answer.body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Unreadable(f"not UTF-8: {error}") from error
    return _read_json(text) if form == "json" else _read_xml(answer.body)


def _read_json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"not JSON: {error}") from error


def _read_xml(body: bytes) -> Any:
    element = tree_of(body)
    name = local_name(element)
    return _value(element) if name in LISTS else dict(_members(element))


def tree_of(body: bytes) -> ElementTree.Element:
    """Return the element tree of a document without a document type."""
    guard = expat.ParserCreate()
    guard.StartDoctypeDeclHandler = _refuse_doctype
    try:
        guard.Parse(body, True)
        return ElementTree.fromstring(body)  # noqa: S314 - there is no document type in it
    except (expat.ExpatError, ElementTree.ParseError, ValueError, RecursionError) as error:
        raise Unreadable(f"not XML: {error}") from error


def _refuse_doctype(*_: Any) -> None:
    raise Unreadable("the XML has a document type: it is not read")


def local_name(element: ElementTree.Element) -> str:
    """Return the name of an element without its namespace."""
    return str(element.tag).rpartition("}")[2]


def _value(element: ElementTree.Element) -> Any:
    if local_name(element) in LISTS:
        return [_value(one) for one in element]
    if len(element):
        return dict(_members(element))
    return (element.text or "").strip() or None


def _members(element: ElementTree.Element) -> list[tuple[str, Any]]:
    return [(local_name(one), _value(one)) for one in element]


def instant_of(text: Any) -> datetime | None:
    """Return a W3C date and time with its zone as an instant in UTC, None where it is none."""
    if not isinstance(text, str) or not _W3C.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def is_true(value: Any) -> bool | None:
    """Return a boolean of either format, None where it is none."""
    return {"true": True, "false": False}.get(str(value).lower()) if value is not None else None
