"""Energy from readings: the truth is inside for all errors that a meter may have, and dead time costs nothing."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.evidence.documents import Event, Json, Kind
from hil.evidence.observations import EvidenceMissing
from hil.instruments.hmc8015 import Hmc8015
from hil.instruments.meter_limits import half_digit
from hil.rig.sampling.energy import metered_energy, reading_of, returned_energy
from hil.units import Second

PERIOD_S = 0.1
MAINS_V = 230.0


class PaperMeter(Hmc8015):
    """The limits of a HMC8015 without one."""

    def __init__(self) -> None:
        pass


METER = PaperMeter()
LIMITS = METER.limits


def told(
    powers: list[float], *, gain: float = 0.0, offset: float = 0.0, every: int = 1, live: list[bool] | None = None
) -> tuple[list[Event], float]:
    """Return the readings of these true powers, one for each update, and the true energy in Wh.

    :param gain: error of reading, ``offset``: of power in W, which the integrator adds up as well.
    :param every: how many updates lie between two readings.
    """
    shown = true = 0.0
    events = []
    for number, power in enumerate(powers):
        voltage = MAINS_V if (live[number] if live else power > 0) else 0.0
        measured = power * (1 + gain) + offset
        true += power * PERIOD_S / 3600
        shown += measured * PERIOD_S / 3600
        digit = half_digit(shown, LIMITS.energy_digits) * 2
        data: dict[str, Json] = {
            "voltage_V": voltage,
            "current_A": abs(power) / MAINS_V,
            "power_W": measured,
            "energy_Wh": round(shown / digit) * digit if digit else 0.0,
        }
        if number % every == 0 or number == len(powers) - 1:
            t = round((number + 1) * PERIOD_S, 6)
            events.append(Event(Kind.READING, t, "meter", data, "virtual", before=2 * PERIOD_S))
    return events, true


powers = st.lists(
    st.tuples(st.sampled_from([0.0, 5.0, 100.0, 1300.0, 1800.0]), st.integers(1, 40)), min_size=1, max_size=8
).map(lambda spans: [power for power, updates in spans for _ in range(updates)])


@given(powers, st.floats(-1, 1), st.floats(-1, 1), st.integers(1, 12))
def test_the_true_energy_is_within_its_bounds(powers: list[float], gain: float, offset: float, every: int) -> None:
    events, true = told(
        powers,
        gain=gain * LIMITS.power.of_reading,
        offset=offset * LIMITS.power.of_range * LIMITS.power.end,
        every=every,
    )
    found = metered_energy(events, METER)
    assert found.interval.early <= true <= found.interval.late


@given(st.floats(-1, 1), st.integers(1, 1000))
def test_an_offset_that_is_integrated_while_nothing_can_flow_is_no_energy(offset: float, updates: int) -> None:
    watts = offset * LIMITS.power.of_range * LIMITS.power.end
    waited, true = told([0.0] * updates + [1300.0] * 100 + [0.0] * updates, offset=watts)
    at_once, _ = told([0.0, *[1300.0] * 100, 0.0], offset=watts)
    found, expected = metered_energy(waited, METER), metered_energy(at_once, METER)
    assert abs(found.value - true) <= found.budget.expanded
    assert found.budget.expanded == pytest.approx(expected.budget.expanded, rel=0.05)


def test_a_circuit_that_is_live_without_power_costs_the_range_for_as_long() -> None:
    events, _ = told([1300.0] * 100 + [0.0] * 600, live=[True] * 700)
    assert metered_energy(events, METER).budget.part("accuracy of range") == pytest.approx(1.5 * 70 / 3600, rel=0.1)


def test_power_that_flowed_for_an_instant_is_inside_the_bounds() -> None:
    """2 kW for a two thousandth of an update: 4 V on its mean, which are more than a meter shows of nothing."""
    events, true = told([0.0] * 10 + [0.6] + [0.0] * 10)
    live = events[10]
    events[10] = live._replace(data={**live.data, "voltage_V": 4.0})
    found = metered_energy(events, METER)
    assert found.interval.early <= true <= found.interval.late
    assert true > 1e-5


def test_an_update_that_was_not_read_may_have_had_power() -> None:
    """A meter that updates twice as often as it is read: what flowed for an instant in between shows in its energy."""
    meter = PaperMeter()
    meter.update_period = Second(0.05)
    events, true = told([0.0] * 10 + [0.6] + [0.0] * 10)
    events[10] = events[10]._replace(data={**events[10].data, "voltage_V": 0.0, "power_W": 0.0})
    found = metered_energy(events, meter)
    assert found.interval.early <= true <= found.interval.late


def test_voltage_that_a_meter_may_show_of_nothing_is_none() -> None:
    dead = METER.voltage_budget(reading_of(told([0.0])[0][0])).expanded
    events, _ = told([0.0] * 10, offset=1.4)
    shown = [each._replace(data={**each.data, "voltage_V": dead}) for each in events]
    assert metered_energy(shown, METER) == metered_energy(events, METER)
    assert metered_energy(events, METER).budget.part("accuracy of range") == 0


def test_readings_far_apart_do_not_show_that_nothing_flowed_between_them() -> None:
    events, true = told([0.0] * 45 + [1300.0] * 9 + [0.0] * 46, every=99)
    found = metered_energy(events, METER)
    assert found.interval.early <= true <= found.interval.late
    assert true > 0.3


@pytest.mark.parametrize(("later", "seconds"), [(None, 0.2), (0.7, 0.9), (-0.1, 0.1), (-0.2, 0.0), (-5.0, 0.0)])
def test_energy_that_no_reading_can_know_yet_comes_on_top(later: float | None, seconds: float) -> None:
    events, _ = told([1300.0] * 100)
    found = metered_energy(events, METER, None if later is None else events[-1].t + later)
    newest = 1300 * seconds / 3600
    known = reading_of(events[-1]).energy
    assert found.budget.part("sampling") == pytest.approx(newest / 2)
    assert found.interval.late >= known + newest
    assert found.interval.early == pytest.approx(2 * known - metered_energy(events, METER, 0.0).interval.late)


@given(powers, st.floats(-1, 1), st.integers(2, 5))
def test_a_meter_that_updates_less_often_than_it_is_read_keeps_its_bounds(
    powers: list[float], offset: float, repeats: int
) -> None:
    """Each reading shows the mean of the last whole update, and is as old as two of them."""
    watts = offset * LIMITS.power.of_range * LIMITS.power.end
    each = [0.0] * repeats + [power for power in powers for _ in range(repeats)] + [0.0] * repeats
    events, true = told(each, offset=watts)
    shown = []
    for number, event in enumerate(events):
        newest = events[(number + 1) // repeats * repeats - 1] if number + 1 >= repeats else None
        data = (
            newest.data if newest is not None else {**event.data, "energy_Wh": 0.0, "power_W": watts, "voltage_V": 0.0}
        )
        shown.append(event._replace(data=data, before=2 * repeats * PERIOD_S))
    found = metered_energy(shown, METER).interval
    assert found.early <= true <= found.late


def test_a_negative_reading_takes_nothing_away() -> None:
    events, _ = told([0.0] * 20, offset=-1.4)
    found = metered_energy(events, METER)
    assert math.isclose(found.value, 0.0, abs_tol=1e-9)
    assert found.budget.part("sampling") == 0


def test_without_a_reading_there_is_no_energy() -> None:
    socket_says = Event(Kind.READING, 1.0, "socket", {"credited_Wh": 8.0}, "virtual")
    with pytest.raises(EvidenceMissing, match="no reading of the lab meter"):
        metered_energy([socket_says], METER)


POWERS = st.lists(st.sampled_from([-400.0, 0.0, 700.0]), min_size=3, max_size=12)


@given(blocks=POWERS, gain=st.floats(-0.0005, 0.0005), offset=st.floats(-1.5, 1.5))
def test_what_flowed_back_and_what_was_delivered_lie_inside_their_bounds(
    blocks: list[float], gain: float, offset: float
) -> None:
    powers = [power for block in blocks for power in [block] * 10]
    events, _ = told(powers, gain=gain, offset=offset, live=[True] * len(powers))
    delivered = sum(max(0.0, power) for power in powers) * PERIOD_S / 3600
    returned = sum(max(0.0, -power) for power in powers) * PERIOD_S / 3600

    forth, back = metered_energy(events, METER), returned_energy(events, METER)

    assert forth.interval.early - 1e-9 <= delivered <= forth.interval.late + 1e-9
    assert back.interval.early - 1e-9 <= returned <= back.interval.late + 1e-9


def test_energy_that_flowed_back_is_not_subtracted_from_what_was_delivered() -> None:
    events, _ = told([700.0] * 300 + [-400.0] * 300)

    assert metered_energy(events, METER).value == pytest.approx(700 * 30 / 3600, rel=0.01)
    assert returned_energy(events, METER).value == pytest.approx(400 * 30 / 3600, rel=0.01)
