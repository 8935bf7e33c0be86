"""Recorded sessions, and one side of them played again against a fresh machine.

A recorded session is a list of events, each of one side: what goes into its machine (``in``) and what comes out of it
(``out``). A frame arrives at the other side the line's delay after it was sent, if it was not lost. Timers are not
listed, they are the machine's own; at one instant inputs come before timers.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from hil.protocol.cable.machine import CableMachine
from hil.protocol.checks import Refusal
from hil.protocol.codes import ErrorCode
from hil.protocol.effects import Effect, ExamineCoins, ExaminePayment, SessionEnded, Settle, SwitchContact, Transmit
from hil.protocol.payment.coins import Coin, OutPoint
from hil.protocol.payment.signing import Key
from hil.protocol.policy import CableLimits, Mode, Policy, SocketTerms
from hil.protocol.socket.machine import SocketMachine
from hil.protocol.wire.framing import FrameDecoder
from hil.protocol.wire.messages import Message, decode_message, message_name
from hil.tests.protocol.vector_files import Json
from hil.units import Satoshi


def coin_to_json(coin: Coin) -> Json:
    return {
        "txid": coin.outpoint.txid,
        "index": coin.outpoint.index,
        "value_sat": coin.value,
        "script": coin.script.hex(),
    }


def coin_from_json(data: Json) -> Coin:
    return Coin(OutPoint(data["txid"], data["index"]), Satoshi(data["value_sat"]), bytes.fromhex(data["script"]))


def socket_of(session: Json) -> SocketMachine:
    """Return a fresh socket as the session has it."""
    setup = session["socket"]
    terms = setup["terms"] | {"mode": Mode[setup["terms"]["mode"]]}
    return SocketMachine(SocketTerms(**terms), Policy(), lambda: bytes.fromhex(setup["payee_script"]))


def cable_of(session: Json) -> CableMachine:
    """Return a fresh cable as the session has it."""
    setup = session["cable"]
    pairs = [Key(bytes.fromhex(secret)) for secret in setup["secrets"]]
    keys = {script: key for key in pairs for script in (key.p2wpkh_script, key.p2pkh_script)}
    ids = itertools.count(int.from_bytes(bytes.fromhex(setup["session"]), "big"))
    return CableMachine(
        CableLimits(**setup["limits"]),
        Policy(),
        [coin_from_json(coin) for coin in setup["coins"]],
        keys,
        bytes.fromhex(setup["change_script"]),
        lambda: next(ids).to_bytes(8, "big"),
    )


def put_in(machine: SocketMachine | CableMachine, event: Json, now: float) -> list[Effect]:
    """Give one input of a recorded session to a machine."""
    if isinstance(machine, CableMachine):
        if event["in"] == "plugged":
            return machine.plug(now)
        return machine.on_power(event["power_w"], event["energy_mwh"], now)
    refusal = Refusal(ErrorCode[event["code"]], event["text"]) if event.get("code") else None
    match event["in"]:
        case "energy":
            return machine.on_energy(event["energy_mwh"], now)
        case "coins examined":
            return machine.on_coins_examined(event["question"], refusal, now)
        case "payment examined":
            return machine.on_payment_examined(event["question"], refusal, now)
        case _:
            return machine.on_settled(event["question"], event["failure"], now, lost=event["lost"])


def outputs(effects: list[Effect]) -> Iterator[Json]:
    """Yield what other implementations must do as well; notes and storage are a device's own."""
    for effect in effects:
        match effect:
            case Transmit(message, data):
                yield {"out": "frame", "message": message_name(message), "frame": data.hex()}
            case SwitchContact(closed):
                yield {"out": "contact", "closed": closed}
            case ExamineCoins(question, coins):
                yield {"out": "examine coins", "question": question, "coins": len(coins)}
            case ExaminePayment(question, n, _, coins, _, broadcast):
                asked = {"question": question, "n": n, "coins": len(coins), "broadcast": broadcast}
                yield {"out": "examine payment"} | asked
            case Settle(question, transaction):
                yield {"out": "settle", "question": question, "transaction": transaction.hex()}
            case SessionEnded(_, reason, payments):
                yield {"out": "session ended", "reason": reason, "payments": payments}


def message_in(frame: str) -> Message:
    """Return the message that a frame carries."""
    (payload,) = FrameDecoder().feed(bytes.fromhex(frame))
    assert isinstance(payload, bytes)
    return decode_message(payload)


def played_again(session: Json, side: str, line_delay_s: float) -> list[Json]:
    """Play one side of a recorded session against a fresh machine; return what comes out of it, in order.

    The machine gets its own inputs and the other side's frames, byte by byte as they stand there.
    """
    machine: Any = socket_of(session) if side == "socket" else cable_of(session)
    inputs: list[tuple[float, Callable[[float], list[Effect]]]] = []
    for event in session["events"]:
        if event["side"] == side and "in" in event:
            inputs.append((event["t"], partial(put_in, machine, event)))
        elif event["side"] != side and event.get("out") == "frame" and not event.get("lost"):
            data = bytes.fromhex(event["frame"])
            inputs.append((round(event["t"] + line_delay_s, 3), partial(machine.on_bytes, data)))
    inputs.sort(key=lambda timed: timed[0])
    made: list[Json] = []

    def wait(until: float) -> None:
        while (due := machine.next_deadline()) is not None and round(due, 3) < until:
            made.extend({"t": round(due, 3), "side": side} | out for out in outputs(machine.on_time(due)))

    for at, give in inputs:
        wait(at)
        made.extend({"t": at, "side": side} | out for out in outputs(give(at)))
    wait(session["stop_s"])
    return made
