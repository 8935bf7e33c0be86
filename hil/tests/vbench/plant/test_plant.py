import math
from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.errors import ConfigurationError
from hil.vbench.plant.parameters import PlantParameters
from hil.vbench.plant.plant import Plant
from hil.vbench.plant.terminals import ElectronicLoadState, MeterSample
from hil.vbench.virtual_time import Kernel

K1, K2, K3, K4 = range(4)


class Rig:
    """A plant with everything that surrounds it recorded."""

    def __init__(self, *, socket_fitted: bool = False, **parameters: float) -> None:
        self.kernel = Kernel()
        self.load = ElectronicLoadState()
        self.samples: list[MeterSample] = []
        self.supplies: list[tuple[float, str, bool]] = []
        self.plant = Plant(
            self.kernel,
            PlantParameters(**parameters),
            self.load,
            self.samples.append,
            socket_fitted,
            lambda role, on: self.supplies.append((self.kernel.now, role, on)),
        )
        self.plant.connect_load()

    def switch(self, number: int, *, closed: bool) -> None:
        self.plant.relays[number].set(closed=closed)

    def draw(self, **set_points: object) -> None:
        for name, value in set_points.items():
            setattr(self.load, name, value)
        self.load.on_change()

    def path_closed(self) -> None:
        self.switch(K1, closed=True)
        self.switch(K2, closed=True)
        self.kernel.run_until(self.kernel.now + 0.1)


def test_a_contactor_closes_15_ms_after_its_coil_and_reports_the_edge() -> None:
    rig = Rig()
    rig.switch(K1, closed=True)
    relay = rig.plant.relays[K1]
    rig.kernel.run_until(0.0149)
    assert (relay.coil, relay.closed, relay.edge) == (True, False, None)
    rig.kernel.run_until(0.02)
    assert (relay.closed, relay.edge) == (True, 0.015)
    assert (rig.plant.meter_voltage(), rig.plant.outlet_voltage()) == (230.0, 0.0)


def test_a_coil_released_before_the_contact_moved_leaves_the_contact_alone() -> None:
    rig = Rig()
    rig.switch(K1, closed=True)
    rig.kernel.run_until(0.010)
    rig.switch(K1, closed=False)
    rig.kernel.run_until(1.0)
    assert (rig.plant.relays[K1].closed, rig.plant.relays[K1].edge) == (False, None)


def test_power_flows_only_through_k1_the_sockets_contact_and_k2() -> None:
    for open_one in ("K1", "contact", "K2", "none"):
        rig = Rig(socket_fitted=True)
        rig.draw(mode="POW", power=1000.0, input_on=True)
        k1, k2 = rig.plant.relays[K1], rig.plant.relays[K2]
        for name, relay in {"K1": k1, "contact": rig.plant.contact, "K2": k2}.items():
            relay.set(closed=name != open_one)
        rig.kernel.run_until(0.1)
        assert rig.plant.power() == pytest.approx(1000 if open_one == "none" else 0), open_one


def test_without_a_socket_an_adapter_takes_its_place() -> None:
    rig = Rig(socket_fitted=False)
    rig.draw(mode="CURR", current=5.0, input_on=True)
    rig.path_closed()
    assert rig.plant.power() == pytest.approx(1150)


def test_k3_and_k4_switch_the_supplies_of_socket_and_cable() -> None:
    rig = Rig()
    rig.switch(K3, closed=True)
    rig.kernel.run_until(1.0)
    rig.switch(K4, closed=True)
    rig.switch(K3, closed=False)
    rig.kernel.run_until(2.0)
    assert rig.supplies == [(0.0, "socket", True), (1.0, "cable", True), (1.0, "socket", False)]


def test_the_meter_gets_true_values_of_each_100_ms() -> None:
    rig = Rig()
    rig.draw(mode="RES", resistance=46.0, input_on=True)
    rig.path_closed()
    rig.kernel.run_until(0.4)
    first, *rest = rig.samples
    on = 0.085
    assert first.power == pytest.approx(1150 * on / 0.1)
    assert first.current == pytest.approx(5 * math.sqrt(on / 0.1))
    assert first.voltage == pytest.approx(230 * math.sqrt(on / 0.1))
    assert [sample.t for sample in rest] == pytest.approx([0.2, 0.3, 0.4])
    for sample in rest:
        assert (sample.voltage, sample.current, sample.power) == pytest.approx((230, 5, 1150))
        assert (sample.frequency, sample.period) == (50.0, 0.1)


def test_the_meter_updates_without_drift_after_a_thousand_seconds() -> None:
    rig = Rig()
    rig.kernel.run_until(1000.0)
    assert len(rig.samples) == 10_000
    assert rig.samples[-1].t == 10_000 * 0.1
    assert rig.samples[-1].frequency == 0.0


def test_the_load_sees_its_terminals_only_while_it_is_plugged() -> None:
    rig = Rig()
    rig.draw(mode="CURR", current=2.0, input_on=False)
    rig.path_closed()
    assert rig.load.measured() == (230.0, 0.0, 0.0, 50.0)
    rig.draw(input_on=True)
    assert rig.load.measured() == (230.0, 2.0, 460.0, 50.0)
    rig.plant.plug("toaster")
    assert rig.load.measured() == (0.0, 0.0, 0.0, 0.0)


def test_a_slice_of_toast_takes_40_wh_after_110_8_s_and_a_little_more_for_the_inrush() -> None:
    rig = Rig()
    rig.plant.plug("toaster")
    rig.path_closed()
    rig.kernel.run_until(0.015 + 40 * 3600 / 1300)
    inrush = 1300 * 0.4 * -math.log(1 - 0.3) / 3600
    assert rig.plant.energy() == pytest.approx(40 + inrush, rel=1e-9)


def test_an_unplugged_toaster_cools_outside_and_a_second_slice_starts_warmer() -> None:
    rig = Rig()
    rig.plant.plug("toaster")
    rig.path_closed()
    rig.kernel.run_until(10.0)
    rig.plant.plug("none")
    assert rig.plant.power() == 0
    rig.kernel.run_until(40.0)
    rig.plant.plug("toaster")
    assert rig.plant.power() == pytest.approx(1300 / (1 - 0.3 * (1 - math.exp(-1))), rel=1e-3)


changes = st.lists(st.tuples(st.floats(0, 2), st.booleans(), st.floats(0, 1800)), max_size=20)


@given(changes)
def test_energy_is_the_sum_of_power_times_time_whatever_is_switched_when(
    changes: list[tuple[float, bool, float]],
) -> None:
    rig = Rig(contactor_operate_time=0.0, contactor_release_time=0.0)
    rig.path_closed()
    expected = power = 0.0
    for duration, on, setting in changes:
        rig.draw(mode="POW", power=setting, input_on=on)
        power = setting if on else 0.0
        rig.kernel.run_until(rig.kernel.now + duration)
        expected += power * duration
    assert rig.plant.energy() * 3600 == pytest.approx(expected, rel=1e-9, abs=1e-6)
    rig.kernel.run_until(rig.kernel.now + 0.2)
    energy = sum(sample.power * sample.period for sample in rig.samples) * 3600 / 3600
    rest = power * (rig.kernel.now - rig.samples[-1].t)
    assert energy + rest == pytest.approx(rig.plant.energy() * 3600, rel=1e-9, abs=1e-6)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"mains_volt": 230}, "Did you mean 'mains_voltage'"),
        ({"mains_voltage": "230"}, "plant.mains_voltage: must be a finite number"),
        ({"mains_voltage": True}, "must be a finite number"),
        ({"meter_period": 0}, "0 is outside 0.01 to 5"),
        ({"meter_gain": 1.0}, "outside -1 to 0.999"),
        ({"meter_latency": -0.1}, "outside 0 to 5"),
        ({"contactor_operate_time": -0.1}, "outside 0 to 10"),
        ({"toaster_inrush": 1.0}, "outside 0 to 0.999"),
        ({"link_baud": math.nan}, "finite"),
    ],
)
def test_a_parameter_that_cannot_be_is_refused_by_name(values: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        PlantParameters.of(values)


def test_an_unknown_appliance_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigurationError, match=r"'toster' is not an appliance.*Did you mean 'toaster'"):
        Rig().plant.plug("toster")


def test_each_parameter_has_a_range_with_its_default_in_it() -> None:
    defaults = {each.name: getattr(PlantParameters(), each.name) for each in fields(PlantParameters)}
    known = {name: value for name, value in defaults.items() if not math.isnan(value)}
    read = PlantParameters.of(known)
    assert {name: getattr(read, name) for name in known} == known
    for name in defaults:
        with pytest.raises(ConfigurationError, match=f"plant.{name}: -?[0-9.]+e?[+]?[0-9]* is outside"):
            PlantParameters.of({name: 1e12})
