"""Currents that are no sine in phase: what the plant draws, counts and shows to the meters."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.tests.vbench.plant.test_plant import Rig
from hil.vbench.instruments.hmc8015.meter import Hmc8015
from hil.vbench.instruments.wt310e.meter import Wt310e
from hil.vbench.plant.instrument_errors import GivenErrors
from hil.vbench.plant.terminals import MeterSample
from hil.vbench.plant.waveform import Waveform

factors = st.floats(0.1, 1.0)
PERFECT = GivenErrors(*(0.0,) * 9)


def drawing(factor: float, crest: float = math.sqrt(2), **set_points: object) -> Rig:
    rig = Rig()
    rig.path_closed()
    rig.draw(input_on=True, waveform=Waveform(factor, crest), **set_points)
    return rig


@given(factor=factors)
def test_constant_power_is_active_power_and_the_current_grows_as_the_power_factor_falls(factor: float) -> None:
    rig = drawing(factor, mode="POW", power=100.0)
    start = rig.plant.energy()
    rig.kernel.run_until(rig.kernel.now + 36.0)
    assert rig.plant.energy() - start == pytest.approx(1.0)
    assert rig.plant.current() == pytest.approx(100.0 / 230.0 / factor)
    newest = rig.samples[-1]
    assert newest.power == pytest.approx(100.0)
    apparent = newest.voltage * newest.current
    assert newest.power / apparent == pytest.approx(factor)
    assert newest.reactive == pytest.approx(math.sqrt(max(0.0, apparent**2 - 100.0**2)), abs=1e-3)


@given(factor=factors)
def test_constant_current_is_the_rms_value_and_its_power_falls_with_the_power_factor(factor: float) -> None:
    rig = drawing(factor, mode="CURR", current=2.0)
    assert rig.plant.current() == 2.0
    assert rig.plant.power() == pytest.approx(460.0 * factor)


def test_the_power_stage_is_limited_in_volt_amperes() -> None:
    rig = drawing(0.5, mode="POW", power=1300.0)
    assert rig.plant.current() * 230.0 == pytest.approx(1800.0)
    assert rig.plant.power() == pytest.approx(900.0)


def test_an_inverter_feeds_back_while_there_are_mains_and_what_was_delivered_stays() -> None:
    rig = Rig(inverter_power=360.0)
    rig.plant.plug("inverter")
    rig.kernel.run_until(10.0)
    assert rig.plant.energy() == 0.0
    rig.path_closed()
    start, delivered = rig.plant.energy(), rig.plant.delivered()
    rig.kernel.run_until(rig.kernel.now + 10.0)
    assert rig.plant.energy() - start == pytest.approx(-1.0)
    assert rig.plant.delivered() == delivered
    assert rig.plant.power() == pytest.approx(-360.0)
    assert rig.samples[-1].power == pytest.approx(-360.0)


def sample(factor: float, crest: float = math.sqrt(2), current: float = 4.0) -> MeterSample:
    apparent = 230.0 * current
    reactive = apparent * math.sqrt(1 - factor**2)
    return MeterSample(0.1, 0.1, 230.0, current, apparent * factor, 50.0, reactive, crest)


@pytest.mark.parametrize("factor", [1.0, 0.8, 0.5, 0.3, -1.0])
def test_both_meters_tell_active_apparent_and_reactive_power_and_the_power_factor(factor: float) -> None:
    hmc, wt = Hmc8015(lambda: 0.0), Wt310e(lambda: 0.0)
    for meter in (hmc, wt):
        meter.power_on("seed", PERFECT)
    hmc.execute("CHAN1:MEAS:FUNC P,S,Q,LAMB")
    wt.execute("*CLS;:COMM:HEAD OFF;:RATE 100MS;:NUM:NORM:NUM 4")
    for number, item in enumerate(("P,1", "S,1", "Q,1", "LAMB,1"), 1):
        wt.execute(f":NUM:NORM:ITEM{number} {item}")
    for meter, query in ((hmc, "CHAN1:MEAS:DATA?"), (wt, ":NUM:NORM:VAL?")):
        meter.update(sample(factor))
        active, apparent, reactive, lamb = map(float, str(meter.execute(query)).split(","))
        assert apparent == pytest.approx(920.0, rel=1e-3)
        assert active == pytest.approx(920.0 * factor, rel=1e-3)
        assert lamb == pytest.approx(factor, rel=1e-3)
        assert reactive == pytest.approx(920.0 * math.sqrt(1 - factor**2), abs=45.0 if abs(factor) == 1.0 else 1.0)


@pytest.mark.parametrize(("gain", "shown"), [(1e-3, 461.0), (-1e-3, 459.0)])
def test_a_phase_error_takes_reactive_power_for_active(gain: float, shown: float) -> None:
    meter = Hmc8015(lambda: 0.0)
    meter.power_on("seed", replace(PERFECT, reactive_gain=gain))
    meter.execute("CHAN1:MEAS:FUNC P")
    meter.update(MeterSample(0.1, 0.1, 230.0, 4.4, 460.0, 50.0, 1000.0))
    assert float(str(meter.execute("CHAN1:MEAS:DATA?"))) == pytest.approx(shown, rel=2e-4)


@pytest.mark.parametrize(("crest", "over"), [(2.9, False), (3.4, True)])
def test_a_peak_beyond_three_times_the_range_is_an_overload_at_an_rms_that_fits(crest: float, over: bool) -> None:
    hmc, wt = Hmc8015(lambda: 0.0), Wt310e(lambda: 0.0)
    for meter in (hmc, wt):
        meter.power_on("seed", PERFECT)
    hmc.execute("CHAN1:ACQ:CURR:RANG 5;:CHAN1:MEAS:FUNC IRMS")
    wt.execute("*CLS;:COMM:HEAD OFF;:RATE 100MS;:INP:CURR:RANG 2A;:NUM:NORM:NUM 1;:NUM:NORM:ITEM1 I,1")
    hmc.update(sample(0.5, crest, 5.0))
    wt.update(sample(0.5, crest, 2.1))
    assert (str(hmc.execute("CHAN1:MEAS:DATA?")) == "INF") is over
    assert (str(wt.execute(":NUM:NORM:VAL?")) == "INF") is over
