from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hil.bdd.check.preflight import check
from hil.bdd.language.document import Problem
from hil.bdd.language.reader import read_paths
from hil.bdd.pytest_plugin.outcome import abort_on_problems
from hil.errors import ConfigurationError
from hil.tests.bdd.samples import catalogue_of, feature_of

if TYPE_CHECKING:
    from pathlib import Path

CATALOGUE = catalogue_of()
TAGS = {"slow", "rig", "late", "REQ-PAY-3"}

SOUND = """
    @slow @rig(dut1)
    Feature: Toast
      The socket sells, the cable buys.

      Background: A kitchen
        The toaster of the slides, and a kettle.
        Given a 1300 W toaster

      Scenario: One slice
        Then the ledger holds:
          | sum |
          | a < b and c > d |
        And the report says:
          \"\"\"
          <html>
          \"\"\"

      @late
      Scenario Outline: Cheats <name>
        When the cable pays <sum> for each of <n> payments
        Then the ledger holds:
          | <row> |
        And the report says:
          \"\"\"
          <text>
          \"\"\"
        Examples:
          | name | sum   | n | row | text |
          | low  | 1 sat | 5 | a   | b    |
        @slow
        Examples:
          | name | sum    | n | row | text |
          | high | 1 mBTC | 5 | a   | b    |

      Rule: Small payments
        Background:
          Given a 1 kW toaster
        Example: Inside
          When the socket waits 2 s
          * the cable waits 3 s
          Then the socket cuts the power within 500 ms
"""

SWEDISH = """
    # language: sv
    Egenskap: Rosta
      Scenario: En skiva
        Givet en brödrost på 1300 W
        När the cable pays 3 sat for each of 5 payments
"""

SCENARIO = "Feature: f\n  Scenario: s\n"
OUTLINE = "Feature: f\n  Scenario Outline: s\n    When the cable pays <sum> for each of <n> payments\n    Examples:\n"

TRAPS = {
    "no scenario": ("Feature: f\n  Background:\n    Given a 1 W toaster\n", ["1:1: this feature has no scenario"]),
    "empty scenario": (SCENARIO, ["2:3: the scenario 's' has no step, so it would pass"]),
    "empty scenario below a background": (
        "Feature: f\n  Background:\n    Given a 1 W toaster\n  Scenario: s\n    Some words.\n",
        ["4:3: the scenario 's' has no step"],
    ),
    "typo keyword": (
        SCENARIO + "    Giben a 1 W toaster\n    When the socket waits 2 s\n",
        ["3:5: 'Giben a 1 W toaster' is read as a description, not as a step. Did you mean 'Given a 1 W toaster'?"],
    ),
    "typo keyword only": (SCENARIO + "    Whne it pays\n", ["3:5: 'Whne it pays' is read as a description"]),
    "typo keyword in a background": (
        "Feature: f\n  Background:\n    Gven a 1 W toaster\n  Scenario: s\n    When the socket waits 2 s\n",
        ["3:5: 'Gven a 1 W toaster' is read as a description"],
    ),
    "typo keyword in Swedish": (
        "# language: sv\nEgenskap: f\n  Scenario: s\n    Givt en brödrost på 1 W\n",
        ["4:5: 'Givt en brödrost på 1 W' is read as a description, not as a step. Did you mean 'Givet en"],
    ),
    "keyword beyond recognition before a known step": (
        SCENARIO + "    Assume a 1 W toaster\n",
        ["3:5: 'Assume a 1 W toaster' is read as a description, not as a step. Correct its first word to a keyword"],
    ),
    "step without a keyword": (
        SCENARIO + "    a 1 W toaster\n",
        ["3:5: 'a 1 W toaster' is read as a description, not as a step. Begin it with Given,"],
    ),
    "typo keyword below a step": (
        SCENARIO + "    Given a 1 W toaster\n    Thne the socket waits\n",
        ["4:5: 'Thne the socket waits' cannot stand here. Did you mean 'Then'?"],
    ),
    "outline without Examples": (
        "Feature: f\n  Scenario Outline: s\n    When the socket waits 2 s\n",
        ["2:3: the outline 's' has no Examples"],
    ),
    "empty Examples": (OUTLINE + "      | sum | n |\n", ["4:5: these Examples have no row"]),
    "Examples without a table": (OUTLINE, ["4:5: these Examples have no row"]),
    "missing column": (
        OUTLINE + "      | sun | n |\n      | 1 sat | 5 |\n",
        [
            "3:25: the Examples at line 4 have no column 'sum'. Their columns are sun, n. Did you mean 'sun'?",
            "5:9: no step uses the column 'sun'. Did you mean '<sum>'? Write '<sun>' in a step, or remove it",
        ],
    ),
    "column twice": (
        OUTLINE + "      | sum | n | n |\n      | 1 sat | 5 | 5 |\n",
        ["5:19: there is a column 'n' already"],
    ),
    "row twice": (
        OUTLINE + "      | sum | n |\n      | 1 sat | 5 |\n      | 1 sat | 5 |\n",
        ["7:7: this row is the same as that at line 6"],
    ),
    "column without Examples": (
        SCENARIO + "    When the cable pays <sum> for each of 5 payments\n",
        ["3:25: '<sum>' stands in a scenario without Examples"],
    ),
    "column in a background": (
        "Feature: f\n  Background:\n    Given a <p> toaster\n  Scenario: s\n    When the socket waits 2 s\n",
        ["3:13: '<p>' stands in a background, which has no Examples"],
    ),
    "same name twice": (
        SCENARIO + "    When the socket waits 2 s\n  Rule: r\n    Scenario: s\n      When the socket waits 3 s\n",
        ["5:5: there is a scenario 's' at line 2 already. Rename one"],
    ),
    "no name": ("Feature: f\n  Scenario:\n    When the socket waits 2 s\n", ["2:3: this scenario has no name"]),
    "undefined step": (
        SCENARIO + "    Then the sokcet cuts power within 3 s\n",
        [
            "3:10: undefined step 'Then the sokcet cuts power within 3 s'. Did you mean 'Then the socket cuts the power"
            " within {duration}'"
        ],
    ),
    "undefined step like no other": (
        SCENARIO + "    Then xyzzy\n",
        ["3:10: undefined step 'Then xyzzy'. No definition is like it"],
    ),
    "undefined step in an outline, once for all rows": (
        OUTLINE.replace("pays", "steals") + "      | sum | n |\n      | 1 sat | 5 |\n      | 2 sat | 5 |\n",
        ["3:10: undefined step 'When the cable steals <sum> for each of <n> payments'. Did you mean 'When the cable"],
    ),
    "another keyword": (
        SCENARIO + "    When a 1 W toaster\n",
        ["3:10: 'a 1 W toaster' is a Given step, not a When step. It is defined at "],
    ),
    "ambiguous step": (
        SCENARIO + "    Then the power is off\n",
        ["3:10: 'the power is off' is ambiguous: it matches 'Then the power is off' ("],
    ),
    "unit that does not fit": (
        SCENARIO + "    Given a 5 kg toaster\n",
        ["3:13: 'kg' is not a unit of power; known: W, kW, mW. The step is 'Given a {power} toaster'"],
    ),
    "unit that does not fit in a row": (
        OUTLINE + "      | sum | n |\n      | 1 sat | 5 |\n      | 5 kg | 5 |\n",
        ["7:9: 'kg' is not a unit of amount; known: BTC, mBTC, sat (in the step at line 3)"],
    ),
    "number without unit": (
        SCENARIO + "    When the socket waits 2\n",
        ["3:27: '2' has no unit; a duration takes one of"],
    ),
    "two spaces before the unit": (
        SCENARIO + "    When the socket waits 2  s\n",
        ["3:27: '2  s' is not written as a duration; write it as '500 ms'"],
    ),
    "device that is none": (
        SCENARIO + "    When the sokcet waits 2 s\n",
        ["3:14: 'sokcet' is not a device; known: cable, socket. Did you mean 'socket'?"],
    ),
    "half a satoshi": (
        SCENARIO + "    When the cable pays 0.5 sat for each of 5 payments\n",
        ["3:25: '0.5 sat' is 0.5 sat; money is counted in whole satoshi"],
    ),
    "half a satoshi in a row": (
        OUTLINE + "      | n | sum |\n      | 5 | 0.5 sat |\n      | 6 | 1 sat |\n",
        ["6:13: '0.5 sat' is 0.5 sat"],
    ),
    "And as the first step": (
        SCENARIO + "    And a 1 W toaster\n",
        ["3:5: the first step begins with 'And', so it is neither Given, When nor Then"],
    ),
    "table that nobody takes": (
        SCENARIO + "    When the socket waits 2 s\n      | a |\n",
        ["3:10: 'When the {device} waits {duration}' takes no data table, so what stands below it would be ignored"],
    ),
    "doc string that nobody takes": (
        SCENARIO + '    When the socket waits 2 s\n      """\n      a\n      """\n',
        ["3:10: 'When the {device} waits {duration}' takes no doc string"],
    ),
    "table that is missing": (
        SCENARIO + "    Then the ledger holds:\n",
        ["3:10: 'Then the ledger holds:' needs a data table"],
    ),
    "doc string that is missing": (
        SCENARIO + "    Then the report says:\n",
        ["3:10: 'Then the report says:' needs a doc string below it. The words of the report."],
    ),
    "unknown tag": (
        "@slwo\nFeature: f\n  @rgi(dut1)\n  Scenario: s\n    When the socket waits 2 s\n",
        ["1:1: '@slwo' is not a known tag. Did you mean '@slow'?", "3:3: '@rgi(dut1)' is not a known tag."],
    ),
    "unknown requirement": (
        "@REQ-PAY-33\nFeature: f\n  Scenario: s\n    When the socket waits 2 s\n",
        [
            "1:1: '@REQ-PAY-33' is not a known requirement. Did you mean '@REQ-PAY-3'? Requirements stand in"
            " features/requirements.yaml"
        ],
    ),
}


@pytest.mark.parametrize("text", [SOUND, SWEDISH])
def test_sound_feature_has_no_problem(tmp_path: Path, text: str) -> None:
    assert check([feature_of(tmp_path, text)], CATALOGUE, TAGS) == []


@pytest.mark.parametrize("trap", TRAPS)
def test_mistake_is_refused_at_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trap: str) -> None:
    monkeypatch.chdir(tmp_path)
    text, messages = TRAPS[trap]
    problems = check([feature_of(tmp_path, text)], CATALOGUE, TAGS)
    assert len(problems) == len(messages), problems
    for problem, message in zip(problems, messages, strict=True):
        assert str(problem).startswith(f"x.feature:{message}")


def test_mistakes_of_all_files_come_at_once_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sub").mkdir()
    feature_of(tmp_path, SCENARIO + "    Then xyzzy\n    Given a 5 kg toaster\n", "b.feature")
    feature_of(tmp_path, "Feature: f\n  Scenario: s\n    Given a\n    Giben\n", "a.feature")
    feature_of(tmp_path, SCENARIO, "sub/c.feature")
    places = [(each.file, each.line) for each in check(read_paths(["b.feature", "."]), CATALOGUE)]
    assert places == [("a.feature", 4), ("b.feature", 3), ("b.feature", 4), ("sub/c.feature", 2)]


@pytest.mark.parametrize(
    ("path", "message"), [("none.feature", "no such file"), (".", "no feature file in this folder")]
)
def test_path_without_features_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigurationError, match=message):
        read_paths([path])


def test_problems_end_the_run(tmp_path: Path) -> None:
    problems = check([feature_of(tmp_path, SCENARIO)], CATALOGUE)
    abort_on_problems([])

    with pytest.raises(pytest.UsageError, match="1 mistake in 1 feature file; nothing was run, nothing was switched"):
        abort_on_problems(problems)


def test_what_ends_with_a_full_stop_gets_no_second_one() -> None:
    problem = Problem("x.feature", 1, 1, "a plug-in says: no.", "Mend it", "syntax")
    assert str(problem) == "x.feature:1:1: a plug-in says: no. Mend it"
