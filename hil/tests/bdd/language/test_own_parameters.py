"""A laboratory's own parameter types: used like the framework's, and refused where an editor or a step could not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from hil.bdd.language import own_parameters
from hil.bdd.language.expressions import Expression
from hil.bdd.language.own_parameters import parameter_type
from hil.bdd.language.parameters import PARAMETERS
from hil.errors import AuthorError

CELSIUS: dict[str, Any] = {"name": "temperature", "regexp": "-?[0-9]+(?:[.][0-9]+)? ?°C", "example": "21.5 °C"}


def _celsius(text: str) -> float:
    value = float(text.removesuffix("°C"))
    if value < -273.15:
        raise ValueError("nothing is colder than -273.15 °C")
    return value


@pytest.fixture(autouse=True)
def framework_only() -> Iterator[None]:
    """Forget afterwards what a test has made."""
    before = set(PARAMETERS)
    yield
    for name in set(PARAMETERS) - before:
        del PARAMETERS[name], own_parameters._PLACES[name]


def test_a_type_of_ones_own_reads_the_value_of_a_step() -> None:
    parameter_type(**CELSIUS, read=_celsius)

    expression = Expression("the room has {temperature} for {duration}")

    assert expression.values("the room has -3.5 °C for 2 min") == [-3.5, 120.0]
    assert not expression.matches("the room has 21 °F for 2 min")
    assert expression.sample == "the room has 21.5 °C for 500 ms"


def test_a_text_that_matches_and_makes_no_sense_is_told_with_an_example() -> None:
    parameter_type(**CELSIUS, read=_celsius)

    with pytest.raises(AuthorError, match=r"'-300 °C' is not a temperature: nothing is colder.*write it as '21.5 °C'"):
        Expression("{temperature}").values("-300 °C")


def test_a_reader_of_texts_is_the_default() -> None:
    parameter_type(name="lamp", regexp="red|green", example="red", choices=lambda: ["red", "green"])

    assert Expression("the lamp is {lamp}").values("the lamp is green") == ["green"]
    assert list(PARAMETERS["lamp"].choices()) == ["red", "green"]


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"name": "Temperature"}, "a name has lower-case letters and underscores"),
        ({"name": "power"}, "the framework has one of this name"),
        ({"name": "int"}, "the framework has one of this name"),
        ({"regexp": r"\d+ °C"}, r"it has no backslash; write \[0-9\] for a digit"),
        ({"regexp": "(-?)[0-9]+ °C"}, r"captures a group; write \(\?:…\)"),
        ({"regexp": "[0-9"}, "is no regular expression: unterminated character set"),
        ({"example": "warm"}, "its regular expression does not match its example 'warm'"),
        ({"example": "-300 °C"}, "its own example cannot be read: '-300 °C' is not a temperature"),
    ],
)
def test_a_type_that_cannot_be_is_refused_at_its_line(changed: dict[str, str], what: str) -> None:
    with pytest.raises(AuthorError, match=what) as caught:
        parameter_type(**{**CELSIUS, **changed}, read=_celsius)

    assert str(caught.value.place).startswith("hil/tests/bdd/language/test_own_parameters.py:")
    assert "temperature" not in PARAMETERS


def test_two_types_of_one_name_are_refused_and_the_first_one_is_named() -> None:
    parameter_type(**CELSIUS, read=_celsius)

    with pytest.raises(AuthorError, match=r"it is made already at hil/tests/bdd/language/test_own_parameters\.py:"):
        parameter_type(**CELSIUS, read=_celsius)


def test_a_module_that_is_loaded_again_makes_its_types_again() -> None:
    for unit in (1.0, 2.0):
        parameter_type(**CELSIUS, read={1.0: _celsius, 2.0: lambda _: 2.0}[unit])

    assert Expression("{temperature}").values("21 °C") == [2.0]


def test_a_type_that_is_not_there_is_told_how_to_make() -> None:
    with pytest.raises(AuthorError, match=r"'\{temperatur\}' is not a parameter type") as caught:
        Expression("{temperatur}")

    assert caught.value.remedy is not None
    assert "hil.testing.parameter_type" in caught.value.remedy
