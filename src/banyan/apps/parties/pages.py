"""Pages of parties: who answers for which place, and which places nobody answers for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from banyan.apps.parties import actions, queries
from banyan.apps.parties.queries import PartyView
from banyan.apps.territory import queries as territory
from banyan.apps.territory.queries import Town
from banyan.base.errors import InvalidInput, NotFound, Problem, mark
from banyan.kit import guard
from banyan.kit.asking import TownRequest
from banyan.kit.problem import spoken_problems

#: Empty lines for new duties under those that are there.
_FRESH: Final = 3
_MOST_DUTIES: Final = 90


@dataclass(frozen=True, slots=True)
class Answering:
    """A party with the places it answers for."""

    party: PartyView
    duties: Sequence[tuple[territory.PlaceView, str]]
    """(place, topic); topic "" is whatever its kind does."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of the town the parties of one kind answer for."""

    kind: str
    n_parties: int
    n_covered: int
    n_places: int
    gaps: Sequence[territory.PlaceView]


@never_cache
@require_safe
def parties(request: TownRequest, town: str) -> HttpResponse:  # noqa: ARG001
    """List the parties, the places each answers for, and the gaps."""
    _check_reader(request)
    held = request.town
    answering, places = _answering(held), _lowest(held)
    context = {
        "answering": answering,
        "coverage": _coverage(answering, places),
        "gaps": [place for place in places if _is_gap(place, town=held)],
        "n_places": len(places),
        "may_edit": guard.may(request.actor, "parties.edit", subject=guard.Subject()),
    }
    return render(request, "parties/parties.html", context)


def _check_reader(request: TownRequest) -> None:
    guard.authorise(request.actor, "audit.read")  # whoever looks after the town, or after a part of it


def _answering(town: Town) -> list[Answering]:
    register, places = queries.register(town), territory.tree(town).by_id
    found: dict[Any, list[tuple[territory.PlaceView, str]]] = {party_id: [] for party_id in register.by_id}
    for place_id, duties in register.duties.items():
        for topic, party_id in duties:
            if place_id in places:
                found[party_id].append((places[place_id], topic))
    return [
        Answering(party, sorted(found[party.id], key=lambda duty: (duty[0].path, duty[1])))
        for party in register.by_id.values()
    ]


def _lowest(town: Town) -> list[territory.PlaceView]:
    """Return the lowest places above buildings: every one of them should have somebody who answers."""
    levels = [level for level in town.levels if level != "building"] or list(town.levels)
    return territory.tree(town).at_level(levels[-1])


def _is_gap(place: territory.PlaceView, *, town: Town) -> bool:
    register = queries.register(town)
    return not any(register.duties.get(above.id) for above in territory.tree(town).upward(place))


def _coverage(answering: Sequence[Answering], places: Sequence[territory.PlaceView]) -> list[Coverage]:
    kinds = dict.fromkeys(one.party.kind for one in answering)
    return [_of_kind([one for one in answering if one.party.kind == kind], places) for kind in kinds]


def _of_kind(answering: Sequence[Answering], places: Sequence[territory.PlaceView]) -> Coverage:
    paths = tuple(place.path for one in answering for place, _ in one.duties)
    gaps = [place for place in places if not (paths and place.path.startswith(paths))]
    n = len(places)
    return Coverage(answering[0].party.kind, len(answering), n_covered=n - len(gaps), n_places=n, gaps=gaps)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def party(request: TownRequest, town: str, code: str) -> HttpResponse:
    """Show one party with its duties, or change them."""
    _check_reader(request)
    held = next((one for one in _answering(request.town) if one.party.code == code), None)
    if code and held is None:
        raise NotFound("party")
    if request.method != "POST":
        return _party_page(request, held, _typed(held))
    try:
        new = _new(request.POST, held)
        _refuse_doubled(request.town, new, held)
        actions.register(actor=request.actor, town=request.town, parties=[new], at=timezone.now())
    except InvalidInput as error:
        return _party_page(request, held, request.POST, problems=[_of_field(one) for one in spoken_problems(error)])
    messages.success(request, gettext("Saved. From now on, suggestions follow these duties."))
    return redirect("office_parties", town)


def _refuse_doubled(town: Town, new: actions.NewParty, held: Answering | None) -> None:
    if held is None and any(party.code == new.code for party in queries.register(town).by_id.values()):
        problem = Problem("code", "taken", mark("There is a party with this code already."))
        raise InvalidInput(mark("The parties"), [problem])


def _typed(held: Answering | None) -> dict[str, Any]:
    """Return what stands in the fields for a party that is there, or for a new one."""
    if held is None:
        return {}
    words: dict[str, Any] = {name: getattr(held.party, name) for name in ("kind", "name_zh", "name_en", "public_phone")}
    for i, (place, topic) in enumerate(held.duties):
        words |= {f"place_{i}": place.code, f"topic_{i}": topic}
    return words


def _new(words: Mapping[str, str], held: Answering | None) -> actions.NewParty:
    duties = [(words.get(f"place_{i}", ""), words.get(f"topic_{i}", "").strip()[:40]) for i in range(_MOST_DUTIES)]
    return actions.NewParty(
        code=held.party.code if held else words.get("code", "").strip()[:40],
        kind=words.get("kind", ""),
        name_zh=words.get("name_zh", "").strip()[:120],
        name_en=words.get("name_en", "").strip()[:120],
        public_phone=words.get("public_phone", "").strip()[:24],
        answers_for=list(dict.fromkeys(duty for duty in duties if duty[0])),
    )


def _of_field(problem: Mapping[str, str]) -> dict[str, str]:
    where = problem["where"].removeprefix("parties[0].")
    return {**problem, "where": {"name": "name_zh", "answers_for": "place_0"}.get(where, where)}


def _party_page(
    request: TownRequest, held: Answering | None, typed: Mapping[str, Any], *, problems: Sequence[Any] = ()
) -> HttpResponse:
    n_given = sum(name.startswith("place_") for name in typed)
    context = {
        "held": held,
        "typed": typed,
        "problems": problems,
        "kinds": queries.kinds(),
        "places": [place for place in territory.tree(request.town).places if place.level != "building"],
        "n_lines": min(max(n_given, len(held.duties) + _FRESH if held else _FRESH), _MOST_DUTIES),
        "topics": sorted({topic for one in _answering(request.town) for _, topic in one.duties if topic}),
        "may_edit": guard.may(request.actor, "parties.edit", subject=guard.Subject()),
        "posts": queries.posts_of(held.party.id) if held else [],
        "today": timezone.localdate(timezone=ZoneInfo(request.town.time_zone)).isoformat(),
    }
    return render(request, "parties/party.html", context, status=422 if problems else 200)


# --- posts -----------------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
def fill_post(request: TownRequest, town: str, code: str) -> HttpResponse:
    """Fill a post of a party."""
    held = _held(request, code)
    if request.method != "POST":  # the language was changed on a page that listed problems
        return redirect("office_party", town, code)
    words = {name: request.POST.get(name, "") for name in ("title_zh", "title_en", "holder_name")}
    try:
        post = actions.NewPost(**words, from_on=_day(request.POST.get("from_on", "")))
        actions.fill_post(actor=request.actor, party_id=held.party.id, post=post, at=timezone.now())
    except InvalidInput as error:
        return _party_page(request, held, _typed(held) | request.POST.dict(), problems=spoken_problems(error))
    messages.success(request, gettext("Saved."))
    return redirect(reverse("office_party", args=[town, code]) + "#posts")


@require_http_methods(["GET", "HEAD", "POST"])
def end_post(request: TownRequest, town: str, code: str, post_id: UUID) -> HttpResponse:
    """Note the last day of a post."""
    held = _held(request, code)
    if request.method != "POST":
        return redirect("office_party", town, code)
    until_on = _day(request.POST.get("until_on", ""))
    try:
        if until_on is None:
            raise InvalidInput(mark("The post"), [Problem("until_on", "required", mark("Until which day?"))])
        actions.end_post(actor=request.actor, post_id=post_id, until_on=until_on, at=timezone.now())
    except InvalidInput as error:
        return _party_page(request, held, _typed(held), problems=spoken_problems(error))
    messages.success(request, gettext("Saved."))
    return redirect(reverse("office_party", args=[town, code]) + "#posts")


def _held(request: TownRequest, code: str) -> Answering:
    _check_reader(request)
    held = next((one for one in _answering(request.town) if one.party.code == code), None)
    if held is None:
        raise NotFound("party")
    return held


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
