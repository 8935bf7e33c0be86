"""What options of pytest mean for tests on a bench; docs/reference/pytest-options.md has the table of all.

What cannot work is refused with its reason, before anything is switched (exit code 4).

PYTEST_DONT_REWRITE: the run's plugin imports this module before pytest loads it, which pytest would warn of.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

import pytest

from hil.bdd.pytest_plugin import python_tests
from hil.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_SHOWS_ONLY = ("collectonly", "setupplan", "showfixtures", "show_fixtures_per_test")

_ONE_BENCH = {
    "stepwise": "--sw stops at the first failure in order, and several benches do not run in order",
    "usepdb": "--pdb needs the terminal, and one debugger at a time",
    "trace": "--trace needs the terminal, and one debugger at a time",
    "setupshow": "--setup-show prints while a test runs, and several benches would write over each other",
}
"""Options that several benches do not go with, and why."""

_REFUSED = "hil_refused"
"""Property of a report by which a worker of pytest-xdist tells that it has refused a test."""

XDIST = (
    "-n does not go with features, nor with tests that use the bench: a bench can do one at a time. "
    "--benches 2 lets two virtual benches share them, each with a node of its own."
)


def given(text: str) -> str:
    """Return the text of an option; argparse.ArgumentTypeError if it is empty: then a variable may not be set.

    Taken for no option, it would run on another rig than was meant.
    """
    if not text.strip():
        raise argparse.ArgumentTypeError("the value is empty; see whether a variable is not set, or leave it out")
    return text


def shows_only(config: pytest.Config) -> bool:
    """Tell whether pytest was asked to list something: nothing is run, so no run is opened."""
    return any(config.getoption(name, False) for name in _SHOWS_ONLY)


def one_bench_for(config: pytest.Config) -> str:
    """Return why this run has one bench only, whatever was asked for; empty if it may have several."""
    return next((why for name, why in _ONE_BENCH.items() if config.getoption(name, False)), "")


def refuse(config: pytest.Config, items: Sequence[pytest.Item], *, real_time: bool) -> None:
    """Raise pytest.UsageError, with every reason, if these items cannot be run with these options.

    :param items: the scenarios, and the tests that use the bench.
    :param real_time: whether the bench's time goes on while a debugger waits.
    """
    if reasons := [*_reasons(config, items, real_time)]:
        raise pytest.UsageError("\n".join([*reasons, "nothing was run, nothing was switched"]))


def _reasons(config: pytest.Config, items: Sequence[pytest.Item], real_time: bool) -> Iterator[str]:
    if config.getoption("setuponly", False):
        yield (
            "--setup-only: a bench that is set up and not used would be switched for nothing."
            " --setup-plan lists the fixtures and switches nothing."
        )
    count = config.getoption("count", None)  # pytest-repeat
    if isinstance(count, int) and count > 1:
        yield "--count reaches no scenario, and its runs would have no evidence of their own. Use --repeat."
    if config.getoption("reruns", None):  # pytest-rerunfailures
        yield (
            "--reruns: a failure on the bench is a finding, and is not run until it is none."
            " --repeat runs each test several times, and each counts."
        )
    if config.getoption("forked", False):  # pytest-forked
        yield "--forked: the process of the run holds the bench, and a test in another process could not use it."
    benches = config.getoption("benches", None) or 1
    if benches > 1 and (why := one_bench_for(config)):
        yield f"--benches {benches}: {why}. Leave one of them out."
    if real_time and (config.getoption("usepdb", False) or config.getoption("trace", False)):
        yield (
            "--pdb and --trace: nothing would watch the bench while the debugger waits, and its time goes on."
            " Use the virtual rig, or hil shell."
        )
    if not config.getoption("runxfail", False):
        for item in items:
            if item.get_closest_marker("xfail") is not None:
                yield (
                    f"{item.nodeid}: xfail does not go with the bench: the evidence says what the device did, and a"
                    " failure that was expected is one. Leave it out with -m 'not xfail', or use --runxfail."
                )


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Hook of pytest: in a worker of pytest-xdist, begin no test that uses the bench."""
    if hasattr(item.config, "workerinput") and python_tests.uses_bench(item):
        item.user_properties.append((_REFUSED, True))
        pytest.skip(XDIST)


class Controller:
    """A plugin for the process that pytest-xdist's workers report to."""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Hook of pytest: end the session for a test that a worker has refused."""
        if any(name == _REFUSED for name, _ in report.user_properties):
            pytest.exit(XDIST, returncode=ExitCode.AUTHOR_ERROR)


def pytest_configure(config: pytest.Config) -> None:
    """Hook of pytest: listen to the workers, where there may be some."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Controller())
