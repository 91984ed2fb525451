"""The contract of the API: what django-ninja knows of the operations, and what holds for all of them."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any, Final

from django.http import HttpRequest

from banyan.base.errors import InvalidInput, Problem, mark
from banyan.faces.api import repeats, who
from banyan.kit.problem import CONTENT_TYPE

PREFIX: Final = "/api/v1/"
#: Operations whose answer may not be stored: a repeat is a new act.
NOT_REPEATED: Final = frozenset({"read_contact"})
_WRITES: Final = frozenset({"post", "put", "patch", "delete"})
_TOWN: Final = {
    "name": "town",
    "in": "path",
    "required": True,
    "description": "The town's name in addresses.",
    "schema": {"type": "string", "pattern": "^[a-z][-a-z0-9]{1,39}$"},
}
_TRACKING: Final = {
    "name": who.TRACKING_HEADER,
    "in": "header",
    "required": False,
    "description": "Tracking number of a request: its bearer acts as the reporter of that request.",
    "schema": {"type": "string", "maxLength": 80},
}
_KEY: Final = {
    "name": repeats.HEADER,
    "in": "header",
    "required": False,
    "description": "Made anew for each write (a UUID does well) and sent again with each repetition: one effect, one "
    "answer (`Idempotency-Replayed: true`); with another body 409. Advised for every write over a network that fails.",
    "schema": {"type": "string", "pattern": repeats.KEY_PATTERN},
}
_PROBLEM: Final = {
    "title": "Problem",
    "description": "Problem details (RFC 9457). `code` is stable; `problems` lists every single one.",
    "type": "object",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "In the language of the reader (Accept-Language: zh-Hans, en)."},
        "code": {"type": "string"},
        "problems": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["where", "code", "sentence"],
                "properties": {name: {"type": "string"} for name in ("where", "code", "sentence")},
            },
        },
    },
}
_REFUSED: Final = {
    "description": "Refused; nothing was changed. 400 cannot be read, 401 not known, 403 no right, 404 not there "
    "(or not for you), 405 wrong method, 409 the present state forbids it, 413 too large, "
    "422 wrong, with every problem, 429 too often.",
    "content": {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
}


def completed(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the OpenAPI document with what holds for every operation: town, secrets, keys, problems."""
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            shared = ([_TOWN, _TRACKING] if "{town}" in path else []) + (
                [_KEY] if method in _WRITES and operation["operationId"] not in NOT_REPEATED else []
            )
            operation["parameters"] = shared[:1] + operation["parameters"] + shared[1:]
            operation["responses"] = {**operation["responses"], "4XX": {"$ref": "#/components/responses/Refused"}}
    components = schema["components"]
    components["schemas"]["Problem"] = _PROBLEM
    components["responses"] = {"Refused": _REFUSED}
    components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "bny_..."}}
    schema["security"] = [{}, {"token": []}]
    schema.pop("servers", None)
    plain: dict[str, Any] = json.loads(json.dumps(schema))
    return plain


def as_text() -> str:
    """Return the OpenAPI document as the committed snapshot holds it."""
    from banyan.faces.api import api

    return json.dumps(api.get_openapi_schema(), indent=1, ensure_ascii=False) + "\n"


def unknown_words(request: HttpRequest) -> InvalidInput | None:
    """Return what is wrong with the names in the query part of an address, if anything is."""
    match = request.resolver_match
    operations = _known_words().get(re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", f"/{match.route}") if match else "", {})
    known = operations.get((request.method or "").lower())
    strange = sorted(set(request.GET) - known) if known is not None else []
    if not strange:
        return None
    sentence = mark("This name is not known here.")
    return InvalidInput(mark("The request"), [Problem(name[:60], "unknown_field", sentence) for name in strange[:20]])


@cache
def _known_words() -> dict[str, dict[str, frozenset[str]]]:
    from banyan.faces.api import api

    return {
        path: {
            method: frozenset(p["name"] for p in operation["parameters"] if p["in"] == "query")
            for method, operation in operations.items()
        }
        for path, operations in api.get_openapi_schema()["paths"].items()
    }
