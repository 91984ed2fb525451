"""Changing parties, their duties and posts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from banyan.apps.audit import actions as audit
from banyan.apps.parties.models import Duty, Party, Post
from banyan.apps.parties.rules import PartyKind
from banyan.apps.people import actions as people
from banyan.apps.territory import actions as territory
from banyan.apps.territory import queries as places
from banyan.apps.territory.queries import Town
from banyan.base.errors import InvalidInput, NotFound, Problem, mark
from banyan.base.words import line_problems
from banyan.kit import guard, scopes
from banyan.kit.guard import Actor


@dataclass(frozen=True, slots=True)
class NewParty:
    """One party to make or to change, named by its code, with the codes of the places it answers for.

    `answers_for` holds (place code, topic); topic "" is whatever its kind does.
    """

    code: str
    kind: str
    name_zh: str
    name_en: str
    public_phone: str = ""
    answers_for: Sequence[tuple[str, str]] = ()


def register(*, actor: Actor, town: Town, parties: Sequence[NewParty], at: datetime) -> int:
    """Make or change parties with their duties; return how many.

    Raises
    ------
    InvalidInput
        Lists every problem of every party; nothing is changed.
    """
    guard.authorise(actor, "parties.edit", subject=guard.Subject())
    tree = places.tree(town)
    problems = [problem for i, new in enumerate(parties) for problem in _problems(i, new, codes=set(tree.by_code))]
    if problems:
        raise InvalidInput(mark("The parties"), problems)
    with scopes.action_transaction():
        held = {party.code: party for party in Party.objects.select_for_update()}
        for new in parties:
            row = held.setdefault(new.code, Party(code=new.code))
            row.kind, row.name_zh, row.name_en = new.kind, new.name_zh, new.name_en
            row.public_phone, row.is_active = new.public_phone, True
            row.save()
            Duty.objects.filter(party=row).delete()
            Duty.objects.bulk_create(
                [Duty(party=row, place_id=tree.by_code[code].id, topic=topic) for code, topic in new.answers_for]
            )
            facts = {"code": new.code, "kind": new.kind, "answers_for": [list(duty) for duty in new.answers_for]}
            audit.record(actor=actor, verb="parties.registered", subject=("party", row.id), at=at, facts=facts)
        territory.grow_edition(town)
    return len(parties)


def _problems(i: int, new: NewParty, *, codes: set[str]) -> list[Problem]:
    at, problems = f"parties[{i}]", []
    if not new.code.strip():
        problems.append(Problem(f"{at}.code", "required", mark("A code is needed.")))
    if new.kind not in set(PartyKind):
        problems.append(
            Problem(f"{at}.kind", "unknown", mark("There is no kind of party “{kind}”."), {"kind": new.kind})
        )
    if not (new.name_zh.strip() and new.name_en.strip()):
        problems.append(Problem(f"{at}.name", "required", mark("A name is needed in both languages.")))
    problems += line_problems(
        {
            **{f"{at}.{name}": getattr(new, name) for name in ("code", "name_zh", "name_en", "public_phone")},
            f"{at}.answers_for": "".join(topic for _, topic in new.answers_for),
        }
    )
    problems += [
        Problem(f"{at}.answers_for", "unknown", mark("There is no place {code}."), {"code": code})
        for code, _ in new.answers_for
        if code not in codes
    ]
    return problems


@dataclass(frozen=True, slots=True)
class NewPost:
    """A post to fill: its title in both languages, who holds it ("" for a vacant one) and since which day."""

    title_zh: str
    title_en: str
    holder_name: str = ""
    from_on: date | None = None


def fill_post(*, actor: Actor, party_id: UUID, post: NewPost, at: datetime) -> Post:
    """Fill a post of a party, or note that it is vacant.

    Raises
    ------
    InvalidInput
        Lists every problem of the title, the name and the day.
    NotFound
        There is no such party in this town.
    """
    guard.authorise(actor, "parties.edit", subject=guard.Subject())
    problems = _post_problems(post)
    if problems or post.from_on is None:
        raise InvalidInput(mark("The post"), problems)
    with scopes.action_transaction():
        if not Party.objects.filter(id=party_id).exists():
            raise NotFound("party")
        holder = people.Contact(name=post.holder_name.strip())
        person_id = people.enter(actor=actor, contact=holder, account_id=None, at=at) if holder else None
        titles = {"title_zh": post.title_zh.strip(), "title_en": post.title_en.strip()}
        row: Post = Post.objects.create(party_id=party_id, person_id=person_id, from_on=post.from_on, **titles)
        facts = {"post": str(row.id), "from_on": post.from_on.isoformat(), **titles}
        audit.record(actor=actor, verb="parties.post_filled", subject=("party", party_id), at=at, facts=facts)
    return row


def end_post(*, actor: Actor, post_id: UUID, until_on: date, at: datetime) -> Post:
    """Note the last day on which somebody held a post.

    Raises
    ------
    InvalidInput
        The day lies before the first one.
    NotFound
        There is no such post that is still held.
    """
    guard.authorise(actor, "parties.edit", subject=guard.Subject())
    with scopes.action_transaction():
        row: Post | None = Post.objects.select_for_update(of=("self",)).filter(id=post_id, until_on=None).first()
        if row is None:
            raise NotFound("post")
        if until_on < row.from_on:
            sentence = mark("The last day lies before the first one.")
            raise InvalidInput(mark("The post"), [Problem("until_on", "order", sentence)])
        row.until_on = until_on
        row.save(update_fields=["until_on"])
        facts = {"post": str(row.id), "until_on": until_on.isoformat()}
        audit.record(actor=actor, verb="parties.post_ended", subject=("party", row.party_id), at=at, facts=facts)
    return row


def _post_problems(post: NewPost) -> list[Problem]:
    titles = {"title_zh": post.title_zh, "title_en": post.title_en}
    problems = [
        Problem(name, "required", mark("A title is needed in both languages, of at most 80 characters."))
        for name, title in titles.items()
        if not 0 < len(title.strip()) <= 80
    ]
    problems += line_problems({**titles, "holder_name": post.holder_name})
    if post.from_on is None:
        problems.append(Problem("from_on", "required", mark("Since which day?")))
    return problems + [
        replace(one, where="holder_name") for one in people.contact_problems(name=post.holder_name, phone="", email="")
    ]
