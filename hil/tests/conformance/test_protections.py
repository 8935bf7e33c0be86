"""Loads that keep limits by themselves: armed by the driver, tripped in the virtual instrument, told as what it is."""

from __future__ import annotations

from contextlib import closing

import pytest

from hil.instruments.dialects import open_load
from hil.ports import LoadLimits, Protecting
from hil.tests.conformance.benches import Make
from hil.units import Ampere, Volt, Watt


@pytest.mark.parametrize(
    ("name", "power", "limits", "reason"),
    [
        ("it8615", 1300.0, LoadLimits(power=Watt(1000.0)), "over power"),
        ("it8615", 1300.0, LoadLimits(current=Ampere(3.0)), "over current"),
        ("dl3021", 150.0, LoadLimits(current=Ampere(3.0)), "over current"),
        ("dl3021", 150.0, LoadLimits(voltage=Volt(40.0)), "over voltage"),
    ],
)
def test_the_load_opens_its_own_input_beyond_the_limit_that_was_armed_and_says_why(
    make: Make, name: str, power: float, limits: LoadLimits, reason: str
) -> None:
    bench = make(load=name)
    with closing(open_load("load", bench.resource("load"))) as load:
        load.prepare()
        assert isinstance(load, Protecting)
        assert [protection.armed for protection in load.protect(limits)] == [True]
        load.draw_power(Watt(power))
        load.set_input(on=True)
        assert load.opened_by_itself() == ""
        for relay in (1, 2):
            bench.switch(relay, closed=True)
        bench.wait(1.0)
        assert not load.input_is_on()
        assert reason in load.opened_by_itself()
        assert bench.process.ask({"op": "truth"})["power"] == 0
        load.prepare()
        assert load.opened_by_itself() == ""


@pytest.mark.parametrize(
    ("name", "limits", "words"),
    [
        ("it8615", LoadLimits(power=Watt(2000.0)), "2000 W: left to the load's own rating of 1800 W"),
        ("it8615", LoadLimits(voltage=Volt(300.0)), "300 V: this dialect has no protection for it"),
        ("dl3021", LoadLimits(power=Watt(100.0)), "100 W: this dialect has no protection for it; the rating of 200 W"),
        ("dl3021", LoadLimits(current=Ampere(40.0)), "40 A: left to the load's own rating of 40 A"),
    ],
)
def test_what_cannot_be_armed_is_told_with_what_holds_instead(
    make: Make, name: str, limits: LoadLimits, words: str
) -> None:
    bench = make(load=name)
    with closing(open_load("load", bench.resource("load"))) as load:
        load.prepare()
        assert isinstance(load, Protecting)
        (protection,) = load.protect(limits)
    assert not protection.armed
    assert protection.words.startswith(words)
