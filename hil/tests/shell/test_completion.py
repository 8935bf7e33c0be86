"""What the shell offers to type next."""

from __future__ import annotations

import re

from hil.bdd.language.catalogue import load_catalogue
from hil.bdd.language.parameters import PARAMETERS
from hil.shell.commands import COMMANDS, step_lines
from hil.shell.completion import Candidate, candidates
from hil.tests.bdd.samples import catalogue_of

STEPS = catalogue_of('''
from hil.bdd.language.catalogue import given, then, when


@given("a {power} toaster")
def _(power, /):
    """Connect an appliance that draws this power."""


@when("the {device} waits {duration}")
def _(device, duration, /):
    """Let time pass."""


@when("the socket will {socket_abuse}")
def _(abuse, /):
    """Let it cheat."""


@then("the ledger holds {int} transaction(s) with one fee/charge each")
def _(count, /):
    """Mine a block and count."""
''')


def offered(line: str, kind: str = "given") -> list[str]:
    """What a line becomes by each candidate."""
    return [line[: len(line) - each.replaces] + each.text for each in candidates(STEPS, line, kind, COMMANDS)]


def shown(line: str) -> list[Candidate]:
    return candidates(STEPS, line, "given", COMMANDS)


def test_an_empty_line_offers_the_keywords() -> None:
    assert offered("") == ["Given ", "When ", "Then ", "And ", "But "]
    assert offered("t") == ["Then "]


def test_a_keyword_offers_the_steps_of_its_kind_with_placeholders_and_documentation() -> None:
    assert shown("Given ") == [
        Candidate("a ", 0, "a {power} toaster", "Connect an appliance that draws this power."),
    ]
    assert [each.shown for each in shown("When ")] == [
        "the socket will {socket_abuse}",
        "the {device} waits {duration}",
    ]


def test_and_goes_on_with_the_kind_of_the_step_before() -> None:
    assert offered("And the soc", "when") == ["And the socket", "And the socket will "]
    assert offered("And a", "given") == ["And a "]
    assert offered("And a", "then") == []


def test_a_parameter_that_is_one_of_a_list_offers_the_list() -> None:
    assert offered("When the c") == ["When the cable"]
    socket = offered("When the socket will over")
    assert "When the socket will overcharge-one-satoshi" in socket
    assert all(line.startswith("When the socket will over") for line in socket)


def test_a_quantity_offers_an_example_and_then_its_unit() -> None:
    assert offered("Given a ") == ["Given a 1300 W"]
    assert offered("Given a 800") == ["Given a 800 W"]
    assert offered("Given a 800 ") == ["Given a 800 W"]


def test_after_a_parameter_the_words_go_on() -> None:
    assert offered("Given a 800 W") == ["Given a 800 W toaster"]
    assert offered("When the cable wa") == ["When the cable waits "]


def test_optional_and_alternative_words_are_offered_each_way() -> None:
    assert offered("Then the ledger holds 1 transaction") == [
        f"Then the ledger holds 1 transaction{plural} with one {word} each"
        for word, plural in (("charge", ""), ("fee", ""), ("charge", "s"), ("fee", "s"))
    ]


def test_a_whole_step_offers_nothing_more() -> None:
    assert offered("Given a 800 W toaster") == []


def test_a_line_without_a_keyword_or_with_wrong_words_offers_nothing() -> None:
    assert offered("toaster of") == []
    assert offered("Given the kettle") == []


def test_a_colon_offers_the_commands() -> None:
    assert offered(":s") == [":steps", ":status", ":save", ":safe"]


def spelled(source: str) -> str:
    """An expression as a line: an example for each parameter, optional text in it, the first of alternatives."""
    text = re.sub(r"(\w+)/[\w/]+", r"\1", source.replace("(", "").replace(")", ""))
    return re.sub(r"\{(\w+)\}", lambda match: PARAMETERS[match[1]].example, text)


def test_every_step_of_the_project_can_be_typed_with_nothing_but_offers() -> None:
    catalogue = load_catalogue()
    for definition in catalogue.definitions:
        line = f"{definition.keyword.capitalize()} "
        wanted = line + spelled(definition.expression.source)
        while line != wanted:
            lines = [
                line[: len(line) - each.replaces] + each.text
                for each in candidates(catalogue, line, definition.keyword, COMMANDS)
            ]
            longer = [each for each in lines if wanted.startswith(each)]
            assert longer, (wanted, line, lines)
            line = max(longer, key=len)


def test_the_list_of_steps_is_narrowed_by_words_of_text_and_documentation() -> None:
    assert step_lines(STEPS, "") == [
        "Given a {power} toaster",
        "      Connect an appliance that draws this power.",
        "Then the ledger holds {int} transaction(s) with one fee/charge each",
        "      Mine a block and count.",
        "When the socket will {socket_abuse}",
        "      Let it cheat.",
        "When the {device} waits {duration}",
        "      Let time pass.",
    ]
    assert step_lines(STEPS, "TIME pass")[0] == "When the {device} waits {duration}"
    assert step_lines(STEPS, "kettle") == ["no step has: kettle"]
