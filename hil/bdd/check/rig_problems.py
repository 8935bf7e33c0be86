"""Why a rig cannot run a scenario, or cannot or might not decide it: found by its file alone, at the desk."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from hil.bdd.check.feasibility.problems import against_rig, own_waits
from hil.bdd.check.resolution import Resolution
from hil.bdd.language.applicability import FEATURE_TAG, Demand, demands, feature
from hil.bdd.language.document import Problem
from hil.bdd.language.naming import parse_tag
from hil.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hil.bdd.check.order import Known
    from hil.bdd.language.catalogue import Catalogue, StepDefinition
    from hil.bdd.language.document import Document
    from hil.bdd.language.naming import Case
    from hil.rig.config.rig_file import RigFile


START_S = 5.0
"""For a bench to be set up and to become safe."""

AWAITED_S = 10.0
"""For what a step waits for: about two payments."""


def problems(document: Document, case: Case, catalogue: Catalogue, rig: RigFile) -> list[Problem]:
    """Return why ``rig`` cannot run the scenario, or cannot or might not decide it.

    What it does not offer comes alone: the rest is of no interest then. A step that has a mistake of its own is passed
    over, since preflight tells it.
    """
    steps = _resolution(catalogue).steps(case)
    found = [*_missing_features(document, case, rig), *_unmet(document, case, steps, rig, "not-offered")]
    if found:
        return found[:1]
    found = list(_unmet(document, case, steps, rig, "beyond-rig", "undecidable"))
    for more in (against_rig(document.file, steps, case.row, rig), _unmet(document, case, steps, rig, "doubtful")):
        places = {(each.line, each.column) for each in found}
        found += [each for each in more if (each.line, each.column) not in places]
    return found


def expected_seconds(case: Case, catalogue: Catalogue) -> float:
    """Return how long a scenario may take in real time, by its own waits; good enough to order scenarios by it."""
    waited, awaited = own_waits(_resolution(catalogue).steps(case))
    return START_S + waited + AWAITED_S * awaited


@functools.lru_cache(maxsize=1)
def _resolution(catalogue: Catalogue) -> Resolution:
    """Return what resolves the steps of all cases of a run, so that those that are alike are looked at once."""
    return Resolution(catalogue)


def _missing_features(document: Document, case: Case, rig: RigFile) -> Iterator[Problem]:
    examples = [tag for each in case.scenario.examples if case.row in each.rows for tag in each.tags]
    for tag in (*examples, *case.scenario.tags):
        name, arguments = parse_tag(tag.text)
        for argument in arguments if name == FEATURE_TAG else ():
            if reason := feature(argument)(rig):
                yield Problem(document.file, tag.line, tag.column, reason, rule="not-offered")


def _unmet(document: Document, case: Case, steps: Sequence[Known], rig: RigFile, *rules: str) -> Iterator[Problem]:
    for known in steps:
        if known.definition is None or not known.fits:
            continue
        for demand in demands(known.definition.function, *rules):
            if reason := _reason(demand, rig, known.definition, known.text):
                at = known.place(case.row)
                yield Problem(document.file, at.line, at.column, reason, rule=demand.rule)


def _reason(demand: Demand, rig: RigFile, definition: StepDefinition, text: str) -> str:
    """Return what a rig does not meet; what is wrong with its file by itself is told there."""
    try:
        return demand.check(rig, *definition.expression.values(text))
    except ConfigurationError:
        return ""
