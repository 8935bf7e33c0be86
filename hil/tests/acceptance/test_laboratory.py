"""A laboratory as a new user makes it: the wheel in a fresh environment, ``hil init``, a run, a step of its own."""

from __future__ import annotations

from pathlib import Path

from hil.errors import ExitCode
from hil.tests.acceptance.commands import ROOT
from hil.tests.acceptance.installed import Laboratory

OWN_STEP = '''\
"""The kettle of this laboratory."""

from hil.testing import Check, Limit, Source, WattHour, sampled, then
from hil.testing.measurements import energy


@then("the kettle took at least {energy}")
def kettle_took(least: WattHour, /) -> Check:
    """Integrated energy at the lab meter at the end of the scenario, in Wh."""
    return sampled("energy of the kettle", Limit("Wh", low=float(least)), energy.delivered, Source.LAB_METER)
'''

OWN_FEATURE = """\
Feature: The kettle
  @night @REQ-LAB-1
  Scenario: It boils
    Given the socket is under test in single-fee mode
    And the load plays an iron
    And the cable pays for at most 1 payments
    When the devices are switched on
    And the session has ended
    Then the kettle took at least {energy}
"""


def test_the_installed_framework_is_used_and_not_this_checkout(installed: Laboratory) -> None:
    where = Path(installed.call("-c", "import hil; print(hil.__file__)").stdout)

    assert where.is_relative_to(installed.python.parents[1])
    done = installed.hil("run")
    assert done.returncode == ExitCode.AUTHOR_ERROR
    assert "make one with hil init" in done.stdout


def test_the_first_run_of_a_new_laboratory_passes(laboratory: Laboratory) -> None:
    told = laboratory.passes("run", "--seed", "7")

    assert "2 scenarios: 2 pass" in told
    assert "warning" not in told
    assert laboratory.latest["verdict"] == "pass"
    assert (laboratory.folder / "reports/runs/latest/report.html").is_file()


def test_a_device_that_breaks_the_limit_of_the_laboratory_s_own_step_fails(laboratory: Laboratory) -> None:
    feature = (laboratory.folder / "features/first.feature").read_text(encoding="utf-8")
    laboratory.write("features/first.feature", feature.replace("at most 1350 W", "at most 1200 W"))

    done = laboratory.hil("run", "--seed", "7")

    assert done.returncode == ExitCode.DEVICE_FAILURE, done.stdout
    assert "highest power" in done.stdout


def test_commands_know_the_laboratory_from_any_folder_of_it(laboratory: Laboratory) -> None:
    below = Laboratory(laboratory.folder / "steps", laboratory.python, laboratory.cache)

    assert "2 of 2 requirements are covered" in below.passes("check", "--coverage")
    assert "Then the appliance drew at most {power}" in below.passes("steps", "the appliance drew")
    assert f"{laboratory.folder}/pyproject.toml:4:1" in below.passes("config")
    assert "2 scenarios: 2 pass" in below.passes("run", "--seed", "7")
    assert "report.html" in below.passes("report")


def test_a_step_a_load_profile_and_a_tag_of_the_laboratory_s_own_are_used(laboratory: Laboratory) -> None:
    laboratory.write("profiles/iron.yaml", "description: An iron.\nsteps:\n  - {power: 1200 W}\n")
    laboratory.write("steps/kettle.py", OWN_STEP)
    laboratory.write("features/kettle.feature", OWN_FEATURE.format(energy="7.5 Wh"))

    assert "0 mistakes" in laboratory.passes("check")
    assert "1 scenario: 1 pass" in laboratory.passes("run", "-m", "night", "--seed", "7")

    laboratory.write("features/kettle.feature", OWN_FEATURE.format(energy="9 Wh"))
    assert laboratory.hil("run", "-m", "night", "--seed", "7").returncode == ExitCode.DEVICE_FAILURE


def test_plain_pytest_runs_the_laboratory_and_can_leave_the_framework_out(laboratory: Laboratory) -> None:
    done = laboratory.call("-m", "pytest", "-q", "-W", "error::pytest.PytestWarning", "--seed", "7")

    assert (done.returncode, "2 passed" in done.stdout) == (ExitCode.PASS, True), done.stdout
    left_out = laboratory.call("-m", "pytest", "-q", "-p", "no:hil", "features")
    assert left_out.returncode == ExitCode.NOTHING_RUN, left_out.stdout


def test_the_recipe_of_the_bitcoind_image_is_installed(installed: Laboratory) -> None:
    told = installed.call("-c", "from hil.chain.node.image import DOCKERFILE; print(DOCKERFILE.read_text())").stdout

    assert told == (ROOT / "hil/chain/node/bitcoind/Dockerfile").read_text(encoding="utf-8") + "\n"
