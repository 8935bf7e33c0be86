"""Stated bounds hold the truth of the virtual plant: a small part of the campaign of ``make perf``."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.evidence.event_intervals import Interval
from hil.instruments.it8615 import It8615
from hil.instruments.wt310e import LIMITS as WT310E
from hil.perf.bounds.at_limits import shares_at_limits, tally
from hil.perf.bounds.measurements import Check, drawn_shape, measurements, shares
from hil.perf.bounds.meter_errors import EXTREMES, SHAPED, SHAPED_EXTREMES, TRANSFORMED, MeterErrors
from hil.perf.bounds.realtime import edges
from hil.tests.acceptance.commands import ROOT
from hil.units import Watt

SESSIONS = 30


@pytest.fixture(scope="module")
def checks() -> list[Check]:
    return list(measurements(ROOT / "rigs", sessions=SESSIONS, seed=7))


def test_power_energy_and_edges_lie_inside_the_stated_bounds(checks: list[Check]) -> None:
    assert [check for check in checks if not check.inside] == []
    assert shares(checks) == {"power": 1.0, "energy": 1.0, "edges": 1.0, "measurements": len(checks)}


def test_each_session_measures_energy_two_edges_and_unless_it_moves_the_power(checks: list[Check]) -> None:
    taken = [check.what for check in checks]

    assert taken.count("energy") == SESSIONS
    assert taken.count("edges") == 2 * SESSIONS
    assert SESSIONS / 2 < taken.count("power") < SESSIONS


def test_bounds_that_were_too_narrow_would_be_found(checks: list[Check]) -> None:
    def narrower(check: Check) -> Check:
        middle, half = (check.stated.early + check.stated.late) / 2, (check.stated.late - check.stated.early) / 2
        return Check(check.what, Interval(middle - half / 5, middle + half / 5), check.truth)

    found = shares([narrower(check) for check in checks])

    assert found["edges"] < 0.5
    assert found["power"] < 1.0


def test_the_same_seed_gives_the_same_measurements(checks: list[Check]) -> None:
    again = list(measurements(ROOT / "rigs", sessions=4, seed=7))

    assert again == checks[: len(again)]


def test_a_meter_that_updates_twice_as_fast_keeps_the_bounds() -> None:
    found = list(measurements(ROOT / "rigs", sessions=10, seed=3, errors=MeterErrors(period=0.05)))

    assert [check for check in found if not check.inside] == []


def test_the_extremes_are_every_update_period_with_each_sign_of_gain_and_offset() -> None:
    assert {(each.period, each.gain, each.offset) for each in EXTREMES} == {
        (period, gain, offset) for period in (0.05, 0.1, 0.25, 0.5) for gain in (-1, 1) for offset in (-1, 1)
    }
    plant = EXTREMES[0].plant(WT310E)
    assert plant == {"meter_period": 0.05, "meter_gain": -0.001, "meter_offset_w": -1.5, "meter_noise_w": 0.0}


def test_meters_that_use_up_their_data_sheets_keep_the_bounds() -> None:
    found = shares_at_limits(ROOT / "rigs", sessions=2, seed=5, extremes=[EXTREMES[0], EXTREMES[-1]])

    assert list(found) == [f"{rig} at {ms} ms" for rig in ("virtual", "virtual-wt310e") for ms in (50, 500)]
    assert [shares["energy"] for shares in found.values()] == [1.0] * 4
    assert [shares["edges"] for shares in found.values()] == [1.0] * 4


def test_bounds_hold_at_any_power_factor_and_crest_factor() -> None:
    found = list(measurements(ROOT / "rigs", sessions=16, seed=11, errors=SHAPED))
    assert [check for check in found if not check.inside] == []
    assert {check.what for check in found} == {"power", "energy", "edges"}


def test_bounds_hold_at_any_power_factor_for_meters_that_use_up_their_data_sheets() -> None:
    found = shares_at_limits(ROOT / "rigs", sessions=4, seed=5, extremes=[SHAPED_EXTREMES[0], SHAPED_EXTREMES[-1]])
    assert [(shares["power"], shares["energy"]) for shares in found.values()] == [(1.0, 1.0)] * len(found)


def test_the_bounds_at_low_power_factors_need_their_part_for_it() -> None:
    errors = replace(SHAPED_EXTREMES[-1], reactive=4.0)
    found = list(measurements(ROOT / "rigs", sessions=16, seed=11, errors=errors))
    assert any(not check.inside for check in found if check.what == "power")


def test_bounds_hold_behind_a_current_transformer_of_each_class() -> None:
    found = [
        check
        for errors in (TRANSFORMED[0], TRANSFORMED[6], TRANSFORMED[-1])
        for check in measurements(ROOT / "rigs", sessions=8, seed=11, errors=errors)
    ]
    assert [check for check in found if not check.inside] == []
    assert {check.what for check in found} == {"power", "energy", "edges"}


def test_a_transformer_far_beyond_its_class_is_outside_the_bounds() -> None:
    errors = replace(TRANSFORMED[-1], ratio_error=6.0)
    found = list(measurements(ROOT / "rigs", sessions=8, seed=11, errors=errors))
    assert any(not check.inside for check in found if check.what == "power")


@given(seed=st.integers(0, 10_000))
def test_a_drawn_shape_is_one_that_the_load_can_draw(seed: int) -> None:
    shape = drawn_shape(random.Random(seed))  # noqa: S311 - repeatable, and nothing to keep secret
    assert It8615.cannot_shape(Watt(0.0), shape) == ""
    assert 0.3 <= shape.power_factor <= 1.0
    assert 1.41 <= shape.crest_factor <= 3.0


def test_a_measurement_outside_its_bounds_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    outside = [Check("energy", Interval(1.0, 2.0), 2.5), Check("energy", Interval(1.0, 2.0), 1.5)]

    found = tally([("virtual.yaml", 0.25, outside)])

    assert found == {"virtual at 250 ms": {"energy": 0.5, "measurements": 2}}
    assert "outside, virtual.yaml at 0.25 s: Check(what='energy'" in capsys.readouterr().err


def test_in_real_time_too_edges_lie_inside_with_the_loop_kept_busy() -> None:
    found = list(edges(ROOT / "rigs/realtime.yaml", cycles=3))

    assert len(found) == 6
    assert [check for check in found if not check.inside] == []
