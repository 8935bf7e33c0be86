"""Outlines whose rows hold each pair of values: what is missing is told, and written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.bdd.check.pairwise import complete, uncovered_pairs
from hil.bdd.language.reader import parse, read
from hil.cli.main import main
from hil.errors import AuthorError
from hil.evidence.value_pairs import missing_pairs, pairs_in

if TYPE_CHECKING:
    from pathlib import Path

OUTLINE = """\
Feature: f
  @pairwise
  Scenario Outline: o
    Given <a> and <b> and <c>

    Examples:
      | a   | b | c     |
{rows}

  Scenario: left alone
    Given nothing
"""


def feature(folder: Path, *rows: str, text: str = OUTLINE) -> Path:
    path = folder / "f.feature"
    path.write_text(text.format(rows="\n".join(f"      | {row} |" for row in rows)), encoding="utf-8")
    return path


def rows_of(path: Path, text: str) -> list[dict[str, str]]:
    scenario = parse(path, text).scenarios[0]
    return [row.values for each in scenario.examples for row in each.rows]


def test_each_pair_that_is_missing_is_named_with_the_command_that_writes_it(tmp_path: Path) -> None:
    document = read(feature(tmp_path, "one | 1 | x", "two | 2 | x"))
    (problem,) = uncovered_pairs("f.feature", document.scenarios[0])
    assert str(problem) == (
        "f.feature:3:3: 2 pairs of values stand in no row: a 'one' with b '2'; a 'two' with b '1'."
        " 'hil pairs f.feature' writes them"
    )


def test_an_outline_without_the_tag_may_leave_out_what_it_likes(tmp_path: Path) -> None:
    document = read(feature(tmp_path, "one | 1 | x", "two | 2 | x", text=OUTLINE.replace("@pairwise", "@slow")))
    assert not list(uncovered_pairs("f.feature", document.scenarios[0]))


def test_the_missing_rows_are_written_below_the_others_and_nothing_else_changes(tmp_path: Path) -> None:
    path = feature(tmp_path, "one | 1 | x", "three | 2 | y")
    text, added = complete(read(path))
    assert rows_of(path, text)[:2] == [{"a": "one", "b": "1", "c": "x"}, {"a": "three", "b": "2", "c": "y"}]
    assert added == len(rows_of(path, text)) - 2 > 0
    assert missing_pairs(rows_of(path, text)) == []
    assert text.splitlines()[6] == "      | a     | b | c |"
    assert text.endswith("\n\n  Scenario: left alone\n    Given nothing\n")


def test_what_lacks_nothing_stays_as_it_is_and_a_second_time_changes_nothing(tmp_path: Path) -> None:
    path = feature(tmp_path, "one | 1 | x", "two | 2 | y")
    path.write_text(complete(read(path))[0], encoding="utf-8")
    assert complete(read(path)) == (path.read_text(encoding="utf-8"), 0)


def test_anew_takes_as_few_rows_as_the_two_largest_columns_need(tmp_path: Path) -> None:
    path = feature(tmp_path, *(f"{a} | {b} | {c}" for a in "pqr" for b in "123" for c in "xy"))
    text, _ = complete(read(path), anew=True)
    assert len(rows_of(path, text)) == 9
    assert missing_pairs(rows_of(path, text)) == []


@given(st.lists(st.tuples(*[st.sampled_from("abcd")] * 3), min_size=1, max_size=8, unique=True))
def test_whatever_the_rows_are_all_pairs_stand_in_what_is_written(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, ...]]
) -> None:
    path = feature(tmp_path_factory.mktemp("pairs"), *(" | ".join(row) for row in rows))
    text, _ = complete(read(path))
    assert missing_pairs(rows_of(path, text)) == []


@given(st.lists(st.tuples(*[st.sampled_from("abcd")] * 3), min_size=1, max_size=8, unique=True))
def test_a_new_row_has_the_first_value_of_a_column_unless_a_pair_asks_for_another(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, ...]]
) -> None:
    path = feature(tmp_path_factory.mktemp("pairs"), *(" | ".join(row) for row in rows))
    text, added = complete(read(path))
    written = rows_of(path, text)
    first = written[0]
    for row in written[len(written) - added :]:
        others = [each for each in written if each is not row]
        for column in row:
            changed = {**row, column: first[column]}
            asked = pairs_in([row]) - pairs_in([changed]) - pairs_in(others)
            assert row[column] == first[column] or asked or changed in others


def test_cells_with_bars_and_backslashes_are_written_as_they_were(tmp_path: Path) -> None:
    path = feature(tmp_path, r"a\|b | 1 | \\", "two | 2 | y")
    text, _ = complete(read(path))
    assert rows_of(path, text)[0] == {"a": "a|b", "b": "1", "c": "\\"}


def test_tables_with_different_columns_are_refused_with_their_place(tmp_path: Path) -> None:
    path = feature(tmp_path, "one | 1 | x")
    path.write_text(
        path.read_text(encoding="utf-8").replace(
            "\n  Scenario: left", "    Examples:\n      | a | b |\n      | q | 1 |\n\n  Scenario: left"
        ),
        encoding="utf-8",
    )
    with pytest.raises(AuthorError, match="different columns") as refused:
        complete(read(path))
    assert str(refused.value.place).endswith("f.feature:3")


def test_the_command_tells_how_many_rows_it_wrote(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = feature(tmp_path, "one | 1 | x", "two | 2 | x")
    assert main(["pairs", str(path)]) == 0
    assert "f.feature: 2 rows written" in capsys.readouterr().out
    assert main(["pairs", str(path)]) == 0
    assert capsys.readouterr().out == ""


def test_the_command_writes_nothing_while_a_file_cannot_be_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = feature(tmp_path, "one | 1 | x", "two | 2")
    before = path.read_text(encoding="utf-8")
    assert main(["pairs", str(path)]) == 4
    assert "f.feature:9" in capsys.readouterr().err
    assert path.read_text(encoding="utf-8") == before
