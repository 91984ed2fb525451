"""Verifying history: every hash, every link, every commitment, every seal, in streams of bounded memory.

What was sealed and what is there are compared in both directions.  Entries committed while the verification runs are
no finding: the newest checkpoint is fixed first, and only what it covers has to be there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, TypeVar
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import DataError
from django.db.models import Exists, OuterRef, QuerySet

from banyan.apps.audit import rules
from banyan.apps.audit.models import Checkpoint, Disclosure, Entry, Seal
from banyan.apps.audit.queries.seals import anchor_of
from banyan.apps.audit.rules import ERASED_SUBJECT, ERASED_VERB, GENESIS, Anchor, Frontier, Written, key_of, leaf
from banyan.base.errors import InvalidInput, Problem, mark
from banyan.kit import scopes

_CHUNK: Final = 500
#: Findings kept with their words; all are counted.
MOST_FINDINGS: Final = 100
#: What reading a row raises whose columns no longer hold what they should (SQLite lets any text into any column).
_UNREADABLE: Final = (ValueError, TypeError, AttributeError, OverflowError, ValidationError, DataError)

RowT = TypeVar("RowT")


@dataclass(frozen=True, slots=True)
class Findings:
    """What a verification has read and what it found."""

    n_entries: int
    n_chains: int
    n_words: int
    """Personal words that are there and match their commitments or are counted as findings."""
    n_erased: int
    n_sealed: int
    n_unsealed: int
    n_checkpoints: int
    n_found: int
    found: tuple[Problem, ...]
    """The first of the findings."""
    newest: Anchor | None

    @property
    def is_empty(self) -> bool:
        """Nothing was read: this proves nothing."""
        return self.n_entries == 0 and self.n_checkpoints == 0

    @property
    def is_clean(self) -> bool:
        """Something was read, and all of it is as it was written."""
        return not self.is_empty and self.n_found == 0


class _Notes:
    """Counts and findings while the streams run."""

    def __init__(self) -> None:
        self.n = dict.fromkeys(("entries", "chains", "words", "erased", "sealed", "unsealed", "checkpoints"), 0)
        self.n_found = 0
        self.found: list[Problem] = []

    def find(self, where: object, code: str, sentence: str, **facts: object) -> None:
        self.n_found += 1
        if len(self.found) < MOST_FINDINGS:
            self.found.append(Problem(str(where), code, sentence, facts))


def verify(*, outside: Anchor | None = None) -> Findings:
    """Verify the whole history of the town in scope.  The caller has authorised it.

    Parameters
    ----------
    outside
        A checkpoint kept outside the database.  Without one, a history that was cut short or rewritten from end to end
        with all its seals cannot be told from an honest one.

    Raises
    ------
    InvalidInput
        The outside checkpoint is of another town.
    """
    if outside is not None and outside.town_id != scopes.current_town():
        problem = Problem("town", "other_town", mark("The checkpoint is of another town."))
        raise InvalidInput(mark("The checkpoint"), [problem])
    notes = _Notes()
    newest = _read(notes, "checkpoints", lambda: Checkpoint.objects.order_by("-number").first())
    _read(notes, "checkpoints", lambda: _follow_checkpoints(notes, newest, outside=outside))
    _read(notes, "entries", lambda: _follow_chains(notes))
    _read(notes, "entries", lambda: _look_for_strays(notes, newest))
    return Findings(
        **{f"n_{name}": n for name, n in notes.n.items()},
        n_found=notes.n_found,
        found=tuple(notes.found),
        newest=anchor_of(newest) if newest else None,
    )


def _read(notes: _Notes, where: str, reading: Callable[[], RowT]) -> RowT | None:
    try:
        return reading()
    except _UNREADABLE as broken:
        words = f"{type(broken).__name__}: {broken}"[:200]
        notes.find(where, "unreadable", mark("A row cannot be read any more: {reason}"), reason=words)
        return None


def _in_chunks(rows: QuerySet[Any]) -> Iterator[list[Any]]:
    stream = rows.iterator(chunk_size=_CHUNK)
    while chunk := list(islice(stream, _CHUNK)):
        yield chunk


# --- chains ----------------------------------------------------------------------------------------------------------


def _follow_chains(notes: _Notes) -> None:
    before: Entry | None = None
    for chunk in _in_chunks(Entry.objects.order_by("subject_type", "subject_id", "sequence", "id")):
        for entry in chunk:
            _check_entry(notes, entry, before=before)
            before = entry
        _check_words(notes, chunk)
        _check_erasures(notes, chunk)


def _check_entry(notes: _Notes, entry: Entry, *, before: Entry | None) -> None:
    notes.n["entries"] += 1
    continues = before is not None and (before.subject_type, before.subject_id) == (
        entry.subject_type,
        entry.subject_id,
    )
    notes.n["chains"] += not continues
    place, link = (before.sequence + 1, before.hash) if before is not None and continues else (1, GENESIS)
    if entry.sequence != place:
        notes.find(
            _named(entry),
            "sequence",
            mark("It is number {found} of its chain where number {expected} was expected."),
            found=entry.sequence,
            expected=place,
        )
    if entry.previous_hash != link:
        notes.find(_named(entry), "link", mark("It does not point back to the entry before it."))
    if _hash_of(entry) != entry.hash:
        notes.find(_named(entry), "hash", mark("Its content is not what was hashed when it was written."))


def _named(entry: Entry) -> str:
    return f"{entry.subject_type} {entry.subject_id} #{entry.sequence}"


def _hash_of(entry: Entry) -> str | None:
    try:
        return Written(**{name: getattr(entry, name) for name in Written.__slots__}).hash()
    except _UNREADABLE:
        return None


# --- personal words --------------------------------------------------------------------------------------------------


def _check_words(notes: _Notes, entries: list[Entry]) -> None:
    held: dict[UUID, list[Disclosure]] = {entry.id: [] for entry in entries}
    for row in Disclosure.objects.filter(entry__in=list(held)):
        held[row.entry_id].append(row)
    gone = [entry.id for entry in entries if any(row.value is None for row in held[entry.id])]
    erasures = _erasures(gone)
    for entry in entries:
        rows = {row.field: row for row in held[entry.id]}
        commitments = entry.commitments if isinstance(entry.commitments, dict) else {}
        for name in sorted(set(commitments) ^ set(rows)):
            sentence = mark("The personal word “{name}” and its commitment are not both there.")
            notes.find(_named(entry), "word_unmatched", sentence, name=name)
        for name in set(commitments) & set(rows):
            _check_word(notes, entry, rows[name], committed=commitments[name], erasures=erasures)


def _check_word(
    notes: _Notes, entry: Entry, row: Disclosure, *, committed: object, erasures: set[tuple[UUID, str, object]]
) -> None:
    if row.id != key_of("disclosure", holder_id=entry.id, name=row.field):
        notes.find(_named(entry), "word_key", mark("The personal word “{name}” has another key."), name=row.field)
    if row.value is None:
        notes.n["erased"] += 1
        rest = row.salt is not None or row.person_id is not None
        if rest or (entry.id, row.field, row.erased_at) not in erasures:
            sentence = mark("The personal word “{name}” is gone, and history knows of no such erasure.")
            notes.find(_named(entry), "word_gone", sentence, name=row.field)
        return
    notes.n["words"] += 1
    if row.erased_at is not None or committed != _commitment_of(row):
        sentence = mark("The personal word “{name}” is not the one that was committed to.")
        notes.find(_named(entry), "word_changed", sentence, name=row.field)


def _commitment_of(row: Disclosure) -> str | None:
    try:
        return rules.commitment(row.value or "", salt=row.salt or "", person_id=row.person_id)
    except _UNREADABLE:
        return None


def _erasures(entry_ids: list[UUID]) -> set[tuple[UUID, str, object]]:
    """Return (entry, field, instant) of each erasure that history knows of."""
    if not entry_ids:
        return set()
    told = Entry.objects.filter(subject_type=ERASED_SUBJECT, subject_id__in=entry_ids, verb=ERASED_VERB)
    return {(entry.subject_id, name, entry.at) for entry in told for name in _fields_of(entry)}


def _fields_of(entry: Entry) -> list[str]:
    fields = entry.facts.get("fields", []) if isinstance(entry.facts, dict) else []
    return [name for name in fields if isinstance(name, str)] if isinstance(fields, list) else []


def _check_erasures(notes: _Notes, entries: list[Entry]) -> None:
    told = [entry for entry in entries if (entry.subject_type, entry.verb) == (ERASED_SUBJECT, ERASED_VERB)]
    if not told:
        return
    there = Disclosure.objects.filter(entry__in=[entry.subject_id for entry in told], value__isnull=False)
    back = set(there.values_list("entry_id", "field"))
    for entry in told:
        for name in _fields_of(entry):
            if (entry.subject_id, name) in back:
                notes.find(_named(entry), "word_back", mark("The erased word “{name}” is there again."), name=name)


# --- checkpoints -----------------------------------------------------------------------------------------------------


def _follow_checkpoints(notes: _Notes, newest: Checkpoint | None, *, outside: Anchor | None) -> None:
    length = newest.length if newest else 0
    seals = _sealed(notes, length)
    tree, before, met = Frontier(), None, False
    checkpoints = Checkpoint.objects.order_by("number", "length")
    if newest is not None:
        checkpoints = checkpoints.filter(number__lte=newest.number)
    for checkpoint in checkpoints.iterator(chunk_size=_CHUNK):
        notes.n["checkpoints"] += 1
        _grow(notes, tree, seals, checkpoint)
        _check_checkpoint(notes, checkpoint, tree, before=before)
        if outside is not None and checkpoint.number == outside.number:
            met = True
            if anchor_of(checkpoint) != outside:
                sentence = mark("It is not the checkpoint that was kept outside: history was rewritten before it.")
                notes.find(f"checkpoint {outside.number}", "rewritten", sentence)
        before = checkpoint
    for _ in seals:
        pass  # what no checkpoint asked for is checked all the same
    if outside is not None and not met:
        sentence = mark("The checkpoint that was kept outside is not there: history was cut short.")
        notes.find(f"checkpoint {outside.number}", "truncated", sentence)


def _grow(notes: _Notes, tree: Frontier, seals: Iterator[Seal], checkpoint: Checkpoint) -> None:
    """Take the seals of one checkpoint into the tree."""
    for seal in islice(seals, max(checkpoint.length - tree.length, 0)):
        if seal.position != tree.length or seal.checkpoint_id != checkpoint.id:
            notes.find(f"seal {seal.position}", "place", mark("It is not in the place that its checkpoint gave it."))
        tree.grow(leaf(seal.entry_hash.encode()))


def _check_checkpoint(notes: _Notes, checkpoint: Checkpoint, tree: Frontier, *, before: Checkpoint | None) -> None:
    where = f"checkpoint {checkpoint.number}"
    if checkpoint.number != (before.number if before else 0) + 1:
        notes.find(where, "number", mark("The checkpoint before it is missing."))
    if checkpoint.length != tree.length or checkpoint.length <= (before.length if before else 0):
        notes.find(where, "length", mark("It does not cover as many entries as it says."))
    peaks = [peak.hex() for peak in tree.peaks]
    if checkpoint.merkle_root != tree.root().hex() or checkpoint.peaks != peaks:
        notes.find(where, "root", mark("Its Merkle root is not that of the entries before it."))
    if checkpoint.id != key_of("checkpoint", holder_id=scopes.current_town(), name=checkpoint.number):
        notes.find(where, "key", mark("It has another key."))
    if checkpoint.head != _head_of(checkpoint, before=before):
        notes.find(where, "head", mark("Its head does not follow from the checkpoint before it."))


def _head_of(checkpoint: Checkpoint, *, before: Checkpoint | None) -> str:
    return rules.head(
        town_id=scopes.current_town(),
        number=checkpoint.number,
        length=checkpoint.length,
        merkle_root=checkpoint.merkle_root,
        at=checkpoint.at,
        previous_head=before.head if before else GENESIS,
    )


def _sealed(notes: _Notes, length: int) -> Iterator[Seal]:
    """Yield the seals before a length in their order, each compared with its entry."""
    for chunk in _in_chunks(Seal.objects.filter(position__lt=length).order_by("position", "id")):
        there = dict(Entry.objects.filter(id__in=[seal.entry_id for seal in chunk]).values_list("id", "hash"))
        for seal in chunk:
            notes.n["sealed"] += 1
            _check_seal(notes, seal, entry_hash=there.get(seal.entry_id))
            yield seal


def _check_seal(notes: _Notes, seal: Seal, *, entry_hash: str | None) -> None:
    where = f"seal {seal.position}"
    if entry_hash is None:
        notes.find(where, "entry_missing", mark("The sealed entry {entry} is gone."), entry=seal.entry_id)
    elif entry_hash != seal.entry_hash:
        notes.find(
            where, "entry_changed", mark("The entry {entry} is not the one that was sealed."), entry=seal.entry_id
        )
    if seal.id != key_of("seal", holder_id=scopes.current_town(), name=seal.position):
        notes.find(where, "key", mark("It has another key."))


# --- what hangs loose ------------------------------------------------------------------------------------------------


def _look_for_strays(notes: _Notes, newest: Checkpoint | None) -> None:
    later = Checkpoint.objects.filter(number__gt=newest.number if newest else 0).values("id")
    beyond = Seal.objects.filter(position__gte=newest.length if newest else 0).exclude(checkpoint__in=later)
    _find_each(notes, "seal", beyond.values_list("position", flat=True), mark("No checkpoint gave it this place."))
    entries = Entry.objects.filter(id=OuterRef("entry_id"))
    loose = Disclosure.objects.filter(~Exists(entries)).values_list("id", flat=True)
    _find_each(notes, "disclosure", loose, mark("The entry it belongs to is gone."))
    notes.n["unsealed"] = Entry.objects.filter(~Exists(Seal.objects.filter(entry_id=OuterRef("id")))).count()


def _find_each(notes: _Notes, kind: str, names: Iterable[object], sentence: str) -> None:
    for name in names:
        notes.find(f"{kind} {name}", "stray", sentence)
