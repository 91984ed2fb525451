"""What notices do after the answer: put news on its way, send it, tell of announcements."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.utils import timezone

from banyan.apps.accounts import queries as accounts
from banyan.apps.notices import actions, queries
from banyan.apps.notices.actions.planning import plan as planned
from banyan.apps.notices.events import AnnouncementTold
from banyan.apps.notices.models import Delivery
from banyan.apps.notices.rules import Kind, is_urgent
from banyan.apps.notices.tasks import letters, rounds, ways
from banyan.apps.people import queries as people
from banyan.apps.territory import queries as territory
from banyan.kit import jobs, scopes
from banyan.kit.rows import town_rows


def plan(*, cause_id: str, at: str) -> None:
    """Put the notices of one cause on their way to the channels of those who hear of it."""
    town = territory.town_by_id(scopes.current_town())
    if planned(cause_id=UUID(cause_id), at=datetime.fromisoformat(at), zone=ZoneInfo(town.time_zone)):
        jobs.enqueue_unscoped("banyan.apps.notices.tasks.send", town_id=town.id)


def send(town_id: str) -> None:
    """Send what is due in one town; begun twice, it sends nothing twice."""
    if rounds.go_round(UUID(town_id), clock=timezone.now):
        jobs.enqueue_unscoped("banyan.apps.notices.tasks.send", town_id=UUID(town_id))


def send_due() -> None:
    """Send in every town what has become due: after quiet hours, for the digest, for another try; every minute."""
    at = timezone.now()
    for town_id in town_rows().values_list("id", flat=True):
        with scopes.town(town_id):
            waits = Delivery.objects.filter(status="waiting", next_try_at__lte=at).exists()
            waits = waits or Delivery.objects.filter(status="sending").exists()
        if waits:
            jobs.enqueue_unscoped("banyan.apps.notices.tasks.send", town_id=town_id)


def ask_to_confirm(town_id: str, channel_id: str) -> None:
    """Ask by e-mail whether an address is right."""
    town = territory.town_by_id(UUID(town_id))
    with scopes.town(town.id):
        held = queries.email_to_confirm(UUID(channel_id))
        contact = people.own_contact(held[0]) if held else None
        language = (accounts.language_of(held[0]) if held else "") or ""
    if held is None or contact is None or not contact.email or not settings.EMAIL_HOST:
        return
    subject, text, html = letters.confirmation(UUID(channel_id), address_hash=held[1], town=town, language=language)
    message = EmailMultiAlternatives(subject, text, to=[contact.email], headers={"Auto-Submitted": "auto-generated"})
    message.attach_alternative(html, "text/html")
    outcome = ways.sent_by_mail(message)
    if outcome.end == "retry":
        raise RuntimeError(f"The message was not taken: {outcome.problem}.")  # the task is delivered again


def tell_of_announcement(event: AnnouncementTold) -> None:
    """An announcement was published, changed or withdrawn: those whose place it concerns hear of it."""
    said = queries.one_public(event.announcement_id)
    town_id = scopes.current_town()
    place = territory.tree(territory.town_by_id(town_id)).by_id.get(said.place_id) if said.place_id else None
    names = {"place_zh": place.name_zh, "place_en": place.name_en} if place else {}
    times = {
        "from_at": said.from_at.isoformat(),
        "until_at": said.until_at.isoformat() if said.until_at else "",
    }
    actions.tell(
        queries.audience(said.place_path, town_id=town_id),
        subject=("announcement", said.id),
        verb=event.verb,
        cause_id=event.entry_id,
        at=said.changed_at,
        facts={"name_zh": said.title_zh, "name_en": said.title_en, **times, **names},
        kind=Kind.ANNOUNCEMENT,
        is_urgent=is_urgent(said.kind, from_at=said.from_at, at=said.changed_at),
    )
