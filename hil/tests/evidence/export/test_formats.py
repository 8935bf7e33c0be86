"""Exported evidence is read back by the libraries' own readers: nothing is lost, and times are the bench's."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import jsonschema
import pyarrow.parquet as parquet
import pytest
from mcap.reader import make_reader

from hil.errors import ConfigurationError
from hil.evidence.documents import Event
from hil.evidence.export import formats
from hil.evidence.export.formats import export
from hil.evidence.record import read_scenario
from hil.evidence.run_folder.files import scenario_files

RUN = Path(__file__).parents[4] / "fixtures/data/runs/version-1"
FILES = scenario_files(RUN)


def recorded() -> list[tuple[str, Event]]:
    return [(record.name, event) for record in map(read_scenario, FILES) for event in record.events]


def test_an_mcap_file_holds_each_event_at_its_bench_time(tmp_path: Path) -> None:
    path = export(FILES[:1], "mcap", tmp_path)[0]
    scenario = read_scenario(FILES[0])

    with path.open("rb") as file:
        found = [
            (channel.topic, message.log_time, json.loads(message.data))
            for _, channel, message in make_reader(file).iter_messages(log_time_order=False)
            if channel.topic != "/log"
        ]

    assert len(found) == len(scenario.events)
    for (topic, when, message), event in zip(found, scenario.events, strict=True):
        assert topic.split("/")[1] == event.kind.value
        assert when == round(event.t * 1e9)
        assert {key: message[key] for key in event.data} == event.data


def test_the_messages_of_an_mcap_file_meet_the_schema_of_their_channel(tmp_path: Path) -> None:
    path = export(FILES[:1], "mcap", tmp_path)[0]

    with path.open("rb") as file:
        topics = set()
        for schema, channel, message in make_reader(file).iter_messages():
            assert schema is not None
            assert (schema.encoding, channel.message_encoding) == ("jsonschema", "json")
            jsonschema.validate(json.loads(message.data), json.loads(schema.data))
            topics.add(channel.topic)

    assert {"/reading/meter", "/relay/K1", "/step/bench", "/verdict/bench", "/log"} <= topics


def test_the_log_of_an_mcap_file_tells_the_steps_in_words(tmp_path: Path) -> None:
    path = export(FILES[:1], "mcap", tmp_path)[0]
    with path.open("rb") as file:
        log = [
            json.loads(message.data)["message"] for _, _, message in make_reader(file).iter_messages(topics=["/log"])
        ]
    assert "When the devices are switched on passed" in log


def test_parquet_tables_hold_each_event_and_each_quantity(tmp_path: Path) -> None:
    events, readings = (parquet.read_table(path).to_pylist() for path in export(FILES, "parquet", tmp_path))

    assert [(row["scenario"], row["t_s"], row["source"], json.loads(row["data"])) for row in events] == [
        (name, event.t, event.source, event.data) for name, event in recorded()
    ]
    powers = [event.data["power_W"] for _, event in recorded() if event.source == "meter" and "power_W" in event.data]
    assert powers == [row["value"] for row in readings if (row["quantity"], row["unit"]) == ("power", "W")]
    assert powers


def test_csv_files_have_the_columns_and_values_of_the_parquet_tables(tmp_path: Path) -> None:
    for plain, table in zip(export(FILES, "csv", tmp_path), export(FILES, "parquet", tmp_path), strict=True):
        with plain.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        wanted = parquet.read_table(table).to_pylist()
        assert rows == [{key: str(value) for key, value in row.items()} for row in wanted]


def test_a_missing_library_is_told_with_the_command_that_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(ConfigurationError, match="'pyarrow' is not installed") as caught:
        formats.export(FILES, "parquet", tmp_path)
    assert caught.value.remedy == "pip install 'micropay-hil[export]'"
