from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hil.bdd.language.naming import PLACE, cases, labels_at, parse_tag, scenario_label
from hil.bdd.language.reader import parse
from hil.errors import ConfigurationError
from hil.tests.bdd.samples import feature_of

if TYPE_CHECKING:
    from hil.bdd.language.document import Document


@pytest.fixture
def document(tmp_path: Path) -> Document:
    return feature_of(
        tmp_path,
        """
        @all
        Feature: Toast
          Background:
            Given a toaster

          @one
          Scenario: One slice
            When it pays

          Scenario Outline: Cheats
            When it pays <sum> for <n>
            Examples:
              | sum   | n |
              | 1 sat | 5 |
              | 2 sat | 6 |
            @late @all
            Examples:
              | n | sum   |
              | 5 | 1 sat |

          Rule: Small
            Scenario: Inside [a] rule :: here
              When it pays
            Scenario: Also inside
              When it pays
        """,
    )


def test_each_scenario_and_each_row_has_a_readable_label_and_its_tags(document: Document) -> None:
    assert [(case.label, case.tags, case.line) for case in cases(document)] == [
        ("One slice", ("one", "all"), 7),
        ("Cheats[1 sat-5]", ("all",), 14),
        ("Cheats[2 sat-6]", ("all",), 15),
        ("Cheats[5-1 sat]", ("late", "all"), 19),
        ("Inside (a) rule : here", ("all",), 22),
        ("Also inside", ("all",), 24),
    ]


def test_rows_that_read_alike_get_different_labels(tmp_path: Path) -> None:
    rows = "| a | b |\n| 1-2 | 3 |\n| 1 | 2-3 |\n| x\\ny | z |\n"
    text = f"Feature: f\n  Scenario Outline: s\n    When <a> <b>\n    Examples:\n{rows}"
    assert [case.label for case in cases(feature_of(tmp_path, text))] == ["s[1-2-3]", "s[1-2-3 #2]", "s[x\\ny-z]"]


@pytest.mark.parametrize(
    ("line", "labels"),
    [
        (6, ["One slice"]),
        (7, ["One slice"]),
        (9, ["One slice"]),
        (10, ["Cheats"]),
        (13, ["Cheats"]),
        (14, ["Cheats[1 sat-5]"]),
        (15, ["Cheats[2 sat-6]"]),
        (19, ["Cheats[5-1 sat]"]),
        (21, ["Inside (a) rule : here", "Also inside"]),
        (22, ["Inside (a) rule : here"]),
        (25, ["Also inside"]),
        (1, ["One slice", "Cheats", "Inside (a) rule : here", "Also inside"]),
        (4, ["One slice", "Cheats", "Inside (a) rule : here", "Also inside"]),
    ],
)
def test_line_stands_for_the_row_the_scenario_or_all_below_it(document: Document, line: int, labels: list[str]) -> None:
    assert labels_at(document, line) == labels


@pytest.mark.parametrize("line", [0, 26, 1000])
def test_line_outside_the_file_is_refused_with_the_lines_of_its_scenarios(document: Document, line: int) -> None:
    with pytest.raises(ConfigurationError, match=f"no line {line}. Its scenarios begin at lines 7, 10, 22, 24"):
        labels_at(document, line)


def test_label_holds_nothing_that_means_something_in_a_node_id() -> None:
    assert scenario_label(" a::b [c]\t d #2") == "a:b (c) d 2"


@pytest.mark.parametrize(
    ("tag", "parsed"),
    [
        ("slow", ("slow", ())),
        ("rig(dut1)", ("rig", ("dut1",))),
        ("rig(dut1,dut2)", ("rig", ("dut1", "dut2"))),
        ("rig()", ("rig", ())),
        ("REQ-12", ("REQ-12", ())),
        ("odd(", ("odd(", ())),
    ],
)
def test_tag_may_have_arguments(tag: str, parsed: tuple[str, tuple[str, ...]]) -> None:
    assert parse_tag(tag) == parsed


@pytest.mark.parametrize("argument", ["features/x.feature:17", "features/x.feature:17:5"])
def test_place_in_a_file_is_recognised_as_messages_print_it(argument: str) -> None:
    match = PLACE.fullmatch(argument)
    assert match is not None
    assert (match["path"], match["line"]) == ("features/x.feature", "17")


@pytest.mark.parametrize("argument", ["features/x.feature", "features/x.feature::a:17", "test_x.py:17"])
def test_other_arguments_are_no_places(argument: str) -> None:
    assert PLACE.fullmatch(argument) is None


OUTLINE_OF_ONE_NAME = """
    Feature: Dups
      Scenario: The lamp works
        When it pays
      Scenario Outline: Meter is right
        When it draws <power>
        Examples: low
          | power  |
          | 500 W  |
          | 1300 W |
      Scenario Outline: The <thing> works
        When <thing> pays <sum>
        Examples:
          | thing | sum   |
          | lamp  | 1 sat |
          | lamp  | 2 sat |
          | fan   | 1 sat |
"""


def test_rows_of_an_outline_have_titles_of_their_own_and_others_keep_their_name(tmp_path: Path) -> None:
    assert [case.title for case in cases(feature_of(tmp_path, OUTLINE_OF_ONE_NAME))] == [
        "The lamp works",
        "Meter is right [500 W]",
        "Meter is right [1300 W]",
        "The lamp works [lamp-1 sat]",
        "The lamp works [lamp-2 sat]",
        "The fan works",
    ]


VALUES = st.sampled_from(["a", "a-a", "b", "[a]", "a [a]", "(2)", "a (2)"])


@settings(deadline=None)
@given(
    st.lists(st.tuples(VALUES, VALUES), unique=True, min_size=1), st.sampled_from(["x", "<p>", "<p> <q>", "<q> [<p>]"])
)
def test_no_two_cases_of_a_file_have_one_title(rows: list[tuple[str, str]], name: str) -> None:
    table = "".join(f"      | {p} | {q} |\n" for p, q in rows)
    text = f"Feature: f\n  Scenario: a\n    When x\n  Scenario Outline: {name}\n    When <p> <q>\n    Examples:\n"
    titles = [case.title for case in cases(parse(Path("x.feature"), f"{text}      | p | q |\n{table}"))]
    assert len(set(titles)) == len(titles) == len(rows) + 1


def test_the_place_of_a_rule_without_a_scenario_is_refused(tmp_path: Path) -> None:
    document = feature_of(tmp_path, "Feature: f\n  Rule: R\n  Rule: S\n    Scenario: y\n      When it pays\n")
    assert [case.title for case in cases(document)] == ["y"]
    with pytest.raises(ConfigurationError, match="this rule has no scenario"):
        labels_at(document, 2)
