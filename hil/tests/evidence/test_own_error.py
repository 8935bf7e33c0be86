"""A mistake in code, told in one sentence."""

from __future__ import annotations

import errno
import json
from pathlib import Path

import pytest

from hil.errors import ExitCode, FrameworkError, PeerViolation, RigFault
from hil.evidence import documents
from hil.evidence.own_error import SHOWN_CALLS, kept, sentence, told, trail


def raised_by(source: str, path: Path) -> Exception:
    """Return what a file of the laboratory's raises."""
    path.write_text(source, encoding="utf-8")
    try:
        exec(compile(source, str(path), "exec"), {})  # noqa: S102
    except Exception as error:
        return error
    raise AssertionError("it raised nothing")


def test_a_mistake_in_a_laboratorys_own_step_names_its_line_and_its_author(tmp_path: Path) -> None:
    error = told(raised_by("x = 0\n\n1 / x\n", tmp_path / "our_steps.py"))

    assert isinstance(error, FrameworkError)
    assert str(error) == (
        "our_steps.py:3: a mistake in code: ZeroDivisionError: division by zero."
        " Ask who wrote this code; it is not part of the framework."
    )


def test_a_mistake_in_the_framework_names_its_line_and_what_to_send(tmp_path: Path) -> None:
    error = told(raised_by("from hil.evidence.documents import encode\nencode({'x': {1}})", tmp_path / "x.py"))

    assert error.place is not None
    assert error.place.startswith("hil/evidence/documents.py:")
    assert "Send us" in str(error)


def test_the_place_is_not_that_of_a_library(tmp_path: Path) -> None:
    error = told(raised_by("import json\njson.loads('{')\n", tmp_path / "our_steps.py"))

    assert error.place == "our_steps.py:2"
    assert Path(json.__file__).name not in str(trail(raised_by("import json\njson.loads('{')", tmp_path / "s.py")))


def test_an_error_that_was_raised_on_purpose_stays_as_it_is() -> None:
    assert told(found := PeerViolation("too slow")) is found


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.ENOSPC, "No space left", "/x/run.json"), "/x/run.json: this machine lacks something: No space"),
        (MemoryError(), "memory has run out"),
    ],
)
def test_what_the_machine_lacks_is_the_laboratorys(error: Exception, words: str) -> None:
    found = told(error)

    assert isinstance(found, RigFault)
    assert words in str(found)


def test_any_words_fit_on_a_line_of_the_evidence() -> None:
    words = sentence(ValueError("two\nlines \ud83d"))

    assert words == "ValueError: two lines \\ud83d"
    assert documents.encode({"what": words})
    assert sentence(KeyError()) == "KeyError"


def test_the_whole_story_is_kept_in_a_file_for_us(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    path = kept(raised_by("1 / 0", tmp_path / "our_steps.py"))

    assert path is not None
    assert "ZeroDivisionError: division by zero" in path.read_text(encoding="utf-8")


def test_a_machine_that_takes_no_file_keeps_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "missing"))

    assert kept(ValueError("x")) is None


def test_a_name_that_is_too_long_is_the_mistake_of_who_wrote_it(tmp_path: Path) -> None:
    path = tmp_path / ("x" * 300)
    with pytest.raises(OSError, match="too long") as caught:
        path.read_bytes()
    assert str(told(caught.value)) == f"{path}: this name is too long; at most 255 bytes are allowed"
    assert told(caught.value).exit_code is ExitCode.AUTHOR_ERROR


@pytest.mark.parametrize("depth", [1, 18, 19, 300])
def test_of_very_many_calls_the_first_and_the_last_ones_are_told(tmp_path: Path, depth: int) -> None:
    step = f"def deeper(left):\n    return deeper(left - 1) if left else 1 / 0\ndeeper({depth - 1})"
    calls = trail(raised_by(step, tmp_path / "own_step.py"))
    own = [call for call in calls if "own_step" in call]

    assert own[0] == "own_step.py:3 in <module>"
    assert own[-1] == "own_step.py:2 in deeper"
    if depth == 300:
        assert len(calls) == 2 * SHOWN_CALLS + 1
        assert calls[SHOWN_CALLS] == "… 282 more calls …"
    else:
        assert len(own) == depth + 1
