"""The town's places in the office: the tree, the map, files in and out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from banyan.apps.territory import actions, queries, rules
from banyan.apps.territory.models import Town
from banyan.base import tables
from banyan.base.coordinates import System
from banyan.base.errors import InvalidInput, NotFound, Problem, mark
from banyan.kit import guard
from banyan.kit.asking import TownRequest
from banyan.kit.problem import say, spoken_problems

_TYPES: Final = {"geojson": "application/geo+json", **tables.TYPES}


@dataclass(slots=True)
class Branch:
    """A place with what lies directly below it."""

    place: queries.PlaceView
    below: list[Branch] = field(default_factory=list)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def places(request: TownRequest, town: str) -> HttpResponse:
    """Show the tree and the map; bring places in from a file, all of them or, with every problem listed, none."""
    _check_reader(request)
    if request.method != "POST":
        return _page(request)
    guard.authorise(request.actor, "territory.edit", subject=guard.Subject())
    file = request.FILES.get("file")
    if file is None:
        problem = Problem("file", "required", mark("Choose a file first."))
        return _page(request, problems=[{"where": "file", "code": problem.code, "sentence": say(problem)}])
    form = "csv" if str(file.name).lower().endswith((".csv", ".xlsx")) else "geojson"
    try:
        content, system = file.read(tables.MOST_BYTES + 1), request.POST.get("system", "wgs84")
        new = actions.read_places(content, town=request.town, form=form, system=system)
        n = actions.lay_out(actor=request.actor, town=request.town, places=new, at=timezone.now())
    except InvalidInput as error:
        return _page(request, problems=spoken_problems(error))
    messages.success(request, ngettext("%(n)s place was laid out.", "%(n)s places were laid out.", n) % {"n": n})
    return redirect("office_places", town)


def _check_reader(request: TownRequest) -> None:
    guard.authorise(request.actor, "audit.read")  # whoever looks after the town, or after a part of it


def _page(request: TownRequest, *, problems: Sequence[Any] = ()) -> HttpResponse:
    town: Town = request.town
    tree = queries.tree(town)
    context = {
        "branches": _branches(tree),
        "counts": [(level, len(tree.at_level(level))) for level in town.levels],
        "n_dwellings": sum(place.n_dwellings for place in tree.places),
        "bounds": (town.min_lon, town.min_lat, town.max_lon, town.max_lat),
        "systems": list(System),
        "forms_of_files": rules.FORMS,
        "may_edit": guard.may(request.actor, "territory.edit", subject=guard.Subject()),
        "problems": problems,
    }
    return render(request, "territory/places.html", context, status=422 if problems else 200)


def _branches(tree: queries.Tree) -> list[Branch]:
    held: dict[UUID, Branch] = {}
    roots: list[Branch] = []
    for place in tree.places:
        branch = held[place.id] = Branch(place)
        above = held.get(place.parent_id) if place.parent_id else None
        (above.below if above else roots).append(branch)
    return roots


@require_safe
def export(request: TownRequest, town: str, form: str) -> HttpResponse:  # noqa: ARG001
    """Answer all places as GeoJSON, CSV or .xlsx, in the coordinate system asked for."""
    _check_reader(request)
    system = request.GET.get("system", "wgs84")
    if form not in rules.FORMS or system not in set(System):
        raise NotFound("page")
    response = HttpResponse(queries.exported(request.town, form=form, system=system), content_type=_TYPES[form])
    name = f"places-{request.town.slug}-{system}.{form}"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
