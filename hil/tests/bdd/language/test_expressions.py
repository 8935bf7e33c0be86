from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from hil.bdd.language.catalogue import StepDefinition, load_catalogue
from hil.bdd.language.expressions import Expression, parameter_names
from hil.bdd.language.parameters import PARAMETERS
from hil.errors import AuthorError
from hil.units import UNITS, Dimension

QUANTITIES = [each for each in Dimension if each not in {Dimension.AMOUNT, Dimension.TARIFF}]


@pytest.mark.parametrize(
    ("expression", "text", "values"),
    [
        ("draws {power}", "draws 1.3 kW", [1300.0]),
        ("{energy} in {duration}", "40 Wh in 110.8 s", [40.0, 110.8]),
        ("within {duration}", "within 500 ms", [0.5]),
        ("pays {amount}", "pays 0.1 mBTC", [10_000]),
        ("pays {amount}", "pays 1BTC", [100_000_000]),
        ("asks {tariff}", "asks 1250 sat/Wh", [1250]),
        ("{voltage} {current} {resistance}", "230 V 5.65 A 40.7 ohm", [230.0, 5.65, 40.7]),
        ("off by {percent}", "off by -2 %", [-2.0]),
        (
            "the {device} in {mode} mode opens {relay}",
            "the cable in single-fee mode opens K3",
            ["cable", "single-fee", "K3"],
        ),
        ("the {ordinal} payment", "the third payment", [3]),
        ("the {ordinal} payment", "the 22nd payment", [22]),
        ("{int} payment(s)", "1 payment", [1]),
        ("{int} payment(s)", "5 payments", [5]),
        ("the power is/stays off", "the power stays off", []),
        ("says {string} and {string}", 'says "no \\"fee\\"" and \'ok\'', ['no "fee"', "ok"]),
        ("calls {word}", "calls K1-supply", ["K1-supply"]),
    ],
)
def test_expression_reads_its_parameters_in_the_base_unit(expression: str, text: str, values: list[object]) -> None:
    parsed = Expression(expression)
    assert parsed.matches(text)
    assert text.startswith(parsed.prefix)
    assert parsed.values(text) == values


@pytest.mark.parametrize("text", ["draws 5 kg", "draws 5", "draws W", "draws  5 W", "draws 5 W now", "Draws 5 W"])
def test_expression_refuses_what_is_not_exactly_it(text: str) -> None:
    assert not Expression("draws {power}").matches(text)
    assert Expression("draws {power}").arguments(text) is None


@for_all(
    dimension=st.sampled_from(QUANTITIES),
    number=st.decimals(min_value=-10_000, max_value=10_000, places=3, allow_nan=False),
    data=st.data(),
)
def test_every_unit_of_the_table_is_read_exactly(dimension: Dimension, number: Decimal, data: st.DataObject) -> None:
    unit = data.draw(st.sampled_from(sorted(UNITS[dimension])))
    expression = Expression(f"it is {{{dimension.value}}} here")
    assert expression.values(f"it is {number} {unit} here") == [float(number * UNITS[dimension][unit])]


@pytest.mark.parametrize("name", sorted(PARAMETERS))
def test_example_of_each_parameter_type_is_read_by_it(name: str) -> None:
    expression = Expression(f"a {{{name}}} b")
    assert expression.matches(expression.sample)
    assert expression.values(expression.sample) == [PARAMETERS[name].read(PARAMETERS[name].example)]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("amount", "0.5 sat", "whole satoshi"),
        ("tariff", "1.5 sat/Wh", "whole number of sat/Wh"),
        ("power", "5 kg", "'kg' is not a unit of power; known: W, kW, mW"),
        ("relay", "K7", "'K7' is not a relay; known: K1, K2, K3, K4"),
        ("device", "sokcet", "Did you mean 'socket'"),
        ("ordinal", "0th", "not an ordinal"),
        ("ordinal", "threerd", "not an ordinal"),
        ("int", "2.5", "not a whole number"),
        ("word", "two words", "more than one word"),
        ("string", "bare", "without quotation marks"),
    ],
)
def test_parameter_that_does_not_fit_says_what_is_allowed(name: str, text: str, message: str) -> None:
    with pytest.raises(AuthorError, match=message):
        PARAMETERS[name].read(text)


def test_loose_match_finds_the_argument_that_does_not_fit() -> None:
    arguments = Expression("pays {amount} for {int} payments").arguments("pays 5 kg for 3 payments", loosely=True)
    assert arguments is not None
    assert [(each.text, each.offset) for each in arguments] == [("5 kg", 5), ("3", 14)]


def test_unknown_parameter_type_is_refused_with_the_nearest() -> None:
    with pytest.raises(
        AuthorError, match=r"in 'draws \{powr\}', '\{powr\}' is not a parameter type.*Did you mean 'power'"
    ):
        Expression("draws {powr}")
    with pytest.raises(AuthorError, match="not a parameter type"):
        Expression("a bare number {float}")


@pytest.mark.parametrize("source", ["an open {power", "a /b", "empty ()"])
def test_text_that_is_no_cucumber_expression_is_refused(source: str) -> None:
    with pytest.raises(AuthorError, match="is not a Cucumber Expression"):
        Expression(source)


def _too_few(bench: Any) -> None: ...
def _too_many(a: Any, b: Any, /, bench: Any) -> None: ...
async def _async(a: Any, /) -> None: ...
async def _async_generator(a: Any, /) -> Any:
    yield a


def _keyword_only(a: Any, /, *, bench: Any) -> None: ...
def _variadic(a: Any, /, *rest: Any) -> None: ...
def _default(a: Any, /, bench: Any = None) -> None: ...
def _reserved(datatable: Any, /) -> None: ...


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (_too_few, r"are \{power\}, those of its function before '/' are none"),
        (_too_many, "before '/' are a, b"),
        (_async, "is async"),
        (_async_generator, "is async"),
        (_keyword_only, "'bench' is neither a parameter of the step nor a fixture"),
        (_variadic, r"'\*rest' is neither"),
        (_default, "'bench' has a default"),
        (_reserved, "'datatable' is what stands below a step"),
    ],
)
def test_function_that_cannot_be_a_step_is_refused_when_it_is_defined(function: Any, message: str) -> None:
    with pytest.raises(AuthorError, match=message):
        parameter_names(function, Expression("draws {power}"))


@pytest.mark.parametrize("definition", load_catalogue().definitions, ids=str)
def test_each_step_of_the_framework_is_a_cucumber_expression_with_the_parameters_that_its_words_name(
    definition: StepDefinition,
) -> None:
    compiled = Expression(definition.expression.source)

    assert definition.expression.parameters == compiled.parameters
    assert not definition.expression.matches("no such step")
