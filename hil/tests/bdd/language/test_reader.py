from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hil.bdd.language.document import Text
from hil.bdd.language.reader import read
from hil.tests.bdd.samples import feature_of

if TYPE_CHECKING:
    from pathlib import Path

TOAST = """
    @slow
    Feature: Toast

      Background:
        Given a 1300 W toaster

      # the reference scenario
      @one @two
      Scenario: One slice
        A description.

          in two lines
        When   the cable pays
        And waits

      Scenario Outline: Cheats
        Then it holds:
          | sum   |
          | <sum> |
        Examples:
          | sum   |
          | 1 sat |

      Rule: Small
        Background:
          Given a 1 kW toaster
        @three
        Example: Inside
          When it pays
            \"\"\"
            a note
            \"\"\"
"""


def test_everything_is_read_with_its_place(tmp_path: Path) -> None:
    document = feature_of(tmp_path, TOAST)
    slice_, cheats, inside = document.scenarios
    assert (slice_.line, slice_.column, slice_.first_line, slice_.last_line) == (9, 3, 8, 15)
    assert slice_.description == (Text("A description.", 10, 5), Text("in two lines", 12, 7))
    assert [(step.kind, step.text) for step in slice_.steps] == [
        ("when", Text("the cable pays", 13, 12)),
        ("when", Text("waits", 14, 9)),
    ]
    assert cheats.outline
    assert cheats.steps[0].table == ((Text("sum", 18, 9),), (Text("<sum>", 19, 9),))
    assert cheats.examples[0].rows[0].cells == {"sum": Text("1 sat", 22, 9)}
    assert inside.rule == "Small"
    assert [tag.text for tag in inside.tags] == ["three", "slow"]
    assert inside.steps[0].doc_string == "a note"
    assert document.rules == ((24, 32),)
    assert [background.line for background in document.backgrounds] == [4, 25]


def test_keywords_of_another_language_have_the_same_kinds(tmp_path: Path) -> None:
    document = feature_of(
        tmp_path,
        """
        # language: sv
        Egenskap: Rosta
          Abstrakt Scenario: En skiva
            Givet en brödrost
            Och en kabel
            När den betalar
            Så rostar den
            Men inte länge
        """,
    )
    (scenario,) = document.scenarios
    assert document.language == "sv"
    assert scenario.outline
    assert [step.kind for step in scenario.steps] == ["given", "given", "when", "then", "then"]


def test_step_that_inherits_from_nothing_has_no_kind(tmp_path: Path) -> None:
    document = feature_of(tmp_path, "Feature: f\n  Scenario: s\n    And it pays\n    * it waits\n")
    assert [step.kind for step in document.scenarios[0].steps] == [None, None]


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        ("", ["1:1: there is no Feature in this file. Begin it with 'Feature: ' and a name"]),
        (
            "Feature: f\n  Scenario: s\n    Given a\n    Giben b\n",
            ["4:5: 'Giben b' cannot stand here. Did you mean 'Given'?"],
        ),
        (
            "# language: sv\nEgenskap: f\n  Scenario: s\n    Givet a\n    Gicet b\n",
            ["5:5: 'Gicet b' cannot stand here. Did you mean 'Givet'?"],
        ),
        (
            "Feature: f\n  Scenario: s\n    Given a\n    hello b\n",
            [
                '4:5: \'hello b\' cannot stand here; expected the end of the file, a table row, a doc string ("""),'
                " a step (Given, When, Then, And, But), tags, Examples:, Scenario:, Rule:"
            ],
        ),
        ('Feature: f\n  Scenario: s\n    Given a\n      """\n      open\n', ["5:1: the file ends too early; expected"]),
        (
            "Feature: f\n  Scenario: s\n    Given a\n    | a | b |\n    | c |\n",
            ["5:5: inconsistent cell count within the table"],
        ),
        ("# language: xx\nFeature: f\n", ["1:1: Language not supported: xx"]),
        (
            "Feature: f\n  Scenario: s\n    Given a\nScnario: t\n    Given b\nFeature: g\n",
            ["4:1: 'Scnario: t'", "6:1:"],
        ),
    ],
)
def test_what_the_parser_refuses_is_told_in_words_with_its_place(
    tmp_path: Path, text: str, messages: list[str]
) -> None:
    path = tmp_path / "x.feature"
    path.write_text(text)
    problems = read(path).problems
    assert len(problems) == len(messages)
    for problem, message in zip(problems, messages, strict=True):
        assert str(problem).startswith(f"{tmp_path}/x.feature:{message}")


def test_file_that_is_not_text_is_a_problem_and_no_crash(tmp_path: Path) -> None:
    path = tmp_path / "x.feature"
    path.write_bytes(b"Feature: f\n  Scenario: \xe5\n")
    (problem,) = read(path).problems
    assert (problem.line, problem.what) == (2, "not UTF-8 text")


def test_file_that_cannot_be_read_is_a_problem_and_no_crash(tmp_path: Path) -> None:
    (problem,) = read(tmp_path / "none.feature").problems
    assert "No such file" in problem.what


def test_path_below_the_working_directory_is_shown_relative(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert read(tmp_path / "features" / "x.feature").file == "features/x.feature"
