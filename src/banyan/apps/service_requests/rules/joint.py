"""The law of joint work: the states of a part, who takes it from one to the other, and what the parent waits for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from banyan.apps.service_requests.errors import IllegalPartStep, PartDoerMayNotVerify, PartsNotDone, PartsNotVerified
from banyan.apps.service_requests.rules.states import Status, Step, words_problems
from banyan.base.coordinates import LonLat, System, convert, haversine_m, lonlat_problems
from banyan.base.errors import InvalidInput, Problem, mark


class PartStatus(StrEnum):
    """Where the part of one party stands."""

    SUMMONED = "summoned"
    ACCEPTED = "accepted"
    ON_SITE = "on_site"
    DONE = "done"
    VERIFIED = "verified"
    DECLINED = "declined"
    CANCELLED = "cancelled"


class PartStep(StrEnum):
    """A step of a part; in history its verb is ``part_`` and the name."""

    ACCEPT = "accept"
    ARRIVE = "arrive"
    FINISH = "finish"
    DECLINE = "decline"
    CANCEL = "cancel"
    VERIFY = "verify"
    REFUTE = "refute"


#: States in which a party is no longer part of the work: it neither counts nor reads along.
OVER: Final = frozenset({PartStatus.DECLINED, PartStatus.CANCELLED})
#: States in which the part's clock runs.
UNDER_WAY: Final = frozenset({PartStatus.SUMMONED, PartStatus.ACCEPTED, PartStatus.ON_SITE})

_P = PartStatus
#: The whole state table of a part.
PART_STEPS: Final[Mapping[PartStatus, Mapping[PartStep, PartStatus]]] = {
    _P.SUMMONED: {PartStep.ACCEPT: _P.ACCEPTED, PartStep.DECLINE: _P.DECLINED, PartStep.CANCEL: _P.CANCELLED},
    _P.ACCEPTED: {
        PartStep.ARRIVE: _P.ON_SITE,
        PartStep.FINISH: _P.DONE,
        PartStep.DECLINE: _P.DECLINED,
        PartStep.CANCEL: _P.CANCELLED,
    },
    _P.ON_SITE: {PartStep.FINISH: _P.DONE, PartStep.DECLINE: _P.DECLINED, PartStep.CANCEL: _P.CANCELLED},
    _P.DONE: {PartStep.VERIFY: _P.VERIFIED, PartStep.REFUTE: _P.ACCEPTED},
    _P.VERIFIED: {PartStep.REFUTE: _P.ACCEPTED},
    _P.DECLINED: {},
    _P.CANCELLED: {},
}
#: Step of a part -> verb of the policy.
PART_VERBS: Final[Mapping[PartStep, str]] = {
    **dict.fromkeys((PartStep.ACCEPT, PartStep.ARRIVE, PartStep.FINISH, PartStep.DECLINE), "service_requests.do_part"),
    PartStep.CANCEL: "service_requests.summon",
    **dict.fromkeys((PartStep.VERIFY, PartStep.REFUTE), "service_requests.verify_part"),
}
#: Step of a part -> words that must come with it.
PART_NEEDS: Final[Mapping[PartStep, tuple[str, ...]]] = {
    PartStep.FINISH: ("remedy",),
    PartStep.DECLINE: ("reason",),
    PartStep.CANCEL: ("reason",),
    PartStep.REFUTE: ("reason",),
}
#: Step of a part -> words that may come with it.
PART_TAKES: Final[Mapping[PartStep, tuple[str, ...]]] = {
    PartStep.ARRIVE: ("lon", "lat", "coordinate_system"),
    PartStep.VERIFY: ("reason",),
}
#: States of a request in which parties may be summoned.
SUMMONABLE: Final = frozenset(
    {
        Status.TRIAGED,
        Status.DISPATCHED,
        Status.ACCEPTED,
        Status.IN_PROGRESS,
        Status.PAUSED,
        Status.REOPENED,
        Status.RETURNED,
    }
)
#: States of a request in which nobody has it yet: the lead gets it by the ordinary dispatch step.
UNDISPATCHED: Final = frozenset({Status.TRIAGED, Status.REOPENED, Status.RETURNED})
#: States of a request in which its parts move on.
PARTS_MOVE: Final = SUMMONABLE | {Status.RESOLVED}
TASK_LIMIT: Final = 500
REASON_LIMIT: Final = 300
#: Most parties summoned at once.
MOST_SUMMONED: Final = 12
#: Most minutes that a target or an extension may have: sixty days around the clock.
MOST_MIN: Final = 60 * 24 * 60


@dataclass(frozen=True, slots=True)
class Summons:
    """What one party is summoned to do, with its target in working minutes (None: no clock)."""

    party_id: UUID | None
    task: str
    target_min: int | None = None
    is_lead: bool = False


@dataclass(frozen=True, slots=True)
class PartWords:
    """The words that come with a step of a part; a point of a phone is measured and not kept."""

    reason: str = ""
    remedy: str = ""
    lon: float | None = None
    lat: float | None = None
    coordinate_system: str = ""

    def given(self) -> frozenset[str]:
        """Return the names of the words that are there."""
        return frozenset(name for name in self.__slots__ if getattr(self, name) not in ("", None))


def next_part_status(status: str, step: PartStep) -> PartStatus:
    """Return the state a step of a part leads to.

    Raises
    ------
    IllegalPartStep
        The state table has no such step from this state.
    """
    wanted = PART_STEPS[PartStatus(status)].get(step)
    if wanted is None:
        raise IllegalPartStep(status=status, step=str(step))
    return wanted


def check_part_words(step: PartStep, words: PartWords) -> None:
    """Check the words that come with a step of a part.

    Raises
    ------
    InvalidInput
        Lists each missing word, each word that is not taken, each that is too long, and a point that is none.
    """
    needed, taken, given = PART_NEEDS.get(step, ()), PART_TAKES.get(step, ()), words.given()
    problems = [Problem(name, "required", mark("This is needed for the step.")) for name in needed if name not in given]
    problems += [
        Problem(name, "not_taken", mark("The step does not take this."))
        for name in sorted(given)
        if name not in needed and name not in taken
    ]
    problems += words_problems({"reason": words.reason}, limit=REASON_LIMIT) + words_problems({"remedy": words.remedy})
    problems += _point_problems(words)
    if problems:
        raise InvalidInput(mark("The step"), problems)


def _point_problems(words: PartWords) -> list[Problem]:
    problems = []
    if words.coordinate_system and words.coordinate_system not in set(System):
        problems.append(Problem("coordinate_system", "unknown", mark("There is no such coordinate system.")))
    if words.lon is None and words.lat is None:
        return problems
    if words.lon is None or words.lat is None:
        missing = "lon" if words.lon is None else "lat"
        return [*problems, Problem(missing, "required", mark("A point has longitude and latitude."))]
    return [*problems, *lonlat_problems(words.lon, words.lat)]


def distance_m(words: PartWords, *, lon: float | None, lat: float | None) -> int | None:
    """Return the whole metres between a phone and a request (`lon`, `lat` in WGS84), None where either has no point."""
    if words.lon is None or words.lat is None or lon is None or lat is None:
        return None
    source = System(words.coordinate_system or System.WGS84)
    phone = convert(LonLat(words.lon, words.lat), source=source, target=System.WGS84)
    return round(haversine_m(phone, LonLat(lon, lat)))


def check_part_hands(step: PartStep, *, actor_account_id: UUID | None, resolved_by: UUID | None) -> None:
    """Refuse a look at a part by the one who did it.

    Raises
    ------
    PartDoerMayNotVerify
        The same account reported the part as done.
    """
    if step in (PartStep.VERIFY, PartStep.REFUTE) and resolved_by is not None and resolved_by == actor_account_id:
        raise PartDoerMayNotVerify()


def check_parts(step: Step, parts: Iterable[tuple[str, str, bool]]) -> None:
    """Let the parent go on only when its parts are far enough.

    Parameters
    ----------
    parts
        Name of the party, state of its part, whether it leads.  The lead's own part is finished by the very step that
        resolves the request, so nobody has to say the same thing twice.

    Raises
    ------
    PartsNotDone
        A request is resolved once every part that is not over is done.
    PartsNotVerified
        It is verified once every part that is not over is verified.
    """
    living = [(party, status, leads) for party, status, leads in parts if status not in OVER]
    if step is Step.RESOLVE:
        ready = {PartStatus.DONE, PartStatus.VERIFIED}
        missing = [party for party, status, leads in living if status not in ready and not leads]
        if missing:
            raise PartsNotDone(parties=", ".join(missing))
    if step is Step.VERIFY:
        missing = [party for party, status, _ in living if status != PartStatus.VERIFIED]
        if missing:
            raise PartsNotVerified(parties=", ".join(missing))


def summons_problems(
    summons: Sequence[Summons],
    *,
    known: Iterable[UUID],
    living: Mapping[UUID, bool],
    holder_id: UUID | None,
) -> list[Problem]:
    """List everything that keeps parties from being summoned together.

    Parameters
    ----------
    known
        Parties of the town.
    living
        Parties whose part is not over -> whether they lead.
    holder_id
        The party that has the request, which leads; None where it has still to be dispatched.

    Returns
    -------
    list[Problem]
        `where` is ``summons.<index>.<word>``, or ``summons`` for the whole.
    """
    if not 1 <= len(summons) <= MOST_SUMMONED:
        facts = {"most": MOST_SUMMONED}
        return [Problem("summons", "range", mark("From 1 to {most} parties are summoned at once."), facts)]
    there, seen, problems = frozenset(known), set[UUID](), []
    for i, one in enumerate(summons):
        problems += _party_problems(one, i, known=there, seen=seen, living=living)
        problems += _task_problems(one, i)
    return problems + _lead_problems(summons, living=living, holder_id=holder_id)


def _party_problems(
    one: Summons, i: int, *, known: frozenset[UUID], seen: set[UUID], living: Mapping[UUID, bool]
) -> list[Problem]:
    where = f"summons.{i}.party_id"
    if one.party_id is None:
        return [Problem(where, "required", mark("Choose a party."))]
    if one.party_id not in known:
        return [Problem(where, "unknown", mark("There is no such party."))]
    if one.party_id in seen:
        return [Problem(where, "twice", mark("This party stands here twice."))]
    seen.add(one.party_id)
    if one.party_id in living:
        return [Problem(where, "summoned", mark("This party has been summoned before."))]
    return []


def _task_problems(one: Summons, i: int) -> list[Problem]:
    where = f"summons.{i}.task"
    problems = words_problems({where: one.task}, limit=TASK_LIMIT)
    if not one.task.strip():
        problems.append(Problem(where, "required", mark("Say what the party has to do.")))
    if one.target_min is not None:
        problems += minutes_problems(one.target_min, where=f"summons.{i}.target_min")
    return problems


def minutes_problems(minutes: Any, *, where: str) -> list[Problem]:
    """Return the problem of a length in working minutes that is out of range."""
    if isinstance(minutes, int) and not isinstance(minutes, bool) and 1 <= minutes <= MOST_MIN:
        return []
    return [Problem(where, "range", mark("From 1 to {most} working minutes."), {"most": MOST_MIN})]


def _lead_problems(summons: Sequence[Summons], *, living: Mapping[UUID, bool], holder_id: UUID | None) -> list[Problem]:
    leads = [i for i, one in enumerate(summons) if one.is_lead]
    has_lead = any(living.values())
    problems = []
    # where nobody has the request, a lead of an earlier round makes way for the new one
    if len(leads) > 1 or (leads and has_lead and holder_id is not None):
        problems.append(Problem("summons", "leads", mark("Joint work has one lead, not several.")))
    elif not leads and not has_lead:
        problems.append(Problem("summons", "lead", mark("Joint work needs a lead: say which party leads.")))
    elif leads and holder_id is not None and summons[leads[0]].party_id != holder_id:
        sentence = mark("The party that has the request leads; take it back first to let another one lead.")
        problems.append(Problem(f"summons.{leads[0]}.is_lead", "held", sentence))
    return problems
