"""The virtual IT8615: dialect, set-points, protections."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.vbench.instruments.it8615 import It8615
from hil.vbench.plant.terminals import ElectronicLoadState


class Bench:
    """A load on a 230 V outlet that draws what it is told."""

    def __init__(self) -> None:
        self.now = 0.0
        self.voltage = 230.0
        self.frequency = 50.0
        self.changes = 0
        self.state = ElectronicLoadState(on_change=self._changed, measured=self._measured)
        self.load = It8615(self.state, lambda: self.now)
        self.load.power_on("seed")
        self("*CLS")
        self.changes = 0

    def __call__(self, line: str) -> str | None:
        return self.load.execute(line)

    def number(self, line: str) -> float:
        reply = self(line)
        assert reply is not None
        return float(reply)

    def error(self) -> int:
        return int(str(self("SYST:ERR?")).partition(",")[0])

    def _changed(self) -> None:
        self.changes += 1

    def _measured(self) -> tuple[float, float, float, float]:
        state, volts = self.state, self.voltage
        if not state.input_on or not volts:
            return volts, 0.0, 0.0, self.frequency
        drawn = {"CURR": state.current, "RES": volts / state.resistance, "POW": state.power / volts}
        amperes = drawn.get(state.mode, 1800.0 / volts)
        return volts, amperes, volts * amperes, self.frequency


@pytest.fixture
def bench() -> Bench:
    return Bench()


NUMBER = r"-?\d\.\d{4}E[+-]\d\d"

DIALOGUE = [
    ("*IDN?", re.escape("ITECH,IT8615,KN34243232,01.00")),
    ("SYST:REM", None),
    ("system:remote", None),
    ("SYST:ERR?", '0,"No error"'),
    ("SYST:MODE AC", None),
    ("SYST:MODE?", "AC"),
    ("SOUR:FUNC CURR", None),
    ("SOUR:CURR 1.5", None),
    ("SOUR:CURR:LEV:IMM:AMPL? MAX", NUMBER),
    ("SOUR:POW 100", None),
    ("POWER?", r"1\.0000E\+02"),
    ("SOUR:PFAC 1;:SOUR:CFAC 1.41", None),
    ("SOUR:PFAC:LEV:IMM:AMPL? MIN", NUMBER),
    ("system:cfpf:priority pf", None),
    ("system:cfpf:priority?", "PF"),
    ("INPUT:STATE 1", None),
    ("INPUT:STATE?", "1"),
    ("INP:STAT OFF;:SOUR:PFAC 1;:SOUR:CFAC 1.41", None),
    ("CURR:PROT:STAT?", "0"),
    ("CURR:PROT:DEL?", NUMBER),
    ("POW:PROT?", NUMBER),
    ("MEAS:VOLT:RMS?", NUMBER),
    ("MEAS:CURR:RMS?", NUMBER),
    ("MEAS:POW?", NUMBER),
    ("MEAS:POW:PFAC?", NUMBER),
    ("MEAS:CURR:CFAC?", NUMBER),
    ("MEAS:FREQ?", NUMBER),
    ("MEAS:VOLT:RMS?;:MEAS:CURR:RMS?", f"{NUMBER};{NUMBER}"),
    ("Measure?", "([^,]+,){19}"),
    ("PROT:CLE", None),
    ("SYST:LOC", None),
    ("SYST:ERR?", '0,"No error"'),
]


def test_dialogues_of_the_research_page_run_without_an_error(bench: Bench) -> None:
    for sent, expected in DIALOGUE:
        reply = bench(sent)
        if expected is None:
            assert reply is None, sent
        else:
            assert re.fullmatch(expected, str(reply)), (sent, reply)


@pytest.mark.parametrize(
    ("function", "command", "value", "attribute"),
    [("CURR", "SOUR:CURR", 5.65, "current"), ("RES", "RES", 40.7, "resistance"), ("POW", "POWER", 1300, "power")],
)
def test_set_points_reach_the_plant_at_once(
    bench: Bench, function: str, command: str, value: float, attribute: str
) -> None:
    bench(f"SOUR:FUNC {function}")
    assert bench.state.mode == function
    before = bench.changes
    bench(f"{command} {value}")
    assert getattr(bench.state, attribute) == value
    assert bench.changes == before + 1
    assert bench.number(f"{command}?") == value
    bench("INP ON")
    assert bench.state.input_on
    assert bench.error() == 0


@pytest.mark.parametrize("line", ["CURR 20.1", "CURR -1", "RES 1", "RES 2501", "POW 1801", "CFAC 1.2", "PFAC 1.1"])
def test_set_points_beyond_the_rating_are_refused_and_change_nothing(bench: Bench, line: str) -> None:
    before = repr(bench.state)
    assert bench(line) is None
    assert bench.error() == -222
    assert repr(bench.state) == before
    assert bench.changes == 0


@pytest.mark.parametrize("line", ["FUNC VOLT", "SYST:MODE DC;:INP ON"])
def test_what_the_bench_cannot_do_is_a_settings_conflict(bench: Bench, line: str) -> None:
    bench(line)
    assert bench.error() == -221
    assert not bench.state.input_on
    assert bench.state.mode == "CURR"


def test_constant_voltage_is_for_dc_and_gives_way_on_the_way_back(bench: Bench) -> None:
    bench("SYST:MODE DC;:FUNC VOLT;:VOLT 100")
    assert bench("FUNC?;:VOLT?;:VOLT? MIN;:VOLT? MAX;:CURR:LIM:CV? MAX") == (
        "VOLT;1.0000E+02;7.5000E+00;6.0000E+02;2.0000E+01"
    )
    bench("SYST:MODE AC")
    assert bench("FUNC?") == "CURR"
    assert bench.error() == 0


@pytest.mark.parametrize(("on", "off"), [("FUNC SHOR", "FUNC CURR"), ("INP:SHOR 1", "INP:SHOR OFF")])
def test_a_short_circuit_draws_all_that_the_power_stage_can(bench: Bench, on: str, off: str) -> None:
    bench("CURR 1;:INP ON")
    modes = []
    for line in (on, off):
        bench(line)
        modes.append((bench.state.mode, bench.number("MEAS:POW?")))
    assert modes == [("SHOR", 1800.0), ("CURR", 230.0)]
    assert bench("INP:SHOR?;:INP:SHOR:FUNC?;:SYST:ERR:COUN?") == "0;0;0"


def test_a_short_circuit_outlives_a_change_of_the_function(bench: Bench) -> None:
    bench("INP:SHOR:FUNC ON;:FUNC POW")
    assert (bench.state.mode, bench("FUNC?")) == ("SHOR", "POW")
    bench("INP:SHOR 0")
    assert (bench.state.mode, bench("FUNC?")) == ("POW", "POW")


def points(reply: str | None) -> list[float]:
    return [float(point) for point in str(reply).split(",")]


def test_the_waveforms_are_those_of_the_terminals(bench: Bench) -> None:
    bench("CURR 5;:INP ON;:WAVE:TRIG:DIVT 0.004")
    volts, amperes = points(bench("WAVE:VOLT:DATA?")), points(bench("WAVE:CURR:DATA?"))
    assert len(volts) == len(amperes) == 500
    # 40 ms: two whole periods
    assert math.sqrt(sum(v * v for v in volts) / 500) == pytest.approx(230, rel=1e-3)
    assert math.sqrt(sum(i * i for i in amperes) / 500) == pytest.approx(5, rel=1e-3)
    assert sum(v * i for v, i in zip(volts, amperes, strict=True)) / 500 == pytest.approx(1150, rel=1e-3)
    assert volts[0] == 0.0
    assert volts[1] > 0


@pytest.mark.parametrize(("factor", "crest"), [(1.0, 1.414), (0.8, 1.414), (0.3, 1.414), (0.55, 3.0), (0.25, 3.0)])
def test_the_current_on_the_scope_has_the_shape_that_was_set(factor: float, crest: float) -> None:
    state = ElectronicLoadState(measured=lambda: (230.0, 5.0, 1150.0 * factor, 50.0))
    load = It8615(state, lambda: 0.0)
    load.execute(f"PFAC {factor};:CFAC {crest};:WAVE:TRIG:DIVT 0.004")
    volts, amperes = points(load.execute("WAVE:VOLT:DATA?")), points(load.execute("WAVE:CURR:DATA?"))
    mean = sum(v * i for v, i in zip(volts, amperes, strict=True)) / 500
    assert mean == pytest.approx(1150.0 * factor, rel=2e-2)
    assert math.sqrt(sum(i * i for i in amperes) / 500) == pytest.approx(5.0, rel=2e-2)
    assert max(amperes) / 5.0 == pytest.approx(crest, rel=2e-2)


@pytest.mark.parametrize("trigger", ["SLOP POS;CURR:LEV 4", "SLOP NEG;CURR:LEV 4", "SLOP POS;CURR:LEV -4"])
@pytest.mark.parametrize("shape", ["PFAC 0.5", "PFAC 0.5;:CFAC 3"])
def test_a_waveform_begins_where_a_shaped_current_crosses_the_level(trigger: str, shape: str) -> None:
    state = ElectronicLoadState(measured=lambda: (230.0, 5.0, 575.0, 50.0))
    load = It8615(state, lambda: 0.0)
    load.execute(f"{shape};:WAVE:TRIG:DIVT 0.0002;SOUR CURR;{trigger}")
    amperes = points(load.execute("WAVE:CURR:DATA?"))
    assert amperes[0] == pytest.approx(-4.0 if "-4" in trigger else 4.0, rel=1e-3)
    assert (amperes[1] > amperes[0]) is trigger.startswith("SLOP POS")


@pytest.mark.parametrize(
    ("trigger", "first", "rises"),
    [("VOLT:LEV 100", 100.0, True), ("SLOP NEG;VOLT:LEV 100", 100.0, False), ("SLOP POS;VOLT:LEV -50", -50.0, True)],
)
def test_a_waveform_begins_at_its_trigger(bench: Bench, trigger: str, first: float, rises: bool) -> None:
    bench(f"WAVE:TRIG:{trigger}")
    volts = points(bench("WAVE:VOLT:DATA?"))
    assert volts[0] == pytest.approx(first, rel=1e-3)
    assert (volts[1] > volts[0]) is rises


def test_a_stopped_scope_keeps_its_data_and_a_waiting_one_has_none(bench: Bench) -> None:
    bench("WAVE:STOP")
    kept = bench("WAVE:VOLT:DATA?")
    bench.voltage = 100.0
    assert bench("WAVE:TRIG:STAT?") == "Stop"
    assert bench("WAVE:VOLT:DATA?") == kept
    bench("WAVE:TRIG:MODE NORM;VOLT:LEV 400;:WAVE:RUN")
    assert bench("WAVE:TRIG:STAT?") == "Trig?"
    assert bench("WAVE:VOLT:DATA?") == kept
    bench("WAVE:TRIG:VOLT:LEV 50")
    assert bench("WAVE:TRIG:STAT?") == "Trig"
    assert max(points(bench("WAVE:VOLT:DATA?"))) == pytest.approx(100 * math.sqrt(2), rel=1e-3)


def test_the_voltage_of_the_bench_has_a_fundamental_only(bench: Bench) -> None:
    orders = points(bench("MEAS:VOLT:HARM:AMPL?"))
    assert orders == [230.0, *[0.0] * 49]
    assert bench("MEAS:VOLT:THD?;:MEAS:VOLT:DC?") == "0.0000E+00;0.0000E+00"


def test_a_change_between_ac_and_dc_opens_the_input(bench: Bench) -> None:
    bench("INP ON;:SYST:MODE AC")
    assert bench.state.input_on
    bench("SYST:MODE DC")
    assert not bench.state.input_on


def test_the_nineteen_fields_come_in_the_order_of_the_real_unit(bench: Bench) -> None:
    bench("FUNC POW;POW 1150;:INP ON")
    *fields, after_last_comma = str(bench("MEAS?")).split(",")
    assert after_last_comma == ""
    values = [float(field) for field in fields]
    root = math.sqrt(2)
    expected = [0, 5, 5 * root, 5 * root, -5 * root, 0, 230, 230 * root, 1150, 1150, 0, 2300, 46, 50, root, 1, 0, 0, 25]
    assert values == pytest.approx(expected, rel=1e-4)


def test_an_open_input_measures_voltage_and_no_current(bench: Bench) -> None:
    assert bench("MEAS:VOLT:RMS?;:MEAS:CURR:RMS?;:MEAS:POW?") == "2.3000E+02;0.0000E+00;0.0000E+00"
    assert str(bench("MEAS?")).split(",")[12] == "NaN"


@pytest.mark.parametrize("frequency", [0.0, 44.9, 450.1])
def test_there_is_no_frequency_outside_the_measurable_band(bench: Bench, frequency: float) -> None:
    bench.frequency = frequency
    assert bench("MEAS:FREQ?") == "NaN"


# --- protections -----------------------------------------------------------------------------------------------


def test_over_current_opens_the_input_after_the_delay_and_stays_until_cleared(bench: Bench) -> None:
    bench("CURR:PROT 4;PROT:DEL 2;STAT ON;:CURR 5;:INP ON")
    assert bench.error() == 0
    bench.now = 1.9
    bench.load.update()
    assert bench.state.input_on
    bench.now = 2.0
    bench.load.update()
    assert not bench.state.input_on
    assert bench("SYST:ERR?") == '-300,"Device-specific error;over current"'
    assert bench("STAT:QUES:COND?") == "2"
    bench("INP ON")
    assert bench.error() == -221
    bench("PROT:CLE;:CURR 3;:INP ON")
    assert bench("STAT:QUES:COND?") == "0"
    assert bench.error() == 0
    assert bench.state.input_on


def test_a_short_excess_does_not_trip(bench: Bench) -> None:
    bench("POW:PROT 1000;PROT:DEL 1;STAT ON;:FUNC POW;:POW 1300;:INP ON")
    bench.load.update()
    bench.now = 0.9
    bench("POW 900")
    bench.load.update()
    bench.now = 1.5
    bench("POW 1300")
    bench.load.update()
    assert bench.state.input_on


def test_a_switched_off_protection_never_trips(bench: Bench) -> None:
    bench("CURR:PROT 1;:CURR 5;:INP ON")
    bench.now = 100
    bench.load.update()
    assert bench.state.input_on


def test_over_voltage_opens_the_input(bench: Bench) -> None:
    bench("INP ON")
    bench.voltage = 430
    assert bench("INP?") == "0"
    assert "over voltage" in str(bench("SYST:ERR?"))


def test_without_a_clock_a_protection_acts_at_once() -> None:
    state = ElectronicLoadState(measured=lambda: (230.0, 5.0, 1150.0, 50.0))
    load = It8615(state)
    load.execute("CURR:PROT 4;PROT:DEL 9;STAT ON;:INP ON")
    assert load.execute("INP?") == "0"


# --- whole instrument ------------------------------------------------------------------------------------------

SOME = ["SYST:MODE DC", "CURR:PROT:STAT ON", "POW:PROT 10", "CURR 7", "RES MIN", "FUNC POW", "INP 1", "nonsense"]


@given(st.lists(st.sampled_from([line for line, _ in DIALOGUE] + SOME), max_size=20), st.booleans())
def test_reset_after_any_dialogue_equals_power_on(lines: list[str], power_cycled: bool) -> None:
    bench, fresh = Bench(), Bench()
    for line in lines:
        bench(line)
    if power_cycled:
        bench.load.power_on("another")
    else:
        bench("*RST")
    assert bench.load._settings == fresh.load._settings
    assert repr(bench.state) == repr(fresh.state)
    assert not bench.state.input_on
