"""The file from which a program's calendar is read, and what the controller may ask for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hil import faketime
from hil.devices.lockstep.command import DeviceCommand
from hil.errors import ConfigurationError
from hil.tests.vbench.bench_kit import plain_bench
from hil.vbench.bench import Bench
from hil.vbench.control.operations import OPERATIONS
from hil.vbench.devices.calendar import Calendar
from hil.vbench.model_request import ModelRequest

SLEEPS = DeviceCommand(["sh", "-c", "while read -r word rest; do :; done"], Path("/"))


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = plain_bench()
    yield bench
    bench.close()
    bench.abandon()


def test_a_calendar_begins_at_the_machines_date_and_is_set_from_where_it_is(tmp_path: Path) -> None:
    file = tmp_path / "new folder" / "calendar"
    calendar = Calendar(file)
    assert file.read_text() == "+0.000\n"
    calendar.move(3600.0)
    calendar.move(-7200.5)
    assert file.read_text() == "-3600.500\n"
    calendar.discard()
    assert list(file.parent.iterdir()) == []


def test_a_program_learns_of_its_calendar_by_its_environment_and_keeps_its_own_variables(tmp_path: Path) -> None:
    file = tmp_path / "calendar"
    command = Calendar(file).seen_by(DeviceCommand(["x"], tmp_path, variables={"OWN": "1"}))
    given = command.environment()
    assert given["OWN"] == "1"
    assert {name: given[name] for name in faketime.VARIABLES if name in given} == faketime.variables(file)


def test_a_host_of_a_program_hands_its_calendar_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    command = DeviceCommand(["x"], tmp_path)
    monkeypatch.setenv("LD_PRELOAD", "/lib/own.so")
    assert "LD_PRELOAD" not in command.environment()
    monkeypatch.setenv(faketime.FILE, "/calendar")
    assert command.environment()["LD_PRELOAD"] == "/lib/own.so"
    assert command.environment()[faketime.FILE] == "/calendar"


def test_the_controller_sets_the_calendar_of_a_device_that_has_one_and_its_file_ends_with_the_model(
    bench: Bench,
) -> None:
    bench.reset(ModelRequest("s", devices={"socket": {}}, programs={"socket": SLEEPS}, calendars=["socket"]))
    calendar = bench.model.hosts["socket"].calendar
    assert calendar is not None
    OPERATIONS["calendar"](bench, {"role": "socket", "seconds": -60})
    assert calendar._file.read_text() == "-60.000\n"
    bench.reset(ModelRequest("s", devices={"socket": {}}))
    assert not calendar._file.exists()
    with pytest.raises(ConfigurationError, match="the socket has no calendar that can be set"):
        OPERATIONS["calendar"](bench, {"role": "socket", "seconds": 60})


@pytest.mark.parametrize("seconds", [None, True, "60", 1e10, float("nan")])
def test_a_difference_that_is_none_is_told(bench: Bench, seconds: object) -> None:
    with pytest.raises(ConfigurationError, match=r"must be at most 3\.1536e"):
        OPERATIONS["calendar"](bench, {"role": "socket", "seconds": seconds})


def test_a_calendar_of_no_device_is_told() -> None:
    with pytest.raises(ConfigurationError, match=r"reset\.calendars: must be a list of devices"):
        ModelRequest.of({"calendars": ["lamp"]})
