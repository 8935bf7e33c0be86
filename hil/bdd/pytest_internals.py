"""The only place that uses what pytest-bdd and pytest do not promise to keep.

Each of these is held by a test in hil/tests/bdd/test_pytest_internals.py, and the two packages are pinned as a pair.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import _pytest
import pytest
import pytest_bdd
from pytest_bdd.compat import inject_fixture
from pytest_bdd.gherkin_parser import GherkinDocument
from pytest_bdd.parser import FeatureParser

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from _pytest._code import Traceback
    from pytest_bdd.parser import Feature, Scenario, Step


_MACHINERY = tuple(os.path.dirname(str(package.__file__)) + os.sep for package in (_pytest, pytest_bdd))


class _ParsedFeature(FeatureParser):
    """pytest-bdd's own reading of a feature, from a tree that is parsed already."""

    def __init__(self, path: Path, raw: Mapping[str, Any]) -> None:
        super().__init__(str(path.parent), path.name)
        self._raw = raw

    def _parse_feature_file(self) -> GherkinDocument:
        return GherkinDocument.from_dict(self._raw)


def build_feature(path: Path, raw: Mapping[str, Any]) -> Feature:
    """Return pytest-bdd's feature from the tree of the Gherkin parser.

    It keys scenarios by name and drops the first of two alike, so preflight must have refused such a file.
    """
    return _ParsedFeature(path, raw).parse()


def render_scenario(feature: Feature, name: str, values: Mapping[str, str]) -> Scenario:
    """Return the scenario of this name as pytest-bdd hands it to its hooks.

    Steps of the backgrounds come first, and placeholders are filled in with a row's ``values``.
    """
    return feature.scenarios[name].render(values)


def give_fixture(request: pytest.FixtureRequest, name: str, value: object) -> None:
    """Let the fixture ``name`` be ``value`` for the rest of the test."""
    inject_fixture(request, name, value)


def last_step(feature: Feature, scenario: str) -> tuple[Scenario, Step]:
    """Return the scenario of this name, which has no Examples, and its last step."""
    rendered = feature.scenarios[scenario].render({})
    return rendered, rendered.steps[-1]


class FeatureModule(pytest.Module):
    """A module without Python: fixtures of scope "module" live as long as the feature. As pytest does for doctest."""

    obj = None


class FunctionItem(pytest.Function):
    """An item around a given function, that stands in another file than the function."""

    def __init__(self, *, line: int, title: str, **keywords: Any) -> None:
        super().__init__(**keywords)
        self._line, self._title = line, title

    def reportinfo(self) -> tuple[Path, int, str]:
        """Return file, line and title; the title heads a failure, where the node id would show placeholders."""
        return self.path, self._line - 1, self._title

    def _traceback_filter(self, excinfo: pytest.ExceptionInfo[BaseException]) -> Traceback:
        """Leave the frames of pytest and pytest-bdd out of a failure, unless ``--full-trace`` asks for them."""
        traceback = super()._traceback_filter(excinfo)
        if self.config.getoption("fulltrace"):
            return traceback
        own = traceback.filter(lambda entry: not str(entry.path).startswith(_MACHINERY))
        return own or traceback


def registered_markers(config: pytest.Config) -> set[str]:
    """Return the names of the markers that the configuration and the plugins have registered."""
    lines: list[str] = config.getini("markers")
    return {line.split(":")[0].split("(")[0].strip() for line in lines}


def module_of_fixture(test: pytest.Function | pytest.Metafunc, name: str) -> str | None:
    """Return the module of the fixture that a test gets by this name, itself or through another fixture; None: none."""
    info = test._fixtureinfo if isinstance(test, pytest.Function) else test.definition._fixtureinfo
    found = info.name2fixturedefs.get(name)
    return found[-1].func.__module__ if found else None


def fixtures_of(test: pytest.Function) -> Iterator[tuple[str, str, Callable[..., Any], tuple[str, ...]]]:
    """Yield name, scope, function and parameters of each fixture that a test gets, itself or through another one."""
    for name, found in test._fixtureinfo.name2fixturedefs.items():
        yield name, found[-1].scope, found[-1].func, tuple(found[-1].argnames)


def choose_paths(config: pytest.Config, paths: list[str]) -> None:
    """Let the session collect ``paths`` unless the command line names any."""
    if config.args_source is not pytest.Config.ArgsSource.ARGS:
        config.args[:] = paths


def replace_arguments(config: pytest.Config, replace: Callable[[str], list[str]]) -> None:
    """Put the answer of ``replace`` in the place of each path or node id on the command line."""
    config.args[:] = [new for old in config.args for new in replace(old)]


def leave_terminal(config: pytest.Config) -> None:
    """Let a process that was forked from a session print nothing of what pytest tells, and capture for itself."""
    config.pluginmanager.unregister(name="terminalreporter")
    capture = config.pluginmanager.get_plugin("capturemanager")
    if capture is not None:
        # the forked files that gather output are those of the other process, with one position for both
        capture.stop_global_capturing()
        capture.start_global_capturing()
        capture.suspend_global_capture()


def tell_instead(representation: object, words: str) -> None:
    """Let what pytest prints of an exception be these words; it was made by ``ExceptionInfo.getrepr``."""

    def toterminal(writer: Any) -> None:
        writer.line(words)

    representation.toterminal = toterminal  # type: ignore[attr-defined]  # each representation has it


def tear_down(session: pytest.Session) -> None:
    """Finalise every fixture that is still set up."""
    session._setupstate.teardown_exact(None)
