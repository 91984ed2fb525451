"""Choosing how to hear of news: channels, choices per kind, quiet hours, the digest, one's place."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings

from banyan.apps.audit import actions as audit
from banyan.apps.notices.models import Channel, Choice, Delivery, Habits, Notice
from banyan.apps.notices.rules import (
    MOST_CHANNELS,
    TRIED,
    Address,
    Kind,
    Mode,
    Way,
    hours_problems,
    read_address,
    read_clock,
)
from banyan.apps.people import actions as people
from banyan.apps.people import queries as people_queries
from banyan.apps.territory import queries as territory
from banyan.apps.territory.queries import Town
from banyan.base.errors import InvalidInput, NotFound, Problem, SignInNeeded, mark
from banyan.base.ids import uuid7
from banyan.base.words import line_problems
from banyan.kit import guard, jobs, outward, scopes, sealed
from banyan.kit.guard import Actor

#: What the address of a channel is sealed for.
PURPOSE = "notices channel"


@dataclass(frozen=True, slots=True)
class Added:
    """A new channel.  `secret` is what a webhook is signed with, shown this once; "" for other ways."""

    channel_id: UUID
    secret: str = ""


def add_channel(*, actor: Actor, way: str, address: str, at: datetime, secret: str = "", label: str = "") -> Added:
    """Add a chat robot, a webhook or a push service to the actor's own channels in this town.

    Raises
    ------
    InvalidInput
        Lists every problem; an address outside the allow list is one.
    """
    account_id = _own(actor)
    found, problems = read_address(
        way, address, secret=secret, schemas=settings.PUSH_SERVICES, may_be_plain=outward.may_be_plain()
    )
    problems += _label_problems(label)
    if found is None or problems:
        raise InvalidInput(mark("The channel"), problems)
    own_secret = f"whsec_{base64.b64encode(secrets.token_bytes(24)).decode()}" if found.way is Way.WEBHOOK else ""
    words = json.dumps({"host": found.host, "target": found.target, "secret": own_secret or found.secret})
    with scopes.action_transaction():
        channel = _new(
            actor,
            Channel(
                account_id=account_id,
                kind=found.way,
                label=label.strip(),
                sealed=sealed.seal(words, purpose=PURPOSE),
                hint=_hint(found),
                address_hash=sealed.fingerprint(found.target, purpose=PURPOSE),
                confirmed_at=at,
                made_at=at,
            ),
            at=at,
        )
    return Added(channel.id, own_secret)


def _hint(found: Address) -> str:
    return found.hint[:80]


def add_email(*, actor: Actor, town: Town, email: str, at: datetime) -> Added:
    """Name the e-mail address at which the actor wants to hear: it is kept with the person and has to be confirmed.

    A message with a link goes to the address; nothing else does before it is confirmed.

    Raises
    ------
    InvalidInput
        The installation sends no e-mail, or this is no address.
    """
    account_id, email = _own(actor), email.strip()
    if not settings.EMAIL_HOST:
        raise InvalidInput(mark("The channel"), [Problem("email", "not_offered", mark("No e-mail is sent here."))])
    if not email:
        raise InvalidInput(mark("The channel"), [Problem("email", "required", mark("Enter your e-mail address."))])
    with scopes.action_transaction():
        held = people_queries.own_contact(account_id)
        words = (held.name, held.phone) if held else ("", "")
        language = held.language if held else ""
        contact = people.Contact(name=words[0], phone=words[1], email=email, language=language)
        people.change_own(actor=actor, contact=contact, at=at)
        Channel.objects.filter(account_id=account_id, kind=Way.EMAIL, ended_at__isnull=True).update(ended_at=at)
        channel = _new(
            actor,
            Channel(
                account_id=account_id,
                kind=Way.EMAIL,
                hint=people_queries.masked(email)[:80],
                address_hash=email_hash(email),
                made_at=at,
            ),
            at=at,
        )
        jobs.enqueue_unscoped("banyan.apps.notices.tasks.ask_to_confirm", town_id=town.id, channel_id=str(channel.id))
    return Added(channel.id)


def email_hash(email: str) -> str:
    """Return by what an e-mail address is known again without being kept."""
    return sealed.fingerprint(email.strip().casefold(), purpose=PURPOSE)


def confirm_email(*, channel_id: UUID, address_hash: str, at: datetime) -> bool:
    """Confirm the address of an e-mail channel; whoever read the message that went there may.  False: it is no more."""
    with scopes.action_transaction():
        live = Channel.objects.filter(id=channel_id, address_hash=address_hash, ended_at__isnull=True)
        live.filter(confirmed_at__isnull=True).update(confirmed_at=at)
        return live.exists()


def _new(actor: Actor, channel: Channel, *, at: datetime) -> Channel:
    live = Channel.objects.filter(account_id=channel.account_id, ended_at__isnull=True)
    if live.count() >= MOST_CHANNELS:
        sentence = mark("At most {most} channels: remove one first.")
        raise InvalidInput(mark("The channel"), [Problem("address", "too_many", sentence, {"most": MOST_CHANNELS})])
    if live.filter(address_hash=channel.address_hash).exists():
        where = "email" if channel.kind == Way.EMAIL else "address"
        raise InvalidInput(mark("The channel"), [Problem(where, "taken", mark("You have this channel already."))])
    channel.save(force_insert=True)
    _record(actor, channel.account_id, "notices.channel_added", at=at, facts=_facts(channel))
    return channel


def remove_channel(*, actor: Actor, channel_id: UUID, at: datetime) -> None:
    """End one of the actor's own channels; its address is forgotten at once."""
    account_id = _own(actor)
    with scopes.action_transaction():
        channel = Channel.objects.filter(id=channel_id, account_id=account_id, ended_at__isnull=True).first()
        if channel is None:
            raise NotFound("channel")
        channel.ended_at, channel.sealed, channel.hint = at, "", ""
        channel.save(update_fields=["ended_at", "sealed", "hint"])
        Delivery.objects.filter(channel=channel, status="waiting").update(status="dropped", next_try_at=None)
        _record(actor, account_id, "notices.channel_removed", at=at, facts=_facts(channel))


def choose(*, actor: Actor, wanted: Mapping[UUID, Mapping[str, str]], at: datetime) -> None:
    """Choose for the actor's own channels when each kind of news goes there: channel -> kind -> mode.

    Raises
    ------
    InvalidInput
        Lists unknown kinds and modes.
    NotFound
        A channel is not the actor's own.
    """
    account_id = _own(actor)
    problems = [
        Problem(f"{channel_id}.{kind}", "unknown", mark("Choose one of the offered answers."))
        for channel_id, chosen in wanted.items()
        for kind, mode in chosen.items()
        if kind not in set(Kind) or mode not in set(Mode)
    ]
    if problems:
        raise InvalidInput(mark("The choice"), problems)
    with scopes.action_transaction():
        own = Channel.objects.filter(account_id=account_id, ended_at__isnull=True, id__in=list(wanted))
        if len(own) != len(wanted):
            raise NotFound("channel")
        for channel_id, chosen in wanted.items():
            _choose(channel_id, chosen)
        _record(actor, account_id, "notices.choices_made", at=at, facts={})


def _choose(channel_id: UUID, chosen: Mapping[str, str]) -> None:
    Choice.objects.filter(channel_id=channel_id, kind__in=list(chosen)).delete()
    Choice.objects.bulk_create([Choice(channel_id=channel_id, kind=kind, mode=mode) for kind, mode in chosen.items()])


def stop(*, channel_id: UUID, kinds: Collection[str], at: datetime) -> bool:
    """Send these kinds of news no more to a channel, as whoever holds a signed link asks; False: it has ended before.

    Safe to repeat: mail programs press the button on their own.
    """
    with scopes.action_transaction():
        channel = Channel.objects.select_for_update().filter(id=channel_id, ended_at__isnull=True).first()
        if channel is None:
            return False
        _choose(channel_id, {kind: str(Mode.OFF) for kind in kinds if kind in set(Kind)})
        facts = {**_facts(channel), "kinds": sorted(kinds)}
        _record(Actor(), channel.account_id, "notices.stopped_by_link", at=at, facts=facts)
    return True


@dataclass(frozen=True, slots=True)
class Wishes:
    """Place and times of day as they are typed: a code of a place or "", ``22:30`` or ""."""

    place_code: str = ""
    quiet_from: str = ""
    quiet_until: str = ""
    digest_at: str = "18:00"


def keep_habits(*, actor: Actor, town: Town, wishes: Wishes, at: datetime) -> None:
    """Keep the actor's place, quiet hours and hour of the digest in this town.

    Raises
    ------
    InvalidInput
        Lists every problem.
    """
    account_id = _own(actor)
    typed = {"quiet_from": wishes.quiet_from, "quiet_until": wishes.quiet_until, "digest_at": wishes.digest_at}
    problems = hours_problems(typed)
    place = territory.tree(town).by_code.get(wishes.place_code) if wishes.place_code else None
    if wishes.place_code and place is None:
        problems.insert(0, Problem("place_code", "unknown", mark("There is no such place.")))
    if problems:
        raise InvalidInput(mark("The choice"), problems)
    with scopes.action_transaction():
        Habits.objects.update_or_create(
            account_id=account_id,
            defaults={
                "place_id": place.id if place else None,
                "place_path": place.path if place else "",
                "quiet_from_min": read_clock(wishes.quiet_from),
                "quiet_until_min": read_clock(wishes.quiet_until),
                "digest_at_min": read_clock(wishes.digest_at),
                "changed_at": at,
            },
        )
        _record(actor, account_id, "notices.habits_kept", at=at, facts={})


def try_channel(*, actor: Actor, town: Town, channel_id: UUID, at: datetime) -> None:
    """Send a test message to one of the actor's own channels, now."""
    account_id = _own(actor)
    with scopes.action_transaction():
        own = Channel.objects.filter(id=channel_id, account_id=account_id, ended_at__isnull=True)
        channel = own.filter(confirmed_at__isnull=False).first()
        if channel is None:
            raise NotFound("channel")
        own.update(stopped_for="")
        notice = Notice.objects.create(
            account_id=account_id,
            subject_type="account",
            subject_id=account_id,
            verb=TRIED,
            cause_id=uuid7(),
            facts={"name_zh": town.name_zh, "name_en": town.name_en},
            kind=Kind.MINE,
            at=at,
            read_at=at,
        )
        Delivery.objects.create(notice=notice, channel=channel, next_try_at=at, made_at=at)
        jobs.enqueue_unscoped("banyan.apps.notices.tasks.send", town_id=town.id)


def _own(actor: Actor) -> UUID:
    if actor.account_id is None:
        raise SignInNeeded()
    guard.authorise(actor, "notices.choose", subject=guard.Subject(owner_account_id=actor.account_id))
    return actor.account_id


def _label_problems(label: str) -> list[Problem]:
    problems = line_problems({"label": label})
    if len(label.strip()) > 80:
        problems.append(Problem("label", "too_long", mark("At most {limit} characters."), {"limit": 80}))
    return problems


def _facts(channel: Channel) -> dict[str, Any]:
    return {"channel": str(channel.id), "way": str(channel.kind)}


def _record(actor: Actor, account_id: UUID, verb: str, *, at: datetime, facts: Mapping[str, Any]) -> None:
    audit.record(actor=actor, verb=verb, subject=("account", account_id), at=at, facts=facts)
