"""Everything that can go wrong leaves the API as `application/problem+json` (RFC 9457), in one shape."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

import orjson
from django.core.exceptions import (
    BadRequest,
    RequestDataTooBig,
    SuspiciousOperation,
    TooManyFieldsSent,
    TooManyFilesSent,
)
from django.http import Http404, HttpResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.utils.translation import gettext

from banyan.base.errors import BanyanError, InvalidInput, Problem, mark
from banyan.kit.problem import CONTENT_TYPE, details

#: Troubles that only HTTP knows: status -> code and sentence.
_OF_HTTP: Final[Mapping[int, tuple[str, str]]] = {
    400: ("http.bad_request", mark("The request cannot be read.")),
    403: ("http.forbidden", mark("This request was refused.")),
    404: ("http.no_such_path", mark("There is nothing at this address.")),
    405: ("http.method_not_allowed", mark("This address does not take this method.")),
    413: ("http.too_large", mark("The request is too large.")),
    500: ("banyan.failure", mark("Something went wrong on our side. Nothing was changed.")),
}
#: What pydantic finds -> our code and sentence.  Anything else is "invalid".
_OF_FIELDS: Final[Mapping[str, tuple[str, str]]] = {
    "missing": ("required", mark("This is needed.")),
    "extra_forbidden": ("unknown_field", mark("This name is not known here.")),
    "string_too_long": ("too_long", mark("At most {max_length} characters.")),
    "string_too_short": ("required", mark("This is needed.")),
    "too_long": ("too_many", mark("At most {max_length} of these.")),
    "string_pattern_mismatch": ("pattern", mark("This does not have the form that is asked for.")),
    "greater_than_equal": ("range", mark("At least {ge}.")),
    "less_than_equal": ("range", mark("At most {le}.")),
    "finite_number": ("range", mark("A finite number is needed.")),
    "enum": ("unknown", mark("This is none of: {expected}.")),
    "literal_error": ("unknown", mark("This is none of: {expected}.")),
}
_TYPES: Final[Mapping[str, str]] = {
    "string": mark("Text is needed."),
    "int": mark("A whole number is needed."),
    "float": mark("A number is needed."),
    "bool": mark("true or false is needed."),
    "uuid": mark("A UUID is needed."),
    "datetime": mark("A date and time with its time zone is needed (RFC 3339)."),
    "model": mark("An object is needed."),
    "list": mark("A list is needed."),
    "value": mark("This value cannot be used."),
}


def of_error(error: BanyanError) -> HttpResponse:
    """Return the answer for an error of ours."""
    body = details(error)
    response = _answer(body, status=body["status"])
    if error.kind == "sign_in":
        response.headers["WWW-Authenticate"] = "Bearer"
    if error.kind == "too_many":
        response.headers["Retry-After"] = "900"
    return response


#: The two ways in which a body cannot be read.
BROKEN_JSON: Final = ("http.broken_json", mark("The body is not JSON in UTF-8 (RFC 8259)."))
WRONG_CONTENT_TYPE: Final = (
    "http.wrong_content_type",
    mark("The body has to come as application/json, photos as multipart/form-data."),
)


def of_status(status: int, *, allow: str = "", said: tuple[str, str] | None = None) -> HttpResponse:
    """Return the answer for a trouble that only HTTP knows; `said` is a code and sentence for this very one."""
    code, sentence = said or _OF_HTTP.get(status, ("http.error", mark("The request was refused.")))
    body = {
        "type": f"urn:banyan:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": gettext(sentence),
        "code": code,
    }
    response = _answer(body, status=status)
    if allow:
        response.headers["Allow"] = ", ".join(sorted(allow.split(", ")))
    return response


def status_of(error: Exception) -> int:
    """Return the status of an exception that the framework raises for what a client sent; 500 for a defect of ours."""
    if isinstance(error, RequestDataTooBig | TooManyFilesSent | TooManyFieldsSent):
        return 413
    if isinstance(error, SuspiciousOperation | MultiPartParserError | UnreadablePostError | BadRequest):
        return 400
    return 404 if isinstance(error, Http404) else 500


def of_fields(errors: Sequence[Mapping[str, Any]]) -> InvalidInput:
    """Turn what pydantic found into one error of ours that lists every problem."""
    return InvalidInput(mark("The request"), [_problem(error) for error in errors])


def _problem(error: Mapping[str, Any]) -> Problem:
    kind, context = str(error["type"]), dict(error.get("ctx") or {})
    where = _where(error["loc"])
    if kind in _OF_FIELDS:
        code, sentence = _OF_FIELDS[kind]
        return Problem(where, "not_text" if _is_text(context) else code, sentence, context)
    sentence = _TYPES.get(kind.partition("_")[0], _TYPES["value"])
    return Problem(where, "type" if kind.endswith(("_type", "_parsing")) else "invalid", sentence)


def _is_text(context: Mapping[str, Any]) -> bool:
    return str(context.get("pattern", "")).startswith("^[^\\x00")


def _where(loc: Sequence[Any]) -> str:
    """Name a field as the caller wrote it: the names of our parameters are left out."""
    names = [str(name) for name in loc if name not in ("body", "query", "path", "header", "form", "file", "wanted")]
    return ".".join(names)


def _answer(body: Mapping[str, Any], *, status: int) -> HttpResponse:
    return HttpResponse(orjson.dumps(body, default=str), status=status, content_type=CONTENT_TYPE)
