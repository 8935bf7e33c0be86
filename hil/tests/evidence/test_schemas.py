"""The published schemas hold for evidence that was recorded, and not for anything."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from hil.evidence import schemas
from hil.evidence.documents import Event, Kind, Verdict
from hil.evidence.record import scenario_text
from hil.evidence.run_folder.files import scenario_files
from hil.evidence.store import RunWriter

OLD = Path(__file__).parents[3] / "fixtures/data/runs/version-1"
READING = Event(Kind.READING, 1.0, "meter", {"power_W": 1.0}).canonical()


def validator(name: str) -> Any:
    schema = schemas.schema(name)
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def test_each_recorded_event_meets_the_schema() -> None:
    event = validator("event")
    lines = [line for path in scenario_files(OLD) for line in scenario_text(path)[0].splitlines()]
    assert len(lines) > 100
    for line in lines:
        event.validate(json.loads(line))


def test_run_and_manifest_as_they_are_written_meet_their_schemas(tmp_path: Path) -> None:
    for name in ("1", "2"):
        document = {**json.loads((OLD / "run.json").read_text()), "finished": False}
        host = document.pop("host")
        run = RunWriter.create(tmp_path / name, document, host)
        validator("run").validate(json.loads((run.folder / "run.json").read_text()))
        writer = run.scenario(1, "x")
        writer.write(Event(Kind.START, 0.0, "bench", {"name": "x", "feature": "x.feature", "line": 1}))
        writer.write(Event(Kind.STOP, 0.0, "bench", {"verdict": "pass"}))
        run.scenario_done(writer)
        run.finish(Verdict.PASS)
        validator("run").validate(json.loads((run.folder / "run.json").read_text()))
        validator("manifest").validate(json.loads((run.folder / "manifest.json").read_text()))


def test_the_schema_of_events_knows_every_kind() -> None:
    schema = schemas.schema("event")
    assert set(schema["properties"]["kind"]["enum"]) == {kind.value for kind in Kind} == set(schema["$defs"])


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "rumour"},
        {"bounds": [0.0]},
        {"bounds": [-1.0, 0.0]},
        {"t": "soon"},
        {"clock": "sundial"},
        {"more": 1},
        {"kind": "stop", "data": {"verdict": "maybe"}},
        {"kind": "frame", "data": {"direction": "to socket", "message": "HELLO", "bytes": "xyz"}},
        {"kind": "console", "data": {}},
        {"data": {}},
    ],
)
def test_what_is_no_event_does_not_meet_the_schema(changes: dict[str, Any]) -> None:
    event = validator("event")
    event.validate(READING)
    with pytest.raises(jsonschema.ValidationError):
        event.validate({**READING, **changes})
