"""What somebody who holds the database may try on a history: each function makes one random mutation.

What the database refuses even its superuser (a unique constraint) raises `IntegrityError`: it did not happen.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any

from django.db import connection, models

from banyan.apps.audit import actions, rules
from banyan.apps.audit.models import Checkpoint, Disclosure, Entry, Seal
from banyan.apps.audit.rules import GENESIS, Frontier, Written, key_of
from banyan.kit import scopes

TABLES: Sequence[Any] = (Entry, Disclosure, Checkpoint, Seal)


def columns() -> list[tuple[Any, models.Field]]:
    """Return every column of every table of history."""
    return [(table, field) for table in TABLES for field in table._meta.concrete_fields]


# --- edits -----------------------------------------------------------------------------------------------------------


def edit(random: Random, other_town: uuid.UUID, *, column: tuple[Any, models.Field] | None = None) -> str:
    """Change one value of one row."""
    table, field = column or random.choice(columns())
    row = random.choice(list(table.objects.order_by("pk")))
    held = getattr(row, field.attname)
    new = other_town if field.attname == "town_id" else _another(held, field, table, random)
    assert table.objects.filter(pk=row.pk).update(**{field.attname: new}) == 1
    return f"edit {table.__name__}.{field.attname}: {held!r} -> {new!r}"


def _another(held: Any, field: models.Field, table: Any, random: Random) -> Any:
    elsewhere = [value for value in table.objects.values_list(field.attname, flat=True) if value != held]
    if elsewhere and random.random() < 0.3:
        return random.choice(elsewhere)
    if held is not None and field.null and random.random() < 0.3:
        return None
    return _changed(held, field, random)


def _changed(held: Any, field: models.Field, random: Random) -> Any:
    if isinstance(field, models.UUIDField | models.ForeignKey):
        return uuid.UUID(int=random.getrandbits(128), version=4)
    if isinstance(field, models.IntegerField):
        return max(0, held + random.choice([-1, 1, 7])) if held else 9
    if isinstance(field, models.DateTimeField):
        return (held or datetime.fromisoformat("2026-01-01T00:00:00+00:00")) + timedelta(
            microseconds=random.choice([1, -1, 10**9])
        )
    if isinstance(field, models.JSONField):
        return {**held, "n": random.random()} if isinstance(held, dict) else [*held, "0" * 64]
    letters = list(held or "0" * 64)
    place = random.randrange(len(letters)) if letters else 0
    letters[place : place + 1] = "e" if letters[place : place + 1] != ["e"] else "f"
    return "".join(letters)


# --- deletions -------------------------------------------------------------------------------------------------------


def delete(random: Random, other_town: uuid.UUID) -> str:
    """Delete a row, or a whole chain with its words, or a checkpoint from the middle with its seals."""
    deed = random.choice([_delete_row, _delete_row, _delete_row, _delete_chain, _delete_checkpoint])
    return deed(random)


def _raw_delete(rows: Any) -> None:
    rows._raw_delete(connection.alias)


def _delete_row(random: Random) -> str:
    table = random.choice(TABLES)
    row = random.choice(list(table.objects.order_by("pk")))
    _raw_delete(table.objects.filter(pk=row.pk))
    return f"delete one {table.__name__}"


def _delete_chain(random: Random) -> str:
    victim = random.choice(list(Entry.objects.order_by("pk")))
    chain = Entry.objects.filter(subject_type=victim.subject_type, subject_id=victim.subject_id)
    keys = list(chain.filter(sequence__gte=victim.sequence).values_list("pk", flat=True))
    _raw_delete(Disclosure.objects.filter(entry__in=keys))
    _raw_delete(Entry.objects.filter(pk__in=keys))
    return f"delete the last {len(keys)} entries of a chain with their words"


def _delete_checkpoint(random: Random) -> str:
    victim = random.choice(list(Checkpoint.objects.order_by("number"))[:-1])
    _raw_delete(Seal.objects.filter(checkpoint=victim))
    _raw_delete(Checkpoint.objects.filter(pk=victim.pk))
    return "delete a checkpoint from the middle with its seals"


# --- insertions ------------------------------------------------------------------------------------------------------


def insert(random: Random, other_town: uuid.UUID) -> str:
    """Insert what was never written: entries, words, seals, a checkpoint."""
    deeds = (_insert_copy, _insert_in_the_middle, _insert_loose_chain, _insert_words, _insert_seal, _insert_checkpoint)
    deed: Callable[[Random], str] = random.choice(deeds)
    return deed(random)


def _chain_of(entry: Entry) -> list[Entry]:
    return list(Entry.objects.filter(subject_type=entry.subject_type, subject_id=entry.subject_id).order_by("sequence"))


def _insert_copy(random: Random) -> str:
    victim = random.choice(list(Entry.objects.order_by("pk")))
    tail = _chain_of(victim)[-1]
    victim.pk, victim.sequence, victim.previous_hash = uuid.uuid4(), tail.sequence + 1, tail.hash
    victim.save(force_insert=True)
    return "insert a copy of an entry at the end of its chain"


def _insert_in_the_middle(random: Random) -> str:
    chain = _chain_of(random.choice(list(Entry.objects.order_by("pk"))))
    place = random.randrange(len(chain))
    for entry in reversed(chain[place:]):
        Entry.objects.filter(pk=entry.pk).update(sequence=entry.sequence + 1)
    forged = Entry(**{name: getattr(chain[place], name) for name in Written.__slots__})
    forged.pk, forged.facts, forged.commitments = uuid.uuid4(), {"forged": True}, {}
    forged.save(force_insert=True)
    rehash(_chain_of(forged))
    return "insert an entry into the middle of a chain and hash all after it anew"


def _insert_loose_chain(random: Random) -> str:
    forged = random.choice(list(Entry.objects.order_by("pk")))
    forged.pk, forged.subject_id = uuid.uuid4(), uuid.uuid4()
    forged.sequence, forged.commitments = random.randrange(2, 9), {}
    forged.hash = _written(forged).hash()
    forged.save(force_insert=True)
    return "insert a chain without a beginning"


def _insert_words(random: Random) -> str:
    entry = random.choice([None, *Entry.objects.order_by("pk")])
    entry_id = entry.pk if entry else uuid.uuid4()
    Disclosure(entry_id=entry_id, field="forged", value="x", salt="00" * 32).save(force_insert=True)
    return "insert personal words"


def _insert_seal(random: Random) -> str:
    position, newest = Seal.objects.count() + random.randrange(3), Checkpoint.objects.latest("number")
    key = key_of("seal", holder_id=scopes.current_town(), name=position)
    Seal(pk=key, entry_id=uuid.uuid4(), position=position, entry_hash="0" * 64, checkpoint=newest).save(
        force_insert=True
    )
    return "insert a seal"


def _insert_checkpoint(random: Random) -> str:
    forged = Checkpoint.objects.latest("number")
    previous_head = forged.head
    forged.number += 1
    forged.length += random.randrange(2)
    forged.pk = key_of("checkpoint", holder_id=scopes.current_town(), name=forged.number)
    forged.head = _head(forged, previous_head)
    forged.save(force_insert=True)
    return "insert a checkpoint over nothing new"


# --- swaps -----------------------------------------------------------------------------------------------------------

_SWAPS: Sequence[tuple[Any, tuple[str, ...]]] = (
    (Entry, ("facts",)),
    (Entry, ("at",)),
    (Entry, ("hash",)),
    (Entry, ("sequence",)),
    (Entry, ("subject_id", "sequence")),
    (Entry, ("facts", "at", "commitments", "verb", "hash")),
    (Disclosure, ("value",)),
    (Disclosure, ("value", "salt")),
    (Disclosure, ("value", "salt", "person_id")),
    (Disclosure, ("entry_id",)),
    (Checkpoint, ("head",)),
    (Checkpoint, ("merkle_root", "peaks")),
    (Checkpoint, ("at",)),
    (Checkpoint, ("number",)),
    (Checkpoint, ("length", "merkle_root", "peaks", "head", "at")),
    (Seal, ("position",)),
    (Seal, ("entry_hash",)),
    (Seal, ("entry_id",)),
    (Seal, ("entry_id", "entry_hash")),
)


def swap(random: Random, other_town: uuid.UUID) -> str:
    """Swap some values of two rows of one table."""
    table, names = random.choice(_SWAPS)
    one, two = _two_that_differ(table, names, random)
    values = [{name: getattr(row, name) for name in names} for row in (one, two)]
    unique = {"sequence": 10**6, "number": 10**6, "position": 10**6, "entry_id": uuid.uuid4()}
    away = {name: unique[name] for name in names if name in unique}
    if away:
        table.objects.filter(pk=one.pk).update(**away)
    table.objects.filter(pk=two.pk).update(**values[0])
    table.objects.filter(pk=one.pk).update(**values[1])
    return f"swap {', '.join(names)} of two rows of {table.__name__}"


def _two_that_differ(table: Any, names: Sequence[str], random: Random) -> tuple[Any, Any]:
    rows = list(table.objects.order_by("pk"))
    while True:
        one, two = random.sample(rows, 2)
        if all(getattr(one, name) != getattr(two, name) for name in names):
            return one, two


# --- what only a checkpoint kept outside can tell --------------------------------------------------------------------


def truncate(random: Random, other_town: uuid.UUID) -> str:
    """Cut the last checkpoints off with all that they cover."""
    checkpoints = list(Checkpoint.objects.order_by("number"))
    n = random.randrange(1, len(checkpoints))
    last_kept = checkpoints[-n - 1]
    gone = list(Seal.objects.filter(position__gte=last_kept.length).values_list("entry_id", flat=True))
    _raw_delete(Disclosure.objects.filter(entry__in=gone))
    _raw_delete(Entry.objects.filter(pk__in=gone))
    _raw_delete(Seal.objects.filter(position__gte=last_kept.length))
    _raw_delete(Checkpoint.objects.filter(number__gt=last_kept.number))
    return f"cut off {n} checkpoints with {len(gone)} entries"


def rewrite(random: Random, other_town: uuid.UUID) -> str:
    """Change what happened and make everything after it fit: chain, seals, checkpoints."""
    return random.choice([_rewrite_in_place, _seal_anew])(random)


def _rewrite_in_place(random: Random) -> str:
    victim = random.choice(list(Entry.objects.exclude(verb=rules.ERASED_VERB).order_by("pk")))
    Entry.objects.filter(pk=victim.pk).update(facts={"to": "closed", "n": random.random()})
    rehash(_chain_of(victim))
    hashes = dict(Entry.objects.values_list("pk", "hash"))
    tree, head = Frontier(), GENESIS
    for checkpoint in Checkpoint.objects.order_by("number"):
        for seal in Seal.objects.filter(checkpoint=checkpoint).order_by("position"):
            if seal.entry_hash != hashes[seal.entry_id]:
                Seal.objects.filter(pk=seal.pk).update(entry_hash=hashes[seal.entry_id])
            tree.grow(rules.leaf(hashes[seal.entry_id].encode()))
        checkpoint.merkle_root, checkpoint.peaks = tree.root().hex(), [peak.hex() for peak in tree.peaks]
        checkpoint.head = head = _head(checkpoint, head)
        checkpoint.save(force_update=True)
    return "change an entry, and hash and seal everything anew under the old numbers and instants"


def _seal_anew(random: Random) -> str:
    at = Checkpoint.objects.latest("number").at
    victim = random.choice(list(Entry.objects.exclude(verb=rules.ERASED_VERB).order_by("pk")))
    Entry.objects.filter(pk=victim.pk).update(verb="service_requests.close")
    rehash(_chain_of(victim))
    _raw_delete(Seal.objects.all())
    _raw_delete(Checkpoint.objects.all())
    actions.seal(at=at)
    return "change an entry, throw all seals away and seal anew"


def rehash(chain: Sequence[Entry]) -> None:
    """Make a chain fit again: every link and every hash."""
    link = GENESIS
    for entry in chain:
        entry.previous_hash = link
        link = _written(entry).hash()
        Entry.objects.filter(pk=entry.pk).update(previous_hash=entry.previous_hash, hash=link)


def _written(entry: Entry) -> Written:
    return Written(**{name: getattr(entry, name) for name in Written.__slots__})


def _head(checkpoint: Checkpoint, previous_head: str) -> str:
    return rules.head(
        town_id=scopes.current_town(),
        number=checkpoint.number,
        length=checkpoint.length,
        merkle_root=checkpoint.merkle_root,
        at=checkpoint.at,
        previous_head=previous_head,
    )
