"""Writes into SPEC.md what the code knows already: ``make spec``, or ``python -m hil.protocol.spec.tables`` alone.

States, events, actions, transitions and policy numbers stand once, in the tables and in ``Policy``; a region of the
document between ``<!-- generated: name -->`` and ``<!-- end -->`` is made from them. A test fails when it is stale.
"""

from __future__ import annotations

import ast
import dataclasses
import enum
import inspect
import re
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from hil.protocol.cable.table import CABLE_REASONS, CABLE_TABLE, CableAction, CableEvent, CableState
from hil.protocol.machine import Reasons, Table
from hil.protocol.policy import CableLimits, Mode, Network, Policy, SocketTerms
from hil.protocol.socket.table import SOCKET_REASONS, SOCKET_TABLE, SocketAction, SocketEvent, SocketState
from hil.protocol.spec.diagrams import diagrams

SPEC: Final = Path(__file__).parents[1] / "SPEC.md"

SOCKET_ENDS: Final = frozenset({SocketState.IDLE, SocketState.SETTLING})
"""States in which the socket sells nothing; what leads there stands in the diagram of the endings."""
CABLE_ENDS: Final = frozenset({CableState.ENDED})
"""The same of the cable."""

_REGION = re.compile(r"(<!-- generated: ([a-z ]+) -->\n).*?(<!-- end -->\n)", re.DOTALL)
_UNITS: Final = {
    "sat_per_wh": "sat/Wh",
    "sat_per_vb": "sat/vB",
    "sat": "sat",
    "percent": "%",
    "mwh": "mWh",
    "s": "s",
    "w": "W",
}


def regions() -> dict[str, str]:
    """Return the text of each generated region, by name."""
    return {
        "socket diagram": diagrams(SOCKET_TABLE, SocketState, SOCKET_ENDS),
        "socket members": members(SocketState, SocketEvent, SocketAction),
        "socket transitions": transitions(SOCKET_TABLE, SocketState),
        "cable diagram": diagrams(CABLE_TABLE, CableState, CABLE_ENDS),
        "cable members": members(CableState, CableEvent, CableAction),
        "cable transitions": transitions(CABLE_TABLE, CableState),
        "socket reasons": close_reasons(SOCKET_TABLE, SOCKET_REASONS, SocketState),
        "cable reasons": close_reasons(CABLE_TABLE, CABLE_REASONS, CableState),
        "policy": numbers(Policy),
        "socket terms": numbers(SocketTerms),
        "cable limits": numbers(CableLimits),
    }


def renewed(document: str) -> str:
    """Return ``document`` with each region as it must be; KeyError for a region that is not known."""
    made = regions()
    return _REGION.sub(lambda found: f"{found[1]}\n{made[found[2]]}\n{found[3]}", document)


def transitions(table: Table[Any, Any, Any], states: type[enum.Enum]) -> str:
    """Return the transition table, by state."""
    rows = [
        (state.value, event.value, target.value, ", ".join(f"`{action.value}`" for action in actions))
        for (state, event), (target, actions) in _ordered(table, states)
    ]
    return _markdown(("in state", "event", "next state", "actions, in this order"), rows)


def members(*kinds: type[enum.Enum]) -> str:
    """Return what each state, event and action means, from the lines under the members."""
    tables = []
    for kind in kinds:
        meanings = member_meanings(kind)
        heading = kind.__name__.removeprefix("Socket").removeprefix("Cable").lower()
        coded = heading == "action"
        rows = [(f"`{each.value}`" if coded else each.value, meanings[each.name]) for each in kind]
        tables.append(_markdown((heading, "meaning"), rows))
    return "\n".join(tables)


def close_reasons(table: Table[Any, Any, Any], reasons: Reasons[Any], states: type[enum.Enum]) -> str:
    """Return the reason that CLOSE tells after each event, in which case, and the states in which it is not told."""
    rows = []
    for event, cases in reasons.items():
        ends = [(state, actions) for (state, each), (_, actions) in _ordered(table, states) if each is event]
        silent = [s.value for s, a in ends if "end-session" in _names(a) and "send-close" not in _names(a)]
        untold = f"; not told in *{'*, *'.join(silent)}*: ERROR ends it there" if silent else ""
        rows += [(event.value, f"`{reason.name}`", f"{when}{untold}") for reason, when in cases.items()]
    return _markdown(("after the event", "CLOSE tells", "when"), rows)


def numbers(kind: type[Any]) -> str:
    """Return the fields of Policy, SocketTerms or CableLimits with their defaults; sources stand in the code."""
    meanings = member_meanings(kind)
    rows = [
        (f"`{field.name}`", _default(field.name, field.default), _unsourced(meanings[field.name]))
        for field in dataclasses.fields(kind)
    ]
    return _markdown(("name", "default", "meaning"), rows)


def _names(actions: Sequence[enum.Enum]) -> set[str]:
    return {str(action.value) for action in actions}


def _default(name: str, value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(each.label for each in value)
    if isinstance(value, Mode | Network):
        return value.label
    unit = next((unit for end, unit in _UNITS.items() if name.endswith(f"_{end}")), "")
    return f"{value:.15g} {unit}".strip()


def _ordered(table: Table[Any, Any, Any], states: type[enum.Enum]) -> list[tuple[Any, Any]]:
    order = list(states)
    return sorted(table.items(), key=lambda entry: order.index(entry[0][0]))


def _markdown(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [f"| {' | '.join(cells)} |\n" for cells in (heads, *rows)]
    return "".join([lines[0], "|---" * len(heads) + "|\n", *lines[1:]])


def member_meanings(kind: type) -> dict[str, str]:
    """Return the string that stands under each member in the source of ``kind``."""
    body = ast.parse(textwrap.dedent(inspect.getsource(kind))).body[0]
    if not isinstance(body, ast.ClassDef):
        raise TypeError(f"{kind} is not a class")
    found: dict[str, str] = {}
    name = ""
    for node in body.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                continue
            case ast.Expr(value=ast.Constant(value=str(text))) if name:
                found[name] = " ".join(text.split())
        name = ""
    return found


def _unsourced(meaning: str) -> str:
    return re.sub(r" \([^()]*(?:docs/system|lock-out|field notes|slides)[^()]*\)", "", meaning)


if __name__ == "__main__":
    SPEC.write_text(renewed(SPEC.read_text(encoding="utf-8")), encoding="utf-8")
