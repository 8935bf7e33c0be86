"""State diagrams of a transition table as Mermaid text: the course of a session, and apart from it how sessions end.

One picture of all transitions is no longer readable. Each transition stands in exactly one of the two: those that
lead into an end, or on from one, in the second. There the states from which the same events lead to the same end
share a box, since most endings can come in many states.
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Mapping
from typing import Any

from hil.protocol.machine import Table

Arrows = Mapping[tuple[tuple[enum.Enum, ...], enum.Enum], Collection[enum.Enum]]
"""(source states, target state) -> events."""


def course(table: Table[Any, Any, Any], states: type[enum.Enum], ends: Collection[enum.Enum]) -> Arrows:
    """Return the arrows of the course of a session; transitions that share both ends share an arrow."""
    arrows: dict[tuple[tuple[enum.Enum, ...], enum.Enum], list[enum.Enum]] = {}
    for state, event, target in _transitions(table, states):
        if not _is_ending(state, target, states, ends):
            arrows.setdefault(((state,), target), []).append(event)
    return arrows


def endings(table: Table[Any, Any, Any], states: type[enum.Enum], ends: Collection[enum.Enum]) -> Arrows:
    """Return the arrows of the endings; events that end the same states in the same way share an arrow."""
    sources: dict[tuple[enum.Enum, enum.Enum], list[enum.Enum]] = {}
    for state, event, target in _transitions(table, states):
        if _is_ending(state, target, states, ends):
            sources.setdefault((event, target), []).append(state)
    arrows: dict[tuple[tuple[enum.Enum, ...], enum.Enum], list[enum.Enum]] = {}
    for (event, target), some in sources.items():
        arrows.setdefault((tuple(some), target), []).append(event)
    return arrows


def mermaid(arrows: Arrows, start: enum.Enum | None = None) -> str:
    """Return the arrows as a Mermaid state diagram; each box is declared before its first arrow.

    :param start: the state into which the machine is made, if it is to be marked.
    """
    lines = ["```mermaid", "stateDiagram-v2"]
    boxes = dict.fromkeys(box for sources, target in arrows for box in (sources, (target,)))
    names = {box: _identifier(box, number) for number, box in enumerate(boxes, start=1)}
    for box, name in names.items():
        lines += [f"    {name}: {state.value}" for state in box]
    if start is not None:
        lines.append(f"    [*] --> {names[(start,)]}")
    for (sources, target), events in arrows.items():
        lines.append(f"    {names[sources]} --> {names[(target,)]}: {', '.join(str(event.value) for event in events)}")
    return "\n".join([*lines, "```\n"])


def diagrams(table: Table[Any, Any, Any], states: type[enum.Enum], ends: Collection[enum.Enum]) -> str:
    """Return both diagrams of a role with a line above each.

    :param ends: the states in which no session is paid for any more; the machine begins in the first of ``states``.
    """
    start = next(iter(states))
    return (
        f"The way of a session:\n\n{mermaid(course(table, states, ends), start)}\n"
        "How sessions end. A box with several names stands for each of these states; all other boxes for one.\n\n"
        f"{mermaid(endings(table, states, ends))}"
    )


def _is_ending(state: enum.Enum, target: enum.Enum, states: type[enum.Enum], ends: Collection[enum.Enum]) -> bool:
    return target in ends or (state in ends and state is not next(iter(states)))


def _transitions(table: Table[Any, Any, Any], states: type[enum.Enum]) -> list[tuple[enum.Enum, enum.Enum, enum.Enum]]:
    order = list(states)
    entries = sorted(table.items(), key=lambda entry: order.index(entry[0][0]))
    return [(state, event, target) for (state, event), (target, _) in entries]


def _identifier(box: tuple[enum.Enum, ...], number: int) -> str:
    """Return a name that Mermaid takes: the state's own, or a number for a box with several states."""
    return f"any_{number}" if len(box) > 1 else str(box[0].value).replace(" ", "_").replace("-", "_")
