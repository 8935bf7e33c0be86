"""Which requirement was shown by which scenario, and with what verdict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hil.evidence.documents import Verdict
from hil.evidence.verdicts import worst
from hil.report.scenario.view import ScenarioView
from hil.report.text_format import rows_of, text_of


@dataclass(frozen=True)
class RequirementRow:
    """A requirement that at least one scenario of the run names, and the verdict of all these together."""

    id: str
    text: str | None
    source: str | None
    scenarios: list[ScenarioView]

    @property
    def verdict(self) -> Verdict:
        """The worst of its scenarios; one that did not come to its end, or took no measurement, shows nothing."""
        verdicts = [scenario.verdict if scenario.measured else Verdict.NOT_RUN for scenario in self.scenarios]
        unfinished = {Verdict.NOT_RUN, Verdict.NOT_APPLICABLE} & set(verdicts)
        found = worst(verdicts)
        return Verdict.NOT_RUN if found is Verdict.PASS and unfinished else found

    @property
    def counts(self) -> list[tuple[Verdict, int]]:
        """How many of its scenarios have which verdict."""
        counted = Counter(scenario.verdict for scenario in self.scenarios)
        return [(each, counted[each]) for each in Verdict if counted[each]]

    @property
    def spans(self) -> list[tuple[ScenarioView, ScenarioView]]:
        """Its scenarios as first and last of each sequence without a gap that has one verdict."""
        spans: list[tuple[ScenarioView, ScenarioView]] = []
        for scenario in self.scenarios:
            if spans and spans[-1][1].number + 1 == scenario.number and spans[-1][1].verdict is scenario.verdict:
                spans[-1] = (spans[-1][0], scenario)
            else:
                spans.append((scenario, scenario))
        return spans


@dataclass(frozen=True)
class RequirementMatrix:
    """:param missing: ids of requirements that no scenario of this run names."""

    rows: list[RequirementRow]
    missing: list[str]


def matrix_of(document: Mapping[str, Any], scenarios: Sequence[ScenarioView]) -> RequirementMatrix:
    """Return the matrix of the requirements that ``run.json`` lists."""
    rows, missing = [], []
    for requirement in rows_of(document, "requirements"):
        identity = text_of(requirement, "id") or ""
        naming = [scenario for scenario in scenarios if identity in scenario.tags]
        if naming:
            text, source = text_of(requirement, "text"), text_of(requirement, "source")
            rows.append(RequirementRow(identity, text, source, naming))
        else:
            missing.append(identity)
    return RequirementMatrix(rows, missing)
