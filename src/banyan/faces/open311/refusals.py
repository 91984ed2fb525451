"""What is refused: every fault with its number, in the words of GeoReport v2."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django.utils.translation import gettext

from banyan.base.errors import HTTP_STATUS, BanyanError, Problem
from banyan.kit.problem import spoken

#: Our name of a field -> its name in GeoReport v2.
_NAMES: Final[Mapping[str, str]] = {
    "lon": "long",
    "place_code": "address_id",
    "address": "address_string",
    "name": "first_name",
    "photos": "media",
    "text": "description",
    "remedy": "description",
    "reason": "description",
}
#: Our kind of error -> the number of GeoReport v2; anything else is 400.
_CODES: Final[Mapping[str, int]] = {"sign_in": 403, "forbidden": 403, "not_found": 404, "invalid": 400}
#: The statuses of HTTP that GeoReport v2 knows, the gravest first.
_GRAVITY: Final = (403, 404)


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: a number, the argument it is about ("" for the whole), a marked sentence."""

    code: int
    where: str
    sentence: str
    facts: Mapping[str, Any] = field(default_factory=dict)

    def description(self) -> str:
        """Return the sentence in the reader's language, after the name of the argument."""
        text = gettext(self.sentence).format(**self.facts)
        return f"{self.where}: {text}" if self.where else text


class Refused(Exception):
    """A request of a client is refused, with every fault that was found."""

    def __init__(self, *faults: Fault) -> None:
        self.faults = faults
        super().__init__("; ".join(fault.sentence for fault in faults))


def status_of(faults: Sequence[Fault]) -> int:
    """Return the HTTP status of an answer of faults: 403 for the key, 404 for what is not there, 400 for the rest."""
    codes = {fault.code for fault in faults}
    if codes & {405, 500}:
        return max(codes)
    return next((code for code in _GRAVITY if code in codes), 400)


def faults_of(error: BanyanError) -> list[Fault]:
    """Return what an error of ours means to a client of GeoReport v2."""
    if error.problems:
        return [_fault(problem) for problem in error.problems]
    return [Fault(_CODES.get(error.kind, HTTP_STATUS[error.kind]), "", "{said}", {"said": spoken(error)})]


def _fault(problem: Problem) -> Fault:
    stem, bracket, rest = problem.where.partition("[")
    unknown_service = problem.where == "service_code" and problem.code == "unknown"
    name = f"{_NAMES.get(stem, stem)}{bracket}{rest}"
    return Fault(404 if unknown_service else 400, name, problem.sentence, problem.facts)
