"""Why a rig cannot run a scenario, or cannot decide it: found by the rig file alone, before anything is switched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.bdd.applicability import demands, feature
from hil.bdd.bridge import render
from hil.bdd.document import Problem
from hil.bdd.naming import parse_tag
from hil.bdd.resolution import guilty_cell

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hil.bdd.catalogue import Catalogue
    from hil.bdd.document import Document, Step
    from hil.bdd.naming import Case
    from hil.rig.file import RigFile

FEATURE_TAG = "rig_feature"
"""``@rig_feature(NAME)``: what bears it needs that feature of the rig file's target."""


def problems(document: Document, case: Case, catalogue: Catalogue, rig: RigFile) -> list[Problem]:
    """Return why ``rig`` cannot run the scenario, or cannot decide it; the scenario itself has no mistakes.

    What it does not offer comes alone: the rest is of no interest then.
    """
    found = [*_missing_features(document, case, rig), *_unmet(document, case, catalogue, rig, "not-offered")]
    return found[:1] or list(_unmet(document, case, catalogue, rig, "beyond-rig", "undecidable"))


def _missing_features(document: Document, case: Case, rig: RigFile) -> Iterator[Problem]:
    examples = [tag for each in case.scenario.examples if case.row in each.rows for tag in each.tags]
    for tag in (*examples, *case.scenario.tags):
        name, arguments = parse_tag(tag.text)
        for argument in arguments if name == FEATURE_TAG else ():
            if reason := feature(argument)(rig):
                yield Problem(document.file, tag.line, tag.column, reason, rule="not-offered")


def _unmet(document: Document, case: Case, catalogue: Catalogue, rig: RigFile, *rules: str) -> Iterator[Problem]:
    for step in case.scenario.all_steps:
        text = render(step.text.text, case.values)
        for definition in catalogue.find(step.kind or "given", text):
            wanted = demands(definition.function, *rules)
            values = definition.expression.values(text) if wanted else []
            for demand in wanted:
                if reason := demand.check(rig, *values):
                    line, column = _place(step, case)
                    yield Problem(document.file, line, column, reason, rule=demand.rule)


def _place(step: Step, case: Case) -> tuple[int, int]:
    cell = guilty_cell(step, case.row) if case.row is not None else None
    return (step.line, step.text.column) if cell is None else (cell.line, cell.column)
