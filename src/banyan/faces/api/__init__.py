"""The API: the routers of the apps, and one translator of errors.

Small on purpose.  What holds for every operation stands in `contract`, what happens to every request in `middleware`.
"""

from __future__ import annotations

from typing import Any

import orjson
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from ninja.parser import Parser

from banyan.apps.accounts.api import router as accounts
from banyan.apps.audit.api import router as audit
from banyan.apps.notices.api import router as notices
from banyan.apps.parties.api import router as parties
from banyan.apps.people.api import router as people
from banyan.apps.service_requests.api import routers as service_requests
from banyan.apps.territory.api import router as territory
from banyan.apps.territory.api import towns
from banyan.base.errors import BanyanError
from banyan.faces.api import problems
from banyan.faces.api.contract import PREFIX, completed
from banyan.faces.api.me import router as me
from banyan.kit.api import JSON

__all__ = ["api"]


class WrongContentType(Exception):
    """The body is not declared as JSON."""


class StrictParser(Parser):
    """Reads bodies as RFC 8259 has it: UTF-8, no NaN, no lone surrogates, bounded depth."""

    def parse_body(self, request: HttpRequest) -> Any:
        if getattr(request, "content_type", JSON) != JSON:
            raise WrongContentType
        return orjson.loads(request.body)


class TownsApi(NinjaAPI):
    """The API of all towns; its contract is made once."""

    _contract: dict[str, Any] | None = None

    def get_openapi_schema(self, **_words: Any) -> Any:
        if self._contract is None:
            self._contract = completed(dict(super().get_openapi_schema(path_prefix=PREFIX)))
        return self._contract


api = TownsApi(
    title="Banyan",
    version="1",
    description="Report, follow, handle, verify and rate what a town does. Guide: docs/reference/api.md.",
    docs_url=None,
    urls_namespace="api",
    parser=StrictParser(),
)
api.add_router("", towns)
for router in (territory, parties, *service_requests, me, accounts, notices, people, audit):
    api.add_router("/towns/{slug:town}", router)


def _ours(_request: HttpRequest, error: Any) -> HttpResponse:
    return problems.of_error(error)


def _fields(_request: HttpRequest, error: Any) -> HttpResponse:
    return problems.of_error(problems.of_fields(error.errors))


def _unreadable(_request: HttpRequest, error: Any) -> HttpResponse:
    wrong = isinstance(error.__cause__, WrongContentType)
    return problems.of_status(error.status_code, said=problems.WRONG_CONTENT_TYPE if wrong else problems.BROKEN_JSON)


def _others(_request: HttpRequest, error: Any) -> HttpResponse:
    status = problems.status_of(error)
    if status == 500:
        raise error
    return problems.of_status(status)


for kind, translate in (
    (BanyanError, _ours),
    (ValidationError, _fields),
    (HttpError, _unreadable),
    (Http404, _others),
    (Exception, _others),
):
    api.add_exception_handler(kind, translate)
