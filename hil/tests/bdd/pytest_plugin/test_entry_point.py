"""pytest in a folder of its own: a laboratory has the framework's plugin without a conftest.py, no other folder has."""

from __future__ import annotations

from importlib.metadata import entry_points

import pytest

from hil.bdd.check.preflight import project_tags
from hil.bdd.check.tags import MARKERS, marker_names
from hil.bdd.pytest_plugin import entry_point

FEATURE = """\
Feature: Ours
  @long @rig_feature(virtual)
  Scenario: No power
    Given the socket is under test in single-fee mode
    And the load draws 100 W
    When the devices are switched on
    Then no power flowed
"""

LIGHT = """\
import sys


def test_nothing_of_the_framework_is_loaded():
    heavy = ("hil.bdd.pytest_plugin.collection", "hil.scenario", "pydantic")
    assert [name for name in heavy if name in sys.modules] == []
"""

USES_FIXTURES = """\
import pytest


@pytest.mark.parametrize("name", ["clock", "meter", "load", "ledger"])
def test_the_fixture_is_there(name, request):
    assert request._fixturemanager.getfixturedefs(name, request.node)
"""


@pytest.fixture
def laboratory(pytester: pytest.Pytester) -> pytest.Pytester:
    """A laboratory of one feature: no conftest.py, no markers, another folder of features."""
    (pytester.path / "trials").mkdir()
    (pytester.path / "trials/ours.feature").write_text(FEATURE)
    pytester.makepyprojecttoml("[tool.hil]\nfeatures = 'trials'\n")
    return pytester


def pytest_of(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    """Run pytest as a program; labgrid and hypothesis take a second to load, and bring pydantic."""
    return pytester.runpytest_subprocess("-p", "no:labgrid", "-p", "no:hypothesispytest", *arguments)


def test_the_framework_is_installed_as_a_plugin_of_pytest() -> None:
    found = {each.name: each.value for each in entry_points(group="pytest11")}

    assert found.get("hil") == entry_point.__name__, "install it anew: make setup"


def test_a_laboratory_needs_no_conftest_and_no_markers(laboratory: pytest.Pytester) -> None:
    result = pytest_of(laboratory, "--strict-markers", "--collect-only", "-q", "trials")

    assert (result.ret, result.outlines[0]) == (0, "trials/ours.feature::No power"), str(result.stderr)


def test_the_framework_s_markers_are_registered_in_a_laboratory(laboratory: pytest.Pytester) -> None:
    told = str(pytest_of(laboratory, "--markers").stdout)

    assert [line for line in MARKERS if f"@pytest.mark.{line}" not in told] == []


def test_the_fixtures_of_the_bench_are_there_in_a_laboratory(laboratory: pytest.Pytester) -> None:
    tests = laboratory.makepyfile(USES_FIXTURES)

    pytest_of(laboratory, str(tests)).assert_outcomes(passed=4)


def test_outside_of_a_laboratory_the_plugin_loads_nothing(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(LIGHT)

    pytest_of(pytester).assert_outcomes(passed=1)
    assert "--rig" not in str(pytest_of(pytester, "--help").stdout)


def test_the_plugin_can_be_switched_off(laboratory: pytest.Pytester) -> None:
    result = pytest_of(laboratory, "-p", "no:hil", "--seed", "7", "trials")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "unrecognized arguments: --seed" in str(result.stderr)


def test_a_wrong_table_ends_plain_pytest_as_the_authors_error(laboratory: pytest.Pytester) -> None:
    laboratory.makepyprojecttoml("[tool.hil]\nfeature = 'trials'\n")

    result = pytest_of(laboratory, "trials")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "pyproject.toml:2:1: 'feature' is not known" in str(result.stderr)
    assert "Traceback" not in str(result.stderr)


def test_check_knows_the_tags_of_the_framework_and_those_of_the_laboratory(laboratory: pytest.Pytester) -> None:
    assert project_tags(laboratory.path) == marker_names(MARKERS)
    laboratory.makepyprojecttoml("[tool.hil]\n[tool.pytest.ini_options]\nmarkers = ['night(hour): at night']\n")
    assert project_tags(laboratory.path) == {"night", *marker_names(MARKERS)}
    laboratory.makepyprojecttoml("[tool.hil]\n[tool.pytest]\nmarkers = ['day']\n")
    assert project_tags(laboratory.path) == {"day", *marker_names(MARKERS)}


def test_check_leaves_tags_alone_where_pytest_keeps_its_settings_elsewhere(laboratory: pytest.Pytester) -> None:
    laboratory.makefile(".ini", pytest="[pytest]\nmarkers = night\n")

    assert project_tags(laboratory.path) is None
