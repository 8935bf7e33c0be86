"""How many scenarios ended with which verdict, in words. A scenario that ran twice is one scenario."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from hil.evidence.documents import Verdict
from hil.report.scenario.view import ScenarioView


def tally(scenarios: Iterable[ScenarioView]) -> list[tuple[Verdict, int]]:
    """Return how many of the scenarios have which verdict."""
    found = Counter(scenario.verdict for scenario in scenarios)
    return [(each, found[each]) for each in Verdict if found[each]]


def counted(counts: Sequence[tuple[Verdict, int]]) -> str:
    """Return ``"2 scenarios: 1 pass, 1 fail"``."""
    told = [f"{count} {verdict}" for verdict, count in counts]
    number = sum(count for _, count in counts)
    return f"{number} scenario{'' if number == 1 else 's'}{': ' if told else ''}{', '.join(told)}"


def twice(number: int) -> str:
    """Return what is told behind the counts of so many scenarios that ran twice; empty if none did."""
    which = "its first attempt does" if number == 1 else "their first attempts do"
    return f"; {number} of them ran twice, and {which} not count" if number else ""
