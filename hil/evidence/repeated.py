"""Scenarios that ran again on another rig since theirs failed: what ``run.json`` says of them.

Both attempts stand in the evidence. The second one counts: the first says nothing of the device under test.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

REPEATED: Final = "repeated"
"""The key of ``run.json``."""


@dataclass(frozen=True)
class Repeated:
    """A scenario that ran again.

    :param scenario: number of the first attempt; :param again: of the second.
    :param place: where the first attempt ran. :param why: how its rig failed.
    """

    scenario: int
    again: int
    place: str
    why: str

    def document(self) -> dict[str, Any]:
        """Return it as JSON."""
        return asdict(self)

    def __str__(self) -> str:
        return f"Scenario {self.scenario} ran again as scenario {self.again}: {self.place}: {self.why}"


def repeated(document: Mapping[str, Any]) -> dict[int, Repeated]:
    """Return what a ``run.json`` says of scenarios that ran again, by the number of the first attempt."""
    rows = document.get(REPEATED)
    found: dict[int, Repeated] = {}
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, Mapping) and type(row.get("scenario")) is int and type(row.get("again")) is int:
            each = Repeated(row["scenario"], row["again"], str(row.get("place", "")), str(row.get("why", "")))
            found[each.scenario] = each
    return found
