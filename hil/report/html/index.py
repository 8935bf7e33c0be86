"""What the index of scenarios is filtered by, and which scenarios the page shows without a script."""

from __future__ import annotations

import base64
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import orjson

from hil.evidence.documents import Verdict
from hil.report.run_view import RunView
from hil.report.scenario.view import ScenarioView
from hil.report.text_format import NOT_RECORDED, printed

MOST_STATIC = 12
"""Unsolved scenarios whose detail can be read without a script; the others are named with their reason."""

_LONGEST_SEARCHED = 4000
"""Characters of a scenario that the search looks through."""


@dataclass(frozen=True)
class Choice:
    """A value to filter by, and how many scenarios have it."""

    value: str
    count: int


@dataclass(frozen=True)
class FeatureRow:
    """What came of the scenarios of a feature file.

    :ivar unsolved: how many of them somebody has to look at.
    """

    value: str
    count: int
    unsolved: int
    verdicts: Sequence[tuple[Verdict, int]]


@dataclass(frozen=True)
class Index:
    """The index of a run.

    :ivar unsolved: scenarios that somebody has to look at.
    :ivar static: how many of them are shown with their detail.
    :ivar features: those with most unsolved scenarios first.
    :ivar search: what the search looks through: a text for each scenario, as JSON, deflated, in base 64.
    """

    unsolved: Sequence[ScenarioView]
    static: int
    features: Sequence[FeatureRow]
    tags: Sequence[Choice]
    requirements: Sequence[Choice]
    search: str


def index_of(run: RunView) -> Index:
    """Return the index of ``run``."""
    counted = Counter(tag for scenario in run.scenarios for tag in set(scenario.tags))
    named = {row.id for row in run.requirements.rows}
    tags = [Choice(tag, count) for tag, count in sorted(counted.items()) if tag not in named]
    requirements = [Choice(row.id, len(row.scenarios)) for row in run.requirements.rows]
    texts = [" ".join(_words(scenario))[:_LONGEST_SEARCHED].lower() for scenario in run.scenarios]
    search = base64.b64encode(zlib.compress(orjson.dumps(texts))).decode()
    return Index(
        [each for each in run.scenarios if each.unsolved], MOST_STATIC, _features(run), tags, requirements, search
    )


def _features(run: RunView) -> list[FeatureRow]:
    parts: dict[str, list[ScenarioView]] = {}
    for scenario in run.scenarios:
        parts.setdefault(printed(scenario.feature or NOT_RECORDED), []).append(scenario)
    rows = []
    for feature, scenarios in parts.items():
        counted = Counter(each.verdict for each in scenarios)
        verdicts = [(verdict, counted[verdict]) for verdict in Verdict if counted[verdict]]
        rows.append(FeatureRow(feature, len(scenarios), sum(each.unsolved for each in scenarios), verdicts))
    return sorted(rows, key=lambda row: (-row.unsolved, row.value))


def _words(scenario: ScenarioView) -> Iterator[str]:
    """Return what a reader may remember of a scenario: names, places, steps, measurements, faults, reasons."""
    yield printed(f"{scenario.number} {scenario.name} {scenario.place or ''} {scenario.verdict}")
    if scenario.verdict != "pass":
        yield printed(scenario.why)
    yield printed(" ".join([*scenario.tags, *scenario.row.values()]))
    for finding in scenario.findings:
        yield printed(finding.name or "")
    for step in scenario.steps:
        yield printed(step.text or "")
    for fault in scenario.faults[:20]:
        yield printed(fault.what or "")
