"""What a step keeps beside the state: when the town responded and resolved, and who has to look by when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from django.utils.crypto import salted_hmac

from banyan.apps.service_requests import queries
from banyan.apps.service_requests.errors import NotYoursToVerify
from banyan.apps.service_requests.models import ServiceRequest
from banyan.apps.service_requests.rules import Step, verification
from banyan.apps.service_requests.rules.verification import Because, How
from banyan.apps.territory.queries import Town
from banyan.kit.guard import Actor

#: Steps with which the town responds to a report.
_RESPONSES: Final = frozenset({Step.TRIAGE, Step.DISPATCH, Step.REJECT})
_UNDONE: Final[Mapping[str, Any]] = {
    "verification": "",
    "verified_how": "",
    "verify_by_at": None,
    "resolved_at": None,
}


def check_policy(actor: Actor, request: ServiceRequest, step: Step, *, town: Town) -> None:
    """Refuse a verification that the policy leaves to somebody else; to refute, nobody is refused by it.

    Raises
    ------
    NotYoursToVerify
        The policy of the service says that somebody else looks.
    """
    if step is Step.VERIFY and not queries.may_verify(actor, request, town=town):
        raise NotYoursToVerify()


def columns(
    actor: Actor,
    request: ServiceRequest,
    step: Step,
    because: Because | None,
    changes: Mapping[str, Any],
    *,
    town: Town,
    at: datetime,
) -> dict[str, Any]:
    """Return the columns that a step sets beside its own `changes`; no SQL."""
    kept: dict[str, Any] = {}
    if step in _RESPONSES and request.responded_at is None:
        kept["responded_at"] = at
    if step is Step.RESOLVE:
        service = queries.catalogue(town).by_id[changes.get("service_id", request.service_id)]
        wait = verification.wait_for(
            queries.rules_of(town, "verification"),
            request_id=request.id,
            service_code=service.code,
            group=service.group,
            at=at,
            key=_key_of_draw(town),
            has_to_be_seen=verification.has_to_be_seen(
                kind=request.kind,
                urgency=request.urgency,
                privacy=request.privacy,
                channel=request.channel,
                has_account=request.reporter_account_id is not None,
            ),
        )
        kept |= {
            "resolved_at": at,
            "verification": str(wait.policy),
            "verify_by_at": wait.verify_by_at,
            "verified_how": "",
        }
    elif step is Step.VERIFY:
        kept |= {"verified_how": _how(actor, request, because, town=town), "verify_by_at": None}
    elif step in (Step.REFUTE, Step.REOPEN):
        kept |= _UNDONE
    return kept


def _key_of_draw(town: Town) -> bytes:
    """Return the secret by which a town draws its sample; a new BANYAN_SECRET_KEY draws anew from then on."""
    return salted_hmac("banyan.service_requests.verification", str(town.id), algorithm="sha256").digest()


def _how(actor: Actor, request: ServiceRequest, because: Because | None, *, town: Town) -> str:
    if because is not None and because.verified_how:
        return because.verified_how
    is_own = request.id in actor.bearer_of or (
        actor.account_id is not None and actor.account_id == request.reporter_account_id
    )
    if is_own and queries.may_verify(replace(actor, grants=()), request, town=town):
        return How.RESIDENT
    return How.STAFF
