"""Making every check, one after the other; none of them ends the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from banyan.faces.open311.conformance import of_discovery, of_extensions, of_requests, of_services, of_writing
from banyan.faces.open311.conformance.findings import CHECKS, Check, Finding, Level, NotApplicable, Outcome
from banyan.faces.open311.conformance.reading import Unreadable, read
from banyan.faces.open311.conformance.visiting import SPECIFICATION, Visit
from banyan.faces.open311.conformance.wire import MOST_REQUESTS, TIMEOUT_S, TooMany, Unreachable, Wire

_ROOMS = (of_discovery, of_services, of_requests, of_extensions, of_writing)
#: Lines of evidence that a finding keeps.
_MOST_EVIDENCE = 12


@dataclass(frozen=True, slots=True)
class Wish:
    """What is examined and how: `url` of an endpoint or of its discovery; `writes` where reports may be made."""

    url: str
    jurisdiction: str = ""
    api_key: str = ""
    writes: bool = False
    point: tuple[float, float] | None = None
    """Latitude and longitude, in degrees, of a place that can be reported."""
    discovery: str = ""
    most_requests: int = MOST_REQUESTS
    timeout_s: float = TIMEOUT_S


@dataclass(frozen=True, slots=True)
class Report:
    """What was found at an endpoint."""

    endpoint: str
    at: datetime
    n_requests: int
    findings: Sequence[Finding]

    def n(self, outcome: Outcome, level: Level | None = None) -> int:
        """Return how many checks had an outcome."""
        counted = Counter((one.outcome, one.check.level) for one in self.findings)
        return sum(n for (what, how), n in counted.items() if what is outcome and level in (None, how))

    @property
    def is_kept(self) -> bool:
        """Whether no clause that binds was broken, and something was there to be looked at."""
        return self.n(Outcome.BROKEN, Level.MUST) == 0 and self.n(Outcome.KEPT, Level.MUST) > 0


def checks() -> list[Check]:
    """Return every check in the order in which they are made."""
    rooms = [room.__name__ for room in _ROOMS]
    return sorted(CHECKS, key=lambda one: rooms.index(one.look.__module__))


def examine(wish: Wish, *, at: datetime) -> Report:
    """Examine an endpoint.

    Raises
    ------
    Unreachable
        The server does not answer, or the address is none.
    """
    wire = Wire(most_requests=wish.most_requests, timeout_s=wish.timeout_s)
    endpoint, discovery = _endpoint(wish, wire)
    visit = Visit(
        endpoint=endpoint,
        wire=wire,
        at=at,
        jurisdiction=wish.jurisdiction,
        api_key=wish.api_key,
        point=wish.point,
        discovery_root=discovery,
    )
    wire.get(f"{endpoint}/services.xml", {"jurisdiction_id": wish.jurisdiction} if wish.jurisdiction else None)
    findings = [_found(one, visit) for one in checks() if wish.writes or not one.writes]
    return Report(endpoint, at, wire.n_requests, findings)


def _endpoint(wish: Wish, wire: Wire) -> tuple[str, str]:
    """Return the endpoint and the root of its discovery, whichever of the two was named."""
    url = wish.url.rstrip("/")
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
        raise Unreachable(f"{wish.url}: an address with http:// or https:// is needed")
    given = wish.discovery or (url if url.rpartition("/")[2] in ("discovery.xml", "discovery.json") else "")
    root = given.rpartition(".")[0] if given.endswith((".xml", ".json")) else given
    if given != url:
        return url, root
    form = url.rpartition(".")[2]
    answer = wire.get(url)
    try:
        found: Any = read(answer, form) if answer.status == 200 else None
    except Unreadable as error:
        raise Unreachable(f"{answer}: {error}") from error
    endpoints = [
        one
        for one in (found or {}).get("endpoints") or ()
        if one.get("specification") == SPECIFICATION and str(one.get("url")).startswith(("http://", "https://"))
    ]
    if not endpoints:
        raise Unreachable(f"{answer}: it names no endpoint of GeoReport v2")
    return str(endpoints[0]["url"]).rstrip("/"), root


def _found(one: Check, visit: Visit) -> Finding:
    begun = len(visit.wire.log)
    outcome, evidence = Outcome.KEPT, list[str]()
    try:
        for line in one.look(visit):
            outcome = Outcome.BROKEN
            if len(evidence) < _MOST_EVIDENCE:
                evidence.append(line)
    except NotApplicable as error:
        if outcome is Outcome.KEPT:
            outcome, evidence = Outcome.NOT_APPLICABLE, [str(error)]
    except TooMany as error:
        outcome, evidence = Outcome.NOT_APPLICABLE, [str(error)]
    except Unreachable as error:
        outcome, evidence = Outcome.BROKEN, [str(error)]
    asked = tuple(dict.fromkeys(str(answer) for answer in visit.wire.log[begun:]))
    return Finding(one, outcome, tuple(evidence), asked)
