"""One side of a recorded session played again against a fresh machine, and what it does compared.

A recorded session is a list of events, each of one side: what goes into its machine (``in``) and what comes out of it
(``out``). A frame arrives at the other side the line's delay after it was sent, if it was not lost. Timers are not
listed, they are the machine's own; at one instant inputs come before timers.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from hil.protocol.effects import Effect
from hil.protocol.wire.messages import Error
from hil.tests.protocol.session_side import Side, message_in, outputs
from hil.tests.protocol.vector_files import Json


def played_again(session: Json, side: str, line_delay_s: float) -> list[Json]:
    """Play one side of a recorded session against a fresh machine; return what comes out of it, in order.

    The machine gets its own inputs and the other side's frames, byte by byte as they stand there.
    """
    player = Side(side, session[side])
    inputs: list[tuple[float, Callable[[float], list[Effect]]]] = []
    for event in session["events"]:
        if event["side"] == side and "in" in event:
            inputs.append((event["t"], partial(player.put_in, event)))
        elif event["side"] != side and event.get("out") == "frame" and not event.get("lost"):
            inputs.append((round(event["t"] + line_delay_s, 3), partial(player.hear, bytes.fromhex(event["frame"]))))
    inputs.sort(key=lambda timed: timed[0])
    made: list[Json] = []

    def wait(until: float) -> None:
        while (due := player.next_deadline()) is not None and round(due, 3) < until:
            made.extend({"t": round(due, 3), "side": side} | out for out in outputs(player.on_time(due)))

    for at, give in inputs:
        wait(at)
        made.extend({"t": at, "side": side} | out for out in outputs(give(at)))
    wait(session["stop_s"])
    return made


def done_by(session: Json, side: str) -> list[Json]:
    """Return what a side did, as its machine made it: before a cheat altered it, whether it arrived or not."""
    events = [event for event in session["events"] if event["side"] == side and "out" in event]
    made = [{key: what for key, what in event.items() if key not in ("lost", "instead_of")} for event in events]
    return [
        event | {"frame": was["instead_of"]} if "instead_of" in was else event
        for event, was in zip(made, events, strict=True)
    ]


def without_texts(events: list[Json]) -> list[Json]:
    """Return the events as they are compared: of ERROR all but its text, which is for people."""
    return [
        {key: what for key, what in event.items() if key != "frame"} | _error_parts(event["frame"])
        if event.get("message") == "ERROR"
        else event
        for event in events
    ]


def _error_parts(frame: str) -> Json:
    error = message_in(frame)
    assert isinstance(error, Error)
    return {"session": error.session.hex(), "sequence": error.sequence, "code": error.code.name}
