"""What yoko-tool says to a WT310, and wants to hear: from its source (yokolibs), since no package registry has it."""

from __future__ import annotations

import pytest

from hil.tests.vbench.instruments.wt310e.bench import Bench
from hil.vbench.plant.terminals import Pause

CONSTRUCTOR = (
    *("", "*CLS", "", "*CLS", ":NUM:FORM ascii", ":SYST:COMM:COMM WT300"),
    *(":STAT:QMES on", ":COMM:HEAD off", ":COMM:VERB on"),
)

ITEMS = (
    *("U", "I", "P", "S", "Q", "Lambda", "Phi", "Fu", "Fi", "Uppeak", "Umpeak", "Ippeak", "Impeak", "Pppeak", "Pmpeak"),
    *("Time", "Wh", "Whp", "Whm", "Ah", "Ahp", "Ahm", "Math", "Urange", "Irange"),
)

SETTINGS = {
    ":INP:CFAC": ("3", "6"),
    ":MEAS:AVER:TYPE": ("linear", "exponent"),
    ":MEAS:AVER:COUN": ("8", "16", "32", "64"),
    ":INTEG:MODE": ("normal", "continuous"),
    ":NUM:FORM": ("float", "ascii"),
    ":INP:MODE": ("rms", "vmean", "dc"),
    ":INP:SYNC": ("voltage", "current", "off"),
    ":SYST:RES": ("4", "5"),
    ":MATH": ("cfu1", "cfi1", "add", "sub", "mul", "div", "diva", "divb", "avw1"),
}


@pytest.fixture
def bench() -> Bench:
    bench = Bench()
    for line in CONSTRUCTOR:
        bench(line)
    bench.pass_periods(3)
    return bench


def test_its_constructor_leaves_no_error(bench: Bench) -> None:
    assert bench(":STAT:ERR?") == '0,"NO ERROR"'


@pytest.mark.parametrize("header", SETTINGS)
def test_each_value_of_a_setting_is_answered_as_it_was_set(bench: Bench, header: str) -> None:
    for value in SETTINGS[header]:
        bench(f"{header} {value}")
        assert str(bench(f"{header}?")).lower() == value
    assert bench(":STAT:ERR?") == '0,"NO ERROR"'


@pytest.mark.parametrize("item", ITEMS)
def test_each_data_item_is_told_by_its_whole_name_and_is_a_number(bench: Bench, item: str) -> None:
    bench(f":NUM:NORM:NUM 1;:NUM:NORM:ITEM1 {item}")
    told = str(bench(":NUM:NORM:ITEM1?"))
    assert told.removesuffix(",1").lower() == item.lower()
    float(str(bench(":NUM:NORM:VAL?")))


def test_its_wait_for_a_data_update_ends_with_the_next_one(bench: Bench) -> None:
    bench(":RATE 1")
    for number in range(1, 16):
        bench(f":STAT:FILT{number} never")
    bench(":STAT:EESR?")
    bench(":STAT:FILT1 fall")
    with pytest.raises(Pause) as waiting:
        bench(":COMM:WAIT 1")
    bench.pass_periods(9)
    assert not waiting.value.ended()
    bench.pass_periods(1)
    assert waiting.value.ended()


def test_calibration_and_the_states_of_integration_are_those_that_it_knows(bench: Bench) -> None:
    states = [bench(":INTEG:STAT?")]
    for line in (":INTEG:TIM 0,0,1", ":INTEG:STAR", ":INTEG:STOP", ":INTEG:RES", ":INTEG:STAR"):
        bench(line)
        states.append(bench(":INTEG:STAT?"))
    bench.pass_periods(20)
    states.append(bench(":INTEG:STAT?"))
    assert states == ["RESET", "RESET", "START", "STOP", "RESET", "START", "TIMEUP"]
    assert bench(":INTEG:RES;*CAL?") == "0"
