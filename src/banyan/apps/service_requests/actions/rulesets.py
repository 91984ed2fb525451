"""Bringing a town's own rules into force: every edit is a new version, so any of them can come back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from banyan.apps.accounts import queries as accounts
from banyan.apps.audit import actions as audit
from banyan.apps.parties import queries as parties
from banyan.apps.service_requests import events, queries
from banyan.apps.service_requests.models import Ruleset
from banyan.apps.service_requests.rules.rulesets import SUBJECTS, Known
from banyan.apps.territory import actions as territory_actions
from banyan.apps.territory import queries as territory
from banyan.apps.territory.queries import Town
from banyan.base.errors import InvalidInput, NotFound, StaleVersion, mark
from banyan.kit import facts, guard, scopes
from banyan.kit.guard import Actor, Role


def publish_rules(
    *,
    actor: Actor,
    town: Town,
    subject: str,
    body: Mapping[str, Any],
    at: datetime,
    version: int | None = None,
) -> Ruleset:
    """Bring the rules of a town on one subject into force and return their new version.

    Parameters
    ----------
    version
        The version the caller has read (0: none was there); None takes whatever is there (command line only).

    Raises
    ------
    InvalidInput
        Lists every problem of the document; the rules in force stay.
    StaleVersion
        Somebody else changed them since.
    """
    guard.authorise(actor, "service_requests.edit_rules", subject=guard.Subject())
    if subject not in SUBJECTS:
        raise NotFound("rules")
    if problems := SUBJECTS[subject].problems(body, known_of(town)):
        raise InvalidInput(mark("The rules"), problems)
    with scopes.action_transaction():
        territory_actions.hold(town)
        held = Ruleset.objects.filter(subject=subject, is_current=True).first()
        current = held.version if held else 0
        if version is not None and version != current:
            raise StaleVersion(held=version, current=current)
        Ruleset.objects.filter(subject=subject, is_current=True).update(is_current=False)
        row = Ruleset(subject=subject, version=current + 1, body=dict(body), created_at=at, account_id=actor.account_id)
        row.save(force_insert=True)
        audit.record(
            actor=actor,
            verb="service_requests.rules_published",
            subject=("town", town.id),
            at=at,
            facts={"rules": subject, "version": row.version},
        )
        territory_actions.grow_edition(town)
        if subject == "ladder":
            facts.publish(events.LadderChanged(row.version))
    return row


def known_of(town: Town) -> Known:
    """Return the codes of a town that a document of rules may name."""
    offered = queries.catalogue(town).offered
    return Known(
        service_codes=frozenset(offered),
        groups=frozenset(service.group for service in offered.values()),
        place_codes=frozenset(territory.tree(town).by_code),
        party_codes=frozenset(parties.register(town).by_code),
        workers=_workers(town),
    )


def _workers(town: Town) -> dict[str, frozenset[str]]:
    """Return the accounts that work for each party, by its code."""
    code_of = {party_id: code for code, party_id in parties.register(town).by_code.items()}
    found: dict[str, set[str]] = {}
    for member in accounts.members(town_id=town.id, role=Role.WORKER):
        if member.party_id in code_of:
            found.setdefault(code_of[member.party_id], set()).add(str(member.account_id))
    return {code: frozenset(held) for code, held in found.items()}
