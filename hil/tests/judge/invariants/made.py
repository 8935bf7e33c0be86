"""Made timelines for the rules: the honest sessions of the vectors, told as a history, and what is changed in them."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from enum import IntEnum
from pathlib import Path
from typing import Any

import cbor2
from cobs import cobs

from hil.judge.frames import FrameReader
from hil.judge.invariants.history import Frame, History, Reading
from hil.judge.messages import MESSAGES, Close, Coin, Message, Sent

VECTORS = Path(__file__).parents[4] / "fixtures/data/vectors/sessions.json"
SESSIONS: dict[str, dict[str, Any]] = {
    each["name"]: each for each in json.loads(VECTORS.read_text(encoding="utf-8"))["sessions"]
}

SINGLE_FEE = "single-fee, closed by the socket at the cable's limit"
PER_PAYMENT = "per-payment, closed by the socket at the cable's limit"
P2PKH = "per-payment, P2PKH coin, payee and change"
LOST = "each message is lost once and repeated"
DRIFTING = "the socket's meter is 4 % ahead: before it is a payment ahead another session begins"

BOTH = ("socket", "cable")
NUMBERS = {name: number for number, name in enumerate(MESSAGES, start=1)}


def history(name: str = SINGLE_FEE, *, cheats: bool = False) -> History:
    """Return an honest session of the vectors, of which both sides are judged.

    :param cheats: what a vector has in place of an honest message was said by that side, and is judged too.
    """
    case = SESSIONS[name]
    frames = [
        frame_of(each["t"], each["side"], bytes.fromhex(each["frame"]), lost=each.get("lost", False))
        for each in case["events"]
        if each.get("out") == "frame"
    ]
    struck = min((frame.t for frame in frames if frame.lost), default=float("inf"))
    coins = [Coin(c["txid"], c["index"], c["value_sat"], bytes.fromhex(c["script"])) for c in case["cable"]["coins"]]
    inputs = [each for each in case["events"] if each.get("in") in ("power off", "power on", "unplugged") and each["t"]]
    switched = {side: [each["t"] for each in inputs if each["side"] == side] for side in BOTH}
    forged = min((each["t"] for each in case["events"] if _is_forged(each, cheats)), default=float("inf"))
    return History(
        frames,
        BOTH,
        coins,
        switched=switched,
        disturbed=[each["t"] for each in inputs],
        struck_at=struck,
        tampered_at=forged,
        readings=readings(case),
        off_w=0.5,
    )


def _is_forged(event: dict[str, Any], cheats: bool) -> bool:
    return event.get("in") == "bytes" or ("instead_of" in event and not cheats)


def as_on_a_bench(name: str) -> bool:
    """Tell whether a session of the vectors is one that a lab meter could have followed: its energy is not made up."""
    restarts = any(each.get("in") == "power on" and each["t"] for each in SESSIONS[name]["events"])
    return not restarts and not any(each.get("in") == "bytes" for each in SESSIONS[name]["events"])


def readings(case: dict[str, Any]) -> list[Reading]:
    """Return what a lab meter would have read of the energy that the cable counted, ten times a second."""
    counted = [each for each in case["events"] if each["side"] == "cable" and "energy_mwh" in each]
    closed = [each["t"] for each in case["events"] if each.get("out") == "contact" and each["closed"]]
    known = [(0.0, 0.0), (closed[0] if closed else 0.001, 0.0)]
    opened = [each["t"] for each in case["events"] if each.get("out") == "contact" and not each["closed"]]
    for each in counted:  # what a meter shows later had flowed when the contact opened
        t = min([each["t"], *(end for end in opened if end > known[-1][0])])
        if t > known[-1][0]:
            known.append((t, each["energy_mwh"] / 1000))
    known.append((case["stop_s"] + 5, known[-1][1]))
    found, at = [], 0
    for step in range(int(10 * (case["stop_s"] + 4))):
        t = step / 10
        while known[at + 1][0] < t:
            at += 1
        (t0, e0), (t1, e1) = known[at], known[at + 1]
        slope = (e1 - e0) / (t1 - t0) if t1 > t0 else 0.0
        found.append(Reading(t - 0.1, t, slope * 3600, e0 + slope * (t - t0)))
    return found


def frame_of(t: float, sender: str, raw: bytes, *, lost: bool = False) -> Frame:
    """Return bytes that passed at one instant."""
    ((item, seen),) = FrameReader().feed(raw)
    return Frame(t, t, t, sender, item, seen, lost)


def wire(message: Message) -> bytes:
    """Return the frame of a message; it need not be a good one."""
    values = [_plain(getattr(message, field.name)) for field in fields(message)]
    if isinstance(message, Close):
        values[-1] = bytes.fromhex(message.txid)[::-1]
    payload = cbor2.dumps([NUMBERS[message.NAME], *values])
    frame: bytes = cobs.encode(payload + zlib.crc32(payload).to_bytes(4, "big")) + b"\x00"
    return frame


def _plain(value: Any) -> Any:
    if isinstance(value, IntEnum):
        return int(value)
    if isinstance(value, Coin):
        return [bytes.fromhex(value.txid)[::-1], value.index, value.value_sat, value.script]
    return [_plain(each) for each in value] if isinstance(value, tuple) else value


def said(t: float, sender: str, message: Message) -> Frame:
    """Return a message that passed at one instant."""
    return frame_of(t, sender, wire(message))


def nth(made: History, kind: type[Message], number: int = 1, sender: str | None = None) -> int:
    """Return the position of the nth message of a kind."""
    found = [at for at, each in enumerate(made.frames) if isinstance(each.item, kind) and sender in (None, each.sender)]
    return found[number - 1]


def with_frames(made: History, frames: Sequence[Frame]) -> History:
    """Return the same history with other frames."""
    return replace(made, frames=sorted(frames, key=lambda each: each.t))


def changed(made: History, at: int, **changes: Any) -> History:
    """Return the history in which the message at a position had other fields."""
    frame = made.frames[at]
    assert isinstance(frame.item, Sent)
    message: Any = replace(frame.item, **changes)
    frames = list(made.frames)
    frames[at] = said(frame.t, frame.sender, message)
    return replace(made, frames=frames)


def every(made: History, sender: str, change: Callable[[Any], Any]) -> History:
    """Return the history in which all messages of one side had been changed."""
    frames = [said(each.t, each.sender, change(each.item)) if each.sender == sender else each for each in made.frames]
    return replace(made, frames=frames)


def raw_at(made: History, at: int, raw: bytes) -> History:
    """Return the history in which other bytes passed at a position."""
    frames = list(made.frames)
    frames[at] = frame_of(frames[at].t, frames[at].sender, raw)
    return replace(made, frames=frames)


def again(made: History, at: int, later_s: float, **changes: Any) -> History:
    """Return the history in which a message was said once more, so much later, with the sender's numbers in order."""
    frame = made.frames[at]
    assert isinstance(frame.item, Sent)
    message: Any = replace(frame.item, **changes)
    return renumbered(with_frames(made, [*made.frames, said(frame.t + later_s, frame.sender, message)]))


def renumbered(made: History) -> History:
    """Return the history with the messages of each side counted from 1 in each session."""
    counts: dict[tuple[str, bytes], int] = {}
    frames = []
    for frame in made.frames:
        assert isinstance(frame.item, Sent)
        key = frame.sender, frame.item.session
        counts[key] = counts.get(key, 0) + 1
        message: Any = replace(frame.item, sequence=counts[key])
        frames.append(said(frame.t, frame.sender, message))
    return replace(made, frames=frames)
