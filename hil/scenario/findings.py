"""The findings of one scenario: declared, taken, and what is raised when one is not a pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.errors import ExitCode, HilError, PeerViolation
from hil.evidence.documents import Kind, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hil.evidence.limits import Finding
    from hil.rig.recorder import Recorder
    from hil.scenario.check import Check
    from hil.scenario.observer import Observer


class LimitMissed(PeerViolation):
    """A measurement is beyond its limit: the device under test failed."""


class Undecided(HilError):
    """A measurement cannot be decided with this rig's uncertainty: neither pass nor fail."""

    exit_code = ExitCode.INCONCLUSIVE


class Findings:
    """Every measurement of a scenario, in the order in which it was declared."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._open: list[Check] = []
        """Declared and not taken yet."""
        self.taken: list[Finding] = []

    def declare(self, checks: Iterable[Check]) -> None:
        """Say what will be measured before it is: what is not reached then stands in the evidence as not taken."""
        self._open += checks

    def take(self, check: Check, observer: Observer) -> None:
        """Take a check and record its finding; raises LimitMissed for fail, Undecided for inconclusive.

        If it cannot be taken for a reason of the bench or of the author, that is raised, and it stays open.
        """
        finding = check.take(observer)
        if check in self._open:
            self._open.remove(check)
        self._record(finding)
        if finding.verdict is Verdict.FAIL:
            raise LimitMissed(f"{finding}; {finding.detail}" if finding.taken and finding.detail else str(finding))
        if finding.verdict is Verdict.INCONCLUSIVE:
            remedy = "A meter that updates faster or is more accurate could decide it." if finding.taken else None
            raise Undecided(str(finding), remedy=remedy)

    def add(self, finding: Finding) -> None:
        """Record a finding that no step asked for: an invariant that was broken."""
        self._record(finding)

    def close(self) -> list[Finding]:
        """Record every declared measurement that was not taken, and return those; their verdict is *not run*."""
        missing = [each.measurement.without(Verdict.NOT_RUN, "not taken") for each in self._open]
        self._open.clear()
        for finding in missing:
            self._record(finding)
        return missing

    def _record(self, finding: Finding) -> None:
        self.taken.append(finding)
        self._recorder.observe(Kind.VERDICT, "bench", finding.document())
