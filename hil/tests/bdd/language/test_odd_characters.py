"""White and unseen characters, in steps and in descriptions."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.bdd.check.preflight import check
from hil.bdd.language.odd_characters import confusing, odd_character, plain, shown
from hil.bdd.language.reader import parse
from hil.tests.bdd.check.desk import SOUND, feature, found, steps, with_step


@pytest.mark.parametrize(
    ("character", "name"),
    [
        ("\u00a0", "no-break space (U+00A0)"),
        ("\u202f", "narrow no-break space (U+202F)"),
        ("\u2009", "thin space (U+2009)"),
        ("\u3000", "ideographic space (U+3000)"),
        ("\t", "tab (U+0009)"),
        ("\u200b", "zero width space (U+200B)"),
        ("\u00ad", "soft hyphen (U+00AD)"),
    ],
)
def test_a_space_that_is_none_is_named_at_its_place(character: str, name: str) -> None:
    (problem,) = found(with_step("1300 W", f"1300{character}W"))
    assert str(problem).startswith(f"x.feature:4:28: a {name} stands in 'the load draws 1300⟨U+{ord(character):04X}⟩W'")


def test_a_no_break_space_behind_a_keyword_is_named() -> None:
    (problem,) = found("Given\u00a0the socket is under test in single-fee mode")
    assert str(problem).startswith("x.feature:3:10: a no-break space (U+00A0) makes a description of 'Given⟨U+00A0⟩the")


def test_a_no_break_space_in_a_cell_is_told_at_the_cell() -> None:
    text = "Feature: f\n  Scenario Outline: s\n" + "".join(
        f"    {line}\n" for line in with_step("1300 W", "<power>").strip().splitlines()
    )
    text += "    Examples:\n      | power |\n      | 5\u00a0kW |\n      | 500 W |\n"
    (problem,) = check([parse(Path("x.feature"), text)], steps())
    assert (problem.line, problem.column, problem.rule) == (12, 9, "odd-character")


@given(st.text())
def test_what_is_shown_and_what_is_plain_hold_no_odd_character(text: str) -> None:
    assert odd_character(shown(text)) is None
    assert odd_character(plain(text)) is None


@given(st.text(alphabet=st.sampled_from("ab \t\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029\u00a0\ufeff"), max_size=12))
def test_no_description_hides_a_misspelt_step(description: str) -> None:
    """What ends a line for Python and not for Gherkin must not shift what is looked at."""
    text = feature("Givn the load draws 500 W\n" + SOUND).replace("Feature: f\n", f"Feature: f\n  x{description}\n")
    problems = check([parse(Path("x.feature"), text)], steps())
    assert (4, 5, "misspelt-keyword") in [(each.line, each.column, each.rule) for each in problems]


CONFUSING = {
    "the load  draws 1300 W": ("x.feature:4:18: in 'the load ⟨U+0020⟩draws 1300 W' there is: second space in a row"),
    "the l\u043ead draws 1300 W": "x.feature:4:14: in 'the l⟨U+043E⟩ad draws 1300 W' there is: cyrillic small letter o",
    "the load draw\u0455 1300 W": "x.feature:4:22: in 'the load draw⟨U+0455⟩ 1300 W' there is: cyrillic small",
}


@pytest.mark.parametrize("step", CONFUSING)
def test_a_character_that_is_taken_for_another_one_is_named_at_its_place(step: str) -> None:
    (problem,) = found(with_step("the load draws 1300 W", step))
    assert str(problem).startswith(CONFUSING[step])
    assert problem.rule == "odd-character"


@pytest.mark.parametrize(("old", "new"), [("1300 W", "\u0661300 W"), ("most 5", "most \u0665")])
def test_digits_of_another_script_count_nowhere(old: str, new: str) -> None:
    (problem,) = found(with_step(old, new))
    assert "is no digit of a number here; write 0 to 9" in problem.what


def test_a_word_of_another_script_is_no_odd_character() -> None:
    assert confusing("нагрузка 5 kW, enheten provas, Über") is None
