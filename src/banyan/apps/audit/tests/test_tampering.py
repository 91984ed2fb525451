"""Nobody alters history unseen: a thousand mutations by whoever holds the database, each beside a control.

Edits, deletions, insertions and swaps are found by the database's own checkpoints.  Truncations and rewrites that fit
from end to end are found by a checkpoint kept outside, and by nothing else: the tests show both.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from random import Random
from uuid import UUID

import pytest
from django.db import IntegrityError, transaction

from banyan.apps.audit import queries
from banyan.apps.audit.models import Disclosure
from banyan.apps.audit.tests import tampering
from banyan.apps.audit.tests.histories import a_town, lived_in
from banyan.kit import scopes

Deed = Callable[[Random, UUID], str]


class Bench:
    """A town with a sealed history and a checkpoint of it kept outside; every mutation is rolled back."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.town, self.other = a_town("tampered"), a_town("neighbour")
        lived_in(self.town, self.random)
        lived_in(self.other, self.random, n_checkpoints=1)
        self.outside = self._read(None).newest
        self.deeds: Counter[str] = Counter()
        self.n_refused = 0

    def _read(self, outside: queries.Anchor | None) -> queries.Findings:
        with scopes.town(self.town.id):
            return queries.verify(outside=outside)

    def control(self) -> None:
        """The untouched history is clean, and it is not empty."""
        findings = self._read(self.outside)
        assert findings.is_clean, findings.found
        assert findings.n_sealed == findings.n_entries > 25
        assert findings.n_words and findings.n_erased == 2
        assert findings.n_checkpoints == 5

    def after(self, deed: Deed) -> tuple[str, queries.Findings]:
        """Return what was done and what is found afterwards without a checkpoint from outside."""
        done, alone, _ = self._after(deed, outside=False)
        return done, alone

    def after_seen_from_outside(self, deed: Deed) -> tuple[str, queries.Findings, queries.Findings]:
        """Return what was done, and what is found afterwards without and with the outside checkpoint."""
        return self._after(deed, outside=True)

    def _after(self, deed: Deed, *, outside: bool) -> tuple[str, queries.Findings, queries.Findings]:
        for _ in range(100):
            try:
                with transaction.atomic():
                    with scopes.town(self.town.id):
                        done = deed(self.random, self.other.id)
                    alone = self._read(None)
                    with_outside = self._read(self.outside) if outside else alone
                    transaction.set_rollback(True)
            except IntegrityError:
                self.n_refused += 1
                continue
            self.deeds[done.split(":")[0]] += 1
            return done, alone, with_outside
        raise AssertionError("The database refuses every mutation of this kind.")

    def report(self) -> str:
        """Say how many mutations were made, how many of each kind."""
        kinds = "\n".join(f"  {n:4} {deed}" for deed, n in sorted(self.deeds.items()))
        return f"{self.deeds.total()} mutations, all found; {self.n_refused} more the database itself refused\n{kinds}"


@pytest.mark.parametrize(
    ("deed", "n"),
    [(tampering.edit, 400), (tampering.delete, 150), (tampering.insert, 150), (tampering.swap, 100)],
    ids=["edits", "deletions", "insertions", "swaps"],
)
def test_whatever_is_altered_is_found(as_superuser: None, deed: Deed, n: int) -> None:
    with transaction.atomic():
        bench = Bench(seed=n)
        for _ in range(n):
            done, alone = bench.after(deed)
            assert alone.n_found, done
            bench.control()

    assert bench.deeds.total() == n
    print(bench.report())


@pytest.mark.parametrize("deed", [tampering.truncate, tampering.rewrite], ids=["truncations", "rewrites"])
def test_what_fits_from_end_to_end_is_found_by_a_checkpoint_kept_outside(as_superuser: None, deed: Deed) -> None:
    with transaction.atomic():
        bench = Bench(seed=5)
        for _ in range(100):
            done, alone, with_outside = bench.after_seen_from_outside(deed)
            assert alone.is_clean, (done, alone.found)
            assert with_outside.n_found, done
            bench.control()

    assert bench.deeds.total() == 100
    print(bench.report())


def test_not_one_column_of_history_can_be_edited_unseen(as_superuser: None) -> None:
    with transaction.atomic():
        bench = Bench(seed=11)
        for column in tampering.columns():
            done, alone = bench.after(lambda random, other, c=column: tampering.edit(random, other, column=c))
            assert alone.n_found, done
        bench.control()

    assert len(bench.deeds) == len(tampering.columns()) > 30


def test_words_brought_back_after_their_erasure_are_found(as_superuser: None) -> None:
    with transaction.atomic():
        bench = Bench(seed=12)
        bench.control()

        def bring_back(random: Random, other: UUID) -> str:
            row = Disclosure.objects.filter(value__isnull=True).first()
            Disclosure.objects.filter(pk=row.pk).update(value="13800000000", salt="00" * 32, erased_at=None)
            return "bring back"

        _, alone = bench.after(bring_back)

    assert "word_back" in {problem.code for problem in alone.found}


@pytest.mark.sqlite
def test_text_in_a_column_of_numbers_is_a_finding_and_no_crash(as_superuser: None) -> None:
    from django.db import connection

    broken = {"audit_entry": ["at", "id", "sequence"], "audit_checkpoint": ["at", "length"]}
    broken |= {"audit_seal": ["entry_id", "position"], "audit_disclosure": ["entry_id", "salt"]}
    with transaction.atomic():
        bench = Bench(seed=13)
        for table, columns in broken.items():
            for column in columns:

                def spoil(random: Random, other: UUID, table: str = table, column: str = column) -> str:
                    with connection.cursor() as cursor:
                        cursor.execute(
                            f"UPDATE {table} SET {column} = 'nonsense' WHERE rowid = "
                            f"(SELECT max(rowid) FROM {table} WHERE town_id = %s)",
                            [bench.town.id.hex],
                        )
                        assert cursor.rowcount == 1
                    return f"{table}.{column}"

                done, alone = bench.after(spoil)
                assert alone.n_found, done
        bench.control()
