"""What was typed as a feature file."""

from __future__ import annotations

from pathlib import Path

import pytest

from hil.bdd.check.preflight import check
from hil.bdd.language.reader import read
from hil.errors import ConfigurationError
from hil.shell.transcript import Entry, Transcript
from hil.tests.bdd.samples import catalogue_of


@pytest.fixture
def transcript(tmp_path: Path) -> Transcript:
    """Two scenarios: the first with a tag and a table, the second with a doc string."""
    made = Transcript(tmp_path / "session.feature", "A session")
    made.begin(["slow"])
    made.accept(Entry(("Given a 1300 W toaster",)))
    made.accept(Entry(("Then the ledger holds:", "| 1 sat |", "| 2 sat |")))
    made.begin()
    made.accept(Entry(("Then the report says:", '"""', "words", "  and more", '"""')))
    return made


def test_the_session_is_a_feature_file_that_the_check_accepts(transcript: Transcript) -> None:
    document = read(transcript.path)

    assert check([document], catalogue_of(), {"slow"}) == []
    assert [scenario.name for scenario in document.scenarios] == ["Session 1", "Session 2"]
    assert [[tag.text for tag in scenario.tags] for scenario in document.scenarios] == [["slow"], []]
    ledger = document.scenarios[0].steps[1]
    assert ledger.table is not None
    assert [[cell.text for cell in row] for row in ledger.table] == [["1 sat"], ["2 sat"]]
    assert document.scenarios[1].steps[0].doc_string == "words\n  and more"


def test_a_step_that_is_tried_is_the_last_of_its_feature_and_not_written_yet(transcript: Transcript) -> None:
    before = transcript.path.read_text()

    document = transcript.with_step(Entry(("And the power is off",)))

    assert document.scenarios[-1].steps[-1].kind == "then"
    assert document.scenarios[-1].steps[-1].line == 16
    assert transcript.path.read_text() == before


def test_what_is_saved_leaves_out_what_was_taken_back_and_the_run_folder_keeps_it(transcript: Transcript) -> None:
    assert transcript.undo() == "Then the report says:"
    assert transcript.undo() == ""

    path = transcript.save(transcript.path.with_name("mine"))

    assert path.name == "mine.feature"
    assert [scenario.name for scenario in read(path).scenarios] == ["Session 1"]
    assert len(read(transcript.path).scenarios) == 2


def test_a_session_may_be_saved_again_over_itself_and_over_nothing_else(transcript: Transcript, tmp_path: Path) -> None:
    other = tmp_path / "other.feature"
    other.write_text("Feature: of somebody\n")
    own = transcript.save(tmp_path / "own.feature")
    transcript.accept(Entry(("And the power is off",)))

    assert transcript.save(own) == own
    assert "the power is off" in own.read_text()
    with pytest.raises(ConfigurationError, match="there already"):
        transcript.save(other)
    assert other.read_text() == "Feature: of somebody\n"


def test_nothing_is_saved_before_there_is_a_step(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no step"):
        Transcript(tmp_path / "session.feature", "A session").save(tmp_path / "empty")

    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_told(transcript: Transcript, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be written"):
        transcript.save(tmp_path / "nowhere" / "mine.feature")
