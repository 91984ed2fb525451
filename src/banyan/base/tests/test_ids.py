"""Identifiers and tracking numbers."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta, timezone
from itertools import combinations, pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from banyan.base import ids
from banyan.base.errors import InvalidInput

seeds = st.integers(0, 2**32)


def _number(seed: int) -> str:
    return ids.tracking_number(random=Random(seed)).replace("-", "")


def _is_refused(text: str) -> bool:
    try:
        ids.read_tracking_number(text)
    except InvalidInput:
        return True
    return False


def test_identifiers_sort_by_the_order_in_which_they_were_made() -> None:
    made = [ids.uuid7() for _ in range(20_000)]

    assert all(earlier < later for earlier, later in pairwise(made))


def test_identifiers_stay_in_order_when_the_clock_is_set_back(monkeypatch: pytest.MonkeyPatch) -> None:
    before = ids.uuid7()
    monkeypatch.setattr("time.time_ns", lambda: 1_000_000_000)

    after = ids.uuid7()

    assert before < after


def test_an_identifier_says_version_7_and_carries_its_millisecond() -> None:
    # RFC 9562, appendix A.6: Tuesday, February 22, 2022 2:22:22.00 PM GMT-05:00 is 0x017F22E279B0 in milliseconds.
    at = datetime(2022, 2, 22, 14, 22, 22, tzinfo=timezone(timedelta(hours=-5)))

    made = ids.uuid7(at)

    assert made.version == 7
    assert made.variant == uuid.RFC_4122
    assert made.int >> 80 == 0x017F22E279B0


@given(
    st.datetimes(datetime(1970, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC)),
    st.timedeltas(timedelta(microseconds=1), timedelta(days=30)),
)
def test_an_earlier_instant_never_sorts_behind_a_later_one(at: datetime, gap: timedelta) -> None:
    later = at + min(gap, datetime(9999, 12, 31, 23, 59, tzinfo=UTC) - at)

    assert ids.uuid7(at).int >> 64 < ids.uuid7(later).int >> 64


@pytest.mark.parametrize("at", [datetime(2026, 1, 1), datetime(1969, 12, 31, 23, 59, tzinfo=UTC)])
def test_an_identifier_refuses_a_time_it_cannot_carry(at: datetime) -> None:
    with pytest.raises(InvalidInput) as refusal:
        ids.uuid7(at)

    assert refusal.value.problems[0].where == "at"


def test_a_secret_identifier_carries_no_time() -> None:
    assert ids.uuid4().version == 4


def test_a_seeded_demonstration_draws_the_same_numbers_again() -> None:
    at = datetime(2026, 5, 1, tzinfo=UTC)

    assert ids.tracking_number(random=Random(7)) == ids.tracking_number(random=Random(7))
    assert ids.uuid7(at, random=Random(7)) == ids.uuid7(at, random=Random(7))


def test_a_tracking_number_is_ten_characters_in_three_groups_without_lookalikes() -> None:
    number = ids.tracking_number()

    assert [len(group) for group in number.split("-")] == [4, 4, 2]
    assert set(number) <= set(ids.TRACKING_ALPHABET) | {"-"}
    assert not set("ILOU") & set(ids.TRACKING_ALPHABET)


def test_tracking_numbers_use_all_their_room() -> None:
    drawn = [ids.tracking_number().replace("-", "") for _ in range(4_000)]

    assert len(set(drawn)) == len(drawn)
    assert all({number[place] for number in drawn} == set(ids.TRACKING_ALPHABET) for place in range(10))


@given(seeds)
def test_every_single_wrong_character_is_noticed(seed: int) -> None:
    number = _number(seed)

    missed = [
        number[:place] + other + number[place + 1 :]
        for place in range(10)
        for other in ids.TRACKING_ALPHABET
        if other != number[place] and not _is_refused(number[:place] + other + number[place + 1 :])
    ]

    assert missed == []


def test_no_swap_of_two_characters_escapes_the_check_in_any_of_the_45_pairs_of_places() -> None:
    # The check is linear, so words that are zero elsewhere stand for all words: this is the whole proof.
    def syndrome(places: dict[int, str]) -> int:
        word = [places.get(place, "0") for place in range(10)]
        return ids._VALUE[ids._check_of("".join(word[:9]))] ^ ids._VALUE[word[9]]

    missed = [
        (first, second, one, two)
        for first, second in combinations(range(10), 2)
        for one, two in combinations(ids.TRACKING_ALPHABET, 2)
        if syndrome({first: one, second: two}) == syndrome({first: two, second: one})
    ]

    assert missed == []


@given(seeds)
def test_swapping_any_two_different_characters_is_noticed(seed: int) -> None:
    number = _number(seed)

    for first, second in combinations(range(10), 2):
        letters = list(number)
        letters[first], letters[second] = letters[second], letters[first]
        assert letters[first] == letters[second] or _is_refused("".join(letters))


@given(seeds)
def test_a_number_is_read_as_people_type_it(seed: int) -> None:
    proper = ids.tracking_number(random=Random(seed))
    plain = proper.replace("-", "")
    wide = "".join(chr(ord(c) + 0xFEE0) for c in plain)

    for typed in (plain, plain.lower(), " ".join(plain), proper.replace("-", " – "), f"\t{proper}\n", wide):
        assert ids.read_tracking_number(typed) == proper


@given(seeds)
def test_the_letters_o_i_and_l_are_read_as_digits(seed: int) -> None:
    proper = ids.tracking_number(random=Random(seed))

    assert ids.read_tracking_number(proper.replace("0", "o").replace("1", "l")) == proper
    assert ids.read_tracking_number(proper.replace("0", "O").replace("1", "I")) == proper


@pytest.mark.parametrize(
    ("typed", "codes"),
    [
        ("", ["empty"]),
        (" - ", ["empty"]),
        ("K7QF", ["length"]),
        ("K7QF-2M9X-P3K", ["length"]),
        ("K7QF-2M9X-榕U", ["characters"]),
        ("K7#F", ["characters", "length"]),
    ],
)
def test_a_number_that_cannot_be_read_says_everything_that_is_wrong(typed: str, codes: list[str]) -> None:
    with pytest.raises(InvalidInput) as refusal:
        ids.read_tracking_number(typed)

    assert [problem.code for problem in refusal.value.problems] == codes


@given(st.text(max_size=40))
def test_no_text_breaks_the_reading(typed: str) -> None:
    try:
        assert ids.read_tracking_number(ids.read_tracking_number(typed)) == ids.read_tracking_number(typed)
    except InvalidInput as refusal:
        assert refusal.problems
