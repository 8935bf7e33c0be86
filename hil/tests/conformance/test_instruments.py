"""Meters and loads of every dialect of the virtual bench conform; what does not is found out."""

from __future__ import annotations

import socket
from contextlib import closing

import pytest

from hil.conformance.load import LOAD_CHECKS, check_load
from hil.conformance.meter import METER_CHECKS, check_meter
from hil.errors import ConfigurationError
from hil.instruments.dialects import open_load, open_meter
from hil.plugin_tests.bench import outside_the_stated_bounds
from hil.plugins.groups import VIRTUAL_LOADS, VIRTUAL_METERS
from hil.plugins.registry import names
from hil.ports import Load, Meter, Reading
from hil.rig.virtual.process import VirtualBenchProcess
from hil.tests.conformance.benches import Make, differences
from hil.units import Watt, WattHour

METERS, LOADS = names(VIRTUAL_METERS), names(VIRTUAL_LOADS)


@pytest.mark.parametrize("name", METERS)
def test_every_meter_conforms(make: Make, name: str) -> None:
    bench = make(meter=name)
    with closing(open_meter("meter", bench.resource("meter"))) as meter:
        findings = check_meter(meter, bench.wait)
    assert differences(findings) == []
    assert [finding.check for finding in findings] == list(METER_CHECKS)


@pytest.mark.parametrize("name", METERS)
def test_every_meter_on_a_serial_line_conforms(make: Make, name: str) -> None:
    bench = make(meter=name, serial=["meter"])
    with closing(open_meter("meter", bench.serial("meter"))) as meter:
        assert differences(check_meter(meter, bench.wait)) == []


@pytest.mark.parametrize("name", LOADS)
def test_every_load_on_a_serial_line_conforms(make: Make, name: str) -> None:
    bench = make(load=name, serial=["load"])
    with closing(open_load("load", bench.serial("load"))) as load:
        assert differences(check_load(load)) == []


@pytest.mark.parametrize("name", LOADS)
def test_every_load_conforms(make: Make, name: str) -> None:
    bench = make(load=name)
    with closing(open_load("load", bench.resource("load"))) as load:
        findings = check_load(load)
        assert not load.input_is_on()
    assert differences(findings) == []
    assert [finding.check for finding in findings] == list(LOAD_CHECKS)


@pytest.mark.parametrize("load_name", LOADS)
@pytest.mark.parametrize("meter_name", METERS)
def test_readings_under_load_lie_within_the_stated_bounds(make: Make, meter_name: str, load_name: str) -> None:
    bench = make(meter=meter_name, load=load_name)
    with (
        closing(open_meter("meter", bench.resource("meter"))) as meter,
        closing(open_load("load", bench.resource("load"))) as load,
    ):
        assert outside_the_stated_bounds(bench, meter, load) == []


def test_a_dc_load_sits_behind_the_adapter_and_the_mains_give_its_loss_too(make: Make) -> None:
    bench = make(load="dl3021")
    with closing(open_load("load", bench.resource("load"))) as load:
        load.prepare()
        assert load.max_power == Watt(200.0)
        load.draw_power(Watt(186.0))
        load.set_input(on=True)
        for relay in (1, 2):
            bench.switch(relay, closed=True)
        bench.wait(1.0)
        assert bench.process.ask({"op": "truth"})["power"] == pytest.approx(186 / 0.93, rel=2e-3)
        load.set_input(on=False)
        bench.wait(0.1)  # a load takes a moment from the command to its current
        assert bench.process.ask({"op": "truth"})["power"] == 0


def test_a_list_that_another_program_starts_draws_from_the_mains_in_lockstep(make: Make) -> None:
    bench = make(load="dl3021")
    for relay in (1, 2):
        bench.switch(relay, closed=True)
    lines = [
        "LIST:MODE CP;COUN 1;STEP 2;END OFF;LEV 0,93;WID 0,2;LEV 1,46.5;WID 1,2",
        "FUNC:MODE LIST",
        "TRIG:SOUR BUS",
    ]
    address = bench.process.address, bench.process.ports["load"]
    drawn = []
    with socket.create_connection(address, timeout=10) as program, program.makefile("r") as replies:
        program.sendall("\n".join([*lines, "TRIG", "SYST:ERR?", ""]).encode())
        assert replies.readline() == '0,"No error"\n'
        for seconds in (1.0, 2.0, 2.0):
            bench.wait(seconds)
            drawn.append(bench.process.ask({"op": "truth"})["power"])
    assert drawn == pytest.approx([100.0, 50.0, 0.0], rel=2e-3)


def test_a_dialect_that_the_bench_does_not_have_is_refused_with_the_known_ones() -> None:
    with pytest.raises(
        ConfigurationError, match=r"VirtualBench.meter: 'wt310' is not a virtual meter; known: .*'wt310e'"
    ):
        VirtualBenchProcess(instruments={"meter": "wt310"})


class Backwards:
    """A meter whose energy falls with every reading; the rest is a real driver's."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self._energy = 0.0

    def __getattr__(self, name: str) -> object:
        return getattr(self._meter, name)

    def read(self) -> Reading:
        self._energy -= 1.0
        return self._meter.read()._replace(energy=WattHour(self._energy))


class StuckOn:
    """A load whose input reads on for ever."""

    def __init__(self, load: Load) -> None:
        self._load = load

    def __getattr__(self, name: str) -> object:
        return getattr(self._load, name)

    def input_is_on(self) -> bool:
        return True


def test_a_meter_that_counts_backwards_is_found_out(make: Make) -> None:
    bench = make()
    with closing(open_meter("meter", bench.resource("meter"))) as meter:
        found = differences(check_meter(Backwards(meter), bench.wait))  # type: ignore[arg-type]  # delegates the rest
    assert [line.split(":")[1].strip() for line in found] == [
        "energy never runs backwards",
        "prepare while it integrates begins at zero again",
    ]


def test_a_load_that_stays_on_is_found_out(make: Make) -> None:
    bench = make()
    with closing(open_load("load", bench.resource("load"))) as load:
        found = differences(check_load(StuckOn(load)))  # type: ignore[arg-type]  # delegates the rest
    assert any("prepare leaves the input off" in line and "expected off" in line for line in found)
