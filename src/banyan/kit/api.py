"""What the API rooms of the apps share: answers as JSON, pages of a list, and the kinds of field a body may have."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

import orjson
from django.http import HttpRequest, HttpResponse
from ninja import Schema
from pydantic import BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from banyan.kit.paging import LARGEST, Page

JSON: Final = "application/json"
_AS_JSON: Final = orjson.OPT_UTC_Z
#: Text as keyboards make it: no control characters but tab and line breaks.
TEXT_PATTERN: Final = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f]*$"
_UUID_PATTERN: Final = r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"
_RFC3339: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_UUID7_PATTERN: Final = r"^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-7[0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}$"


# --- what comes in ---------------------------------------------------------------------------------------------------


class Body(Schema):
    """A JSON object that comes in: names that are not known are refused, values are not bent into another type."""

    model_config = ConfigDict(extra="forbid", strict=True)


def _uuid_text(value: object) -> object:
    if not isinstance(value, str | UUID):
        raise PydanticCustomError("uuid_type", "text is needed")
    return value


def _instant_text(value: object) -> object:
    if not isinstance(value, str) or not _RFC3339.fullmatch(value):
        raise PydanticCustomError("datetime_parsing", "a date-time of RFC 3339 with its offset is needed")
    return value


def _truth(value: object) -> object:
    if isinstance(value, str):
        if value not in ("true", "false"):
            raise PydanticCustomError("bool_parsing", "true or false is needed")
        return value == "true"
    return value


Identifier = Annotated[
    UUID,
    Field(strict=False),
    BeforeValidator(_uuid_text),
    WithJsonSchema({"type": "string", "format": "uuid", "pattern": _UUID_PATTERN}),
]
"""A UUID."""

OwnIdentifier = Annotated[
    str, Field(pattern=_UUID7_PATTERN, description="UUID version 7 made by the client (RFC 9562).")
]
"""A UUIDv7 that a client without network has made."""

Instant = Annotated[datetime, Field(strict=False), BeforeValidator(_instant_text)]
"""A date-time with its offset (RFC 3339)."""

Flag = Annotated[bool, BeforeValidator(_truth)]
"""``true`` or ``false`` in the query part of an address."""

Limit = Annotated[int, Field(ge=1, le=LARGEST, description="Most rows on a page.")]
Cursor = Annotated[str, Field(max_length=300, description="Where the page begins: taken from `next` or `previous`.")]
Version = Annotated[int, Field(ge=1, le=2**31 - 1, description="The version that was read; an older one is a 409.")]


# --- what goes out ---------------------------------------------------------------------------------------------------


def answered(body: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> HttpResponse:
    """Return an answer of plain values as JSON: hot lists pass no schema, the contract documents them."""
    return HttpResponse(orjson.dumps(body, option=_AS_JSON), status=status, content_type=JSON, headers=headers)


def paged(request: HttpRequest, page: Page[Any], *, items: Sequence[Any]) -> HttpResponse:
    """Return one page of a list in the envelope that all lists share, with links to the pages beside it."""
    links = {"next": _link(request, page.next_cursor), "previous": _link(request, page.previous_cursor)}
    said = ", ".join(f'<{link}>; rel="{rel[:4]}"' for rel, link in links.items() if link)
    return answered({"items": items, **links}, headers={"Link": said} if said else None)


def whole(items: Sequence[Any]) -> HttpResponse:
    """Return a list that is short by nature in the same envelope."""
    return answered({"items": items, "next": None, "previous": None})


def _link(request: HttpRequest, cursor: str) -> str | None:
    if not cursor:
        return None
    words = request.GET.copy()
    words["cursor"] = cursor
    return f"{request.path}?{words.urlencode()}"
