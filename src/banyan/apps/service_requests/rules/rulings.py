"""What somebody else decides (more time, or who has to do it), and what a return call asks."""

from __future__ import annotations

from enum import StrEnum
from typing import Final
from uuid import UUID

from banyan.apps.service_requests.errors import AskerMayNotDecide, HandlerMayNotCall
from banyan.apps.service_requests.rules.joint import minutes_problems
from banyan.apps.service_requests.rules.states import STOPPED, Status, Step, steps_from, words_problems
from banyan.base.errors import Problem, mark


class RulingKind(StrEnum):
    """What is asked."""

    EXTENSION = "extension"
    ARBITRATION = "arbitration"


class RulingStatus(StrEnum):
    """Where the question stands."""

    OPEN = "open"
    GRANTED = "granted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class Outcome(StrEnum):
    """How a return call ended."""

    REACHED = "reached"
    UNREACHABLE = "unreachable"
    DECLINED = "declined"


#: From the how many-th return on a request goes to arbitration by itself.
RETURNS_TO_ARBITRATION: Final = 2
#: Steps after which an open question has lost its point: nobody's clock runs any more.
_PUTS_ASIDE: Final = frozenset({Step.RESOLVE, Step.RETURN, Step.PARK, Step.WITHDRAW, Step.REJECT})


def clock_is_on(status: str, *, has_deadline: bool) -> bool:
    """Say whether the whole clock of a request runs or is paused, so that more time means something."""
    return has_deadline and Status(status) not in STOPPED


def is_arbitrable(status: str) -> bool:
    """Say whether it is open who gets a request: only then can somebody decide it."""
    return Step.DISPATCH in steps_from(status)


def asides(step: Step) -> frozenset[RulingKind]:
    """Return the kinds of questions that a step of the request settles by itself."""
    if step not in _PUTS_ASIDE:
        return frozenset()
    extension = {RulingKind.EXTENSION}
    return frozenset(extension if step in (Step.RETURN, Step.PARK) else extension | {RulingKind.ARBITRATION})


def question_problems(kind: str, *, reason: str, minutes: int | None, for_part: bool) -> list[Problem]:
    """List everything that is wrong with a question: its kind, a missing reason, minutes out of range or not wanted."""
    problems = words_problems({"reason": reason})
    if kind not in set(RulingKind):
        problems.append(Problem("kind", "unknown", mark("One asks for more time or for arbitration.")))
    if not reason.strip():
        problems.append(Problem("reason", "required", mark("Say why.")))
    if kind == RulingKind.EXTENSION:
        problems += minutes_problems(minutes, where="minutes")
    if kind == RulingKind.ARBITRATION and minutes is not None:
        problems.append(Problem("minutes", "not_taken", mark("Arbitration takes no minutes.")))
    if kind == RulingKind.ARBITRATION and for_part:
        sentence = mark("A part is declined, not arbitrated.")
        problems.append(Problem("part_id", "not_taken", sentence))
    return problems


def decision_problems(
    kind: str,
    *,
    is_granted: bool,
    decision: str,
    minutes: int | None,
    party_is: tuple[UUID | None, bool],
    asked_by_party_id: UUID | None,
) -> list[Problem]:
    """List everything that is wrong with a decision.

    Parameters
    ----------
    party_is
        The party that is decided on (None: none named) and whether the town knows it.
    asked_by_party_id
        The party behind the question; a refused arbitration gives the request back to it.
    """
    party_id, is_known = party_is
    problems = words_problems({"decision": decision})
    if not decision.strip() and (kind == RulingKind.ARBITRATION or not is_granted):
        problems.append(Problem("decision", "required", mark("Say why it is decided so.")))
    if kind == RulingKind.EXTENSION:
        if party_id is not None:
            problems.append(Problem("party_id", "not_taken", mark("More time names no party.")))
        if is_granted:
            problems += minutes_problems(minutes, where="minutes")
        return problems
    if minutes is not None:
        problems.append(Problem("minutes", "not_taken", mark("Arbitration takes no minutes.")))
    if party_id is not None and not is_known:
        problems.append(Problem("party_id", "unknown", mark("There is no such party.")))
    elif party_id is None and (is_granted or asked_by_party_id is None):
        problems.append(Problem("party_id", "required", mark("Choose the party that has to do it.")))
    elif party_id is not None and asked_by_party_id is not None and is_granted == (party_id == asked_by_party_id):
        sentence = (
            mark("To give it back to the party that asked, refuse.")
            if is_granted
            else mark("A refusal gives it back to the party that asked; to send it elsewhere, grant.")
        )
        problems.append(Problem("party_id", "contrary", sentence))
    return problems


def check_other_hand(
    *,
    account_id: UUID | None,
    party_ids: frozenset[UUID],
    asked_by_account_id: UUID | None,
    asked_by_party_id: UUID | None,
) -> None:
    """Refuse a decision by who asked, or by somebody who works for the party behind the question.

    Raises
    ------
    AskerMayNotDecide
        It is the same hand.
    """
    if (account_id is not None and account_id == asked_by_account_id) or asked_by_party_id in party_ids:
        raise AskerMayNotDecide()


def call_problems(
    outcome: str, *, is_settled: bool | None, satisfaction: int | None, words: str, reopens: bool
) -> list[Problem]:
    """List everything that is wrong with a return call as it was written down."""
    problems = words_problems({"words": words})
    if outcome not in set(Outcome):
        problems.append(Problem("outcome", "unknown", mark("Say whether they were reached.")))
    if outcome == Outcome.REACHED and is_settled is None:
        problems.append(Problem("is_settled", "required", mark("Say whether it is settled.")))
    if outcome != Outcome.REACHED and is_settled is not None:
        problems.append(Problem("is_settled", "not_taken", mark("Only somebody who was reached can say this.")))
    if satisfaction is not None and outcome != Outcome.REACHED:
        problems.append(Problem("satisfaction", "not_taken", mark("Only somebody who was reached can say this.")))
    if satisfaction is not None and not 1 <= satisfaction <= 5:
        problems.append(Problem("satisfaction", "range", mark("A satisfaction is 1 to 5.")))
    if reopens and (outcome != Outcome.REACHED or is_settled is not False):
        sentence = mark("It is opened again only where the reporter says that it is not settled.")
        problems.append(Problem("reopens", "not_taken", sentence))
    if reopens and not words.strip():
        problems.append(Problem("words", "required", mark("Say what is still to do.")))
    return problems


def check_caller(*, account_id: UUID | None, hands: frozenset[UUID]) -> None:
    """Refuse a return call by one of those who handled.

    Raises
    ------
    HandlerMayNotCall
        The caller had a hand in the work.
    """
    if account_id in hands:
        raise HandlerMayNotCall()
