"""Sealing history: giving committed entries their places in a town's checkpoints."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db.models import Exists, OuterRef

from banyan.apps.audit import rules
from banyan.apps.audit.models import Checkpoint, Entry, Seal
from banyan.apps.audit.rules import GENESIS, key_of
from banyan.kit import scopes
from banyan.kit.rows import town_rows

#: Entries in one checkpoint, at most: bounds the memory of the sealing job.
LARGEST_CHECKPOINT: Final = 5000
#: A writer's transaction may commit entries this much older than the newest sealed one and still be sealed in passing;
#: what took longer is found by the sweep of every hour.
SLOWEST_WRITER: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Sealed:
    """What one run of the sealing job did."""

    n_entries: int
    n_checkpoints: int


def seal(*, at: datetime, sweep: bool = False) -> Sealed:
    """Give the committed entries of the town in scope their places in new checkpoints.

    Writers never number their entries, because a number drawn first may be committed last.  One sealer at a time works
    on a town: it holds the row of the town in a mode that lets every writer go on.

    Parameters
    ----------
    at
        Instant of the seal, aware; checkpoints carry it.
    sweep
        Look at every entry of the town instead of those made since about the last checkpoint.
    """
    n_entries = n_checkpoints = 0
    while n := _sealed_once(at=at, sweep=sweep):
        n_entries, n_checkpoints = n_entries + n, n_checkpoints + 1
    return Sealed(n_entries, n_checkpoints)


def _sealed_once(*, at: datetime, sweep: bool) -> int:
    with scopes.action_transaction():
        town_rows().select_for_update(no_key=True).get(id=scopes.current_town())
        newest = Checkpoint.objects.order_by("-number").first()
        waiting = _unsealed(None if sweep else newest, at=at)
        if waiting:
            _store_checkpoint(newest, waiting, at=at)
    return len(waiting)


def _unsealed(newest: Checkpoint | None, *, at: datetime) -> list[tuple[UUID, str]]:
    """Return (identifier, hash) of entries without a place, oldest first; after a checkpoint only recent ones."""
    rows = Entry.objects.filter(~Exists(Seal.objects.filter(entry_id=OuterRef("id"))))
    if newest is not None:
        last = Seal.objects.filter(position=newest.length - 1).values_list("entry_id", flat=True).first()
        rows = rows.filter(id__gte=_earlier(last, at=at)) if last else rows
    return list(rows.order_by("id").values_list("id", "hash")[:LARGEST_CHECKPOINT])


def _earlier(entry_id: UUID, *, at: datetime) -> UUID:
    """Return the least identifier of version 7 that a writer may still commit after this one, at this instant."""
    newest_ms = min(entry_id.int >> 80, int(at.timestamp() * 1000))
    return UUID(int=max(newest_ms - SLOWEST_WRITER // timedelta(milliseconds=1), 0) << 80)


def _store_checkpoint(newest: Checkpoint | None, waiting: list[tuple[UUID, str]], *, at: datetime) -> None:
    town_id, first = scopes.current_town(), newest.length if newest else 0
    tree = rules.Frontier(length=first, peaks=[bytes.fromhex(peak) for peak in newest.peaks] if newest else ())
    for _, entry_hash in waiting:
        tree.grow(rules.leaf(entry_hash.encode()))
    number, merkle_root = newest.number + 1 if newest else 1, tree.root().hex()
    checkpoint = Checkpoint(
        id=key_of("checkpoint", holder_id=town_id, name=number),
        number=number,
        length=tree.length,
        merkle_root=merkle_root,
        peaks=[peak.hex() for peak in tree.peaks],
        head=rules.head(
            town_id=town_id,
            number=number,
            length=tree.length,
            merkle_root=merkle_root,
            at=at,
            previous_head=newest.head if newest else GENESIS,
        ),
        at=at,
    )
    checkpoint.save(force_insert=True)
    seals = [
        Seal(
            id=key_of("seal", holder_id=town_id, name=position),
            entry_id=entry_id,
            position=position,
            entry_hash=entry_hash,
            checkpoint=checkpoint,
        )
        for position, (entry_id, entry_hash) in enumerate(waiting, first)
    ]
    Seal.objects.bulk_create(seals, batch_size=500)
