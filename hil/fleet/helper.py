"""``python -m hil.fleet.helper``: one errand at the coordinator, for a process that must not load gRPC since it forks.

One JSON object on standard input says what to do (:mod:`hil.fleet.errands`), one on standard output what came of it.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from hil.errors import HilError
from hil.fleet.coordinator import Coordinator
from hil.fleet.lease import give_back
from hil.fleet.marks import OUT, SERVICE, lease_of
from hil.fleet.owner import Owner
from hil.fleet.safe_place import SafePlace


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
    name, owner = errand["place"], str(coordinator.owner)
    place = coordinator.places().get(name)
    if place is None or lease_of(place)[0] != owner:
        return {"unsafe": ""}
    rig = errand["rig"]
    safe = SafePlace(Path(errand["root"]), coordinator.address, Path(errand["rig_folder"]), rig and Path(rig))
    unsafe = safe.make_safe(place, owner)
    if unsafe:
        coordinator.tag(name, {SERVICE: OUT})
        coordinator.comment(name, f"out of service: it could not be made safe: {unsafe}. Switch the mains off by hand.")
    give_back(coordinator, name, owner)
    return {"unsafe": unsafe}


if __name__ == "__main__":
    sys.exit(main())
