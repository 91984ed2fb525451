"""The rules of history: how entries are hashed, how the Merkle tree grows, what a checkpoint says."""

from banyan.apps.audit.rules.checkpoints import Anchor, head
from banyan.apps.audit.rules.entries import (
    ERASED_SUBJECT,
    ERASED_VERB,
    GENESIS,
    Written,
    canonical,
    commitment,
    digest,
    instant,
    key_of,
)
from banyan.apps.audit.rules.merkle import Frontier, Proof, leaf, node, siblings

__all__ = [
    "ERASED_SUBJECT",
    "ERASED_VERB",
    "GENESIS",
    "Anchor",
    "Frontier",
    "Proof",
    "Written",
    "canonical",
    "commitment",
    "digest",
    "head",
    "instant",
    "key_of",
    "leaf",
    "node",
    "siblings",
]
