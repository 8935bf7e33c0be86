"""The closed list of parameter types, and that the editor's language server can read it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from hil.bdd.language import parameters
from hil.bdd.language.parameters import ORDINALS, PARAMETERS
from hil.scenario.stimuli import link as link_faults
from hil.scenario.stimuli.ledger import LIES
from hil.units import UNITS, Dimension

BUILT_IN = {"int", "word", "string"}
"""What Cucumber Expressions have themselves."""


@pytest.mark.parametrize("dimension", Dimension)
def test_quantity_takes_the_units_of_its_dimension_and_no_others(dimension: Dimension) -> None:
    pattern = PARAMETERS[dimension.value].regexp
    units = {unit for table in UNITS.values() for unit in table}
    taken = {unit for unit in units if re.fullmatch(pattern, f"1 {unit}")}
    assert taken == set(UNITS[dimension])
    assert all(re.fullmatch(pattern, f"-1.5{unit}") for unit in taken)
    assert not re.fullmatch(pattern, "1")


def test_words_of_the_lists_are_those_that_the_rig_knows() -> None:
    lists: dict[str, Iterable[str]] = {
        "lie": LIES,
        "message": link_faults.MESSAGES,
        "way": link_faults.WAYS,
        "damage": link_faults.DAMAGES,
        "link_verb": link_faults.VERBS,
        "moment": link_faults.BREAKS,
    }
    for name, words in lists.items():
        assert list(PARAMETERS[name].choices()) == list(words)
    assert PARAMETERS["ordinal"].regexp == "|".join([*ORDINALS, "[0-9]+(?:st|nd|rd|th)"])


@pytest.mark.parametrize("name", sorted(PARAMETERS))
def test_groups_of_a_parameter_capture_nothing(name: str) -> None:
    assert re.compile(PARAMETERS[name].regexp).groups == 0


def test_language_server_can_read_each_parameter_type_that_is_not_built_in() -> None:
    read = {}
    for node in ast.walk(ast.parse(Path(str(parameters.__file__)).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            words = {each.arg: each.value for each in node.keywords}
            if {"name", "regexp"} <= words.keys():
                name, regexp = (ast.unparse(words[key]) for key in ("name", "regexp"))
                # it takes the text between the quotation marks as it stands
                assert "\\" not in regexp
                read[ast.literal_eval(name)] = ast.literal_eval(regexp)
    assert read == {name: each.regexp for name, each in PARAMETERS.items() if name not in BUILT_IN}
