"""Trials that differ by less than the meter can show tell no repeatability."""

from __future__ import annotations

import math

import pytest

from hil.errors import ExitCode
from hil.instruments.hmc8015 import Hmc8015
from hil.study.limits import Decidable
from hil.study.report.words import lines
from hil.study.resolution import shares_of_resolution
from hil.tests.study.results import limit, rig, session, study

ROUNDING_NOISE = 1e-13
"""Of the stated uncertainties: what is left of equal readings after their references were subtracted."""


def test_the_share_of_the_resolution_is_half_of_the_last_digit_over_the_root_of_three() -> None:
    shares = shares_of_resolution(rig(), {"power": 900.0, "energy": 2.5, "voltage": 253.0, "time": 5.0})

    assert shares["power"] == pytest.approx(Hmc8015.limits.power.resolution / math.sqrt(3))
    assert shares["voltage"] == pytest.approx(Hmc8015.limits.voltage.resolution / math.sqrt(3))
    assert shares["time"] == pytest.approx(Hmc8015.update_period / 2 / math.sqrt(3))
    assert 0.0 < (shares["energy"] or 0.0) < 1e-6


def test_the_resolution_of_a_meter_that_is_not_known_is_not_known() -> None:
    assert set(shares_of_resolution(rig("bench-example.yaml"), {}).values()) == {None}


def test_repeatability_is_that_of_the_resolution_at_least() -> None:
    result = study(session(1, scatter=ROUNDING_NOISE), limits=[limit("power", 450.0, 550.0, amount=500.0)])

    power = result.quantities[0]
    share = shares_of_resolution(rig(), {"power": 900.0})["power"]
    assert power.by_resolution
    assert power.variation.ev == power.variation.grr == share
    assert result.decisions[0].of_tolerance == pytest.approx(100 * 6 * (share or 0.0) / 100.0)
    assert result.decisions[0].decidable is Decidable.YES
    text = "\n".join(lines(result))
    assert "0.02887 W r" in text
    assert "r: the trials differ by less than the resolution of the meter" in text


def test_trials_that_differ_by_more_tell_the_repeatability_themselves() -> None:
    result = study(session(1, scatter=0.5))

    assert not result.quantities[0].by_resolution
    assert "r: the trials" not in "\n".join(lines(result))


def test_equal_trials_of_a_meter_that_is_not_known_decide_nothing() -> None:
    sessions = [session(1, rig_name="bench-example", known=None, scatter=ROUNDING_NOISE)]
    limits = [limit("power", 450.0, 550.0, amount=500.0), limit("interruption", None, 0.5)]

    result = study(*sessions, limits=limits, name="bench-example.yaml", together=True)

    assert [each.decidable for each in result.decisions] == [Decidable.NO, Decidable.NO]
    assert result.exit_code is ExitCode.INCONCLUSIVE
    assert any(remark.startswith("Trials do not differ in power, voltage, energy") for remark in result.remarks)
