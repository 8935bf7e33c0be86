"""What becomes of a bench in real time whose run is killed, and of a rig that is locked."""

from __future__ import annotations

from hil.errors import ExitCode
from hil.evidence.documents import Kind, Verdict
from hil.instruments.transport import TIMEOUT
from hil.tests.acceptance.commands import Finished
from hil.tests.acceptance.stopped_plans import Abandoned


def test_the_watchdog_makes_the_bench_safe_when_the_whole_run_is_killed(abandoned: Abandoned) -> None:
    assert abandoned.told["reached"] is True
    assert abandoned.told["cause"] == "the test process is gone"
    assert [step["part"] for step in abandoned.told["steps"]] == ["load input", "K1", "K2", "K3", "K4"]
    assert abandoned.told["ms"] <= 1000
    watts, volts = abandoned.told["meter"].split(", ")
    assert abs(float(watts.removesuffix(" W"))) < 3
    assert float(volts.removesuffix(" V")) < 1


def test_the_watchdog_tells_it_on_the_terminal(abandoned: Abandoned) -> None:
    assert "hil watchdog: the test process is gone: safe after" in abandoned.said


def test_bench_devices_node_and_watchdog_end_by_themselves(abandoned: Abandoned) -> None:
    assert abandoned.all_gone
    assert not abandoned.devices_left
    assert abandoned.busy == []


def test_a_locked_rig_refuses_every_run_until_a_person_clears_it(abandoned: Abandoned) -> None:
    refused, cleared, again = abandoned.next_runs
    assert refused.code == ExitCode.RIG_FAULT
    assert "the rig 'realtime' is locked since 2026-11-23: K1 is welded shut" in refused.said
    assert "hil rig clear rigs/realtime.yaml" in refused.said
    assert cleared.code == ExitCode.PASS
    assert "cleared: realtime" in cleared.said
    assert again.code == ExitCode.PASS
    assert "is not locked" in again.said


def test_a_run_that_hung_is_a_rig_fault_and_the_rig_stays_usable(hung: Finished) -> None:
    assert hung.code == ExitCode.RIG_FAULT, hung.said
    assert "the watchdog made the bench safe: no heartbeat of the test process for 1 s" in hung.said
    safe = hung.stop_event().data["safe_state"]
    assert isinstance(safe, dict)
    assert safe["reached"] is True
    assert hung.record.altered_files() == []
    assert (hung.folder / "safe_state.json").is_file()
    assert not (hung.project / "reports/locks").exists()


def test_a_limit_of_the_rig_that_is_exceeded_ends_in_a_rig_fault_and_a_safe_bench(beyond_a_limit: Finished) -> None:
    assert beyond_a_limit.code == ExitCode.RIG_FAULT, beyond_a_limit.said
    assert "Wh exceeds the rig's limit of 5 Wh" in beyond_a_limit.said
    stop = beyond_a_limit.stop_event()
    assert stop.data["verdict"] == Verdict.RIG_FAULT
    assert stop.data["safe_state"] == {"reached": True, "seconds": 0.0}
    events = beyond_a_limit.record.scenarios[0].events
    energies = [float(event.data["energy_Wh"]) for event in events if "energy_Wh" in event.data]  # type: ignore[arg-type]
    assert energies[-2] <= 5 < energies[-1] < 5.1
    relays = [(event.source, event.data["closed"]) for event in events if event.kind is Kind.RELAY]
    assert relays[-4:] == [(name, False) for name in ("K1", "K2", "K3", "K4")]


def test_a_meter_that_falls_silent_is_named_and_does_not_keep_the_bench_from_its_safe_state(
    hanging_meter: Finished,
) -> None:
    assert hanging_meter.code == ExitCode.RIG_FAULT, hanging_meter.said
    assert "no whole reply to 'CHAN1:MEAS:DATA?' within 2 s" in hanging_meter.said
    safe = hanging_meter.stop_event().data["safe_state"]
    assert isinstance(safe, dict)
    assert safe["reached"] is True
    assert float(str(safe["seconds"])) < TIMEOUT
    assert not (hanging_meter.project / "reports/locks").exists()


def test_a_bench_is_made_safe_by_hand(by_hand: list[Finished]) -> None:
    alone, there, _ = by_hand
    assert alone.code == ExitCode.AUTHOR_ERROR
    assert "lives only as long as a run" in alone.said
    assert there.code == ExitCode.PASS
    assert "safe after" in there.said


def test_an_expired_calibration_blocks_an_acceptance(by_hand: list[Finished]) -> None:
    assert by_hand[2].code == ExitCode.RIG_FAULT
    assert "meter calibration: No. 7" in by_hand[2].said
