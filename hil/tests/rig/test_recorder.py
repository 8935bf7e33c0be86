"""What a step may write into the evidence, and in whose name."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from hil.clock import WallClock
from hil.errors import AuthorError
from hil.evidence.documents import Event, Kind
from hil.evidence.sources import OF_THE_RUN, RIG_SOURCES, is_of_the_rig
from hil.rig.config.target_section import LINES, RELAYS
from hil.rig.recorder import Recorder

ROOT = Path(__file__).parents[3]


class Writer:
    def __init__(self) -> None:
        self.events: list[Event] = []

    def write(self, event: Event) -> None:
        self.events.append(event)


@pytest.fixture
def writer() -> Writer:
    return Writer()


@pytest.fixture
def recorder(writer: Writer) -> Recorder:
    return Recorder(writer, WallClock())


def test_a_step_writes_under_a_source_of_its_own(recorder: Recorder, writer: Writer) -> None:
    event = recorder.write(Kind.READING, "room", {"temperature_degC": 21.5})
    assert writer.events == [event]
    assert event.source == "room"


@pytest.mark.parametrize("source", [*sorted(RIG_SOURCES), *RELAYS, *LINES, "Meter", " k1 "])
def test_a_step_cannot_write_in_the_name_of_the_rig(recorder: Recorder, writer: Writer, source: str) -> None:
    with pytest.raises(AuthorError) as caught:
        recorder.write(Kind.READING, source, {"power_W": 0.0})
    told = str(caught.value)
    assert told.startswith(f"evidence: '{source}' is a source of the rig, and a step cannot write evidence in its name")
    assert "allowed: any name that is not one of K1, K2," in told
    assert writer.events == []


@pytest.mark.parametrize("kind", sorted(OF_THE_RUN))
def test_a_step_cannot_write_what_the_run_says_of_itself(recorder: Recorder, writer: Writer, kind: Kind) -> None:
    with pytest.raises(AuthorError, match=f"events of the kind '{kind}' are written by the run alone; allowed: read"):
        recorder.write(kind, "room", {"verdict": "pass"})
    assert writer.events == []


def test_the_framework_writes_in_the_name_of_the_rig(recorder: Recorder, writer: Writer) -> None:
    recorder.observe(Kind.RELAY, "K1", {"closed": True})
    assert [event.source for event in writer.events] == ["K1"]


def sources_in(path: Path) -> Iterator[tuple[str, str]]:
    """Yield place and source of each event that a module records, as far as its text or its constants tell them."""
    module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not (isinstance(node, ast.Call) and ast.unparse(node.func).endswith("recorder.observe")):
            continue
        source = node.args[1]
        if isinstance(source, ast.Constant):
            yield f"{path.name}:{node.lineno}", str(source.value)
        elif isinstance(source, ast.Name) and source.id.isupper():
            yield f"{path.name}:{node.lineno}", getattr(importlib.import_module(module), source.id)


def test_each_source_that_the_framework_names_is_closed_to_steps() -> None:
    folders = ("hil/rig", "hil/scenario", "hil/bdd")
    found = [each for folder in folders for path in (ROOT / folder).rglob("*.py") for each in sources_in(path)]
    assert len(found) > 10
    assert [each for each in found if not is_of_the_rig(each[1])] == []


def test_no_step_of_the_framework_writes_in_the_name_of_the_rig() -> None:
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "hil/steps").rglob("*.py")]
    assert not [text for text in texts if re.search(r"recorder\.observe\(", text)]
