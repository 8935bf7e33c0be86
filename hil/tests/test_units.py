"""Quantities: a closed table of units, read exactly."""

from __future__ import annotations

import contextlib
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.errors import AuthorError
from hil.units import UNITS, Dimension, format_quantity, parse, parse_satoshi

numbers = st.decimals(-(10**9), 10**9, places=4, allow_nan=False, allow_infinity=False)
known = st.sampled_from([(dimension, unit) for dimension, units in UNITS.items() for unit in units])


@given(numbers, known, st.sampled_from(["", " "]))
def test_every_known_quantity_is_read_exactly(number: Decimal, pair: tuple[Dimension, str], space: str) -> None:
    dimension, unit = pair
    text = f"{number:f}{space}{unit}"

    assert parse(text, dimension) == number * UNITS[dimension][unit]


@given(st.text(max_size=12), st.sampled_from(Dimension))
def test_text_is_a_quantity_or_an_author_error_and_nothing_else(text: str, dimension: Dimension) -> None:
    with contextlib.suppress(AuthorError):
        assert parse(text, dimension).is_finite()


@given(known, known)
def test_no_unit_is_taken_for_another_dimension(one: tuple[Dimension, str], other: tuple[Dimension, str]) -> None:
    dimension, (_, unit) = one[0], other
    if unit not in UNITS[dimension]:
        with pytest.raises(AuthorError, match="is not a unit of"):
            parse(f"1 {unit}", dimension)


def test_each_dimension_has_one_base_unit() -> None:
    assert all(list(units.values()).count(Decimal(1)) == 1 for units in UNITS.values())


@pytest.mark.parametrize(
    ("text", "dimension", "told"),
    [
        ("fast", Dimension.DURATION, "'fast' is not a duration; expected a number and one of s, ms, min, h"),
        ("27", Dimension.DURATION, "'27' has no unit; a duration takes one of s, ms, min, h"),
        ("27 sec", Dimension.DURATION, "'sec' is not a unit of duration; known: h, min, ms, s"),
        ("1 kw", Dimension.POWER, "'kw' is not a unit of power; known: W, kW, mW"),
        ("1e3 W", Dimension.POWER, "'e3 W' is not a unit of power"),
        ("1,000 W", Dimension.POWER, "'1,000 W' has a comma"),
        ("5 C", Dimension.AMOUNT, "'C' is not a unit of amount"),
        ("", Dimension.POWER, "'' is not a power"),
    ],
)
def test_an_error_says_what_was_read_and_what_is_known(text: str, dimension: Dimension, told: str) -> None:
    with pytest.raises(AuthorError) as caught:
        parse(text, dimension)

    assert str(caught.value).startswith(told)


@pytest.mark.parametrize(
    ("text", "satoshi"),
    [("0.1 mBTC", 10_000), ("1 BTC", 100_000_000), ("0.00000001 BTC", 1), ("21000000 BTC", 2_100_000_000_000_000)],
)
def test_money_is_whole_satoshi(text: str, satoshi: int) -> None:
    amount = parse_satoshi(text)

    assert amount == satoshi
    assert type(amount) is int


@pytest.mark.parametrize("text", ["0.5 sat", "0.000001 mBTC", "0.000000001 BTC"])
def test_parts_of_a_satoshi_are_refused(text: str) -> None:
    with pytest.raises(AuthorError, match="money is counted in whole satoshi"):
        parse_satoshi(text)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (27.0, "s", "27 s"),
        (0.5, "s", "500 ms"),
        (0.0, "s", "0 s"),
        (-0.25, "s", "-250 ms"),
        (1300.0, "W", "1300 W"),
        (40.123, "Wh", "40.123 Wh"),
        (0.1, "Wh", "0.1 Wh"),
        (10_000, "sat", "10 000 sat"),
        (5, "count", "5"),
        (-0.0, "Wh", "0 Wh"),
        (-0.2, "sat", "0 sat"),
        (100.0, "%", "100 %"),
    ],
)
def test_quantities_are_told_as_people_write_them(value: float, unit: str, text: str) -> None:
    assert format_quantity(value, unit) == text


@given(st.floats(-1e6, 1e6), st.sampled_from(["s", "W", "Wh", "V"]))
def test_what_is_told_is_near_what_was_measured(value: float, unit: str) -> None:
    number, told_unit = format_quantity(value, unit).split(" ")

    scale = 0.001 if told_unit == "ms" else 1.0
    assert float(number) * scale == pytest.approx(value, rel=2e-3, abs=1e-9)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("1,3 kW", "'1,3 kW' has a comma; write 1.3 with a decimal point, or 13"),
        ("1,300 W", "'1,300 W' has a comma; write 1.300 with a decimal point, or 1300"),
        ("\u0661\u0663 W", "'\u0661' (U+0661) is no digit of a number here; write 0 to 9"),
        ("9" * 19 + " W", f"'{'9' * 18}…' has 19 digits; a number has at most 18"),
    ],
)
def test_a_number_that_is_written_in_another_way_is_told_how_it_is_written(text: str, told: str) -> None:
    with pytest.raises(AuthorError) as error:
        parse(text, Dimension.POWER)
    assert error.value.what == told
