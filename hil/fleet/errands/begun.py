"""Errands that were begun. A program does each (:mod:`hil.fleet.errands.program`), since the process of a run forks one
process for each bench and so must not load gRPC.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from hil.child_process import ChildProcess
from hil.errors import RigFault
from hil.fleet.owner import Owner
from hil.fleet.patience import AWAY_S
from hil.fleet.safe_place import SAFE_S, SafePlace
from hil.fleet.states import PlaceState
from hil.rig.labgrid.bounded_call import BoundedCall

LOOK_S = 30.0
END_S = 5.0
"""From its answer to its end."""

FREE_S = SAFE_S + AWAY_S + 20.0
"""The safe state, a coordinator that has to come back, and its answers."""


class Errand:
    """An errand that was begun; ``fileno`` is readable when it is done."""

    def __init__(self, coordinator: str, owner: Owner, what: str, limit_s: float, **more: Any) -> None:
        self._limit_s = limit_s
        self._place = f"coordinator {coordinator}"
        request = {"do": what, "coordinator": coordinator, "owner": {"host": owner.host, "user": owner.user}, **more}
        self._process = ChildProcess(
            f"errand '{what}'",
            [sys.executable, "-m", "hil.fleet.errands.program"],
            feed=json.dumps(request).encode(),
            stdout=subprocess.PIPE,
        )

    def fileno(self) -> int:
        """The descriptor of its answer."""
        return self._process.stdout.fileno()

    def answer(self) -> Mapping[str, Any]:
        """Wait for its end and return what came of it; raises RigFault if it failed."""
        read: list[bytes] = []
        reading = BoundedCall(lambda: read.append(self._process.stdout.read()))
        if not reading.wait(self._limit_s):
            self._process.kill()
            raise RigFault(f"{self._process.name} did not end within {self._limit_s:g} s", place=self._place)
        self._process.end(END_S)
        try:
            answer: dict[str, Any] = json.loads(read[0])
        except ValueError:
            words = self._process.last_words() or self._process.how_it_ended()
            raise RigFault(f"{self._process.name} failed: {words}", place=self._place) from None
        if problem := answer.get("problem"):
            raise RigFault(problem["what"], place=problem["place"], remedy=problem["remedy"])
        return answer


def look(coordinator: str, owner: Owner) -> list[PlaceState]:
    """Return every place of the coordinator; raises RigFault if it does not answer."""
    told = Errand(coordinator, owner, "look", LOOK_S).answer()["places"]
    return [
        PlaceState(**{**place, "absent": tuple(place["absent"]), "addresses": _addresses(place["addresses"])})
        for place in told
    ]


def begin_to_free(owner: Owner, place: str, safe: SafePlace, *, reservation: str = "") -> Errand:
    """Begin to make a place safe that ``owner`` has, and then to release it.

    The answer has ``unsafe``: why the place is not safe; empty if it is, or if the owner does not have it.

    :param place: empty: none. :param reservation: token of one that is given up; empty: none.
    """
    more = {
        "place": place,
        "reservation": reservation,
        "root": str(safe.root),
        "rig_folder": str(safe.rig_folder),
        "rig": str(safe.rig) if safe.rig else None,
    }
    return Errand(safe.coordinator, owner, "free", FREE_S, **more)


def _addresses(told: Mapping[str, Any]) -> dict[str, tuple[str, Mapping[str, object]]]:
    return {name: (kind, arguments) for name, (kind, arguments) in told.items()}
