"""The seals over history: the newest checkpoint, and the proof that an entry stands under one."""

from __future__ import annotations

from uuid import UUID

from banyan.apps.audit.models import Checkpoint, Seal
from banyan.apps.audit.rules import Anchor, Frontier, Proof, leaf, siblings
from banyan.base.errors import NotFound
from banyan.kit import scopes


def anchor_of(checkpoint: Checkpoint) -> Anchor:
    """Return a checkpoint as it may be kept outside the database."""
    return Anchor(
        town_id=scopes.current_town(),
        number=checkpoint.number,
        length=checkpoint.length,
        merkle_root=checkpoint.merkle_root,
        head=checkpoint.head,
        at=checkpoint.at,
    )


def newest_checkpoint() -> Anchor | None:
    """Return the newest checkpoint of the town in scope, or None where nothing has been sealed yet."""
    newest = Checkpoint.objects.order_by("-number").first()
    return anchor_of(newest) if newest else None


def proof(entry_id: UUID) -> Proof:
    """Return the proof that an entry stands under the newest checkpoint of the town in scope.

    It reads every seal once and holds a few hashes of them.

    Raises
    ------
    NotFound
        There is no such entry, or it has not been sealed yet.
    """
    newest = Checkpoint.objects.order_by("-number").first()
    seal = Seal.objects.filter(entry_id=entry_id).first()
    if newest is None or seal is None:
        raise NotFound("sealed entry")
    path = [_root_of(start, stop).hex() for start, stop in siblings(seal.position, length=newest.length)]
    return Proof(seal.entry_hash, position=seal.position, length=newest.length, path=tuple(path))


def _root_of(start: int, stop: int) -> bytes:
    tree = Frontier()
    rows = Seal.objects.filter(position__gte=start, position__lt=stop).order_by("position")
    for entry_hash in rows.values_list("entry_hash", flat=True).iterator(chunk_size=2000):
        tree.grow(leaf(entry_hash.encode()))
    return tree.root()
