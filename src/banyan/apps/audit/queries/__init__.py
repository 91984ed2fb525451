"""Reading history: timelines for people, proofs and verification for auditors."""

from banyan.apps.audit.queries.browsing import Deed, deeds
from banyan.apps.audit.queries.seals import newest_checkpoint, proof
from banyan.apps.audit.queries.timelines import Link, Moment, Passage, chain, continued, passages, timeline, timelines
from banyan.apps.audit.queries.verification import Findings, verify
from banyan.apps.audit.rules import Anchor

__all__ = [
    "Anchor",
    "Deed",
    "Findings",
    "Link",
    "Moment",
    "Passage",
    "chain",
    "continued",
    "deeds",
    "newest_checkpoint",
    "passages",
    "proof",
    "timeline",
    "timelines",
    "verify",
]
