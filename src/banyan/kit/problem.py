"""Errors as people and programs read them: RFC 9457 problem details and the same sentences in the reader's language."""

from __future__ import annotations

from typing import Any, Final

from django.utils.translation import gettext

from banyan.base.errors import HTTP_STATUS, BanyanError, Problem

CONTENT_TYPE: Final = "application/problem+json"


def spoken(error: BanyanError) -> str:
    """Return the sentence of an error in the reader's language.  Facts that are words of ours are translated too."""
    facts = {name: gettext(value) if isinstance(value, str) and value else value for name, value in error.facts.items()}
    if error.problems:
        facts["detail"] = "; ".join(_line(problem).rstrip(".。") for problem in error.problems)
    return gettext(error.sentence).format(**facts)


def spoken_problems(error: BanyanError) -> list[dict[str, str]]:
    """Return every problem of an error as ``{"where", "code", "sentence"}`` in the reader's language."""
    return [{"where": p.where, "code": p.code, "sentence": say(p)} for p in error.problems]


def say(problem: Problem) -> str:
    """Return the sentence of one problem in the reader's language."""
    return gettext(problem.sentence).format(**problem.facts)


def _line(problem: Problem) -> str:
    return f"{problem.where}: {say(problem)}" if problem.where else say(problem)


def details(error: BanyanError, *, instance: str = "") -> dict[str, Any]:
    """Return the problem details of an error (RFC 9457 section 3; `code` and `problems` are extension members)."""
    body: dict[str, Any] = {
        "type": f"urn:banyan:problem:{error.code}",
        "title": gettext(type(error).sentence.split("{")[0].strip() or error.code)
        if not error.problems
        else gettext("The input has problems."),
        "status": HTTP_STATUS[error.kind],
        "detail": spoken(error),
        "code": error.code,
    }
    if instance:
        body["instance"] = instance
    if error.problems:
        body["problems"] = spoken_problems(error)
    return body
