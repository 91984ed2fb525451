"""Announcing: write, publish, change, withdraw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid4

from django.db.models import F

from banyan.apps.audit import actions as audit
from banyan.apps.notices import rules
from banyan.apps.notices.events import AnnouncementTold
from banyan.apps.notices.models import Announcement, ReadCount
from banyan.apps.notices.queries.announcements import subject_of
from banyan.apps.notices.rules import State, Words
from banyan.apps.territory import queries as territory
from banyan.apps.territory.queries import Town
from banyan.base.errors import Conflict, InvalidInput, NotFound, Problem, StaleVersion, mark
from banyan.base.words import line_problems
from banyan.kit import facts, files, guard, images, scopes
from banyan.kit.guard import Actor
from banyan.kit.images import Picture

VERB: Final = "notices.announce"
#: What people are told of again when it changes after publication.
_TOLD_AGAIN: Final = frozenset({"from_at", "until_at", "place_path", "kind"})


def write(*, actor: Actor, town: Town, words: Words, at: datetime, photo: bytes | None = None) -> Announcement:
    """Write an announcement down as a draft; nobody but staff of its place sees it.

    Raises
    ------
    InvalidInput
        Lists every problem, those of the photo too.
    """
    guard.authorise(actor, VERB)
    picture, columns = _read(town, words, photo, has_photo=photo is not None)
    guard.authorise(actor, VERB, subject=subject_of(town, columns["place_path"]))
    with scopes.action_transaction():
        row = Announcement(**columns, made_at=at, changed_at=at)
        _hang(row, picture)
        row.save(force_insert=True)
        ReadCount.objects.create(announcement=row)
        _record(actor, row, "notices.written", at=at, is_first=True)
    return row


def change(
    *,
    actor: Actor,
    town: Town,
    announcement_id: UUID,
    words: Words,
    version: int,
    at: datetime,
    photo: bytes | None = None,
    drops_photo: bool = False,
) -> Announcement:
    """Change a draft or what is published; whoever was told hears again where time, place or kind changed.

    Raises
    ------
    InvalidInput
        Lists every problem.
    StaleVersion
        Somebody else changed it meanwhile.
    Conflict
        It was withdrawn.
    """
    with scopes.action_transaction():
        row = _locked(actor, town, announcement_id, version)
        if row.status == State.WITHDRAWN:
            raise Conflict()
        keeps = row.photo_id is not None and not drops_photo
        picture, columns = _read(town, words, photo, has_photo=photo is not None or keeps)
        guard.authorise(actor, VERB, subject=subject_of(town, columns["place_path"]))
        changed = [name for name, value in columns.items() if getattr(row, name) != value]
        for name in changed:
            setattr(row, name, columns[name])
        if photo is None and drops_photo:
            row.photo_id, row.photo_width, row.photo_height = None, 0, 0
        _hang(row, picture)
        is_published = row.status == State.PUBLISHED
        row.sequence += is_published
        _stored(row, at=at)
        entry_id = _record(actor, row, "notices.changed", at=at, more={"fields": sorted(changed)})
        if is_published and _TOLD_AGAIN & set(changed):
            facts.publish(AnnouncementTold(row.id, entry_id, "announcement_changed"))
    return row


def publish(*, actor: Actor, town: Town, announcement_id: UUID, version: int, at: datetime) -> Announcement:
    """Publish a draft: from now on everybody sees it, and those whose place it concerns are told."""
    with scopes.action_transaction():
        row = _locked(actor, town, announcement_id, version)
        if row.status != State.DRAFT:
            raise Conflict()
        if row.until_at is not None and row.until_at <= at:
            raise InvalidInput(mark("The announcement"), [Problem("until_at", "past", mark("It is over already."))])
        row.status, row.published_at = State.PUBLISHED, at
        _stored(row, at=at)
        entry_id = _record(actor, row, "notices.published", at=at)
        facts.publish(AnnouncementTold(row.id, entry_id, "announced"))
    return row


def withdraw(
    *, actor: Actor, town: Town, announcement_id: UUID, version: int, at: datetime, reason: tuple[str, str]
) -> Announcement:
    """Withdraw an announcement with a reason in both languages (Chinese, English); those who were told hear of it.

    A draft is withdrawn without a word to anybody.
    """
    with scopes.action_transaction():
        row = _locked(actor, town, announcement_id, version)
        if row.status == State.WITHDRAWN:
            raise Conflict()
        was_public = row.status == State.PUBLISHED
        if problems := _reason_problems(reason, is_needed=was_public):
            raise InvalidInput(mark("The announcement"), problems)
        row.status, row.withdrawn_at = State.WITHDRAWN, at
        row.withdrawn_zh, row.withdrawn_en = reason[0].strip(), reason[1].strip()
        row.sequence += 1
        _stored(row, at=at)
        entry_id = _record(actor, row, "notices.withdrawn", at=at)
        if was_public:
            facts.publish(AnnouncementTold(row.id, entry_id, "announcement_withdrawn"))
    return row


def count_read(announcement_id: UUID) -> None:
    """Count that somebody opened an announcement; who it was is written down nowhere."""
    with scopes.action_transaction():
        ReadCount.objects.filter(announcement_id=announcement_id).update(n_reads=F("n_reads") + 1)


def _reason_problems(reason: tuple[str, str], *, is_needed: bool) -> list[Problem]:
    words = {"reason_zh": reason[0], "reason_en": reason[1]}
    problems = line_problems(words)
    for name, text in words.items():
        if is_needed and not text.strip():
            problems.append(Problem(name, "required", mark("Say why, in both languages.")))
        if len(text) > 300:
            problems.append(Problem(name, "too_long", mark("At most {limit} characters."), {"limit": 300}))
    return problems


def _read(town: Town, words: Words, photo: bytes | None, *, has_photo: bool) -> tuple[Picture | None, dict[str, Any]]:
    tree = territory.tree(town)
    problems = rules.words_problems(words, places=tree.by_code, has_photo=has_photo)
    shots: Sequence[Picture] = ()
    if photo is not None:
        shots, wrong = images.pictures([photo])
        problems += [Problem("photo", one.code, one.sentence, one.facts) for one in wrong]
    if problems:
        raise InvalidInput(mark("The announcement"), problems)
    place = tree.by_code.get(words.place_code)
    names = ("title_zh", "title_en", "text_zh", "text_en", "link", "photo_zh", "photo_en")
    columns: dict[str, Any] = {name: getattr(words, name).strip() for name in names}
    if not has_photo:
        columns |= {"photo_zh": "", "photo_en": ""}
    columns |= {"kind": words.kind, "from_at": words.from_at, "until_at": words.until_at}
    columns |= {"place_id": place.id if place else None, "place_path": place.path if place else ""}
    return (shots[0] if shots else None), columns


def _hang(row: Announcement, picture: Picture | None) -> None:
    """Give an announcement its photo: the file first, so that a row never points to nothing."""
    if picture is None:
        return
    row.photo_id, row.photo_width, row.photo_height = uuid4(), picture.width, picture.height
    files.write(scopes.current_town(), row.photo_id, suffix="jpg", content=picture.content)


def _locked(actor: Actor, town: Town, announcement_id: UUID, version: int) -> Announcement:
    row: Announcement | None = Announcement.objects.select_for_update().filter(id=announcement_id).first()
    if row is None or not guard.may(actor, VERB):
        raise NotFound("announcement")
    guard.authorise(actor, VERB, subject=subject_of(town, row.place_path))
    if row.version != version:
        raise StaleVersion(held=version, current=row.version)
    return row


def _stored(row: Announcement, *, at: datetime) -> None:
    row.version += 1
    row.changed_at = at
    row.save()


def _record(
    actor: Actor,
    row: Announcement,
    verb: str,
    *,
    at: datetime,
    more: Mapping[str, Any] | None = None,
    is_first: bool = False,
) -> UUID:
    said = {
        "kind": row.kind,
        "place": row.place_path,
        "from_at": row.from_at.isoformat(),
        "until_at": row.until_at.isoformat() if row.until_at else None,
        "version": row.version,
        "titles": [row.title_zh, row.title_en],
        **(more or {}),
    }
    subject = ("announcement", row.id)
    return audit.record(actor=actor, verb=verb, subject=subject, at=at, facts=said, is_first=is_first).id
