"""The first of two attempts at a scenario of a run on places.

PYTEST_DONT_REWRITE: the run's plugin imports this module before pytest loads it, which pytest would warn of.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hil.evidence.documents import Verdict
    from hil.scenario.shared.worker_report import WorkerReport


@dataclass
class FirstAttempt:
    """What came of an item whose rig failed, until its second attempt has come to an end."""

    place: str
    outcome: tuple[Verdict, str]
    reports: list[Any]
    learned: WorkerReport | None
    """What its process told of it; None: the process was lost."""
    again: int | None = None
    """Number of the second attempt, once it was assigned."""
