"""A pytest plugin that collects feature files: ``pytest features/``, one file, scenario, row, tag or line.

A laboratory has it by :mod:`hil.bdd.pytest_plugin.entry_point`. It refuses the run (exit code 4) if any feature
file that is collected has a mistake, see hil/bdd/check/preflight.py. Step modules are imported when the first feature
file is collected, so that runs of plain Python tests don't pay for them.

PYTEST_DONT_REWRITE: other plugins import this module before pytest loads it, which pytest would warn of.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from hil.bdd import pytest_internals
from hil.bdd.check import preflight, repetition, requirements, rig_problems
from hil.bdd.check.tags import MARKERS
from hil.bdd.language import naming, reader
from hil.bdd.language.catalogue import Catalogue, load_modules
from hil.bdd.language.rules import Level
from hil.bdd.pytest_plugin import execution
from hil.bdd.pytest_plugin.outcome import abort_on_problems
from hil.bdd.pytest_plugin.project import project_of, rig_of
from hil.errors import HilError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator

    from hil.bdd.check.requirements import Requirement
    from hil.bdd.language.document import Document, Problem
    from hil.bdd.language.naming import Case

DOCUMENTS = pytest.StashKey[dict[Path, "Document"]]()
CATALOGUE = pytest.StashKey[Catalogue]()
REQUIREMENTS = pytest.StashKey[dict[str, "Requirement"]]()
TIMES = pytest.StashKey[int]()
"""How often each scenario is collected: what ``--repeat`` says, or as far as a node id counts."""
REQUIREMENT_MARKER = "requirement"
_FAULT = pytest.StashKey[pytest.UsageError]()
_FOUND = pytest.StashKey[set["Problem"]]()


class ScenarioItem(pytest_internals.FunctionItem):
    """A scenario, or one row of an outline.

    ``document`` and ``case`` tell where it stands, its tags and its row.
    """

    def __init__(self, *, document: Document, case: Case, **keywords: Any) -> None:
        super().__init__(line=case.line, title=case.title, **keywords)
        self.document = document
        self.case = case


class FeatureFile(pytest_internals.FeatureModule):
    """A ``*.feature`` file. Yields nothing if the file has mistakes; the run is refused for them later."""

    def collect(self) -> Iterator[ScenarioItem]:
        """Yield an item for each scenario and row of Examples; raises what pytest reports for a wrong file."""
        try:
            catalogue = catalogue_of(self.config)
            requirements_of(self.config)
        except pytest.UsageError as error:
            # raised here it would be one collection error among others; _refuse ends the run for it
            self.config.stash[_FAULT] = error
            return
        feature = read_once(self.config, self.path)
        try:
            problems = preflight.check([feature], catalogue, pytest_internals.registered_markers(self.config))
        except HilError as error:  # of a file that a step names, such as a load profile
            self.config.stash[_FAULT] = pytest.UsageError(str(error))
            return
        if problems:
            self.config.stash.setdefault(_FOUND, set()).update(problems)
            return
        parsed = pytest_internals.build_feature(feature.path, feature.raw)
        for case in repetition.repeated(feature, self.config.stash[TIMES]):
            function = _scenario_function(parsed, case, catalogue)
            for tag in case.tags:
                self.config.hook.pytest_bdd_apply_tag(tag=tag, function=function)
            yield ScenarioItem.from_parent(self, name=case.label, callobj=function, document=feature, case=case)


def _scenario_function(feature: Any, case: Case, catalogue: Catalogue) -> Callable[[pytest.FixtureRequest], None]:
    def run_scenario(request: pytest.FixtureRequest) -> None:
        __tracebackhide__ = True
        execution.run_scenario(
            feature, pytest_internals.render_scenario(feature, case.scenario.name, case.values), catalogue, request
        )

    run_scenario.__doc__ = f"{feature.rel_filename}: {case.label}"
    return run_scenario


def read_once(config: pytest.Config, path: Path) -> Document:
    """Return the feature file at ``path``, read once in a run."""
    documents = config.stash.setdefault(DOCUMENTS, {})
    key = Path(os.path.abspath(path))
    if key not in documents:
        documents[key] = reader.read(key)
    return documents[key]


def register_step_modules(config: pytest.Config, names: Iterable[str]) -> Catalogue:
    """Import the step modules, for a package all in it, and make their steps and fixtures visible to all features.

    Raises pytest.UsageError, with place and remedy, for a definition that is wrong or a module that does not import.
    """
    names = tuple(names)
    for name in names:
        if name not in sys.modules:
            pytest.register_assert_rewrite(name)
    try:
        modules = load_modules(names)
        catalogue = Catalogue.of_modules(modules)
    except HilError as error:
        raise pytest.UsageError(str(error)) from None
    for module in modules:
        if not config.pluginmanager.is_registered(module):
            config.pluginmanager.register(module, module.__name__)
    config.stash[CATALOGUE] = catalogue
    return catalogue


def catalogue_of(config: pytest.Config) -> Catalogue:
    """Return the step definitions of this run; the first call registers the laboratory's ``steps``."""
    if CATALOGUE not in config.stash:
        return register_step_modules(config, project_of(config).steps)
    return config.stash[CATALOGUE]


def requirements_of(config: pytest.Config) -> dict[str, Requirement]:
    """Return the requirements of this project; the first call makes their ids known as markers."""
    if REQUIREMENTS not in config.stash:
        try:
            found = requirements.load(project_of(config).requirements)
        except HilError as error:
            raise pytest.UsageError(str(error)) from None
        for each in found.values():
            config.addinivalue_line("markers", f"{each.id}: {each.text}")
        config.stash[REQUIREMENTS] = found
    return config.stash[REQUIREMENTS]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Hook of pytest: the options of collection."""
    parser.getgroup("hil", "hardware in the loop").addoption(
        "--requirement", action="append", default=[], metavar="ID", help="only scenarios that show this requirement"
    )
    parser.getgroup("hil", "hardware in the loop").addoption(
        "--repeat", default=1, type=repetition.times, metavar="TIMES", help="run each scenario so often"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Let ``features/toast.feature:17`` name what stands at that line, and a scenario's name all its repetitions."""
    for line in MARKERS:
        config.addinivalue_line("markers", line)
    times: int = config.getoption("repeat")
    config.stash[TIMES] = max([times, *map(repetition.repetition_in, config.args)])

    def all_times(path: str, feature: Document, labels: list[str]) -> list[str]:
        return [f"{path}::{each}" for label in labels for each in repetition.labels_of(feature, label, times)]

    def replace(argument: str) -> list[str]:
        path, _, label = argument.partition("::")
        if label and path.endswith(".feature") and os.path.exists(config.invocation_params.dir / path):
            feature = read_once(config, config.invocation_params.dir / path)
            return [argument] if feature.problems else all_times(path, feature, [label])
        place = naming.PLACE.fullmatch(argument)
        if place is None or os.path.exists(config.invocation_params.dir / argument):
            return [argument]
        feature = read_once(config, config.invocation_params.dir / place["path"])
        if feature.problems:
            return [place["path"]]
        try:
            labels = naming.labels_at(feature, int(place["line"]))
        except HilError as error:
            raise pytest.UsageError(str(error)) from None
        return all_times(place["path"], feature, labels) or [place["path"]]

    pytest_internals.replace_arguments(config, replace)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Hook of pytest: collect feature files."""
    if file_path.suffix == ".feature":
        collector: pytest.Collector = FeatureFile.from_parent(parent, path=file_path)
        return collector
    return None


def pytest_bdd_apply_tag(tag: str, function: Callable[..., object]) -> bool:
    """Make a tag a marker: ``@slow`` is ``mark.slow``, ``@rig(dut1)`` is ``mark.rig("dut1")``."""
    name, arguments = naming.parse_tag(tag)
    mark = getattr(pytest.mark, name)
    mark(*arguments)(function) if arguments else mark(function)
    return True


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Generator[None, object, object]:
    """Say what is wrong in the file before pytest says that it does not find the scenario in it."""
    try:
        return (yield)
    except pytest.UsageError:
        _refuse(session.config)
        raise


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Hook of pytest: end the run if a feature file is wrong; leave what was not asked for."""
    _refuse(config)
    if not config.option.requirement:
        return
    try:
        wanted = requirements.known(config.option.requirement, requirements_of(config))
    except HilError as error:
        raise pytest.UsageError(str(error)) from None
    chosen = [item for item in items if wanted.intersection(requirement_ids(item))]
    config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
    items[:] = chosen


def requirement_ids(item: pytest.Item) -> list[str]:
    """Return the requirements that it says it shows: by the tags of a scenario, by the markers of a test."""
    if isinstance(item, ScenarioItem):
        return [tag for tag in item.case.tags if tag.startswith(requirements.PREFIX)]
    named = [str(each) for marker in item.iter_markers(REQUIREMENT_MARKER) for each in marker.args]
    return [each.removeprefix("@") for each in named]


def _refuse(config: pytest.Config) -> None:
    if _FAULT in config.stash:
        raise config.stash[_FAULT]
    found = config.stash.setdefault(_FOUND, set())
    if found and config.pluginmanager.has_plugin("hil.bdd.pytest_plugin.run"):
        found = found | _against_rig(config, rig_of(config))
    abort_on_problems(sorted(found))


def _against_rig(config: pytest.Config, path: Path) -> set[Problem]:
    """Return what is wrong with the rig file, and what of the collected features is beyond the rig.

    A run that is refused for its features is refused for that at once, too.
    """
    from hil.bdd.check.rig_file import read_rig

    catalogue = catalogue_of(config)
    rig, wrong = read_rig(path, catalogue)
    features = config.stash[DOCUMENTS].values() if rig is not None else ()
    cases = [(feature, case) for feature in features for case in naming.cases(feature)]
    found = [each for feature, case in cases if rig for each in rig_problems.problems(feature, case, catalogue, rig)]
    return {*wrong, *(each for each in found if each.level is Level.ERROR)}
