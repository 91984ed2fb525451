"""One visit to an endpoint: where it is, what it was asked, and what it answered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Final
from urllib.parse import quote

from banyan.faces.open311.conformance.findings import NotApplicable
from banyan.faces.open311.conformance.reading import TYPES, Unreadable, read
from banyan.faces.open311.conformance.wire import Answer, Fields, Unreachable, Wire

SPECIFICATION: Final = "http://wiki.open311.org/GeoReport_v2"
FORMS: Final = ("xml", "json")
#: Nobody calls a service, a request, a token or a town like this.
NOBODY: Final = "no-such-thing-9f3a7c"


@dataclass
class Visit:
    """An endpoint under examination."""

    endpoint: str
    wire: Wire
    at: datetime
    jurisdiction: str = ""
    api_key: str = ""
    point: tuple[float, float] | None = None
    discovery_root: str = ""
    """Address of discovery without its ending; "" where it has to be looked for."""
    kept: dict[str, Any] = field(default_factory=dict)

    # --- asking

    def get(self, path: str, form: str, /, **query: str) -> Answer:
        """Read a resource below the endpoint; the jurisdiction goes with it."""
        named = {"jurisdiction_id": self.jurisdiction} if self.jurisdiction else {}
        return self.wire.get(f"{self.endpoint}/{path}.{form}", named | query)

    def post(self, path: str, form: str, fields: Fields) -> Answer:
        """Write to a resource below the endpoint."""
        named = {"jurisdiction_id": self.jurisdiction} if self.jurisdiction else {}
        return self.wire.post(f"{self.endpoint}/{path}.{form}", {**named, **fields})

    def listed(self, path: str, form: str, /, **query: str) -> list[dict[str, Any]]:
        """Return the members of a list that has to be there; `NotApplicable` where another check says what is wrong."""
        answer = self.get(path, form, **query)
        if answer.status != 200:
            raise NotApplicable(f"{answer}")
        try:
            found = read(answer, form)
        except Unreadable as error:
            raise NotApplicable(f"{answer}: {error}") from error
        if isinstance(found, Mapping):  # some servers keep the outer container in JSON
            found = next((value for value in found.values() if isinstance(value, list)), None)
        if not isinstance(found, list) or not all(isinstance(one, Mapping) for one in found):
            raise NotApplicable(f"{answer}: no list")
        return [dict(one) for one in found]

    # --- what is there

    @cached_property
    def forms(self) -> tuple[str, ...]:
        """The formats that the endpoint offers: XML always, JSON where it answers or is declared."""
        return FORMS if self._is_json_declared() or self.get("services", "json").status == 200 else ("xml",)

    def _is_json_declared(self) -> bool:
        _, found = self.discovery("json") if self.discovery_at else (None, None)
        endpoints = found.get("endpoints") if isinstance(found, Mapping) else None
        return any(
            TYPES["json"] in (one.get("formats") or [])
            for one in endpoints or ()
            if isinstance(one, Mapping) and one.get("specification") == SPECIFICATION
        )

    @cached_property
    def discovery_at(self) -> str:
        """The address of discovery without its ending, "" where none was found."""
        if self.discovery_root:
            return self.discovery_root
        above = self.endpoint.rpartition("/")[0]
        for root in (f"{self.endpoint}/discovery", f"{above}/discovery"):
            for form in FORMS:
                try:
                    if self.wire.get(f"{root}.{form}").status == 200:
                        return root
                except Unreachable:
                    continue
        return ""

    def discovery(self, form: str) -> tuple[Answer, Any]:
        """Return discovery in a format and what it says, None where that cannot be read."""
        if not self.discovery_at:
            raise NotApplicable("no discovery was found beside or inside the endpoint; --discovery says where it is")
        answer = self.wire.get(f"{self.discovery_at}.{form}")
        try:
            return answer, read(answer, form) if answer.status == 200 else None
        except Unreadable:
            return answer, None

    def services(self, form: str = "") -> list[dict[str, Any]]:
        """Return the services in a format, the best that is there by default."""
        return self.listed("services", form or self.forms[-1])

    def requests(self, form: str = "", /, **query: str) -> list[dict[str, Any]]:
        """Return requests in a format, the best that is there by default."""
        return self.listed("requests", form or self.forms[-1], **query)

    def some_requests(self, n: int = 1) -> list[dict[str, Any]]:
        """Return the requests of the list without arguments; `NotApplicable` where there are fewer than `n`."""
        found = [one for one in self.requests() if one.get("service_request_id")]
        if len(found) < n:
            raise NotApplicable(f"the list holds {len(found)} requests of the last 90 days, {n} are needed")
        return found

    def definition(self, form: str = "") -> tuple[dict[str, Any], Mapping[str, Any]]:
        """Return a service that asks further questions, and its definition."""
        form = form or self.forms[-1]
        for one in self.services():
            if str(one.get("metadata")).lower() == "true":
                answer = self.get(f"services/{quote(str(one['service_code']), safe='')}", form)
                try:
                    found = read(answer, form) if answer.status == 200 else None
                except Unreadable as error:
                    raise NotApplicable(f"{answer}: {error}") from error
                if not isinstance(found, Mapping):
                    raise NotApplicable(f"{answer}: no object")
                return one, found
        raise NotApplicable("no service says metadata=true")


def texts(values: list[dict[str, Any]], name: str) -> Iterator[str]:
    """Yield one field of each member as text, empty ones left out."""
    for one in values:
        if one.get(name) is not None:
            yield str(one[name])
