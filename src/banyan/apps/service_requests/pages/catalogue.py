"""The service catalogue as the town office sees it: versions, gaps, edits, files in and out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from banyan.apps.parties import queries as parties
from banyan.apps.service_requests import actions, queries
from banyan.apps.service_requests.pages import attributes
from banyan.apps.service_requests.queries import ServiceView
from banyan.apps.service_requests.rules import CLOCKS, Kind, Urgency, catalogue_files
from banyan.apps.service_requests.rules.attributes import Datatype
from banyan.apps.territory import queries as territory
from banyan.apps.territory.queries import Town
from banyan.base import tables
from banyan.base.errors import InvalidInput, NotFound, Problem, mark
from banyan.kit import guard
from banyan.kit.asking import TownRequest
from banyan.kit.problem import say, spoken_problems

#: How many kinds of party may answer for a service, one after the other.
MOST_KINDS: Final = 4
_MINUTES: Final = 6  # digits of a target: almost two years


@dataclass(frozen=True, slots=True)
class Offered:
    """A service in the list of the office."""

    service: ServiceView
    n_open: int
    """Open requests on the current version."""
    n_older: int
    """Open requests that keep an older version."""
    n_gaps: int
    """Grids in which nobody answers for it."""


@never_cache
@require_safe
def services(request: TownRequest, town: str) -> HttpResponse:  # noqa: ARG001
    """List the services with their versions, open requests and gaps."""
    _check_reader(request)
    context = {"groups": _groups(_offered(request.town)), "may_edit": _may_edit(request)}
    return render(request, "service_requests/catalogue.html", context)


def _check_reader(request: TownRequest) -> None:
    guard.authorise(request.actor, "audit.read")  # whoever looks after the town, or after a part of it


def _may_edit(request: TownRequest) -> bool:
    return guard.may(request.actor, "service_requests.edit_catalogue", subject=guard.Subject())


def _offered(town: Town) -> list[Offered]:
    catalogue, n_open = queries.catalogue(town), queries.n_open_by_service()
    current = [service for service in catalogue.by_id.values() if service.is_current]
    return [
        Offered(
            service=service,
            n_open=n_open.get(service.id, 0),
            n_older=sum(n_open.get(one.id, 0) for one in _versions(town, service.code) if one.id != service.id),
            n_gaps=_n_gaps(service, town=town),
        )
        for service in current
    ]


def _groups(offered: Sequence[Offered]) -> list[tuple[ServiceView, list[Offered]]]:
    found: dict[str, list[Offered]] = {}
    for one in offered:
        found.setdefault(one.service.group, []).append(one)
    return [(group[0].service, group) for group in found.values()]


def _versions(town: Town, code: str) -> list[ServiceView]:
    versions = (one for one in queries.catalogue(town).by_id.values() if one.code == code)
    return sorted(versions, key=lambda one: -one.version)


def _n_gaps(service: ServiceView, *, town: Town) -> int:
    """Count the lowest places above buildings for which the register names nobody."""
    if not service.is_active:
        return 0
    tree, register = territory.tree(town), parties.register(town)
    lowest = town.levels[-2] if "building" in town.levels and len(town.levels) > 1 else town.levels[-1]
    return sum(
        register.answering(tree.upward(place), kinds=service.responsible_kinds, topic=service.group) is None
        for place in tree.at_level(lowest)
    )


# --- one service -----------------------------------------------------------------------------------------------------


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def service(request: TownRequest, town: str, code: str) -> HttpResponse:
    """Show one service with its versions, or publish a new version of it."""
    _check_reader(request)
    held = next(iter(_versions(request.town, code)), None) if code else None
    if code and held is None:
        raise NotFound("service")
    if request.method != "POST":
        return _service_page(request, held, _typed(held))
    new, problems = _new_service(request.POST, code=code)
    if not problems:
        try:
            _refuse_doubled(request.town, new, code)
            n = actions.publish_catalogue(actor=request.actor, town=request.town, services=[new], at=timezone.now())
        except InvalidInput as error:
            problems = [_of_field(one, request.POST) for one in spoken_problems(error)]
        else:
            said = gettext("A new version is published.") if n else gettext("Nothing was different: no new version.")
            messages.success(request, said)
            return redirect("office_service", town, new.code)
    return _service_page(request, held, request.POST, problems=problems)


def _refuse_doubled(town: Town, new: actions.NewService, code: str) -> None:
    if not code and _versions(town, new.code):
        problem = Problem("code", "taken", mark("There is a service with this code already."))
        raise InvalidInput(mark("The catalogue"), [problem])


def _of_field(problem: Mapping[str, str], typed: Mapping[str, str]) -> dict[str, str]:
    where = problem["where"].removeprefix("services[0].")
    if where.startswith("targets."):
        where = "target_" + where.removeprefix("targets.").replace(".", "_") + "_min"
    where = attributes.field_of(where, typed)
    return {**problem, "where": {"name": "name_zh"}.get(where, where)}


def _typed(held: ServiceView | None) -> dict[str, Any]:
    """Return what stands in the fields of the form for a service that is there, or for a new one."""
    if held is None:
        return {"needs_place": "on", "advises_photo": "on", "is_active": "on", "default_urgency": "normal"}
    words: dict[str, Any] = {name: getattr(held, name) for name in catalogue_files.WORDS}
    words |= {name: "on" for name in catalogue_files.FLAGS if getattr(held, name)}
    words |= {f"kind_{i}": kind for i, kind in enumerate(held.responsible_kinds)}
    words |= attributes.typed_of(held)
    for name, (urgency, clock) in catalogue_files.TARGETS.items():
        words[name] = held.targets.get(urgency, {}).get(clock, "")
    return words


def _new_service(words: Mapping[str, str], *, code: str) -> tuple[actions.NewService, list[dict[str, str]]]:
    targets: dict[str, dict[str, int]] = {}
    problems = []
    for name, (urgency, clock) in catalogue_files.TARGETS.items():
        given = words.get(name, "").strip()
        if given.isdecimal() and len(given) <= _MINUTES:
            targets.setdefault(urgency, {})[clock] = int(given)
        elif given:
            sentence = say(Problem(name, "invalid", mark("A target is whole minutes, 1 or more, for a known clock.")))
            problems.append({"where": name, "code": "invalid", "sentence": sentence})
    kinds = [words.get(f"kind_{i}", "") for i in range(MOST_KINDS)]
    row: dict[str, Any] = {name: words.get(name, "").replace("\r\n", "\n") for name in catalogue_files.WORDS}
    row |= {name: words.get(name) == "on" for name in catalogue_files.FLAGS}
    row |= {"code": code or row["code"], "targets": targets, "responsible_kinds": [kind for kind in kinds if kind]}
    row["attributes"] = attributes.read_rows(words)
    read, found = catalogue_files.checked(row)
    problems += [_of_field({"where": one.where, "code": one.code, "sentence": say(one)}, words) for one in found]
    return actions.NewService(**read), problems


def _service_page(
    request: TownRequest, held: ServiceView | None, typed: Mapping[str, Any], *, problems: Sequence[Any] = ()
) -> HttpResponse:
    n_open = queries.n_open_by_service()
    versions = _versions(request.town, held.code) if held else []
    context = {
        "held": held,
        "typed": typed,
        "problems": problems,
        "versions": [(one, n_open.get(one.id, 0)) for one in versions],
        "kinds": list(Kind),
        "urgencies": list(Urgency),
        "clocks": CLOCKS,
        "party_kinds": parties.kinds(),
        "n_kinds": MOST_KINDS,
        "attribute_rows": attributes.rows(typed),
        "datatypes": list(Datatype),
        "may_edit": _may_edit(request),
    }
    return render(request, "service_requests/service.html", context, status=422 if problems else 200)


# --- files -----------------------------------------------------------------------------------------------------------


@require_safe
def export(request: TownRequest, town: str, form: str) -> HttpResponse:  # noqa: ARG001
    """Answer the current catalogue as JSON, CSV or .xlsx."""
    _check_reader(request)
    current = [one for one in queries.catalogue(request.town).by_id.values() if one.is_current]
    if form == "json":
        response = HttpResponse(catalogue_files.as_json(current), content_type="application/json")
    elif form in tables.TYPES:
        table = tables.as_file(*catalogue_files.as_rows(current), form=form)
        response = HttpResponse(table, content_type=tables.TYPES[form])
    else:
        raise NotFound("page")
    name = f"catalogue-{request.town.slug}.{form}"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def exchange(request: TownRequest, town: str) -> HttpResponse:
    """Import a catalogue from a file: all of it or, with every problem listed, nothing."""
    _check_reader(request)
    if request.method != "POST":
        return render(request, "service_requests/catalogue_exchange.html", {"may_edit": _may_edit(request)})
    guard.authorise(request.actor, "service_requests.edit_catalogue", subject=guard.Subject())
    problems, n = _imported(request)
    if problems:
        context = {"may_edit": True, "problems": problems}
        return render(request, "service_requests/catalogue_exchange.html", context, status=422)
    said = ngettext("%(n)s service has a new version.", "%(n)s services have a new version.", n) % {"n": n}
    messages.success(request, said)
    return redirect("office_catalogue", town)


def _imported(request: TownRequest) -> tuple[list[dict[str, str]], int]:
    """Publish the services of the file that was sent; return every problem, or how many changed."""
    file = request.FILES.get("file")
    if file is None:
        return [_spoken(Problem("file", "required", mark("Choose a file first.")))], 0
    form = "json" if str(file.name).lower().endswith(".json") else "csv"
    content = file.read(catalogue_files.MOST_BYTES + 1)
    try:
        new = actions.read_catalogue(content, form=form)
        n = actions.publish_catalogue(actor=request.actor, town=request.town, services=new, at=timezone.now())
    except InvalidInput as error:
        return spoken_problems(error), 0
    return [], n


def _spoken(problem: Problem) -> dict[str, str]:
    return {"where": problem.where, "code": problem.code, "sentence": say(problem)}
