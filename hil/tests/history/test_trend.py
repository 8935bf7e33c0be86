"""Trends of runs with known values."""

from __future__ import annotations

import json
import random
import re
from dataclasses import replace

import pytest

from hil.errors import ConfigurationError
from hil.evidence.documents import Verdict
from hil.evidence.limits import Limit
from hil.history.drawing import MOST_POINTS, chart_of
from hil.history.facts import RunFacts
from hil.history.pages import trend_page, trends_json
from hil.history.statistics.control_chart import Rule
from hil.history.store import History
from hil.history.trend import Trend, trends_of
from hil.history.words import trend_lines
from hil.tests.history.conftest import ENERGY, Lab
from hil.tests.report.conftest import NASTY

STEADY = [40.0 + (0.1 if number % 2 else -0.1) for number in range(20)]
"""Mean 40.0, mean moving range 0.2: the standard deviation is 0.2 / 1.128."""


@pytest.fixture
def location(tmp_path_factory: pytest.TempPathFactory) -> str:
    """SQLite is enough here: the store is tested on each database."""
    return str(tmp_path_factory.mktemp("history") / "history.sqlite")


def fill(history: History, runs: list[RunFacts]) -> None:
    for run in runs:
        assert history.add(run)


def only(trends: list[Trend]) -> Trend:
    (trend,) = trends
    return trend


def test_a_new_firmware_that_shifts_the_process_is_found_on_exactly_the_values_that_complete_a_rule(
    history: History, lab: Lab
) -> None:
    fill(history, [lab.facts(value) for value in STEADY])
    fill(history, [lab.facts(40.2, firmware="1.1") for _ in range(7)])

    trend = only(trends_of(history, ENERGY))

    assert trend.baseline == "the 20 values of firmware 1.0"
    assert trend.limits is not None
    assert (round(trend.limits.center, 9), round(trend.limits.sigma, 4)) == (40.0, 0.1773)
    # 40.2 is 1.13 standard deviations above; the last of the steady values is above the center as well
    assert [(each.rule, each.index) for each in trend.signals] == [
        *((Rule.FOUR_OF_5_BEYOND_1, index) for index in (23, 24, 25)),
        (Rule.FOUR_OF_5_BEYOND_1, 26),
        (Rule.EIGHT_ON_ONE_SIDE, 26),
    ]
    assert [(row.firmware, row.count, round(row.mean, 3)) for row in trend.versions] == [
        ("1.0", 20, 40.0),
        ("1.1", 7, 40.2),
    ]


def test_the_baseline_may_be_another_version(history: History, lab: Lab) -> None:
    fill(history, [lab.facts(value) for value in STEADY[:9]])
    fill(history, [lab.facts(value + 0.5, firmware="1.1") for value in STEADY[:9]])

    assert only(trends_of(history, ENERGY, baseline="1.1")).baseline == "the 9 values of firmware 1.1"
    with pytest.raises(ConfigurationError, match=r"no value was taken with firmware '1.2'; nearest: '1.1'"):
        trends_of(history, ENERGY, baseline="1.2")


def test_a_steady_process_raises_nothing_and_has_its_capability(history: History, lab: Lab) -> None:
    fill(history, [lab.facts(value) for value in STEADY])

    trend = only(trends_of(history, ENERGY))

    assert trend.signals == []
    assert trend.capability is not None
    assert trend.capability.cp == pytest.approx(2 / (6 * 0.1026), rel=1e-3)
    assert trend.capability.cpk == pytest.approx(trend.capability.cp)
    assert trend.first_pass is not None
    assert (trend.first_pass.passed, trend.first_pass.count) == (1, 1)
    assert trend.remarks == []


def test_processes_in_control_raise_a_signal_about_as_often_as_chance_does(history: History, lab: Lab) -> None:
    """With limits that are known it is once in 91.75 values (Champ and Woodall 1987); from 60 values a little more."""
    normal = random.Random(11)  # noqa: S311 - a test signal
    run = lab.facts(40.0)
    (scenario,) = run.scenarios

    def drawn(number: int) -> RunFacts:
        values = [replace(scenario.values[0], number=normal.gauss(40.0, 0.1)) for _ in range(40)]
        scenarios = [replace(scenario, name=str(each), values=(value,)) for each, value in enumerate(values)]
        return replace(run, run_id=str(number), digest=str(number), scenarios=tuple(scenarios))

    fill(history, [drawn(number) for number in range(60)])

    trends = trends_of(history, ENERGY)

    first = [trend.signals[0].index + 1 if trend.signals else 60 for trend in trends]
    rate = sum(bool(trend.signals) for trend in trends) / sum(first)
    assert 1 / 91.75 * 0.6 < rate < 1 / 91.75 * 1.6


def test_a_misspelt_name_is_refused_with_the_nearest(history: History, lab: Lab) -> None:
    with pytest.raises(ConfigurationError, match=r"the history is empty\. Fill it from the run folders"):
        trends_of(history, ENERGY)
    fill(history, [lab.facts(40.0)])

    words = r"'energy deliverd' is no measurement .*; nearest: 'energy delivered'"
    with pytest.raises(ConfigurationError, match=words):
        trends_of(history, "energy deliverd")
    with pytest.raises(ConfigurationError, match="no scenario that takes it has 'two' in its name"):
        trends_of(history, ENERGY, "two")


def test_scenarios_are_kept_apart_and_the_one_with_most_signals_comes_first(history: History, lab: Lab) -> None:
    names = ("calm", "shifted")
    fill(history, [lab.facts(value, value, names=names) for value in STEADY])
    fill(history, [lab.facts(value, value + 1.0, names=names, firmware="1.1") for value in STEADY])

    first, second = trends_of(history, ENERGY)

    assert (first.scenario, second.scenario) == ("features/toast.feature: shifted", "features/toast.feature: calm")
    assert second.signals == []
    assert only(trends_of(history, ENERGY, "CALM")).scenario == second.scenario


def test_what_is_no_new_value_is_left_out_and_said(history: History, lab: Lab) -> None:
    fill(history, [lab.facts(value, virtual=True, seed="7") for value in (40.0, 40.0, 40.1)])
    fill(history, [lab.facts(40.0, virtual=True, seed="7", commit="83b3b3a2f0c4+") for _ in range(2)])
    fill(history, [lab.facts(0.04, virtual=True, limit=Limit("kWh", low=0.03, high=0.05))])
    fill(history, [lab.facts(40.2, virtual=True, seed="8", limit=Limit("Wh", low=38.0))])

    trend = only(trends_of(history, ENERGY))

    assert trend.values == [40.0, 40.1, 40.0, 40.0, 40.2]
    assert trend.remarks[0] == "1 value in another unit left out."
    assert trend.remarks[1] == "1 value that repeat a run of the virtual rig with its seed and commit left out."
    assert "The required limit has changed; that of the newest run is used." in trend.remarks
    assert (trend.limit_low, trend.limit_high) == (38.0, None)
    assert trend.capability is not None
    assert trend.capability.cp is None


def test_a_measurement_that_never_differs_has_neither_limits_nor_capability(history: History, lab: Lab) -> None:
    fill(history, [lab.facts(40.0) for _ in range(3)])

    trend = only(trends_of(history, ENERGY))

    assert (trend.limits, trend.capability, trend.signals) == (None, None, [])
    assert chart_of(trend) is not None
    assert any("There are no control limits" in line for line in trend_lines(trend))


def test_a_scenario_that_passes_and_fails_with_one_commit_is_told(history: History, lab: Lab) -> None:
    fill(history, [lab.facts(40.0), lab.facts(42.0), lab.facts(40.0, verdict=Verdict.RIG_FAULT)])

    lines = list(trend_lines(only(trends_of(history, ENERGY))))

    assert "  flaky: 1 passed, 1 failed with commit 83b3b3a2f0c4" in lines


def test_the_page_draws_each_value_and_rings_those_that_complete_a_rule(history: History, lab: Lab) -> None:
    fill(history, [lab.facts(value) for value in STEADY])
    fill(history, [lab.facts(40.9, firmware="1.1")])
    trends = trends_of(history, ENERGY)

    page = trend_page(ENERGY, trends)

    assert page.count('<circle class="point ') == 21
    assert page.count('<circle class="signal"') == 1
    assert "required ≤ 41 Wh" in page
    assert "a value beyond 3 standard deviations (above)" in page
    assert "<script" not in page


def test_a_limit_that_is_far_away_does_not_flatten_the_chart(history: History, lab: Lab) -> None:
    fill(history, [lab.facts(value, limit=Limit("Wh", high=5_000.0)) for value in STEADY])

    chart = chart_of(only(trends_of(history, ENERGY)))

    assert chart is not None
    assert chart.notes == ["The limit required ≤ 5000 Wh lies outside of the chart."]
    assert max(dot.y for dot in chart.dots) - min(dot.y for dot in chart.dots) > 30


def test_a_long_history_is_drawn_from_its_newest_values(history: History, lab: Lab) -> None:
    fill(history, [lab.facts(40.0 + number % 7 / 10) for number in range(30)])
    trend = only(trends_of(history, ENERGY))
    many = replace(trend, points=trend.points * 20, signals=[])

    chart = chart_of(many)

    assert chart is not None
    assert len(chart.dots) == MOST_POINTS
    assert str(chart.values) in trend_page(ENERGY, [many]), "a long curve is not cut as a long text is"
    assert chart.notes[0] == "200 older values are not drawn."


def test_foreign_text_is_inert_in_page_and_terminal(history: History, lab: Lab) -> None:
    fill(history, [lab.facts(value, names=(NASTY,), name=NASTY, firmware=NASTY) for value in STEADY])
    trends = trends_of(history, NASTY)

    page, lines = trend_page(NASTY, trends), "\n".join(trend_lines(only(trends)))

    assert "<script" not in page
    assert not set("\x1b\u202e\u2028") & (set(page) | set(lines))


def test_the_json_holds_points_limits_and_signals(history: History, lab: Lab) -> None:
    fill(history, [lab.facts(value) for value in [*STEADY, 40.9]])

    (told,) = json.loads(trends_json(trends_of(history, ENERGY)))

    assert len(told["points"]) == 21
    assert told["signals"][0]["rule"] == "beyond_3"
    assert re.fullmatch(r"20\d{6}T\d{6}Z-\w{6}", told["points"][0]["run_id"])
    assert set(told["limits"]) == {"center", "sigma", "moving_range", "count"}
