"""The formats of GeoReport v2, and CSV for its bulk lists.

Answers are plain values; the same ones are written in each format.

JSON drops the outer container of a list; what is empty is null.  XML has elements without a namespace.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final
from xml.sax.saxutils import escape

import orjson
from django.http import HttpResponse

from banyan.base import tables
from banyan.faces.open311.refusals import Fault, status_of

_DECLARATION: Final = '<?xml version="1.0" encoding="utf-8"?>\n'
#: Characters that XML 1.0 cannot hold in any way (its section 2.2).
_NOT_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
#: List -> the element that each of its members is in XML.
_MEMBERS: Final[Mapping[str, str]] = {
    "attributes": "attribute",
    "endpoints": "endpoint",
    "errors": "error",
    "formats": "format",
    "media_urls": "media_url",
    "notes": "note",
    "photos": "photo",
    "service_request_updates": "request_update",
    "service_requests": "request",
    "services": "service",
    "values": "value",
}


class Form(StrEnum):
    """A format, by the ending of the address."""

    XML = "xml"
    JSON = "json"
    CSV = "csv"
    """GeoReport Bulk, lists of requests only."""

    @property
    def mime(self) -> str:
        """Return the media type without its charset."""
        return {Form.XML: "text/xml", Form.JSON: "application/json", Form.CSV: "text/csv"}[self]

    @property
    def content_type(self) -> str:
        """Return the Content-Type of an answer."""
        return f"{self.mime}; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered: the name of the outermost element, and a list of objects or one object."""

    root: str
    value: Sequence[Mapping[str, Any]] | Mapping[str, Any]
    status: int = 200


def written(answer: Answer, form: Form) -> HttpResponse:
    """Write an answer in a format."""
    return HttpResponse(_WRITERS[form](answer), status=answer.status, content_type=form.content_type)


def _csv(answer: Answer) -> bytes:
    rows = answer.value if isinstance(answer.value, Sequence) else [answer.value]
    head = list(rows[0]) if rows else []
    return tables.as_csv(head, [list(row.values()) for row in rows]).removeprefix(codecs.BOM_UTF8)


_WRITERS: Final[Mapping[Form, Callable[[Answer], str | bytes]]] = {
    Form.XML: lambda answer: _DECLARATION + _element(answer.root, answer.value),
    Form.JSON: lambda answer: orjson.dumps(_plain(answer.value)),
    Form.CSV: _csv,
}


def refused(faults: Sequence[Fault], form: Form) -> HttpResponse:
    """Write every fault in a format."""
    errors = [{"code": fault.code, "description": fault.description()} for fault in faults]
    return written(Answer("errors", errors, status_of(faults)), form)


def instant(at: datetime | None) -> str | None:
    """Return an instant as W3C date and time in UTC, to the second."""
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z") if at else None


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, str):
        return value or None
    return [_plain(one) for one in value] if isinstance(value, Sequence) else value


def _element(name: str, value: Any) -> str:
    inside = _inside(name, value)
    return f"<{name}>{inside}</{name}>" if inside else f"<{name}/>"


def _inside(name: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Mapping):
        return "".join([_element(key, one) for key, one in value.items()])
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return escape(_NOT_XML.sub("\ufffd", value), {"\r": "&#13;"})
    if isinstance(value, Sequence):
        return "".join([_element(_MEMBERS[name], one) for one in value])
    return str(value)
