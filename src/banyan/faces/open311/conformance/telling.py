"""Telling what was found: lines for people, JSON for programs."""

from __future__ import annotations

import json
from typing import Any, Final

from banyan.faces.open311.conformance.examining import Report
from banyan.faces.open311.conformance.findings import Level, Outcome

_SIGN: Final = {Outcome.KEPT: "ok  ", Outcome.BROKEN: "FAIL", Outcome.NOT_APPLICABLE: "-   "}


def as_text(report: Report) -> str:
    """Return a report for people: a line for each check, its evidence below it where it is not kept."""
    lines = [f"{report.endpoint}: {len(report.findings)} checks, {report.n_requests} requests"]
    for one in report.findings:
        level = "" if one.check.level is Level.MUST else f" ({one.check.level})"
        lines.append(f"{_SIGN[one.outcome]} {one.check.code}{level}: {one.check.words} [{one.check.clause}]")
        lines += [f"       {_one_line(line)}" for line in one.evidence]
    for outcome in Outcome:
        counts = ", ".join(f"{report.n(outcome, level)} {level}" for level in Level)
        lines.append(f"{outcome}: {report.n(outcome)} ({counts})")
    return "\n".join(lines)


def as_json(report: Report) -> str:
    """Return a report for programs."""
    value: dict[str, Any] = {
        "endpoint": report.endpoint,
        "at": report.at.isoformat(),
        "n_requests": report.n_requests,
        "is_kept": report.is_kept,
        "findings": [
            {
                "check": one.check.code,
                "clause": one.check.clause,
                "level": str(one.check.level),
                "words": one.check.words,
                "outcome": str(one.outcome),
                "evidence": list(one.evidence),
                "requests": list(one.requests),
            }
            for one in report.findings
        ],
    }
    return json.dumps(value, ensure_ascii=False, indent=1)


def _one_line(text: str) -> str:
    """Return text of another server without line breaks and control characters, so that it cannot draw on ours."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text)[:500]
