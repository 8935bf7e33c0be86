"""The findings of one scenario: declared, taken, and what is raised when one is not a pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.errors import ExitCode, HilError, PeerViolation
from hil.evidence.documents import Kind, Verdict

if TYPE_CHECKING:
    from hil.evidence.limits import Finding, Measurement
    from hil.rig.recorder import Recorder


class LimitMissed(PeerViolation):
    """A measurement is beyond its limit: the device under test failed."""


class Undecided(HilError):
    """A measurement cannot be decided with this rig's uncertainty: neither pass nor fail."""

    exit_code = ExitCode.INCONCLUSIVE


class Findings:
    """Every measurement of a scenario, in the order in which it was declared."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._declared: list[Measurement] = []
        self.taken: list[Finding] = []

    def declare(self, measurement: Measurement) -> Measurement:
        self._declared.append(measurement)
        return measurement

    def take(self, finding: Finding) -> None:
        """Record a finding; raises LimitMissed for fail, Undecided for inconclusive."""
        self._record(finding)
        if finding.verdict is Verdict.FAIL:
            raise LimitMissed(str(finding))
        if finding.verdict is Verdict.INCONCLUSIVE:
            raise Undecided(str(finding), remedy="A meter that updates faster or is more accurate could decide it.")

    def fail_missing(self) -> list[Finding]:
        """Record every declared measurement that was never taken as failed, and return those."""
        seen = [finding.measurement for finding in self.taken]
        missing = [each.missing("declared and never taken") for each in self._declared if each not in seen]
        for finding in missing:
            self._record(finding)
        return missing

    def _record(self, finding: Finding) -> None:
        self.taken.append(finding)
        self._recorder.write(Kind.VERDICT, "bench", finding.document())
