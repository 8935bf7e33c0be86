"""``python -m hil.fleet.errands.program``: one errand at the coordinator, for a process that must not load gRPC.

One JSON object on standard input says what to do (:mod:`hil.fleet.errands.begun`), one on standard output says what
came of it.
"""

from __future__ import annotations

import contextlib
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from hil.errors import HilError
from hil.fleet.coordinator import Coordinator, CoordinatorGone
from hil.fleet.lease import give_back
from hil.fleet.marks import lease_of
from hil.fleet.owner import Owner
from hil.fleet.safe_place import SafePlace, recorded
from hil.fleet.states import PlaceState


def main() -> int:
    """Do the errand; return 0 even if it failed: the answer tells."""
    errand: dict[str, Any] = json.load(sys.stdin)
    try:
        with Coordinator(errand["coordinator"], Owner(**errand["owner"])) as coordinator:
            answer = _look(coordinator) if errand["do"] == "look" else _free(coordinator, errand)
    except HilError as error:
        answer = {"problem": {"what": error.what, "place": error.place, "remedy": error.remedy}}
    json.dump(answer, sys.stdout)
    return 0


def _look(coordinator: Coordinator) -> dict[str, Any]:
    return {"places": [asdict(place) for place in coordinator.places().values()]}


def _free(coordinator: Coordinator, errand: dict[str, Any]) -> dict[str, Any]:
    """Make a place safe that the owner still has, then release it; take it out of service if it is not safe."""
    if errand["reservation"]:
        with contextlib.suppress(CoordinatorGone):  # it expires when it is not polled
            coordinator.cancel(errand["reservation"])
    name, owner = errand["place"], str(coordinator.owner)
    place = _held(coordinator, Path(errand["root"]), name, owner) if name else None
    if place is None:
        return {"unsafe": ""}
    rig = errand["rig"]
    safe = SafePlace(Path(errand["root"]), coordinator.address, Path(errand["rig_folder"]), rig and Path(rig))
    unsafe = safe.make_safe(place, owner)
    why = f"it could not be made safe: {unsafe}. Switch the mains off by hand." if unsafe else ""
    give_back(coordinator, name, owner, out_of_service=why)
    return {"unsafe": unsafe}


def _held(coordinator: Coordinator, root: Path, name: str, owner: str) -> PlaceState | None:
    """Return a place if the owner has it; while coordinator or exporter are away, as the owner acquired it."""
    try:
        place = coordinator.places().get(name)
    except CoordinatorGone:
        return recorded(root, name, owner)
    if place is None or lease_of(place)[0] != owner:
        return None
    return (recorded(root, name, owner) or place) if place.absent else place


if __name__ == "__main__":
    sys.exit(main())
