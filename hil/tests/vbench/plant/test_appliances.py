import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.vbench.plant.appliances import ElectronicLoad, Nothing, Toaster
from hil.vbench.plant.terminals import ElectronicLoadState

toasters = st.builds(
    Toaster,
    power=st.floats(100, 3000),
    inrush=st.floats(0, 0.9),
    heat_time=st.floats(0.05, 5),
    cool_time=st.floats(1, 100),
    coldness=st.floats(0, 1),
)


def numerically(toaster: Toaster, duration: float, voltage: float) -> tuple[float, float]:
    """Integrate I² and P by Simpson's rule over the definition R(t) = R_hot·(1 - a·c0·exp(-t/τ))."""
    steps = 8000
    hot = toaster.nominal_voltage**2 / toaster.power

    def current(t: float) -> float:
        return voltage / (hot * (1 - toaster.inrush * toaster.coldness * math.exp(-t / toaster.heat_time)))

    squares = energy = 0.0
    for step in range(steps + 1):
        weight = 1 if step in {0, steps} else 4 if step % 2 else 2
        amperes = current(duration * step / steps)
        squares += weight * amperes**2
        energy += weight * amperes * voltage
    width = duration / steps / 3
    return squares * width, energy * width


@given(toasters, st.floats(1e-3, 3), st.floats(50, 260))
def test_the_toaster_s_closed_forms_agree_with_numeric_integration(
    toaster: Toaster, duration: float, voltage: float
) -> None:
    expected = numerically(toaster, duration, voltage)
    assert toaster.pass_time(duration, voltage) == pytest.approx(expected, rel=1e-6)


@given(toasters, st.lists(st.floats(0, 3), min_size=1, max_size=8), st.sampled_from([0.0, 230.0]))
def test_splitting_a_span_of_time_changes_nothing(toaster: Toaster, parts: list[float], voltage: float) -> None:
    twin = Toaster(toaster.power, 230.0, toaster.inrush, toaster.heat_time, toaster.cool_time, toaster.coldness)
    whole = twin.pass_time(sum(parts), voltage)
    pieces = [toaster.pass_time(part, voltage) for part in parts]
    assert sum(squares for squares, _ in pieces) == pytest.approx(whole[0], rel=1e-9, abs=1e-9)
    assert sum(energy for _, energy in pieces) == pytest.approx(whole[1], rel=1e-9, abs=1e-9)
    assert toaster.coldness == pytest.approx(twin.coldness, rel=1e-9, abs=1e-12)


def test_a_hot_toaster_draws_1300_w_at_230_v_and_a_cold_one_the_inrush() -> None:
    toaster = Toaster()
    assert 230 * toaster.current(230) == pytest.approx(1300 / 0.7)
    toaster.pass_time(10, 230)
    assert 230 * toaster.current(230) == pytest.approx(1300, rel=1e-6)
    assert toaster.pass_time(3600, 230)[1] == pytest.approx(1300 * 3600, rel=1e-6)


def test_a_toaster_without_voltage_cools_with_its_own_time_constant_and_draws_nothing() -> None:
    toaster = Toaster(coldness=0.0)
    assert toaster.pass_time(30, 0.0) == (0.0, 0.0)
    assert toaster.coldness == pytest.approx(1 - math.exp(-1))


def test_an_empty_outlet_draws_nothing() -> None:
    assert (Nothing().current(230), Nothing().pass_time(10, 230)) == (0.0, (0.0, 0.0))


@pytest.mark.parametrize(
    ("state", "current"),
    [
        (ElectronicLoadState(mode="CURR", current=2.0, input_on=True), 2.0),
        (ElectronicLoadState(mode="POW", power=1150.0, input_on=True), 5.0),
        (ElectronicLoadState(mode="RES", resistance=23.0, input_on=True), 10.0 * 1800 / 2300),
        (ElectronicLoadState(mode="RES", resistance=46.0, input_on=True), 5.0),
        (ElectronicLoadState(mode="RES", resistance=0.0, input_on=True), 1800 / 230),
        (ElectronicLoadState(mode="CURR", current=30.0, input_on=True), 1800 / 230),
        (ElectronicLoadState(mode="CURR", current=2.0, input_on=False), 0.0),
    ],
)
def test_the_load_draws_what_its_mode_says_within_its_limits(state: ElectronicLoadState, current: float) -> None:
    load = ElectronicLoad(state)
    assert load.current(230) == pytest.approx(current)
    assert load.current(0) == 0
    assert load.pass_time(10, 230) == pytest.approx((current**2 * 10, current * 230 * 10))


def test_the_load_keeps_its_old_set_point_until_it_is_refreshed() -> None:
    state = ElectronicLoadState(mode="CURR", current=2.0, input_on=True)
    load = ElectronicLoad(state)
    state.current = 4.0
    assert load.current(230) == 2.0
    load.refresh()
    assert load.current(230) == 4.0
