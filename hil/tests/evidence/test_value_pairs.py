from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from hil.evidence.value_pairs import Pair, all_pairs, missing_pairs, pairs_in, values_of

TABLE = st.integers(1, 4).flatmap(
    lambda width: st.lists(
        st.fixed_dictionaries({f"column {index}": st.sampled_from("abc") for index in range(width)}),
        min_size=1,
        max_size=8,
    )
)


def test_two_rows_hold_their_own_pairs_and_lack_the_others() -> None:
    rows = [{"mode": "one", "life": "new"}, {"mode": "two", "life": "old"}]
    assert values_of(rows) == {"mode": ["one", "two"], "life": ["new", "old"]}
    assert missing_pairs(rows) == [Pair("life", "new", "mode", "two"), Pair("life", "old", "mode", "one")]
    assert str(missing_pairs(rows)[0]) == "life 'new' with mode 'two'"


def test_a_table_of_one_column_has_no_pairs() -> None:
    assert not all_pairs([{"mode": "one"}, {"mode": "two"}])


@given(TABLE)
def test_what_is_missing_and_what_is_there_are_all_pairs_and_nothing_is_both(rows: list[dict[str, str]]) -> None:
    missing = missing_pairs(rows)
    assert set(missing) | pairs_in(rows) == set(all_pairs(rows))
    assert not set(missing) & pairs_in(rows)


@given(TABLE)
def test_all_combinations_lack_no_pair(rows: list[dict[str, str]]) -> None:
    values = values_of(rows)
    product = [dict(zip(values, each, strict=True)) for each in itertools.product(*values.values())]
    assert missing_pairs(product) == []
