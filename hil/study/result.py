"""Everything that is told of a study, and its exit code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hil.errors import ExitCode
from hil.study.limits import Decidable

if TYPE_CHECKING:
    from hil.history.studies.sessions import StudySession
    from hil.study.decisions import Decision
    from hil.study.quantities import QuantityResult


@dataclass(frozen=True)
class StudyResult:
    """Everything that is told of a study.

    :ivar folder: of the run with the newest evidence; empty if nothing was measured now.
    :ivar unknown_limits: steps whose limit only a run can tell.
    """

    rig: str
    virtual: bool
    sessions: tuple[StudySession, ...]
    quantities: tuple[QuantityResult, ...]
    decisions: tuple[Decision, ...]
    unknown_limits: int
    remarks: tuple[str, ...]
    folder: str = ""

    @property
    def exit_code(self) -> ExitCode:
        """7 if stated uncertainties do not hold, 6 if a limit cannot be decided, else 0."""
        if any(each.outside for each in self.quantities):
            return ExitCode.RIG_FAULT
        if any(each.decidable is Decidable.NO for each in self.decisions):
            return ExitCode.INCONCLUSIVE
        return ExitCode.PASS
