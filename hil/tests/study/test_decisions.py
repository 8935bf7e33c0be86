"""Which limits a rig can decide, by what was measured and by what is stated."""

from __future__ import annotations

import pytest

from hil.errors import ConfigurationError, ExitCode
from hil.history.statistics.control_chart import Rule
from hil.study.limits import Decidable
from hil.study.quantities import QuantityResult
from hil.study.result import StudyResult
from hil.study.together import result_of
from hil.tests.study.results import limit, rig, session, study

THREE = (session(1, error=0.3), session(2, error=-0.2), session(3, error=0.1))


def power(result: StudyResult) -> QuantityResult:
    return next(each for each in result.quantities if each.quantity == "power")


def test_u_measured_is_twice_what_scatters_and_the_bias_on_top() -> None:
    found = power(study(*THREE))

    assert found.largest_bias == pytest.approx(0.2 / 3, abs=0.02)
    assert found.uncertainty == pytest.approx(2 * found.variation.grr + found.largest_bias)


def test_a_limit_is_decidable_with_room_for_twice_the_guard_band() -> None:
    wide, narrow, too_narrow = (limit("power", 500 - room, 500 + room, amount=500.0) for room in (10.0, 2.5, 1.0))

    decisions = study(*THREE, limits=[wide, narrow, too_narrow]).decisions

    assert [each.decidable for each in decisions] == [Decidable.YES, Decidable.WITH_MARGIN, Decidable.NO]
    assert decisions[0].guard_band == decisions[0].stated
    assert not decisions[0].extrapolated


def test_an_energy_is_undecidable_only_if_it_is_so_in_the_shortest_time() -> None:
    # 2.5 Wh in 36 s; at 2000 W, the most that the rig allows, it would be 4.5 s
    short, long = (limit("energy", 2.5 - room, 2.5 + room, amount=2.5) for room in (0.002, 0.012))

    impossible, possible = study(*THREE, limits=[short, long]).decisions

    assert possible.guard_band > 0.012
    assert [impossible.decidable, possible.decidable] == [Decidable.NO, Decidable.WITH_MARGIN]


def test_a_difference_of_energies_is_never_undecidable() -> None:
    small = limit("energy", None, 0.001, amount=16.0, bounded=False)

    (decision,) = study(*THREE, limits=[small]).decisions

    assert decision.decidable is Decidable.WITH_MARGIN
    assert decision.of_tolerance is None


def test_the_time_of_an_edge_is_undecidable_where_no_reading_can_show_it() -> None:
    found = study(*THREE, limits=[limit("time", None, seconds) for seconds in (0.05, 0.2, 0.5)]).decisions

    assert [each.decidable for each in found] == [Decidable.NO, Decidable.WITH_MARGIN, Decidable.YES]


def test_an_interruption_is_decided_by_the_voltage() -> None:
    (decision,) = study(*THREE, limits=[limit("interruption", None, 0.02)]).decisions

    assert decision.decidable is Decidable.YES
    assert decision.stated == pytest.approx(0.47e-3, abs=0.02e-3)


def test_beyond_the_levels_the_measured_u_grows_in_proportion() -> None:
    within, beyond = (limit("energy", amount * 0.9, amount * 1.1, amount=amount) for amount in (2.0, 20.0))

    near, far = study(*THREE, limits=[within, beyond]).decisions

    # 36 s are 3.6 times the time for which power flowed in a trial
    assert near.extrapolated
    assert far.measured == pytest.approx(near.measured * (20 / 2.5) / 3.6)


def test_where_the_rig_file_names_no_meter_the_guard_band_is_what_was_measured() -> None:
    sessions = (session(1, error=0.3, rig_name="bench-example"), session(2, rig_name="bench-example"))
    limits = [limit("power", 400.0, 600.0, amount=500.0), limit("interruption", None, 0.02)]

    result = study(*sessions, limits=limits, name="bench-example.yaml", together=True)

    assert [each.stated for each in result.decisions] == [None, None]
    assert all(each.guard_band == each.measured > 0 for each in result.decisions)
    assert any("does not say which meter it has" in remark for remark in result.remarks)


def test_measurements_beyond_the_stated_u_are_a_fault_of_the_rig_and_widen_the_guard_band() -> None:
    wrong = (session(1, error=3.0), session(2, error=-3.0))

    result = study(*wrong, limits=[limit("power", 400.0, 600.0, amount=500.0)])

    assert len(power(result).outside) == 12
    assert result.exit_code is ExitCode.RIG_FAULT
    assert result.decisions[0].guard_band == result.decisions[0].measured > (result.decisions[0].stated or 0.0)


def test_a_limit_that_cannot_be_decided_makes_the_study_inconclusive() -> None:
    assert study(*THREE, limits=[limit("power", 499.0, 501.0, amount=500.0)]).exit_code is ExitCode.INCONCLUSIVE
    assert study(*THREE).exit_code is ExitCode.PASS


def test_sessions_of_a_physical_rig_come_together_and_those_of_another_design_are_left_out() -> None:
    bench = rig("bench-example.yaml")
    new, old, other = (
        session(3, rig_name="bench-example", known=None),
        session(1, rig_name="bench-example", known=None),
        session(2, rig_name="bench-example", known=None, levels=(100.0, 200.0, 300.0)),
    )

    result = result_of(bench, [new], [old, other], [], 0, all_together=True)

    assert [each.run_id for each in result.sessions] == ["run-1", "run-3"]
    assert "Sessions of the history that have other levels or trials, and are left out: 1." in result.remarks
    assert any(remark.startswith("The rig file states no reference") for remark in result.remarks)
    assert not power(result).reference_known
    assert power(result).variation.av is not None


def test_a_virtual_study_stands_for_itself_and_earlier_sessions_are_in_its_control_chart() -> None:
    earlier = [session(number) for number in range(1, 10)]

    result = result_of(rig(), [session(11), session(12)], earlier, [], 0, all_together=False)

    assert [each.run_id for each in result.sessions] == ["run-11", "run-12"]
    chart = power(result).stability
    assert chart is not None
    assert len(chart.points) == 11
    assert chart.limits is not None


def test_a_session_that_is_out_of_control_is_a_signal() -> None:
    steady = [session(number) for number in range(1, 10)]

    result = result_of(rig(), [session(20, error=1.5)], steady, [], 0, all_together=True)

    chart = power(result).stability
    assert chart is not None
    assert [each.index for each in chart.signals if each.rule is Rule.BEYOND_3] == [9]


def test_a_history_without_a_session_is_told_with_its_remedy() -> None:
    with pytest.raises(ConfigurationError, match="no session of rig 'virtual'"):
        result_of(rig(), [], [], [], 0, all_together=True)
