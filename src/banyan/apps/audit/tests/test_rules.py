"""The mathematics of history: canonical bytes, commitments, the Merkle tree, the checkpoint kept outside."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from banyan.apps.audit.rules import Anchor, Frontier, Proof, canonical, commitment, leaf, node, siblings
from banyan.base.errors import InvalidInput

#: The leaves and roots of the reference implementation of Certificate Transparency, one root for each length.
REFERENCE_LEAVES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
REFERENCE_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
TOWN = UUID(int=1)
KEPT = Anchor(TOWN, number=3, length=40, merkle_root="ab" * 32, head="cd" * 32, at=datetime(2026, 3, 2, tzinfo=UTC))


def plain_root(leaves: list[bytes]) -> bytes:
    """The definition of RFC 9162, section 2.1.1, word for word and slow."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaf(leaves[0])
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return node(plain_root(leaves[:half]), plain_root(leaves[half:]))


def grown(leaves: list[bytes]) -> Frontier:
    tree = Frontier()
    for content in leaves:
        tree.grow(leaf(content))
    return tree


def test_the_roots_are_those_of_certificate_transparency() -> None:
    tree, roots = Frontier(), []
    for content in REFERENCE_LEAVES:
        tree.grow(leaf(bytes.fromhex(content)))
        roots.append(tree.root().hex())

    assert roots == REFERENCE_ROOTS


@given(st.lists(st.binary(max_size=4), max_size=70))
def test_a_growing_tree_has_the_root_of_the_definition(leaves: list[bytes]) -> None:
    tree = grown(leaves)

    assert tree.root() == plain_root(leaves)
    assert len(tree.peaks) == len(leaves).bit_count()


@given(st.lists(st.binary(max_size=4), max_size=40), st.integers(0, 40))
def test_a_tree_that_rested_in_a_checkpoint_grows_on_as_if_it_had_not(leaves: list[bytes], rest: int) -> None:
    rested = grown(leaves[:rest])
    woken = Frontier(length=rested.length, peaks=[bytes.fromhex(peak.hex()) for peak in rested.peaks])
    for content in leaves[rest:]:
        woken.grow(leaf(content))

    assert woken.root() == plain_root(leaves)


def proof_in(hashes: list[str], position: int) -> Proof:
    path = [grown([h.encode() for h in hashes[a:b]]).root().hex() for a, b in siblings(position, length=len(hashes))]
    return Proof(hashes[position], position=position, length=len(hashes), path=tuple(path))


def test_every_entry_of_a_sealed_history_can_be_proved_and_no_other() -> None:
    n_proofs = n_refused = 0
    for length in range(1, 34):
        hashes = [hashlib.sha256(bytes([i])).hexdigest() for i in range(length)]
        root = grown([h.encode() for h in hashes]).root().hex()
        for position in range(length):
            proof = proof_in(hashes, position)
            assert proof.leads_to(root), (position, length)
            n_proofs += 1
            for false in (
                Proof("00" * 32, position, length, proof.path),
                Proof(proof.entry_hash, position + 1, length, proof.path),
                Proof(proof.entry_hash, position, length, (*proof.path, "00" * 32)),
                Proof(proof.entry_hash, position, length, proof.path[:-1]),
                Proof(proof.entry_hash, -1, length, proof.path),
            ):
                assert not false.leads_to(root) or false == proof, false
                n_refused += false != proof

    assert (n_proofs, n_refused) == (33 * 34 // 2, 33 * 34 // 2 * 5 - 1)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), json_values, max_size=4))
def test_facts_give_the_same_bytes_after_a_database_wrote_its_numbers_out(facts: dict[str, object]) -> None:
    as_text = json.loads(json.dumps(facts))
    # PostgreSQL keeps a number as a decimal and writes it without an exponent.
    written_out = json.loads(
        json.dumps(facts), parse_float=lambda digits: _read_number(format(Decimal(digits), "f")), parse_int=int
    )

    assert canonical(facts) == canonical(as_text) == canonical(written_out)


def _read_number(digits: str) -> float | int:
    return float(digits) if "." in digits else int(digits)


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_a_number_that_is_none_is_refused(number: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical({"n": number})


def test_a_commitment_binds_the_word_the_salt_and_the_person() -> None:
    held = commitment("路灯", salt="00" * 32, person_id=TOWN)

    assert held == commitment("路灯", salt="00" * 32, person_id=TOWN)
    assert held != commitment("路灯", salt="00" * 32, person_id=UUID(int=2))
    assert held != commitment("路灯", salt="00" * 32, person_id=None)
    assert held != commitment("路灯", salt="01" * 32, person_id=TOWN)
    assert held != commitment("路燈", salt="00" * 32, person_id=TOWN)


def test_a_checkpoint_kept_outside_is_read_as_it_was_written() -> None:
    assert Anchor.from_json(KEPT.to_json()) == KEPT


@pytest.mark.parametrize("text", ["", "[]", "{", "null", '"x"', "\ud800", "[" * 100_000])
def test_a_checkpoint_file_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        Anchor.from_json(text)


def test_every_problem_of_a_checkpoint_file_is_listed() -> None:
    words = {"town": "x", "number": True, "length": -1, "merkle_root": "AB" * 32, "at": "2026-03-02T00:00:00"}

    with pytest.raises(InvalidInput) as refused:
        Anchor.from_json(json.dumps(words))

    assert {problem.where for problem in refused.value.problems} == {*words, "head"}
