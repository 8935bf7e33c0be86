"""One scenario as the report tells it: events in, plain rows out. Nothing here decides anything anew."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from hil.evidence.documents import Verdict
from hil.evidence.verdicts import worst
from hil.report.scenario.detail import Detail, unpack_detail
from hil.report.scenario.recent_events import Account
from hil.report.scenario.rows import FaultRow, FindingRow, StepRow

_NOTHING_DRIVEN = frozenset({Verdict.NOT_APPLICABLE, Verdict.NOT_RUN, Verdict.AUTHOR_ERROR})
"""Verdicts of scenarios that may never have touched the bench, so that no safe state had to be reached."""


@dataclass(frozen=True)
class ScenarioView:
    """What the report says of one scenario; times in seconds of the bench's clock."""

    number: int
    name: str
    feature: str | None
    rule: str | None
    """The Gherkin rule that it illustrates, if it stands in one."""
    line: str | None
    outline: str | None
    """The name of the outline as it is written, of a row of its Examples."""
    row: Mapping[str, str]
    """The values of that row, by column; empty if it is none."""
    tags: list[str]
    setup: str | None
    seed: str | None
    verdict: Verdict
    reason: str | None
    duration: float | None
    began: str | None
    """When it began, by the calendar of the machine, in ISO 8601."""
    wall: float | None
    """Seconds that it took by that calendar; None if that is not known, or if the calendar was set back meanwhile."""
    clock: str | None
    steps: list[StepRow]
    findings: list[FindingRow]
    faults: list[FaultRow]
    identities: Mapping[str | None, str]
    """What the programs of the devices said that they are, by role."""
    tap: str | None
    """What the tap between two real devices added, in words; None if there was none."""
    safe_state: str
    safe: bool
    account: Account
    """What happened where it failed; without events if it ended well."""
    rerun_command: str | None
    """The command that runs it alone with the same seed."""
    damage: str | None
    """Set when the evidence stops before the scenario did; says what is missing."""
    packed: bytes = b""
    """Its detail in few bytes: a run has more curves than fit in memory. See :attr:`detail`."""

    @property
    def detail(self) -> Detail:
        """All that is told of it, timeline, transactions and messages too; unpacked anew at each call."""
        return unpack_detail(self.packed)

    @property
    def focus(self) -> float | None:
        """The instant that the newest measurement that is no pass is about, in seconds; None if none names one."""
        return next((row.at for row in reversed(self.findings) if row.verdict is not Verdict.PASS), None)

    @property
    def unsolved(self) -> bool:
        """Whether somebody has to look at it: it neither passed to its end nor was left out on purpose."""
        left_out = self.verdict in {Verdict.PASS, Verdict.NOT_APPLICABLE}
        return not left_out or self.damage is not None or contradiction(self) is not None

    @property
    def place(self) -> str | None:
        """``feature:line``, as far as it was recorded."""
        return f"{self.feature}:{self.line}" if self.feature and self.line else self.feature

    @property
    def budgeted(self) -> list[FindingRow]:
        """The measurements of which it is recorded what their uncertainty consists of."""
        return [row for row in self.findings if row.budget]

    @property
    def failed_step(self) -> StepRow | None:
        """The step that ended the scenario."""
        return next((step for step in self.steps if step.outcome == "failed"), None)

    def place_of(self, step: StepRow) -> str | None:
        """``feature:line`` of a step."""
        return f"{self.feature}:{step.line}" if self.feature and step.line else None

    @property
    def left_unsafe(self) -> bool:
        """Whether nothing shows that the safe state was reached, although the bench may have been driven."""
        return not self.safe and (self.damage is not None or self.verdict not in _NOTHING_DRIVEN)

    @property
    def not_run(self) -> int:
        """How many of its steps were not run."""
        return sum(step.outcome == "not run" for step in self.steps)

    @property
    def finding_counts(self) -> list[tuple[Verdict, int]]:
        """How many of its measurements have which verdict."""
        counted = Counter(row.verdict for row in self.findings)
        return [(each, counted[each]) for each in Verdict if counted[each]]

    @property
    def measured(self) -> bool:
        """Whether it says something of the requirements that it names: not a pass without a measurement taken."""
        return self.verdict is not Verdict.PASS or any(row.taken for row in self.findings)

    @property
    def why(self) -> str:
        """The shortest honest reason: the cut, else the measurements that decided, else what was recorded."""
        decisive = "; ".join(row.text for row in self.findings if row.verdict is self.verdict)
        errors = "; ".join(" ".join(filter(None, (s.error.what, s.error.remedy))) for s in self.steps if s.error)
        return self.damage or decisive or self.reason or errors or "no reason recorded"


def contradiction(view: ScenarioView) -> str | None:
    """Return a warning if the verdict of the scenario is milder than what its own measurements and steps say."""
    found = [row.verdict for row in view.findings]
    found += [Verdict.FAIL for step in view.steps if step.outcome == "failed"]
    unfinished = view.not_run or Verdict.NOT_RUN in found
    if view.verdict is Verdict.PASS and (unfinished or worst([Verdict.PASS, *found]) is not Verdict.PASS):
        return f"Scenario {view.number} is recorded as a pass, although not all its steps and measurements passed."
    return None
