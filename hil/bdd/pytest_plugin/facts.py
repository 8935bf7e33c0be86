"""What the evidence says of a scenario, or of a test that uses the bench, before it has the bench.

PYTEST_DONT_REWRITE: the run's plugin imports this module before pytest loads it, which pytest would warn of.
"""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from hil.bdd.language.document import shown
from hil.bdd.pytest_plugin import python_tests
from hil.bdd.pytest_plugin.collection import ScenarioItem
from hil.bdd.pytest_plugin.keys import NUMBER, SEED
from hil.bdd.pytest_plugin.project import project_of
from hil.scenario.run_folder import ScenarioFacts
from hil.scenario.setups.common import COUNTERPARTS


def rerun_command(item: pytest.Item) -> str:
    """Return the command that runs this scenario alone, with this seed, on the same rig and kind of node."""
    option = item.config.option
    words = ["hil", "run", item.nodeid, "--seed", str(item.config.stash[SEED])]
    usual = project_of(item.config).rig.resolve()
    words += ["--rig", option.rig] if option.rig and Path(option.rig).resolve() != usual else []
    words += ["--node", option.node] if option.node else []
    words += ["--counterpart", option.counterpart] if option.counterpart != COUNTERPARTS[0] else []
    return shlex.join(words)


def on_bench(item: pytest.Item) -> bool:
    """Tell whether it is a scenario or a test of the run, which needs the bench."""
    return NUMBER in item.stash


def facts_of(item: pytest.Item) -> ScenarioFacts:
    """Return what the evidence says of a scenario, or of a test that uses the bench, before it has the bench."""
    if not isinstance(item, ScenarioItem):
        label = item.nodeid.partition("::")[2]
        line = python_tests.step_of(item).line_number
        return ScenarioFacts(
            item.name, label, python_tests.file_of(item), line, python_tests.tags_of(item), rerun_command(item)
        )
    case = item.case
    return ScenarioFacts(
        case.title,
        item.name,
        _file_of(item),
        case.line,
        tuple(case.tags),
        rerun_command(item),
        rule=case.scenario.rule or "",
        outline=case.scenario.name if case.row else "",
        row=case.values,
    )


def _file_of(item: ScenarioItem) -> str:
    """Return the scenario's file, from the laboratory's root on if it lies there: keys depend on it."""
    document, root = item.document, project_of(item.config).root
    path = Path(document.path).absolute()
    if document.file != shown(path) or not path.is_relative_to(root):  # the prompt gives its file another name
        return document.file
    return path.relative_to(root).as_posix()
