"""How findings are told: as aligned text for people, as JSON for programs."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from hil import __version__
from hil.doctor.examination import exit_code
from hil.doctor.finding import State

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hil.doctor.finding import Finding, Surroundings

DOCUMENT_VERSION: Final = 1
"""Of the JSON document; a later one may have more keys under the same number, and fewer under a higher one only."""

COLOURS: Final = {State.WARNING: "33", State.PROBLEM: "31"}
"""Select Graphic Rendition of ECMA-48: yellow, red."""


def text(findings: Sequence[Finding], *, colours: bool) -> str:
    """Return a line for each finding; warnings and then problems come last, each with its remedy.

    :param colours: for a terminal.
    """
    state_width = max(len(state) for state in State)
    width = max((len(each.title) for each in findings), default=0)
    lines = []
    for state in ((State.OK, State.NOT_NEEDED), (State.WARNING,), (State.PROBLEM,)):
        for each in findings:
            if each.state not in state:
                continue
            lines.append(f"{_coloured(each.state, state_width, colours)}  {each.title:{width}}  {each.seen}".rstrip())
            if each.state in COLOURS:
                lines.append(f"{'':{state_width}}  {'':{width}}  -> {each.remedy}")
    counts = Counter(each.state for each in findings)
    problems, warnings = (_counted(counts[each], each) for each in (State.PROBLEM, State.WARNING))
    return "\n".join([*lines, f"{problems}, {warnings}"])


def document(findings: Sequence[Finding], around: Surroundings) -> str:
    """Return the findings as a JSON document (docs/how-to/check-the-machine.md)."""
    counts = Counter(each.state for each in findings)
    content: dict[str, Any] = {
        "document": "hil doctor",
        "version": DOCUMENT_VERSION,
        "hil": __version__,
        "folder": str(around.folder),
        "rig": None if around.rig is None else str(around.rig),
        "exit_code": int(exit_code(findings)),
        "counts": {state.value: counts[state] for state in State},
        "findings": [
            {
                "id": each.id,
                "title": each.title,
                "state": each.state.value,
                "seen": each.seen,
                "remedy": each.remedy or None,
            }
            for each in findings
        ],
    }
    return json.dumps(content, indent=2, ensure_ascii=False)


def _coloured(state: State, width: int, colours: bool) -> str:
    padded = f"{state:{width}}"
    return f"\x1b[{COLOURS[state]}m{padded}\x1b[0m" if colours and state in COLOURS else padded


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
