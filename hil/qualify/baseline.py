"""Devices without a defect: a scenario that they do not pass either finds nothing."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

from hil.errors import ExitCode
from hil.qualify.trial import LIKELY_TIMEOUT_S, run
from hil.qualify.workshop import open_workshop

if TYPE_CHECKING:
    from hil.qualify.catalogue import Target
    from hil.qualify.warm import WarmProcess


class Baseline:
    """Runs single scenarios with good devices, each once, and remembers what came of it; threads may share it.

    :param scratch: a folder for the projects of these runs.
    :param told_to_end: see :func:`hil.qualify.trial.try_defect`.
    """

    def __init__(self, root: Path, scratch: Path, node: str, told_to_end: threading.Event) -> None:
        self._root, self._scratch, self._node = root, scratch, node
        self._told_to_end = told_to_end
        self._lock = threading.Lock()
        self._passed: dict[tuple[str, str], bool] = {}

    def passes(self, target: Target, scenario: str, warm: WarmProcess | None) -> bool:
        """Tell whether the device that ``target`` names passes the scenario, given as pytest names it."""
        key = (target.target, scenario)
        with self._lock:  # one such run at a time: they are few
            if key not in self._passed:
                workshop = open_workshop(self._scratch / f"good-{len(self._passed)}", self._root, target, None)
                code, _ = run(workshop, (scenario,), self._node, LIKELY_TIMEOUT_S, warm, self._told_to_end)
                self._passed[key] = code == ExitCode.PASS
            return self._passed[key]
