"""The order of a scenario's steps as a state machine: set up, switched on, measured; and something is measured."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from hil.bdd.language.document import PLACEHOLDER, Problem
from hil.bdd.language.phases import Phase, seeds_bench_fault

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hil.bdd.language.catalogue import StepDefinition
    from hil.bdd.language.document import Row, Scenario, Step, Text

_NEEDS_POWER = (Phase.UNDER_WAY, Phase.MEASURED)

_SWITCH_ON = "When the devices are switched on"


class Known(NamedTuple):
    """A step of a scenario with its text, its values in it, and its one definition; None if it has no such.

    ``fits``: its values make sense by themselves.
    """

    step: Step
    text: str
    definition: StepDefinition | None
    fits: bool

    def __str__(self) -> str:
        return f"{self.step.keyword} {self.text}"

    def place(self, row: Row | None) -> Text:
        """Return where the values stand: in the first cell of ``row`` that the step uses, else in the step."""
        names = PLACEHOLDER.findall(self.step.text.text) if row is not None else []
        cells = [row.cells[name] for name in names if row is not None and name in row.cells]
        return cells[0] if cells else self.step.text


def wrong_order(file: str, steps: Sequence[Known]) -> Iterator[Problem]:
    """Yield a problem for each step that stands where it cannot take effect.

    A step without a definition may be meant to switch the devices on, and so may a laboratory's own: what follows it is
    not held against them.
    """
    switched_on: Step | None = None
    early: list[Known] = []
    uncertain = False
    for known in steps:
        step, definition = known.step, known.definition
        phase = Phase.UNKNOWN if definition is None else definition.phase
        if phase is Phase.UNKNOWN:
            uncertain = True
        elif phase is Phase.SWITCH_ON and switched_on is None:
            switched_on = step
        elif phase is Phase.SWITCH_ON and switched_on is not None:
            what = f"the devices are switched on already, at line {switched_on.line}"
            yield _at(file, step, what, "Remove one of the two steps", "too-late")
        elif phase is Phase.SET_UP and switched_on is not None:
            what = f"'{known}' sets up what is switched on at line {switched_on.line} already: it has no effect here"
            yield _at(file, step, what, "Write it before that line", "too-late")
        elif phase in _NEEDS_POWER and switched_on is None and not uncertain:
            early.append(known)
    if switched_on is None:
        for known in early[:1]:
            what = f"'{known}' needs devices that are switched on, and no step of this scenario switches them on"
            yield _at(file, known.step, what, f"Write '{_SWITCH_ON}' before it", "never-switched-on")
        return
    for known in early:
        what = f"'{known}' needs devices that are switched on, which they are at line {switched_on.line} only"
        yield _at(file, known.step, what, "Write it below that line", "too-early")


def nothing_measured(file: str, scenario: Scenario, steps: Sequence[Known]) -> Iterator[Problem]:
    """Yield a problem if the scenario would pass without a measurement.

    A scenario that lets a part of the bench fail and shows no requirement may be without: it is there for the rig fault
    that must come of it, and ends as one if none comes (:func:`hil.bdd.pytest_plugin.execution.run_scenario`).
    """
    definitions = [known.definition for known in steps]
    if not steps or None in definitions or measures(each for each in definitions if each is not None):
        return
    shows = [tag.text for tag in scenario.tags if tag.text.startswith("REQ-")]
    if not shows and any(each is not None and seeds_bench_fault(each.function) for each in definitions):
        return
    remedy = "End it with a Then step that measures; 'hil steps then' lists them"
    thens = [known for known in steps if known.definition is not None and known.definition.keyword == "then"]
    if thens:
        what = f"no Then step of the scenario '{scenario.name}' takes a measurement, so it would pass whatever happens"
        yield _at(file, thens[0].step, what, remedy, "nothing-measured")
    else:
        what = f"the scenario '{scenario.name}' has no Then step, so it would pass whatever happens"
        yield Problem(file, scenario.line, scenario.column, what, remedy, "nothing-measured")


def measures(definitions: Iterator[StepDefinition]) -> bool:
    """Tell whether one of these steps takes a measurement."""
    return any(each.measures for each in definitions)


def _at(file: str, step: Step, what: str, remedy: str, rule: str) -> Problem:
    return Problem(file, step.line, step.column, what, remedy, rule)
