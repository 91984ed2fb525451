"""A round of the post: claim, send, settle, one message after the other; no transaction waits for somebody outside."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from datetime import datetime
from time import monotonic
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings

from banyan.apps.accounts import queries as accounts
from banyan.apps.notices.actions import delivering
from banyan.apps.notices.actions.delivering import Outcome, Parcel
from banyan.apps.notices.actions.hearing import PURPOSE, email_hash
from banyan.apps.notices.rules import Way
from banyan.apps.notices.tasks import ways
from banyan.apps.notices.tasks.letters import Letter, letter
from banyan.apps.people import queries as people
from banyan.apps.territory import queries as territory
from banyan.apps.territory.queries import Town
from banyan.kit import scopes, sealed

_log = logging.getLogger(__name__)

#: Seconds after which a round makes room for other tasks.
BUDGET_S: Final = 20.0
_CHANNELS_AT_A_TIME: Final = 20


def go_round(town_id: UUID, *, clock: Callable[[], datetime]) -> bool:
    """Send what is due in one town; return whether something was left for another round."""
    started = monotonic()
    town = territory.town_by_id(town_id)
    with scopes.town(town_id):
        delivering.rescue(at=clock())
    while True:
        with scopes.town(town_id):
            channels = delivering.due_channels(at=clock(), limit=_CHANNELS_AT_A_TIME)
        n_sent = 0
        for channel_id in channels:
            if monotonic() - started > BUDGET_S:
                return True
            n_sent += _one(town, channel_id, clock=clock)
        if not n_sent:
            return False


def _one(town: Town, channel_id: UUID, *, clock: Callable[[], datetime]) -> bool:
    with scopes.town(town.id):
        parcel = delivering.claim(channel_id, at=clock(), zone=ZoneInfo(town.time_zone))
    if parcel is None:
        return False
    try:
        outcome = _sent(parcel, town, at=clock())
    except sealed.SealBroken:
        outcome = Outcome("gone", "seal_broken")
    except Exception:  # noqa: BLE001 - the edge of the worker: one broken message must not stop the others
        _log.exception("Message %s could not be sent.", parcel.batch)
        outcome = Outcome("retry", "defect")
    with scopes.town(town.id):
        delivering.settle(parcel, outcome, at=clock())
    return True


def _sent(parcel: Parcel, town: Town, *, at: datetime) -> Outcome:
    with scopes.town(town.id):
        written = _letter(parcel, town)
        address = _email_of(parcel) if parcel.way is Way.EMAIL else ""
    if parcel.way is Way.EMAIL:
        if not settings.EMAIL_HOST:
            return Outcome("retry", "not_offered")
        return ways.email(address, written) if address else Outcome("gone", "address_changed")
    held = json.loads(sealed.opened(parcel.sealed, purpose=PURPOSE))
    if parcel.way is Way.WEBHOOK:
        return ways.webhook(held, written, at=at)
    if parcel.way is Way.PUSH:
        return ways.push(held, written)
    return ways.robot(parcel.way, held, written, at=at)


def _letter(parcel: Parcel, town: Town) -> Letter:
    return letter(
        parcel.batch,
        town=town,
        channel_id=parcel.channel_id,
        notices=parcel.notices,
        kinds=parcel.kinds,
        language=accounts.language_of(parcel.account_id) or "",
    )


def _email_of(parcel: Parcel) -> str:
    """Return the address that was confirmed, "" where the person has another one by now."""
    contact = people.own_contact(parcel.account_id)
    address = contact.email if contact else ""
    return address if address and email_hash(address) == parcel.address_hash else ""
