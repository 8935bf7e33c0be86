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

from hil.protocol.cable.table import CABLE_TABLE, CableAction, CableEvent, CableState
from hil.protocol.machine import Table
from hil.protocol.policy import Policy
from hil.protocol.socket.table import SOCKET_TABLE, SocketAction, SocketEvent, SocketState
from hil.protocol.spec.diagrams import diagrams

SPEC: Final = Path(__file__).parents[1] / "SPEC.md"

SOCKET_ENDS: Final = frozenset({SocketState.IDLE, SocketState.SETTLING})
"""States in which the socket sells nothing; what leads there stands in the diagram of the endings."""
CABLE_ENDS: Final = frozenset({CableState.ENDED})
"""The same of the cable."""

_REGION = re.compile(r"(<!-- generated: ([a-z ]+) -->\n).*?(<!-- end -->\n)", re.DOTALL)
_UNITS: Final = {"s": "s", "mwh": "mWh", "w": "W"}


def regions() -> dict[str, str]:
    """Return the text of each generated region, by name."""
    return {
        "socket diagram": diagrams(SOCKET_TABLE, SocketState, SOCKET_ENDS),
        "socket members": members(SocketState, SocketEvent, SocketAction),
        "socket transitions": transitions(SOCKET_TABLE, SocketState),
        "cable diagram": diagrams(CABLE_TABLE, CableState, CABLE_ENDS),
        "cable members": members(CableState, CableEvent, CableAction),
        "cable transitions": transitions(CABLE_TABLE, CableState),
        "policy": policy_numbers(),
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


def policy_numbers() -> str:
    """Return the fields of Policy with their defaults and units; sources stand in the code."""
    meanings = member_meanings(Policy)
    rows = [
        (
            f"`{field.name}`",
            f"{field.default:g} {_UNITS[field.name.rpartition('_')[2]]}",
            _unsourced(meanings[field.name]),
        )
        for field in dataclasses.fields(Policy)
    ]
    return _markdown(("name", "default", "meaning"), rows)


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
    return re.sub(r" \([^()]*(?:docs/system|lock-out|field notes)[^()]*\)", "", meaning)


if __name__ == "__main__":
    SPEC.write_text(renewed(SPEC.read_text(encoding="utf-8")), encoding="utf-8")
