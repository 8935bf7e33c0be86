"""Devices that are programs of their own: what the evidence says of them, and who is blamed when one fails."""

from __future__ import annotations

import hashlib
import html

import pytest

from hil.evidence.documents import Kind, Verdict
from hil.tests.acceptance.commands import Finished


def test_the_reference_firmware_behaves_alike_outside_of_the_bench(wrapped_devices: Finished) -> None:
    assert wrapped_devices.code == 0, wrapped_devices.said
    assert len(wrapped_devices.record.scenarios) > 6
    assert {scenario.verdict for scenario in wrapped_devices.record.scenarios} == {Verdict.PASS}


@pytest.mark.parametrize(
    ("plan", "told"),
    [
        (
            "crashing_device",
            "socket: its program ended with code 9, when it was told 'link'; its last words: stack smashed",
        ),
        (
            "crashing_in_real_time",
            "socket: its program ended with code 9, when it was told 'link'; its last words: stack",
        ),
        ("crashing_on_ports", "socket: its program ended with code 9: no more fuel"),
    ],
)
def test_a_device_whose_program_ends_fails_and_the_next_scenario_runs(
    request: pytest.FixtureRequest, plan: str, told: str
) -> None:
    run: Finished = request.getfixturevalue(plan)
    assert run.code == 1, run.said
    failed, other = (scenario.verdict for scenario in run.record.scenarios)
    assert failed is Verdict.FAIL
    # on the wall clock a busy machine may widen the bounds of what was seen
    assert other in ({Verdict.PASS} if plan == "crashing_device" else {Verdict.PASS, Verdict.INCONCLUSIVE})
    stop = run.stop_event().data
    assert told in str(stop["reason"])
    assert "'reached': True" in str(stop["safe_state"])
    assert not list(run.project.glob("**/*.lock"))
    assert "welded" not in run.said


@pytest.mark.parametrize(
    ("plan", "command", "identity"),
    [
        ("crashing_device", "./crashes.sh", "crashing socket 0.9"),
        ("crashing_in_real_time", "./crashes.sh", "crashing socket 0.9"),
        ("crashing_on_ports", "./ports.sh {link} {console}", "program on ports 0.9"),
    ],
)
def test_evidence_and_report_name_the_program(
    request: pytest.FixtureRequest, plan: str, command: str, identity: str
) -> None:
    run: Finished = request.getfixturevalue(plan)
    socket, cable = run.document["rig"]["devices"]
    program = command.split()[0]
    digest = hashlib.sha256((run.project / "rigs" / program).read_bytes()).hexdigest()
    assert socket["program"] == {"command": command.split(), "files": [{"name": program, "sha256": digest}]}
    assert socket["firmware"] == ""
    assert "program" not in cable
    told = [event.data for event in run.record.scenarios[0].of(Kind.DEVICE)]
    assert told == [{"identity": identity}]
    report = html.unescape(run.report)
    assert f"command: {command}" in report
    assert digest in report
    assert f"says of itself: {identity}" in report


def test_a_command_that_cannot_be_is_told_at_the_desk_with_its_place(wrong_commands: Finished) -> None:
    assert wrong_commands.code == 4, wrong_commands.said
    said = wrong_commands.said
    assert "rigs/wrong.yaml:65:19: options.rig.devices.socket.command: './no-such-program' is not found in" in said
    assert "options.rig.devices.cable.command: './plain.txt' cannot be executed: chmod +x" in said
    assert "'{lnk}' is no port of a device; known: console, link, meter, relay, storage. Did you mean 'link'?" in said
    assert "'{meter}' is a port in real time; this bench keeps its own time. Set clock: wall, or let" in said
