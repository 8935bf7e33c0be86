"""What can be wrong with a feature file: an id for each kind of problem, and how much it weighs."""

from __future__ import annotations

import enum
from collections.abc import Iterable

from hil.errors import ExitCode


class Level(enum.StrEnum):
    """How a problem is meant, in the words of SARIF."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


RULES: dict[str, tuple[Level, str]] = {
    "unreadable": (Level.ERROR, "A feature file cannot be read"),
    "syntax": (Level.ERROR, "The text is not valid Gherkin"),
    "wrong-definition": (Level.ERROR, "A step definition is invalid: it is async, or its parameters do not fit"),
    "empty-feature": (Level.ERROR, "A feature has no scenario"),
    "empty-scenario": (Level.ERROR, "A scenario has no step, so it would pass without doing anything"),
    "nameless-scenario": (Level.ERROR, "A scenario has no name"),
    "duplicate-name": (Level.ERROR, "Two scenarios of a feature have one name; one of them would not run"),
    "misspelt-keyword": (Level.ERROR, "A line was meant as a step, and is read as a description"),
    "no-keyword-before": (Level.ERROR, "And or But comes first, so it is neither Given, When nor Then"),
    "unknown-tag": (Level.ERROR, "A tag is not known"),
    "unknown-requirement": (Level.ERROR, "A tag names a requirement that there is not"),
    "no-examples": (Level.ERROR, "An outline has no Examples, so it would never run with a value"),
    "empty-examples": (Level.ERROR, "Examples have no row, so nothing would run for them"),
    "duplicate-column": (Level.ERROR, "Two columns of Examples have one name"),
    "unused-column": (Level.ERROR, "No step uses a column of Examples"),
    "missing-column": (Level.ERROR, "A step uses a column that the Examples do not have"),
    "uncovered-pair": (Level.ERROR, "A pair of values stands in no row of an outline tagged @pairwise"),
    "duplicate-row": (Level.ERROR, "Two rows of Examples are alike"),
    "undefined-step": (Level.ERROR, "No step has these words"),
    "odd-character": (Level.ERROR, "A character that looks like a space, or like nothing, makes a step undefined"),
    "ambiguous-step": (Level.ERROR, "Several steps have these words"),
    "other-keyword": (Level.ERROR, "The step is of another keyword"),
    "never-switched-on": (Level.ERROR, "A step needs devices that are switched on, and no step switches them on"),
    "too-early": (Level.ERROR, "A step that needs devices that are switched on stands before the step that does it"),
    "too-late": (Level.ERROR, "A step stands where it can take effect no more"),
    "said-twice": (Level.ERROR, "A step says what a step before has said; the first would have no effect"),
    "no-cause": (Level.ERROR, "A step is about something that no step before it brings about"),
    "nothing-measured": (Level.ERROR, "No Then step of a scenario takes a measurement, so it would always pass"),
    "misfit": (Level.ERROR, "A value, or its unit, does not fit the step"),
    "below-step": (Level.ERROR, "A table or text below a step is missing, or would be ignored"),
    "rig-file": (Level.ERROR, "The rig file is wrong, which is seen without a bench"),
    "unreadable-rig": (Level.ERROR, "The rig file cannot be read, or is no YAML: nothing was held against it"),
    "unknown-feature": (Level.ERROR, "A tag asks for a feature that no step and no rig knows"),
    "contradiction": (Level.ERROR, "Values of a scenario cannot be true together"),
    "beyond-rig": (Level.ERROR, "A value is outside what this rig can do"),
    "undecidable": (Level.WARNING, "This rig cannot decide the limit"),
    "doubtful": (
        Level.NOTE,
        "This rig might be unable to decide the limit, depending on its meter's error and updates",
    ),
    "not-offered": (Level.NOTE, "This rig does not offer what the scenario needs"),
    "uncovered-requirement": (Level.ERROR, "No scenario shows the requirement"),
    "no-requirement": (Level.NOTE, "A scenario names no requirement"),
}
"""For each rule its level and what it says."""


def exit_code(rules: Iterable[str], *, applicable: bool = True) -> ExitCode:
    """Return the code with which problems of these kinds end ``hil check``; the author's come first, as in a run.

    :param applicable: whether a scenario is left that the rig offers.
    """
    found = set(rules)
    if any(RULES[rule][0] is Level.ERROR for rule in found):
        return ExitCode.AUTHOR_ERROR
    if "undecidable" in found:
        return ExitCode.INCONCLUSIVE
    return ExitCode.PASS if applicable else ExitCode.NOTHING_RUN
