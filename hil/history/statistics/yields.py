"""First-pass yield, and scenarios that pass and fail with one and the same thing under test."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import NormalDist

from hil.evidence.documents import Verdict
from hil.history.statistics.capability import CONFIDENCE, Interval

_DECIDED = frozenset({Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE})
"""Verdicts that say something of the device; the others say something of the bench, or nothing."""


@dataclass(frozen=True)
class Attempt:
    """A scenario that ran once, in the order of time.

    :ivar unit: what was under test: firmware, serial and commit.
    """

    scenario: str
    unit: tuple[str, str, str]
    verdict: Verdict
    run_id: str


@dataclass(frozen=True)
class Yield:
    """How many scenarios passed when they ran for the first time with a thing under test."""

    passed: int
    count: int

    @property
    def share(self) -> float:
        """The first-pass yield."""
        return self.passed / self.count

    @property
    def interval(self) -> Interval:
        """Its confidence interval by Wilson's method (NIST/SEMATECH e-Handbook, 7.2.4.1)."""
        z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
        count, share = self.count, self.share
        center = share + z**2 / (2 * count)
        half = z * math.sqrt(share * (1 - share) / count + z**2 / (4 * count**2))
        low, high = ((center + sign * half) / (1 + z**2 / count) for sign in (-1, 1))
        return max(0.0, low), min(1.0, high)


def first_pass_yield(attempts: Iterable[Attempt]) -> Yield | None:
    """Return the yield of the first attempts; None if there is none. A bench that failed makes no attempt."""
    first: dict[tuple[str, tuple[str, str, str]], Verdict] = {}
    for attempt in attempts:
        if attempt.verdict in _DECIDED:
            first.setdefault((attempt.scenario, attempt.unit), attempt.verdict)
    passed = sum(verdict is Verdict.PASS for verdict in first.values())
    return Yield(passed, len(first)) if first else None


@dataclass(frozen=True)
class Flaky:
    """A scenario that both passed and failed with the same thing under test."""

    scenario: str
    unit: tuple[str, str, str]
    passed: int
    failed: int


def flaky_scenarios(attempts: Iterable[Attempt]) -> list[Flaky]:
    """Return the scenarios that pass and fail with one commit, firmware and serial, whatever the seed.

    The one that does so most often comes first. A commit that is not known, or with changes that are not committed,
    says not what was under test: it is left out.
    """
    found: defaultdict[tuple[str, tuple[str, str, str]], list[Verdict]] = defaultdict(list)
    for attempt in attempts:
        commit = attempt.unit[2]
        if attempt.verdict in (Verdict.PASS, Verdict.FAIL) and known_commit(commit):
            found[attempt.scenario, attempt.unit].append(attempt.verdict)
    flaky = [
        Flaky(scenario, unit, verdicts.count(Verdict.PASS), verdicts.count(Verdict.FAIL))
        for (scenario, unit), verdicts in found.items()
        if len(set(verdicts)) == 2
    ]
    return sorted(flaky, key=lambda each: (-min(each.passed, each.failed), each.scenario, each.unit))


def known_commit(commit: str) -> bool:
    """Tell whether a commit says exactly what was under test."""
    return commit not in ("", "unknown") and not commit.endswith("+")
