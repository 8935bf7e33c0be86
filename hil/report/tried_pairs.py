"""Where defences were tried: for each outline tagged ``@pairwise`` the values, and pairs of them, that a run tried."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hil.evidence.documents import Verdict
from hil.evidence.value_pairs import PAIRWISE, all_pairs, pairs_in, values_of
from hil.evidence.verdicts import worst
from hil.report.scenario.view import ScenarioView

_TRIED = frozenset({Verdict.PASS, Verdict.FAIL})
"""Verdicts that say something of the device; with any other the defence was not tried to its end."""


@dataclass(frozen=True)
class TriedValue:
    """A value of a column, and the scenarios with it."""

    value: str
    scenarios: list[ScenarioView]

    @property
    def tried(self) -> int:
        """How many of them ended with pass or fail."""
        return sum(each.verdict in _TRIED for each in self.scenarios)

    @property
    def verdict(self) -> Verdict:
        """The worst of them."""
        return worst([each.verdict for each in self.scenarios])


@dataclass(frozen=True)
class TriedOutline:
    """A defence: an outline whose rows lay it over several dimensions.

    :param pairs: how many pairs the values of its rows in this run can make.
    :param tried: how many of these stand in a row that ended with pass or fail.
    """

    name: str
    feature: str | None
    values: dict[str, list[TriedValue]]
    scenarios: list[ScenarioView]
    pairs: int
    tried: int

    @property
    def verdict(self) -> Verdict:
        """The worst of its rows."""
        return worst([each.verdict for each in self.scenarios])


def tried_outlines(scenarios: Sequence[ScenarioView]) -> list[TriedOutline]:
    """Return the outlines tagged ``@pairwise`` of which the run holds a row, in the order of their first rows."""
    outlines: dict[tuple[str | None, str], list[ScenarioView]] = {}
    for scenario in scenarios:
        if PAIRWISE in scenario.tags and scenario.outline and scenario.row:
            outlines.setdefault((scenario.feature, scenario.outline), []).append(scenario)
    return [_outline(name, feature, rows) for (feature, name), rows in outlines.items()]


def _outline(name: str, feature: str | None, scenarios: list[ScenarioView]) -> TriedOutline:
    rows = [each.row for each in scenarios]
    values = {
        column: [TriedValue(value, [each for each in scenarios if each.row.get(column) == value]) for value in found]
        for column, found in values_of(rows).items()
    }
    tried = pairs_in(each.row for each in scenarios if each.verdict in _TRIED)
    return TriedOutline(name, feature, values, scenarios, len(all_pairs(rows)), len(tried))
