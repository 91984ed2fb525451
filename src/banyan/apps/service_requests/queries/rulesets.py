"""The versions of a town's own rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from banyan.apps.service_requests.models import Ruleset
from banyan.apps.service_requests.rules.rulesets import SUBJECTS
from banyan.base.errors import NotFound


@dataclass(frozen=True, slots=True)
class RulesView:
    """One version of the rules on a subject; version 0 is what holds in a town that made none."""

    subject: str
    version: int
    is_current: bool
    body: Mapping[str, Any]
    created_at: datetime | None
    account_id: UUID | None


def rules_now(subject: str) -> RulesView:
    """Return the rules in force on a subject with their version, read anew: forms are made from it.

    Raises
    ------
    NotFound
        There are no rules on such a subject.
    """
    return next((one for one in rule_versions(subject) if one.is_current), _before(subject))


def rule_versions(subject: str) -> list[RulesView]:
    """Return every version of the rules on a subject that the town in scope published, newest first."""
    if subject not in SUBJECTS:
        raise NotFound("rules")
    rows = Ruleset.objects.filter(subject=subject).order_by("-version").values_list(*RulesView.__slots__)
    return [RulesView(*row) for row in rows]


def _before(subject: str) -> RulesView:
    return RulesView(subject, 0, True, SUBJECTS[subject].default, None, None)
