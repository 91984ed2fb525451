"""Answers kept ready, filled with the words of a request, for the forms of the staff; and the page that keeps them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from banyan.apps.parties import queries as parties
from banyan.apps.service_requests import actions, queries
from banyan.apps.service_requests.models import Ruleset, ServiceRequest
from banyan.apps.service_requests.rules.answer_templates import BLANKS, USES, Template, templates
from banyan.apps.territory.queries import Town
from banyan.base.errors import BanyanError, InvalidInput
from banyan.kit import guard
from banyan.kit.asking import TownRequest
from banyan.kit.problem import spoken, spoken_problems
from banyan.kit.templating import bi, language, local

_FIELDS = ("code", "use", "title_zh", "title_en", "words_zh", "words_en")
#: Empty rows at the end of the page for new templates.
_N_NEW = 2


def options(town: Town, *, use: str) -> list[Template]:
    """Return the templates of a town for one use: ``answer``, ``resolve``, ``reject`` or ``call``."""
    return templates(queries.rules_of(town, "answers"), use=use)


def filled(request: TownRequest, found: ServiceRequest, *, code: str) -> str:
    """Return a template in the reader's language with the words of a request in its blanks; "" where there is none."""
    one = next((one for one in templates(queries.rules_of(request.town, "answers")) if one.code == code), None)
    if one is None:
        return ""
    town = request.town
    party = parties.register(town).by_id.get(found.party_id) if found.party_id else None
    blanks = {
        "tracking_number": found.tracking_number if one.use == "call" else "",
        "service": bi(queries.catalogue(town).by_id[found.service_id]),
        "place": bi(queries.place_of(found, town=town)),
        "party": bi(party) or gettext("Town office"),
        "deadline": local(found.deadline_at),
    }
    return one.filled(blanks, language="zh" if language() == "zh-hans" else "en")


def put_in(request: TownRequest, found: ServiceRequest, *, field: str) -> dict[str, Any]:
    """Return what was typed into a form, with the chosen words below what stands in a field."""
    typed = request.POST.dict()
    words = (typed.get(field, "").strip(), filled(request, found, code=typed.get("template", "")))
    return typed | {field: "\n\n".join(one for one in words if one)}


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def keep(request: TownRequest, town: str) -> HttpResponse:
    """Show and change the answers that the town keeps ready, one row for each."""
    guard.authorise(request.actor, "service_requests.read_rules", subject=guard.Subject())
    held = Ruleset.objects.filter(subject="answers", is_current=True).values_list("version", flat=True).first() or 0
    if request.method != "POST":
        return _keep_page(request, queries.rules_of(request.town, "answers")["templates"], version=held)
    rows = _rows(request)
    version = request.POST.get("version", "")
    try:
        actions.publish_rules(
            actor=request.actor,
            town=request.town,
            subject="answers",
            body={"templates": rows},
            version=int(version) if version.isdecimal() and len(version) < 9 else 0,
            at=timezone.now(),
        )
    except InvalidInput as error:
        problems = [{**one, "where": _field(one["where"])} for one in spoken_problems(error)]
        return _keep_page(request, rows, version=held, problems=problems, status=422)
    except BanyanError as error:
        if error.kind != "conflict":
            raise
        said = [{"where": "", "sentence": spoken(error)}]
        return _keep_page(request, rows, version=held, problems=said, status=409)
    messages.success(request, gettext("The answers are kept."))
    return redirect("office_answers", town)


def _rows(request: TownRequest) -> list[dict[str, str]]:
    """Read the rows of the page; one whose code is emptied is taken out."""
    n = min(int(request.POST.get("n", "0")) if request.POST.get("n", "0").isdecimal() else 0, 300)
    rows = [
        {name: request.POST.get(f"{name}_{i}", "").replace("\r\n", "\n").strip() for name in _FIELDS} for i in range(n)
    ]
    return [row for row in rows if row["code"]]


def _field(where: str) -> str:
    """Return the field of the page that a problem of the document is about."""
    row, _, name = where.removeprefix("templates[").partition("].")
    return f"{name}_{row}" if row.isdecimal() else ""


def _keep_page(
    request: TownRequest,
    rows: Sequence[Mapping[str, Any]],
    *,
    version: int,
    problems: Sequence[Mapping[str, str]] = (),
    status: int = 200,
) -> HttpResponse:
    empty = dict.fromkeys(_FIELDS, "") | {"use": "answer"}
    context = {
        "rows": [*rows, *[empty] * _N_NEW],
        "version": version,
        "uses": USES,
        "blanks": BLANKS,
        "may_edit": guard.may(request.actor, "service_requests.edit_rules", subject=guard.Subject()),
        "problems": list(problems),
    }
    return render(request, "service_requests/answers.html", context, status=status)
