"""The example laboratories of docs/examples: each is copied beside the installed wheel and used there as it stands."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hil.errors import ExitCode
from hil.evidence.record import scenario_text
from hil.evidence.run_folder.files import scenario_files
from hil.tests.acceptance.commands import ROOT
from hil.tests.acceptance.installed import Laboratory

OWN_LOAD = ROOT / "docs/examples/own-load"
TIMER_SOCKET = ROOT / "docs/examples/timer-socket"
BENCH = "VirtualBench:\n          name: bench\n"
MADE_BY_INIT = "rigs/virtual.yaml"
SOUND = "    plant: {}\n"
FEATURE = "features/own-load.feature"
FEWER_LINES = 200
"""Than these the example has, without README and the rig file that ``hil init`` writes."""
LEFT_BY_TOOLS = ("__pycache__", ".pytest_cache", ".ruff_cache", "reports")


@pytest.fixture
def own_load(installed: Laboratory, tmp_path: Path) -> Laboratory:
    """A copy of the example with a load of its own."""
    shutil.copytree(OWN_LOAD, tmp_path / "own-load", ignore=shutil.ignore_patterns(*LEFT_BY_TOOLS))
    return Laboratory(tmp_path / "own-load", installed.python, installed.cache)


def test_the_example_has_no_mistake_and_covers_its_requirement(own_load: Laboratory) -> None:
    assert "0 mistakes" in own_load.passes("check")
    assert "1 of 1 requirements are covered" in own_load.passes("check", "--coverage")


def test_the_example_passes_with_its_tests_and_the_report_names_the_driver_of_its_load(own_load: Laboratory) -> None:
    told = own_load.passes("run", "--seed", "7")

    assert "1 scenario: 1 pass" in told
    assert "9 passed" in told
    assert own_load.latest["verdict"] == "pass"
    _, load = own_load.latest["rig"]["instruments"]
    assert (load["manufacturer"], load["model"]) == ("ACME", "EL1500")
    assert load["driver"] == f"acme_el1500 (pyproject.toml:{line_of_the_driver()}:10)"
    report = (own_load.folder / "reports/runs/latest/report.html").read_text(encoding="utf-8")
    assert load["driver"] in report
    own_load.passes("report", "--annex")
    annex = (own_load.folder / "reports/runs/latest/annex.html").read_text(encoding="utf-8")
    assert "difference from the set-point" in annex


def test_the_step_of_the_example_fails_where_more_flows_than_the_load_was_told(own_load: Laboratory) -> None:
    rig = (own_load.folder / MADE_BY_INIT).read_text(encoding="utf-8")
    assert rig.count(SOUND) == 1
    own_load.write(MADE_BY_INIT, rig.replace(SOUND, "    plant: {load_gain: 0.03}\n"))

    done = own_load.hil("run", "--seed", "7", "features")

    assert done.returncode == ExitCode.DEVICE_FAILURE, done.stdout
    assert "difference from the set-point: measured 3." in done.stdout
    assert "limit ≤ 2 %" in done.stdout


def test_the_step_of_the_example_refuses_a_load_without_a_set_point_before_the_run(own_load: Laboratory) -> None:
    feature = (own_load.folder / FEATURE).read_text(encoding="utf-8")
    assert feature.count("the load draws 1300 W") == 1
    feature = feature.replace("the load draws 1300 W", "the load plays a kettle")
    own_load.write(FEATURE, feature.replace("    And the load changes to 600 W\n", ""))

    done = own_load.hil("check")

    assert done.returncode == ExitCode.AUTHOR_ERROR, done.stdout
    assert f"{FEATURE}:12:10: no step before has the load draw a constant power above 0 W" in done.stdout


def test_the_example_is_short(own_load: Laboratory) -> None:
    counted = {
        str(path.relative_to(own_load.folder)): len(path.read_text(encoding="utf-8").splitlines())
        for path in own_load.folder.rglob("*")
        if path.is_file() and path.name != "README.md"
    }
    del counted[MADE_BY_INIT]

    assert {Path(name).parts[0] for name in counted} == {"features", "instruments", "pyproject.toml", "steps", "tests"}
    assert sum(counted.values()) < FEWER_LINES, counted


def test_the_rig_file_of_the_example_is_the_one_that_init_writes_with_one_line_more(
    own_load: Laboratory, laboratory: Laboratory
) -> None:
    written = (laboratory.folder / MADE_BY_INIT).read_text(encoding="utf-8")

    assert written.count(BENCH) == 1
    expected = written.replace(BENCH, f"{BENCH}          load: acme_el1500\n")
    assert (own_load.folder / MADE_BY_INIT).read_text(encoding="utf-8") == expected


@pytest.mark.parametrize("words", [["check"], ["format", "--check"]], ids=" ".join)
def test_the_files_of_the_example_are_in_the_form_of_the_framework_s_own(words: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ruff", *words, "--no-cache", str(OWN_LOAD)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == ExitCode.PASS, done.stdout + done.stderr


def line_of_the_driver() -> int:
    """Return the line of its pyproject.toml that names the driver."""
    lines = (OWN_LOAD / "pyproject.toml").read_text(encoding="utf-8").splitlines()
    (found,) = (number for number, line in enumerate(lines, 1) if line.startswith("loads = "))
    return found


@pytest.fixture
def timers(installed: Laboratory, tmp_path: Path) -> Laboratory:
    """A copy of the example with another kind of device."""
    folder = tmp_path / "timers"
    shutil.copytree(TIMER_SOCKET, folder, ignore=shutil.ignore_patterns(*LEFT_BY_TOOLS))
    return Laboratory(folder, installed.python, installed.cache)


def test_a_timer_socket_passes_by_the_lab_meter_and_is_held_against_no_payment_protocol(timers: Laboratory) -> None:
    assert "0 mistakes" in timers.passes("check", "--rig", "rigs/virtual.yaml")
    assert "4 scenarios: 4 pass" in timers.passes("run", "--seed", "7")

    evidence = b"".join(scenario_text(path)[0] for path in scenario_files(timers.folder / "reports/runs/latest"))
    assert b'"invariants"' not in evidence
    assert b'"text":"on 60"' in evidence
    assert "timer-socket 1.0" in (timers.folder / "reports/runs/latest/report.html").read_text("utf-8")


def test_a_timer_that_never_opens_fails_and_the_bench_is_made_safe(timers: Laboratory) -> None:
    done = timers.hil("run", "--seed", "7", "--rig", "rigs/sticky.yaml")

    assert done.returncode == ExitCode.DEVICE_FAILURE, done.stdout
    assert "2 pass, 2 fail" in done.stdout
    assert "time of delivery: not within" in done.stdout


def test_the_steps_of_the_payment_protocol_are_refused_for_it(timers: Laboratory) -> None:
    feature = (timers.folder / "features/timer.feature").read_text("utf-8")
    timers.write("features/timer.feature", feature.replace("And 75 s have passed", "And the session has ended"))

    done = timers.hil("check")

    assert done.returncode == ExitCode.AUTHOR_ERROR
    assert "a socket of another kind knows no sessions and no payments" in done.stdout
