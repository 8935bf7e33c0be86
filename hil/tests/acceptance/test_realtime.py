"""Both devices as programs of their own, in real time: ``hil run --rig rigs/realtime.yaml``."""

from __future__ import annotations

import json
from typing import Any

from hil.evidence.documents import Kind, Verdict
from hil.evidence.record import ScenarioRecord
from hil.rig.sampling.threaded import READ_EVERY_S
from hil.tests.acceptance.commands import Finished, Helper, command_lines


def console(scenario: ScenarioRecord, source: str) -> list[dict[str, Any]]:
    """Return the lines of a device's structured console."""
    lines = [event for event in scenario.of(Kind.CONSOLE) if event.source == source]
    return [json.loads(str(line.data["text"])) for line in lines]


def test_the_same_scenarios_pass_on_the_wall_clock(realtime: Finished) -> None:
    assert realtime.code == 0, realtime.said
    assert realtime.document["verdict"] == Verdict.PASS
    assert [scenario.events[-1].data["verdict"] for scenario in realtime.record.scenarios] == ["pass", "pass"]
    assert all(event.clock == "wall" for scenario in realtime.record.scenarios for event in scenario.events)


def test_the_devices_were_processes_that_spoke_on_their_consoles(realtime: Finished) -> None:
    socket, cable = realtime.record.scenarios
    told = console(socket, "socket-console")
    assert told[0]["event"] == "start"
    assert told[0]["pid"] != console(cable, "cable-console")[0]["pid"]
    assert "ready" in [line["event"] for line in told]
    assert [line["closed"] for line in told if line["event"] == "contact"] == [True, False]


def test_readings_came_every_70_ms_without_piling_up(realtime: Finished) -> None:
    for scenario in realtime.record.scenarios:
        times = [event.t for event in scenario.of(Kind.READING) if event.source == "meter"]
        rate = (len(times) - 1) / (times[-1] - times[0])
        assert 5 < rate <= 1.02 / READ_EVERY_S


def test_every_stamp_says_how_late_it_may_be(realtime: Finished) -> None:
    for scenario in realtime.record.scenarios:
        assert all(min(event.before, event.after) >= 0.005 for event in scenario.events)
        stop = scenario.events[-1]
        assert stop.host is not None
        assert float(str(stop.host["largest_clock_bound_s"])) >= stop.after


def test_no_device_is_left_behind(realtime: Finished) -> None:
    running = command_lines()
    for scenario, source in zip(realtime.record.scenarios, ("socket-console", "cable-console"), strict=True):
        pid = console(scenario, source)[0]["pid"]
        now = Helper.of(pid)
        assert now is None or "device" not in now.command, running
