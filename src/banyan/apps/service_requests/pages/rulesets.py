"""The rules a town sets for itself, in the town office: what is in force, older versions, tables, files."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson
from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, gettext_noop
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from banyan.apps.accounts import queries as accounts
from banyan.apps.service_requests import actions, queries
from banyan.apps.service_requests.queries import Past, RulesView
from banyan.apps.service_requests.rules import CLOCKS, Urgency
from banyan.apps.service_requests.rules.ladder import ROLES
from banyan.apps.service_requests.rules.rulesets import SUBJECTS
from banyan.apps.service_requests.rules.verification import Policy
from banyan.base.errors import InvalidInput, NotFound, Problem, StaleVersion, mark
from banyan.kit import guard
from banyan.kit.asking import TownRequest
from banyan.kit.problem import say, spoken, spoken_problems

MOST_BYTES: Final = 1_000_000
#: Past requests that a trial on a page looks at; the command line takes all of them.
TRIED: Final = 2000
_BLANKS: Final = 2
#: Subject -> what it is called and what it does.
STORIES: Final[Mapping[str, tuple[str, str]]] = {
    "routing": (gettext_noop("Routing"), gettext_noop("Who gets a report, by service, place, time and words.")),
    "ladder": (gettext_noop("Escalation ladder"), gettext_noop("Who hears of it, and when, as a clock runs out.")),
    "verification": (gettext_noop("Verification"), gettext_noop("Who looks whether the work is done.")),
    "repeats": (
        gettext_noop("Repeated reports"),
        gettext_noop("How many voices about the same thing raise its urgency."),
    ),
    "answers": (gettext_noop("Ready answers"), gettext_noop("Words that the staff puts into its forms.")),
    "rates": (gettext_noop("Rates"), gettext_noop("How the rates are weighed, and what is left out of them.")),
    "retention": (
        gettext_noop("Retention"),
        gettext_noop("How long words and contacts are kept after a request has ended."),
    ),
}


@dataclass(frozen=True, slots=True)
class Column:
    """One value of an entry in a table form: line, choice, choices, words, share, whole or flag."""

    name: str
    kind: str
    options: Sequence[str] = ()


#: Subject -> the name of its list and the columns of its table.
TABLES: Final[Mapping[str, tuple[str, Sequence[Column]]]] = {
    "ladder": (
        "rungs",
        (
            Column("code", "line"),
            Column("name_zh", "line"),
            Column("name_en", "line"),
            Column("clock", "choice", tuple(reversed(CLOCKS))),
            Column("share", "share"),
            Column("after_min", "whole"),
            Column("role", "choice", ROLES),
            Column("urgencies", "choices", tuple(str(one) for one in Urgency)),
            Column("services", "words"),
            Column("groups", "words"),
            Column("takes_over", "flag"),
            Column("is_active", "flag"),
        ),
    ),
    "verification": (
        "policies",
        (
            Column("code", "line"),
            Column("name_zh", "line"),
            Column("name_en", "line"),
            Column("policy", "choice", tuple(str(one) for one in Policy if one)),
            Column("share", "share"),
            Column("days", "whole"),
            Column("services", "words"),
            Column("groups", "words"),
            Column("is_active", "flag"),
        ),
    ),
    "repeats": (
        "rules",
        (
            Column("name", "line"),
            Column("threshold", "whole"),
            Column("within_days", "whole"),
            Column("at_most", "choice", tuple(str(one) for one in Urgency)),
            Column("service_codes", "words"),
        ),
    ),
}
#: Subjects with a page of their own; what has neither page nor table is edited as a document (`exchange`).
PAGES: Final[Mapping[str, str]] = {"routing": "office_routing", "answers": "office_answers"}


def editor_of(subject: str, *, slug: str) -> str:
    """Return the address of the page on which a subject is edited."""
    if subject in PAGES:
        return reverse(PAGES[subject], args=[slug])
    return reverse("office_rules_table" if subject in TABLES else "office_rules_exchange", args=[slug, subject])


def check_reader(request: TownRequest) -> None:
    """Let in who may read the rules."""
    guard.authorise(request.actor, "service_requests.read_rules", subject=guard.Subject())


def may_edit(request: TownRequest) -> bool:
    """Say whether the reader may change the rules of the town."""
    return guard.may(request.actor, "service_requests.edit_rules", subject=guard.Subject())


def version_of(words: Mapping[str, str]) -> int:
    """Return the version that a form was made from; a form without one is never the newest."""
    given = words.get("version", "")
    return int(given) if given.isdecimal() and len(given) < 9 else -1


def published(request: TownRequest, subject: str, body: Mapping[str, Any], *, version: int) -> list[dict[str, str]]:
    """Publish rules and return every problem as a sentence, none where they are in force now."""
    try:
        actions.publish_rules(
            actor=request.actor, town=request.town, subject=subject, body=body, at=timezone.now(), version=version
        )
    except InvalidInput as error:
        return spoken_problems(error)
    except StaleVersion as error:
        return [{"where": "", "code": "stale", "sentence": spoken(error)}]
    messages.success(request, gettext("A new version is in force."))
    return []


@never_cache
@require_safe
def overview(request: TownRequest, town: str) -> HttpResponse:
    """Show every subject with the version that is in force."""
    check_reader(request)
    context = {
        "subjects": [
            (subject, title_of(subject), gettext(story), queries.rules_now(subject), editor_of(subject, slug=town))
            for subject, (_, story) in STORIES.items()
        ]
    }
    return render(request, "service_requests/rules_overview.html", context)


# --- older versions --------------------------------------------------------------------------------------------------


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def versions(request: TownRequest, town: str, subject: str) -> HttpResponse:
    """List the versions on a subject; bring an older one back, as the newest."""
    check_reader(request)
    found = queries.rule_versions(subject)
    problems: list[dict[str, str]] = []
    if request.method == "POST":
        body = _body_of(found, request.POST.get("back", ""), subject)
        problems = published(request, subject, body, version=version_of(request.POST))
        if not problems:
            return redirect("office_rules_versions", town, subject)
    context = {
        "subject": subject,
        "title": title_of(subject),
        "editor": editor_of(subject, slug=town),
        "versions": found,
        "now": queries.rules_now(subject),
        "names": accounts.names(one.account_id for one in found),
        "bodies": {one.version: _pretty(one.body) for one in found},
        "default": _pretty(SUBJECTS[subject].default),
        "may_edit": may_edit(request),
        "problems": problems,
    }
    return render(request, "service_requests/rules_versions.html", context, status=422 if problems else 200)


def title_of(subject: str) -> str:
    """Return what a subject is called."""
    return gettext(STORIES[subject][0])


def _body_of(found: Sequence[RulesView], wanted: str, subject: str) -> Mapping[str, Any]:
    if wanted == "0":
        return SUBJECTS[subject].default
    for one in found:
        if str(one.version) == wanted:
            return one.body
    raise NotFound("version")


def _pretty(body: Mapping[str, Any]) -> str:
    return json.dumps(dict(body), ensure_ascii=False, indent=2)


# --- files -----------------------------------------------------------------------------------------------------------


@require_safe
def export(request: TownRequest, town: str, subject: str) -> HttpResponse:  # noqa: ARG001
    """Answer the rules in force on a subject as JSON."""
    check_reader(request)
    body = orjson.dumps(dict(queries.rules_now(subject).body), option=orjson.OPT_INDENT_2)
    response = HttpResponse(body, content_type="application/json")
    response.headers["Content-Disposition"] = f'attachment; filename="{subject}-{request.town.slug}.json"'
    return response


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def exchange(request: TownRequest, town: str, subject: str) -> HttpResponse:
    """Take rules in as JSON: all of them or, with every problem listed, nothing; or only try what they would do."""
    check_reader(request)
    now = queries.rules_now(subject)
    context: dict[str, Any] = {
        "subject": subject,
        "title": title_of(subject),
        "now": now,
        "may_edit": may_edit(request),
    }
    if request.method != "POST":
        context |= {"text": _pretty(now.body), "problems": []}
        return render(request, "service_requests/rules_exchange.html", context)
    guard.authorise(request.actor, "service_requests.edit_rules", subject=guard.Subject())
    text, body, problems = _given(request)
    if body is not None and "try" in request.POST:
        problems = problems_of(request, subject, body)
        context["tried"] = None if problems or subject != "routing" else tried(request, body)
        context["is_good"] = not problems
    elif body is not None:
        problems = published(request, subject, body, version=version_of(request.POST))
        if not problems:
            return redirect("office_rules_versions", town, subject)
    context |= {"text": text, "problems": problems}
    return render(request, "service_requests/rules_exchange.html", context, status=422 if problems else 200)


def _given(request: TownRequest) -> tuple[str, dict[str, Any] | None, list[dict[str, str]]]:
    """Return the text that was sent (a file goes before what was typed), what it holds, and what is wrong with it."""
    file = request.FILES.get("file")
    raw = file.read(MOST_BYTES + 1) if file else request.POST.get("text", "").encode("utf-8", "surrogatepass")
    text = raw.decode("utf-8-sig", "replace")
    try:
        if len(raw) > MOST_BYTES:
            raise ValueError
        body = orjson.loads(raw.removeprefix(b"\xef\xbb\xbf"))
        if not isinstance(body, dict):
            raise ValueError
    except ValueError:
        problem = Problem("text", "json", mark("This is no JSON object, or it is too large."))
        return text[:MOST_BYTES], None, [{"where": "text", "code": "json", "sentence": say(problem)}]
    return text, body, []


def problems_of(request: TownRequest, subject: str, body: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return what is wrong with a document, as sentences, without publishing it."""
    found = SUBJECTS[subject].problems(body, actions.known_of(request.town))
    return [{"where": one.where, "code": one.code, "sentence": say(one)} for one in found]


@dataclass(frozen=True, slots=True)
class Tried:
    """What rules would have done with the newest requests, beside the rules in force."""

    now: Past
    then: Past

    def rows(self) -> list[tuple[str, int, int]]:
        """Return (code of the rule, requests now, requests then) for every rule of either."""
        codes = dict.fromkeys([*self.then.by_rule, *self.now.by_rule])
        return [(code, self.now.by_rule.get(code, 0), self.then.by_rule.get(code, 0)) for code in codes]


def tried(request: TownRequest, body: Mapping[str, Any]) -> Tried:
    """Return what routing rules would have done with the newest requests; nothing is published."""
    ready = queries.compiled_for(request.town, body)
    return Tried(
        now=queries.over_past(request.town, limit=TRIED),
        then=queries.over_past(request.town, rules=ready, limit=TRIED),
    )


# --- tables ----------------------------------------------------------------------------------------------------------


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def table(request: TownRequest, town: str, subject: str) -> HttpResponse:
    """Edit the entries on a subject in one form, in their order; an entry that is taken out is left out."""
    check_reader(request)
    if subject not in TABLES:
        raise NotFound("rules")
    name, columns = TABLES[subject]
    now = queries.rules_now(subject)
    rows: list[Mapping[str, Any]] = [_shown(one, columns) for one in now.body.get(name, ())]
    problems: list[dict[str, str]] = []
    if request.method == "POST":
        guard.authorise(request.actor, "service_requests.edit_rules", subject=guard.Subject())
        rows, body, kept = _read_table(request.POST, name, columns)
        problems = published(request, subject, body, version=version_of(request.POST))
        if not problems:
            return redirect("office_rules_table", town, subject)
        problems = [{**one, "where": _field_of(one["where"], name, kept)} for one in problems]
    context = {
        "subject": subject,
        "title": title_of(subject),
        "story": gettext(STORIES[subject][1]),
        "columns": columns,
        "rows": [*rows, *[{"is_active": True}] * (_BLANKS if may_edit(request) else 0)],
        "n_rows": len(rows),
        "version": request.POST.get("version", now.version),
        "problems": problems,
        "may_edit": may_edit(request),
        "services": list(queries.catalogue(request.town).offered.values()),
    }
    return render(request, "service_requests/rules_table.html", context, status=422 if problems else 200)


def _shown(one: Mapping[str, Any], columns: Sequence[Column]) -> dict[str, Any]:
    """Return an entry as the fields of the form show it."""
    shown = {}
    for column in columns:
        value = one.get(column.name, True if column.name == "is_active" else None)
        shown[column.name] = " ".join(value or ()) if column.kind == "words" else "" if value is None else value
    return shown


def _read_table(
    words: QueryDict, name: str, columns: Sequence[Column]
) -> tuple[list[Mapping[str, Any]], dict[str, Any], list[int]]:
    """Return the rows as typed, the document they make, and for each entry of it the row it stands in."""
    given = words.get("rows", "")
    n_rows = int(given) if given.isdecimal() and len(given) < 4 else 0
    rows: list[Mapping[str, Any]] = []
    entries, kept = [], []
    for i in range(min(n_rows, 200)):
        typed = {column.name: _typed(words, f"r{i}-{column.name}", column) for column in columns}
        if f"r{i}-out" in words or not any(typed.get(one) for one in ("code", "name", "name_zh", "name_en")):
            continue
        kept.append(len(rows))
        rows.append(typed)
        entries.append({column.name: _value(typed[column.name], column) for column in columns})
    body = {name: [{k: v for k, v in one.items() if v not in (None, "", [])} for one in entries]}
    return rows, body, kept


def _typed(words: QueryDict, field: str, column: Column) -> Any:
    if column.kind == "choices":
        return words.getlist(field)[:20]
    if column.kind == "flag":
        return words.get(field) == "on"
    return words.get(field, "").strip()[:2000]


def _value(typed: Any, column: Column) -> Any:
    if column.kind == "words":
        return typed.replace("，", " ").replace(",", " ").split()
    if column.kind in ("share", "whole") and typed:
        try:
            return int(typed) if column.kind == "whole" else float(typed)
        except ValueError:
            return typed  # the check of the document says what is wrong with it
    return typed


def _field_of(where: str, name: str, kept: Sequence[int]) -> str:
    """Return the field of the form that a problem of the document is about."""
    if not where.startswith(f"{name}["):
        return where
    number, _, rest = where.removeprefix(f"{name}[").partition("]")
    field = rest.lstrip(".").partition("[")[0]
    return f"r{kept[int(number)]}-{field}" if number.isdecimal() and int(number) < len(kept) else where
