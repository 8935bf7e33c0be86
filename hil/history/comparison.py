"""One run held against another: what fails now, what fails no more, which values have moved."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from hil.errors import ExitCode
from hil.evidence.documents import Verdict
from hil.evidence.verdicts import exit_code_of, worst
from hil.history.facts import RunFacts, ScenarioFacts, Value

_RANKS = (
    Verdict.PASS,
    Verdict.NOT_APPLICABLE,
    Verdict.NOT_RUN,
    Verdict.INCONCLUSIVE,
    Verdict.FAIL,
    Verdict.AUTHOR_ERROR,
    Verdict.FRAMEWORK_ERROR,
    Verdict.RIG_FAULT,
    Verdict.ALTERED,
)
"""From what was shown to what says nothing any more."""


@dataclass(frozen=True)
class Change:
    """A scenario with another verdict; None: the run has no such scenario."""

    scenario: str
    before: Verdict | None
    after: Verdict | None


@dataclass(frozen=True)
class Moved:
    """A value that moved by more than its uncertainty.

    :ivar uncertainty: of the difference, the root of the sum of both squares (JCGM 100:2008, 5.1.2).
    """

    scenario: str
    measurement: str
    unit: str
    before: float
    after: float
    uncertainty: float

    @property
    def by(self) -> float:
        """How far it moved."""
        return self.after - self.before


@dataclass(frozen=True)
class Comparison:
    """What differs between two runs.

    :ivar worse: scenarios whose verdict is worse than before, and new ones that do not pass.
    :ivar better: scenarios whose verdict is better than before.
    :ivar faults: what speaks against the evidence of one of them.
    """

    after: RunFacts
    before: RunFacts
    worse: list[Change]
    better: list[Change]
    added: list[Change]
    removed: list[Change]
    moved: list[Moved]
    faults: list[str]

    @property
    def exit_code(self) -> ExitCode:
        """0 if nothing is worse; else that of the worst new verdict. A scenario that is gone counts as not run.

        Of altered evidence, or of a run without an end, nothing can be said.
        """
        if self.faults:
            return ExitCode.EVIDENCE_ALTERED
        verdicts = [each.after for each in self.worse if each.after is not None]
        verdicts += [Verdict.NOT_RUN] * bool(self.removed)
        return exit_code_of(worst(verdicts)) if verdicts else ExitCode.PASS


def compare(after: RunFacts, before: RunFacts, *, common: bool = False) -> Comparison:
    """Hold a run against an earlier one.

    :param common: leave out the scenarios that only one of them has.
    """
    new, old = ({each.title: each for each in run.scenarios} for run in (after, before))
    both = [title for title in new if title in old]
    worse = [Change(title, old[title].verdict, new[title].verdict) for title in both if _rank(new, old, title) > 0]
    better = [Change(title, old[title].verdict, new[title].verdict) for title in both if _rank(new, old, title) < 0]
    added, removed = [], []
    if not common:
        added = [Change(title, None, each.verdict) for title, each in new.items() if title not in old]
        removed = [Change(title, each.verdict, None) for title, each in old.items() if title not in new]
        worse += [each for each in added if each.after not in (Verdict.PASS, Verdict.NOT_APPLICABLE)]
    moved = [each for title in both for each in _moved(title, new[title], old[title])]
    faults = [f"{run.run_id}: {fault}" for run in (after, before) for fault in run.faults]
    faults += [f"{run.run_id}: the run was never finished" for run in (after, before) if not run.digest]
    return Comparison(after, before, worse, better, added, removed, moved, faults)


def _rank(new: dict[str, ScenarioFacts], old: dict[str, ScenarioFacts], title: str) -> int:
    return _RANKS.index(new[title].verdict) - _RANKS.index(old[title].verdict)


def _moved(title: str, new: ScenarioFacts, old: ScenarioFacts) -> Iterator[Moved]:
    earlier = dict(_numbered(old))
    for key, value in _numbered(new):
        was = earlier.get(key)
        if was is None or was.unit != value.unit or was.number is None or value.number is None:
            continue
        uncertainty = math.hypot(value.uncertainty or 0.0, was.uncertainty or 0.0)
        if abs(value.number - was.number) > uncertainty:
            yield Moved(title, value.name, value.unit, was.number, value.number, uncertainty)


def _numbered(scenario: ScenarioFacts) -> Iterator[tuple[tuple[str, int], Value]]:
    """Yield each value with its name and how often that was measured before."""
    times: Counter[str] = Counter()
    for value in scenario.values:
        yield (value.name, times[value.name]), value
        times[value.name] += 1
