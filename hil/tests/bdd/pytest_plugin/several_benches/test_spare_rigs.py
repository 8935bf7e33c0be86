"""For each item that may come back from a rig that fails, a process with another rig stays."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hil.bdd.pytest_plugin.several_benches.spare_rigs import may_come

UNDER_WAY = st.dictionaries(st.integers(1, 5), st.lists(st.integers(0, 9), max_size=2), min_size=2)
IDLE = st.sets(st.integers(1, 5))


def any_can(number: int, index: int) -> bool:
    return True


def test_a_process_stays_for_what_another_has_while_no_third_one_does() -> None:
    assert may_come(1, [], {2: [7]}, [], any_can)
    assert not may_come(1, [], {2: [7], 3: []}, [3], any_can)


def test_the_process_that_runs_an_item_is_no_spare_for_it_though_it_could_take_one_more() -> None:
    assert may_come(1, [], {2: [7], 3: []}, [2], any_can)


def test_a_process_goes_when_its_rig_can_run_nothing_of_what_may_come() -> None:
    assert not may_come(1, [3], {2: [7]}, [], lambda number, index: number != 1)


@given(UNDER_WAY, IDLE)
def test_when_all_that_may_leave_have_left_each_item_under_way_has_a_rig_beside_its_own(
    under_way: dict[int, list[int]], idle: set[int]
) -> None:
    staying, idle = dict(under_way), idle & set(under_way)
    for number in list(under_way):
        others = {each: indices for each, indices in staying.items() if each != number}
        if staying[number] or may_come(number, [], others, idle - {number}, any_can):
            continue
        del staying[number]
        idle.discard(number)
    for number, indices in staying.items():
        assert not indices or len(staying) > 1
        assert number in under_way
