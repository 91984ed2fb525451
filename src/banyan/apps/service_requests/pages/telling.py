"""History as plain sentences: one for each verb, with as many words as the reader may see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.utils.translation import gettext, gettext_noop

from banyan.apps.audit.queries import Moment
from banyan.apps.parties import queries as parties
from banyan.apps.service_requests.models import Photo
from banyan.apps.service_requests.rules.verification import VERIFIED, How
from banyan.apps.territory.queries import Town
from banyan.kit.guard import STAFF, Role
from banyan.kit.templating import bi, working

#: Verb of history -> sentence and icon.  Sentences name no person.
SENTENCES: Final[Mapping[str, tuple[str, str]]] = {
    "received": (gettext_noop("The request was received"), "received"),
    "triage": (gettext_noop("The town has looked at it and sorted it"), "triaged"),
    "dispatch": (gettext_noop("It was handed to {party}"), "dispatched"),
    "accept": (gettext_noop("{party} took it on"), "accepted"),
    "return": (gettext_noop("It was given back to the coordinators"), "returned"),
    "start": (gettext_noop("Work has begun"), "in_progress"),
    "pause": (gettext_noop("Work is paused"), "paused"),
    "resume": (gettext_noop("Work goes on"), "in_progress"),
    "resolve": (gettext_noop("Work is reported as done"), "resolved"),
    "verify": (gettext_noop("Somebody else has looked: it is fixed"), "verified"),
    "refute": (gettext_noop("Somebody has looked: it is not fixed"), "reopened"),
    "close": (gettext_noop("The request was closed"), "closed"),
    "reopen": (gettext_noop("The request was opened again"), "reopened"),
    "reject": (gettext_noop("The request was rejected"), "rejected"),
    "withdraw": (gettext_noop("The request was withdrawn"), "withdrawn"),
    "park": (gettext_noop("It waits until a day on which it is looked at again"), "paused"),
    "unpark": (gettext_noop("It was taken up again"), "triaged"),
    "merge": (gettext_noop("It is handled together with another report of the same thing"), "merged"),
    "unmerge": (gettext_noop("It is handled by itself again"), "triaged"),
    "took_in": (gettext_noop("Another report of the same thing was joined to it"), "merged"),
    "let_go": (gettext_noop("A report that had been joined to it is handled by itself again"), "triaged"),
    "redact": (gettext_noop("The town set what everybody reads of it"), "eye"),
    "forgotten": (gettext_noop("Its words were forgotten: their time was over"), "history"),
    "raised": (gettext_noop("It became more urgent, because many report or follow it"), "flag"),
    "answered": (gettext_noop("The town answered"), "comment"),
    "attached": (gettext_noop("It belongs to an incident that the town knows of"), "warning"),
    "detached": (gettext_noop("It no longer belongs to the incident"), "info"),
    "summoned": (gettext_noop("Several parties were called in to work on it together: {parties}"), "people"),
    "part_accept": (gettext_noop("{party} takes part"), "accepted"),
    "part_arrive": (gettext_noop("{party} has arrived on site"), "pin"),
    "part_finish": (gettext_noop("{party} has done its part"), "resolved"),
    "part_decline": (gettext_noop("{party} does not take part"), "returned"),
    "part_cancel": (gettext_noop("{party} is not needed any more"), "withdrawn"),
    "part_verify": (gettext_noop("Somebody else has looked: the part of {party} is done"), "verified"),
    "part_refute": (gettext_noop("Somebody has looked: the part of {party} is not done yet"), "reopened"),
    "ruling_asked.extension": (gettext_noop("More time was asked for"), "clock"),
    "ruling_granted.extension": (gettext_noop("More time was granted: {minutes}"), "clock"),
    "ruling_refused.extension": (gettext_noop("More time was refused"), "clock"),
    "ruling_withdrawn.extension": (gettext_noop("The question for more time was taken back"), "clock"),
    "ruling_asked.arbitration": (gettext_noop("It has to be decided who does it"), "flag"),
    "ruling_granted.arbitration": (gettext_noop("It was decided who has to do it"), "flag"),
    "ruling_refused.arbitration": (gettext_noop("It was decided: whoever gave it back has to do it"), "flag"),
    "ruling_withdrawn.arbitration": (gettext_noop("The question who has to do it was taken back"), "flag"),
    "called_back": (gettext_noop("The reporter was called after the work"), "phone"),
    "commented": (gettext_noop("A comment was added"), "comment"),
    "rated": (gettext_noop("The handling was rated: {rating} of 5"), "star"),
    "photographed": (gettext_noop("Photos were added"), "camera"),
    "excluded_from_rates": (gettext_noop("It was left out of the rates"), "chart"),
    "counted_in_rates": (gettext_noop("It counts in the rates again"), "chart"),
    "escalated": (gettext_noop("It came to the rung “{rung}” of the ladder"), "alarm"),
    "supervised": (gettext_noop("A supervision ticket was raised"), "alarm"),
    "supervision_answered": (gettext_noop("A supervision ticket was answered"), "comment"),
    "left_to_staff": (gettext_noop("The reporter has not answered: somebody of the town may look now"), "clock"),
    "imported": (gettext_noop("The case was taken over from another system"), "download"),
}
_DECIDED: Final = ("asked", "granted", "refused")
#: Verbs whose free words everybody concerned may read, by the name of the word.
NOTES: Final[Mapping[str, str]] = {
    **dict.fromkeys(("return", "pause", "refute", "reopen", "reject", "withdraw", "verify", "close"), "reason"),
    **dict.fromkeys(("triage", "dispatch", "resume", "park", "unpark"), "reason"),
    **dict.fromkeys(("excluded_from_rates", "counted_in_rates"), "reason"),
    "resolve": "remedy",
    **dict.fromkeys(("supervised", "supervision_answered"), "words"),
    **dict.fromkeys(("merge", "unmerge"), "reason"),
    "answered": "answer",
    "commented": "text",
    "rated": "words",
    "received": "description",
}
#: Words beside the steps: for those concerned only.
BESIDE: Final = frozenset({"commented", "photographed", "rated", "called_back"})
#: What the staff say among themselves.
AMONG_STAFF: Final = frozenset({"supervised", "supervision_answered"})
_ROLES: Final[Mapping[str, str]] = {
    Role.RESIDENT: gettext_noop("Resident"),
    Role.WORKER: gettext_noop("Handler"),
    Role.COORDINATOR: gettext_noop("Coordinator"),
    Role.MANAGER: gettext_noop("Town manager"),
    Role.OPERATOR: gettext_noop("Operator"),
    Role.AUDITOR: gettext_noop("Auditor"),
}


@dataclass(frozen=True, slots=True)
class Told:
    """One entry of a timeline in the reader's language."""

    title: str
    at: datetime
    by: str
    state: str
    """The state it led to, "" for words beside the steps."""
    icon: str
    note: str
    is_inner: bool
    photos: Sequence[Photo] = field(default=())
    was_late: bool = False


@dataclass(frozen=True, slots=True)
class Ear:
    """How much a reader hears: everybody the steps, those concerned the words, the staff also names and inner notes."""

    hears_words: bool = False
    hears_names: bool = False
    hears_inner: bool = False


def role_word(role: str) -> str:
    """Return the word for a role in the reader's language."""
    return gettext(_ROLES[role]) if role in _ROLES else ""


def told(
    moments: Sequence[Moment],
    *,
    town: Town,
    ear: Ear,
    reporter_account_id: UUID | None,
    names: Mapping[UUID, str],
    photos: Sequence[Photo],
) -> list[Told]:
    """Return the timeline of a request, newest first, for one kind of reader."""
    by_id = {str(photo.id): photo for photo in photos}
    party_id: str | None = None
    found = []
    for moment in moments:
        verb = _verb(moment)
        party_id = moment.facts.get("party_id") or party_id
        if verb not in SENTENCES or (verb in BESIDE | AMONG_STAFF and not _hears(moment, ear)):
            continue
        whose = moment.facts.get("part_party_id") or party_id
        party = parties.register(town).by_id.get(UUID(whose)) if whose else None
        called, mine = _called_in(moment, town=town), reporter_account_id
        found.append(_one(moment, verb, ear=ear, party=bi(party), called=called, mine=mine, names=names, photos=by_id))
    return found[::-1]


def _verb(moment: Moment) -> str:
    """Return the verb of an entry by which its sentence is found; a question is told by its kind."""
    verb = moment.verb.removeprefix("service_requests.")
    return f"{verb}.{moment.facts.get('kind', '')}" if verb.startswith("ruling_") else verb


def _called_in(moment: Moment, *, town: Town) -> str:
    """Return the names of the parties that an entry calls in."""
    by_id = parties.register(town).by_id
    held = [by_id.get(UUID(one["party_id"])) for one in moment.facts.get("parts", ()) if isinstance(one, dict)]
    return gettext(", ").join(bi(party) for party in held if party)


def _hears(moment: Moment, ear: Ear) -> bool:
    is_inner = moment.facts.get("is_internal") or moment.verb.removeprefix("service_requests.") in AMONG_STAFF
    return ear.hears_inner if is_inner else ear.hears_words


def sentence_of(verb: str, facts: Mapping[str, Any]) -> str:
    """Return the sentence (English source) for a verb of history; nobody looked where silence was taken for it."""
    if verb == "verify" and facts.get("verified_how") in (How.SILENCE, How.UNSAMPLED):
        return VERIFIED[facts["verified_how"]]
    return SENTENCES[verb][0]


def _one(
    moment: Moment,
    verb: str,
    *,
    ear: Ear,
    party: str,
    called: str,
    mine: UUID | None,
    names: Mapping[UUID, str],
    photos: Mapping[str, Photo],
) -> Told:
    sentence, icon = sentence_of(verb, moment.facts), SENTENCES[verb][1]
    facts = {"party": party or gettext("a party"), "parties": called, "rating": moment.facts.get("rating", "")}
    facts["rung"] = bi(dict(moment.facts), "rung")
    facts["minutes"] = working(moment.facts.get("decided_minutes"))
    shown = [photos[one["id"]] for one in moment.facts.get("photos", ()) if one["id"] in photos]
    is_inner = bool(moment.facts.get("is_internal"))
    return Told(
        title=gettext("An internal note was written") if is_inner else gettext(sentence).format(**facts),
        at=moment.at,
        by=_by(moment, verb, ear=ear, party=party, mine=mine, names=names),
        state=str(moment.facts.get("to") or ""),
        icon=icon,
        note=_note(moment, verb) if ear.hears_words else "",
        is_inner=is_inner,
        photos=shown if ear.hears_words else (),
        was_late=bool(moment.facts.get("stage_was_late") or moment.facts.get("was_late")) and ear.hears_inner,
    )


def _note(moment: Moment, verb: str) -> str:
    name = NOTES.get(verb, "")
    if name not in moment.words:
        return ""
    return moment.words[name] or gettext("(these words have been erased)")


def _by(moment: Moment, verb: str, *, ear: Ear, party: str, mine: UUID | None, names: Mapping[UUID, str]) -> str:
    """Name who acted: the reporter as such, the staff by role and party, by name only among themselves."""
    if moment.account_id is None and moment.channel == "task":
        rule = moment.facts.get("rule") if ear.hears_inner else ""
        return gettext("By rule “{rule}”").format(rule=rule) if rule else gettext("By the town's own rules")
    is_reporter = moment.account_id == mine and (mine is not None or verb in {"commented", "rated", "withdraw"})
    if moment.account_id is None or is_reporter or not _is_staff(moment.role):
        return gettext("Reporter") if moment.channel != "import" else gettext("Import")
    role = next((role_word(one) for one in moment.role.split(",") if one), gettext("staff"))
    name = names.get(moment.account_id, "") if ear.hears_names else ""
    behind = party if moment.role == Role.WORKER else ""
    return " · ".join(word for word in (name, role, behind) if word)


def _is_staff(role: str) -> bool:
    """An actor of several roles has none in its entries; whoever has several is of the staff."""
    return role == "" or any(one in set(STAFF) for one in role.split(","))


def steps_done(status: str, *, is_rated: bool) -> list[tuple[str, str]]:
    """Return the way of a request as (word, done | now | ""): reported, handed on, handled, verified, rated."""
    reached = {
        "received": 1,
        "triaged": 1,
        "reopened": 1,
        "returned": 1,
        "parked": 1,
        "dispatched": 2,
        "accepted": 2,
        "in_progress": 2,
        "paused": 2,
        "resolved": 3,
        "verified": 4,
        "closed": 4,
        "rejected": 1,
        "withdrawn": 1,
        "merged": 2,
    }[status] + (1 if is_rated and status in {"verified", "closed"} else 0)
    words = [gettext("Reported"), gettext("Handed on"), gettext("Handled"), gettext("Verified"), gettext("Rated")]
    is_over = status in {"rejected", "withdrawn"}
    return [
        (word, "done" if i < reached else "now" if i == reached and not is_over else "") for i, word in enumerate(words)
    ]
