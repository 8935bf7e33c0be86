"""What ``hil steps --types`` lists: the parameter types, a laboratory's own among them."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from hil.bdd.language import own_parameters
from hil.bdd.language.listing.parameter_types import accepted, as_json, as_markdown, as_text, search
from hil.bdd.language.own_parameters import parameter_type
from hil.bdd.language.parameters import PARAMETERS
from hil.cli.main import main


@pytest.fixture
def _temperature() -> Iterator[None]:
    parameter_type(name="temperature", regexp="-?[0-9]+ ?°C|cold", example="40 °C")
    yield
    del PARAMETERS["temperature"], own_parameters._PLACES["temperature"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("power", "a number and one of W, kW, mW"),
        ("amount", "a number and one of sat, mBTC, BTC"),
        ("mode", "single-fee, per-payment"),
        ("int", "a whole number"),
        ("ledger_view", "node, spv, api"),
    ],
)
def test_what_a_type_accepts_is_told_in_words(name: str, words: str) -> None:
    assert accepted(PARAMETERS[name]) == words


def test_no_type_of_the_framework_is_told_by_its_expression() -> None:
    assert [name for name, each in PARAMETERS.items() if accepted(each).startswith("what matches")] == []


def test_search_wants_all_words_in_name_or_values() -> None:
    assert [each.name for each in search(["KiB"])] == ["memory"]
    assert [each.name for each in search(["{percent}"])] == ["percent"]
    assert [each.name for each in search([])] == sorted(PARAMETERS)
    assert search(["power", "xyzzy"]) == []


@pytest.mark.usefixtures("_temperature")
def test_a_type_of_a_laboratory_is_listed_with_its_expression_and_place() -> None:
    types = search(["temperature"])
    head, what = as_text(types).splitlines()
    assert head == "{temperature}, e.g. 40 °C"
    assert what.startswith(
        "    what matches -?[0-9]+ ?°C|cold (hil/tests/bdd/language/listing/test_parameter_types.py:"
    )
    assert r"what matches -?[0-9]+ ?°C\|cold | hil/tests/bdd/language/listing/test_parameter_types.py:" in as_markdown(
        types
    )
    (told,) = json.loads(as_json(types))
    assert (told["name"], told["example"], told["choices"]) == ("temperature", "40 °C", [])
    assert told["place"].startswith("hil/tests/bdd/language/listing/test_parameter_types.py:")


def test_no_line_is_wider_than_a_terminal() -> None:
    assert max(map(len, as_text(search([])).splitlines())) <= 120


def test_markdown_says_who_makes_a_type() -> None:
    assert "| `{tariff}` | `1250 sat/Wh` | a number and one of sat/Wh | micropay-hil |" in as_markdown(
        search(["{tariff}"])
    )


def test_the_command_lists_types_or_says_that_there_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["steps", "--types", "MiB"]) == 0
    assert capsys.readouterr().out.startswith("{memory}, e.g. 1 MiB\n")
    assert main(["steps", "--types", "nosuch"]) == 5
    assert capsys.readouterr().err == "no parameter type has 'nosuch'\n"
