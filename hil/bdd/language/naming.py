"""The names by which a scenario or an outline row is run again: node ids, places in a file, and tags."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hil.bdd.language.document import render
from hil.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hil.bdd.language.document import Document, Row, Scenario

PLACE = re.compile(r"(?P<path>.+\.feature):(?P<line>\d+)(?::\d+)?")
"""An argument such as ``features/toast.feature:17``; a column, as error messages print it, is ignored."""

TAG = re.compile(r"(?P<name>[^()]+)(?:\((?P<arguments>[^()]*)\))?")
"""A tag such as ``slow`` or ``rig(dut1,dut2)``."""

_NUMBER = re.compile(r"#(?=\d)")


@dataclass(frozen=True)
class Case:
    """What runs as one pytest item: a scenario, or one row of an outline."""

    scenario: Scenario
    row: Row | None
    label: str
    """The last part of the node id."""
    tags: tuple[str, ...]
    """All that apply, each once, in the order outermost last."""
    title: str = ""
    """Its name in terminal, report and JUnit: placeholders filled in, and unlike that of any other case of its file."""
    repetition: int = 1
    """The how-manieth time it is in its run, see hil/bdd/check/repetition.py; from the second on the label tells it."""

    @property
    def line(self) -> int:
        """The line of the row of Examples, or of the scenario."""
        return self.row.line if self.row else self.scenario.line

    @property
    def values(self) -> dict[str, str]:
        """The row of Examples: column name to value; empty if there is none."""
        return self.row.values if self.row else {}


def scenario_label(name: str) -> str:
    """Return the scenario's name without what has a meaning in a node id: ``::``, brackets, ``#`` before a number."""
    return " ".join(_NUMBER.sub("", name).replace("::", ":").replace("[", "(").replace("]", ")").split())


def cases(document: Document) -> list[Case]:
    """Return what runs, in the order of the file."""
    found = [case for scenario in document.scenarios for case in scenario_cases(scenario)]
    return [dataclasses.replace(case, title=title) for case, title in zip(found, _titles(found), strict=True)]


def _titles(found: Sequence[Case]) -> list[str]:
    """Return a name for each case: that of its scenario with the row's values in it, told apart where two are alike.

    Rows that are alike get their values in brackets, as in the node id; whatever is alike then is counted.
    """
    names = [render(case.scenario.name, case.values) for case in found]
    alike = Counter(names)
    names = [
        f"{name} {case.label[len(scenario_label(case.scenario.name)) :]}" if case.row and alike[name] > 1 else name
        for name, case in zip(names, found, strict=True)
    ]
    given = set(names)
    titles: dict[str, None] = {}
    for name in names:
        title, number = name, 1
        while title in titles or (number > 1 and title in given):
            number += 1
            title = f"{name} ({number})"
        titles[title] = None
    return list(titles)


def scenario_cases(scenario: Scenario) -> list[Case]:
    """Return the scenario as one case, or a case for each row of its Examples."""
    label = scenario_label(scenario.name)
    own = [tag.text for tag in scenario.tags]
    if not scenario.examples:
        return [Case(scenario, None, label, tuple(dict.fromkeys(own)))]
    found: list[Case] = []
    seen: dict[str, int] = {}
    for examples in scenario.examples:
        tags = tuple(dict.fromkeys([tag.text for tag in examples.tags] + own))
        for row in examples.rows:
            values = "-".join(text.replace("\n", "\\n") for text in row.values.values())
            seen[values] = number = seen.get(values, 0) + 1
            suffix = f" #{number}" if number > 1 else ""
            found.append(Case(scenario, row, f"{label}[{values}{suffix}]", tags))
    return found


def labels_at(document: Document, line: int) -> list[str]:
    """Return the labels of what stands at ``line``: an outline row, a scenario, or several of them.

    A line of the feature's head or background stands for the whole file, one of a rule's head or background for
    the whole rule. Raises ConfigurationError if the file is shorter, or for a rule without a scenario.
    """
    if not 1 <= line <= document.last_line:
        lines = ", ".join(str(scenario.line) for scenario in document.scenarios)
        raise ConfigurationError(
            f"there is no line {line}", place=document.file, remedy=f"Its scenarios begin at lines {lines}"
        )
    for case in cases(document):
        if case.row and case.row.line == line:
            return [case.label]
    for scenario in document.scenarios:
        if scenario.first_line <= line <= scenario.last_line:
            return [scenario_label(scenario.name)]
    for first, last in document.rules:
        if first <= line <= last:
            inside = [scenario for scenario in document.scenarios if first <= scenario.line <= last]
            if not inside:
                raise ConfigurationError("this rule has no scenario", place=f"{document.file}:{line}")
            return [scenario_label(scenario.name) for scenario in inside]
    return [scenario_label(scenario.name) for scenario in document.scenarios]


def parse_tag(tag: str) -> tuple[str, tuple[str, ...]]:
    """Return the marker's name and arguments: ``rig(dut1,dut2)`` is ``rig`` with ``dut1`` and ``dut2``."""
    match = TAG.fullmatch(tag)
    if match is None:
        return tag, ()
    arguments = match["arguments"]
    return match["name"], tuple(each.strip() for each in arguments.split(",")) if arguments else ()
