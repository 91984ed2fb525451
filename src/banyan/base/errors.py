"""Every error Banyan raises on purpose.

One tree.  Faces translate `kind` into an HTTP status or an exit code and `sentence` into the reader's language;
nobody below a face knows of HTTP.  Sentences are English sources, marked for extraction with `mark`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar


def mark(sentence: str) -> str:
    """Mark an English source sentence for extraction into the catalogues; returns it unchanged."""
    return sentence


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with what a caller sent.

    `where` names the field as the caller wrote it ("" for the whole), `code` is stable and machine-readable,
    `facts` fill the placeholders of `sentence`.
    """

    where: str
    code: str
    sentence: str
    facts: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        text = self.sentence.format(**self.facts)
        return f"{self.where}: {text}" if self.where else text


class BanyanError(Exception):
    """Root of the tree.  `code` is stable and machine-readable; `facts` fill the sentence shown to people."""

    kind: ClassVar[str] = "failure"
    code: ClassVar[str] = "banyan.failure"
    sentence: ClassVar[str] = mark("Something went wrong.")

    def __init__(self, **facts: Any) -> None:
        self.facts = facts
        super().__init__(self.sentence.format(**facts))

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Every problem in detail; empty where the sentence says it all."""
        return ()

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.args, self.__dict__)


def _rebuild(kind: type[BanyanError], args: tuple[Any, ...], state: dict[str, Any]) -> BanyanError:
    error = kind.__new__(kind)
    error.args = args
    error.__dict__.update(state)
    return error


class InvalidInput(BanyanError, ValueError):
    """The caller's input is wrong.  Lists every problem found, not only the first."""

    kind, code = "invalid", "banyan.invalid"
    sentence = mark("{what} cannot be used: {detail}.")

    def __init__(self, what: str, problems: Sequence[Problem | str]) -> None:
        self._problems = tuple(
            p if isinstance(p, Problem) else Problem("", "invalid", "{text}", {"text": p}) for p in problems
        )
        super().__init__(what=what, detail="; ".join(str(p).rstrip(".") for p in self._problems))

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Every problem found, in the order in which a reader meets them."""
        return self._problems


class NotFound(BanyanError, LookupError):
    """Nothing by this name exists, or nothing that the asker may know of."""

    kind, code = "not_found", "banyan.not_found"
    sentence = mark("There is no {what} here by that name.")

    def __init__(self, what: str) -> None:
        super().__init__(what=what)


class SignInNeeded(BanyanError, PermissionError):
    """The asker is not known."""

    kind, code = "sign_in", "banyan.sign_in_needed"
    sentence = mark("Please sign in first.")


class Forbidden(BanyanError, PermissionError):
    """The asker is known and lacks the right."""

    kind, code = "forbidden", "banyan.forbidden"
    sentence = mark("You may not do this here.")


class Conflict(BanyanError):
    """Well formed, but the present state forbids it."""

    kind, code = "conflict", "banyan.conflict"
    sentence = mark("The present state does not allow this.")


class StaleVersion(Conflict):
    """Someone else changed the record since the caller read it."""

    code = "banyan.stale_version"
    sentence = mark(
        "Someone changed this since you opened it (you have version {held}, it is now {current}). Please reload."
    )


class TooLarge(BanyanError):
    """More was sent than is taken at once."""

    kind, code = "too_large", "banyan.too_large"
    sentence = mark("This is too much at once. Send fewer or smaller photos.")


class TownScopeMissing(BanyanError, RuntimeError):
    """A query on a town's rows ran outside `scopes.town(...)`: a defect of the program, never of the caller."""

    code = "banyan.town_scope_missing"
    sentence = mark("A query on the rows of a town ran outside the scope of a town.")


#: kind -> HTTP status.  Faces read it; so does the documentation of the API.
HTTP_STATUS: Mapping[str, int] = {
    "invalid": 422,
    "sign_in": 401,
    "forbidden": 403,
    "not_found": 404,
    "conflict": 409,
    "too_large": 413,
    "too_many": 429,
    "failure": 500,
}

#: kind -> exit code of the command line (sysexits.h where it has a fitting one).
EXIT_CODE: Mapping[str, int] = {
    "invalid": 65,
    "sign_in": 77,
    "forbidden": 77,
    "not_found": 66,
    "conflict": 75,
    "too_large": 65,
    "too_many": 75,
    "failure": 70,
}
