"""Which rigs can run which scenarios: found by the rig files, before anything is switched.

PYTEST_DONT_REWRITE: the run's plugin imports this module before pytest loads it, which pytest would warn of.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pytest

from hil.bdd.check import rig_problems
from hil.bdd.language.document import Problem
from hil.bdd.language.rules import Level
from hil.bdd.pytest_plugin.collection import ScenarioItem, catalogue_of
from hil.bdd.pytest_plugin.keys import KINDS, PRECHECK
from hil.evidence.documents import Verdict

if TYPE_CHECKING:
    from hil.rig.config.rig_file import RigFile


def held_against_rigs(
    config: pytest.Config, scenarios: Sequence[pytest.Item], rigs: Mapping[str, RigFile]
) -> list[Problem]:
    """Return what no rig can do; note which rigs can run each scenario, and leave out what none offers or can decide.

    Where one of several rigs can run a scenario, it does not matter what the others lack.
    """
    wrong: set[Problem] = set()
    for item in scenarios:
        if not isinstance(item, ScenarioItem):
            continue
        found = {kind: _problems(config, item, rig) for kind, rig in rigs.items()}
        if fit := frozenset(kind for kind, problems in found.items() if not problems):
            item.stash[KINDS] = fit
            continue
        errors = {kind: [each for each in problems if each.level is Level.ERROR] for kind, problems in found.items()}
        without = [kind for kind, each in errors.items() if not each]
        if not without:
            wrong.update(each for problems in errors.values() for each in problems)
        unmet = [each for problems in found.values() for each in problems if each.level is not Level.ERROR]
        if unmet:
            verdict = Verdict.NOT_APPLICABLE if unmet[0].level is Level.NOTE else Verdict.INCONCLUSIVE
            item.stash[PRECHECK] = (verdict, unmet[0].what)
    return sorted(wrong)


def _problems(config: pytest.Config, item: ScenarioItem, rig: RigFile) -> list[Problem]:
    found = rig_problems.problems(item.document, item.case, catalogue_of(config), rig)
    return [problem for problem in found if problem.rule != "doubtful"]  # the run tells what became of it
