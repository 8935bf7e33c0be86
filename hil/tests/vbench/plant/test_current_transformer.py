"""The virtual current transformer: what it gives the lab meter of the current that flows."""

from __future__ import annotations

import math

import pytest

from hil.errors import ConfigurationError
from hil.vbench.plant.current_transformer import CurrentTransformer
from hil.vbench.plant.parameters import PlantParameters
from hil.vbench.plant.terminals import MeterSample

EXACT = {"meter_ct_error": 0.0, "meter_ct_displacement": 0.0}


def sample(amperes: float, factor: float = 1.0) -> MeterSample:
    apparent = 230.0 * amperes
    reactive = apparent * math.sqrt(1 - factor * factor)
    return MeterSample(0.1, 0.1, 230.0, amperes, apparent * factor, 50.0, reactive)


def transformer(seed: str = "seed", **numbers: float) -> CurrentTransformer:
    values = {f"meter_ct_{name}": value for name, value in numbers.items()}
    made = PlantParameters.of({"meter_ct_ratio": 10.0, "meter_ct_rated_a": 50.0} | values).transformer(seed)
    assert made is not None
    return made


def test_without_a_ratio_there_is_none() -> None:
    assert PlantParameters().transformer("seed") is None


def test_one_without_errors_divides_current_and_power_and_leaves_the_voltage() -> None:
    seen = transformer(error=0.0, displacement=0.0).seen(sample(20.0, 0.6))
    assert (seen.voltage, seen.current) == (230.0, 2.0)
    assert (seen.power, seen.reactive) == pytest.approx((276.0, 368.0))


@pytest.mark.parametrize(("amperes", "percent"), [(50.0, 0.4), (60.0, 0.4), (10.0, 0.6), (30.0, 0.5), (2.5, 1.2)])
def test_the_ratio_error_grows_at_small_currents_as_the_limits_of_the_class_do(amperes: float, percent: float) -> None:
    seen = transformer(error=0.004, displacement=0.0).seen(sample(amperes))
    assert seen.current * 10 / amperes - 1 == pytest.approx(percent / 100)


def test_the_error_in_amperes_never_grows_below_the_lowest_current_of_the_class() -> None:
    one = transformer(error=0.005, displacement=0.0)
    wrong = [one.seen(sample(amperes)).current * 10 - amperes for amperes in (0.0, 0.001, 0.1, 0.5, 1.0, 2.0, 2.5)]
    assert wrong == sorted(wrong)
    assert wrong[-1] == pytest.approx(0.015 * 2.5)


def test_a_displacement_takes_reactive_power_for_active() -> None:
    seen = transformer(error=0.0, displacement=30.0).seen(sample(50.0, 0.5))
    angle = math.acos(0.5) - math.radians(0.5)
    assert seen.power * 10 == pytest.approx(11_500.0 * math.cos(angle))
    assert math.hypot(seen.power, seen.reactive) == pytest.approx(1150.0)


def test_what_is_not_given_is_drawn_from_the_seed_inside_the_class() -> None:
    errors = [transformer(str(seed)).seen(sample(50.0)).current * 10 / 50.0 - 1 for seed in range(200)]
    assert max(map(abs, errors)) <= 0.005
    assert max(errors) > 0.0045
    assert min(errors) < -0.0045
    assert transformer("a").seen(sample(7.0)) == transformer("a").seen(sample(7.0))


def test_a_class_that_the_standard_does_not_have_is_refused() -> None:
    with pytest.raises(
        ConfigurationError, match=r"plant\.meter_ct_class: 0\.3 is no accuracy class; known: 0\.1, 0\.2"
    ):
        PlantParameters.of({"meter_ct_ratio": 10, "meter_ct_class": 0.3})
