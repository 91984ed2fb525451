"""Asking over HTTP, politely: a bounded number of requests, of time and of bytes, and no other host."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

MOST_REQUESTS: Final = 100
MOST_BYTES: Final = 8_000_000
TIMEOUT_S: Final = 20.0
_MOST_REDIRECTS: Final = 3
_AGENT: Final = "banyan-open311-check/1"
Fields = Mapping[str, str | Sequence[str]]


class TooMany(Exception):
    """The number of requests that a visit may make is used up."""


class Unreachable(Exception):
    """The server did not answer at all."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: `status` of HTTP, `content_type` as it stands in the header, the body (cut at `MOST_BYTES`)."""

    method: str
    url: str
    status: int
    content_type: str
    body: bytes
    is_cut: bool = False

    def __str__(self) -> str:
        return f"{self.method} {self.url} -> {self.status}"


class _StayHere(urllib.request.HTTPRedirectHandler):
    """Follow a redirect of a read on the same host only; everything else is an answer like others."""

    max_redirections = _MOST_REDIRECTS

    def redirect_request(self, req: urllib.request.Request, *args: Any) -> urllib.request.Request | None:
        new_url = str(args[-1])
        is_here = urlsplit(new_url).hostname == urlsplit(req.full_url).hostname
        is_no_step_back = urlsplit(new_url).scheme == "https" or urlsplit(req.full_url).scheme == "http"
        if req.get_method() not in ("GET", "HEAD") or not (is_here and is_no_step_back):
            return None
        return super().redirect_request(req, *args)


@dataclass
class Wire:
    """Sends requests and counts them.  The same read is made once and kept."""

    most_requests: int = MOST_REQUESTS
    timeout_s: float = TIMEOUT_S
    n_requests: int = 0
    log: list[Answer] = field(default_factory=list)
    _kept: dict[str, Answer] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # web addresses alone: no files, no ftp, no data
        self._opener = urllib.request.OpenerDirector()
        handlers = (
            urllib.request.ProxyHandler,
            urllib.request.HTTPHandler,
            urllib.request.HTTPSHandler,
            urllib.request.HTTPDefaultErrorHandler,
            urllib.request.HTTPErrorProcessor,
            _StayHere,
        )
        for handler in handlers:
            self._opener.add_handler(handler())

    def get(self, url: str, query: Fields | None = None) -> Answer:
        """Read an address."""
        whole = f"{url}?{urlencode(query, doseq=True)}" if query else url
        found = self._kept.get(whole)
        if found is None:
            found = self._kept[whole] = self._sent(urllib.request.Request(whole, headers=_headers()))  # noqa: S310 - http(s) alone, see above
        self.log.append(found)
        return found

    def post(self, url: str, fields: Fields) -> Answer:
        """Write a form."""
        kind = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
        body = urlencode(fields, doseq=True).encode()
        sent = self._sent(urllib.request.Request(url, data=body, headers=_headers() | kind, method="POST"))  # noqa: S310 - as above
        self.log.append(sent)
        return sent

    def _sent(self, request: urllib.request.Request) -> Answer:
        if self.n_requests >= self.most_requests:
            raise TooMany(f"{self.most_requests} requests were made")
        self.n_requests += 1
        try:
            with self._opener.open(request, timeout=self.timeout_s) as response:
                return _answer(request, response)
        except urllib.error.HTTPError as error:
            with error:
                return _answer(request, error)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise Unreachable(f"{request.get_method()} {request.full_url}: {error}") from error


def _headers() -> dict[str, str]:
    return {"User-Agent": _AGENT, "Accept-Language": "en"}


def _answer(request: urllib.request.Request, response: Any) -> Answer:
    body = response.read(MOST_BYTES + 1)
    return Answer(
        method=request.get_method(),
        url=request.full_url,
        status=int(response.status),
        content_type=str(response.headers.get("Content-Type", "")),
        body=body[:MOST_BYTES],
        is_cut=len(body) > MOST_BYTES,
    )
