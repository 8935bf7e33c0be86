"""One side of a recorded session: its machine with all inputs, and what a power cut leaves of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from hil.protocol.cable.machine import CableMachine
from hil.protocol.checks import Refusal
from hil.protocol.codes import ErrorCode
from hil.protocol.effects import (
    Effect,
    ExamineCoins,
    ExaminePayment,
    KeepCoins,
    Remember,
    SessionEnded,
    Settle,
    SwitchContact,
    Transmit,
)
from hil.protocol.payment.coins import Coin, OutPoint
from hil.protocol.payment.signing import Key
from hil.protocol.policy import CableLimits, Mode, Network, Policy, SocketTerms
from hil.protocol.records import CableRecord, Record, SocketRecord
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


def settings_to_json(settings: Policy | SocketTerms | CableLimits) -> Json:
    """Return every field, enumerations by name."""

    def plain(value: Any) -> Any:
        if isinstance(value, tuple):
            return [plain(each) for each in value]
        return value.name if isinstance(value, Mode | Network) else value

    return {field.name: plain(getattr(settings, field.name)) for field in dataclasses.fields(settings)}


def terms_from_json(data: Json) -> SocketTerms:
    return SocketTerms(**(data | {"mode": Mode[data["mode"]], "network": Network[data["network"]]}))


def limits_from_json(data: Json) -> CableLimits:
    modes = tuple(Mode[name] for name in data["modes"])
    return CableLimits(**(data | {"modes": modes, "network": Network[data["network"]]}))


class Side:
    """A socket or a cable, off at first. It remembers what its machine asks it to, and nothing else, when it is off."""

    def __init__(self, role: str, setup: Json) -> None:
        self.role = role
        self.machine: Any = None
        self._setup = setup
        fresh = setup["payee_scripts"] if role == "socket" else setup["session_ids"]
        self._fresh = iter([bytes.fromhex(each) for each in fresh])
        self._changes = iter([bytes.fromhex(each) for each in setup.get("change_scripts", ())])
        self._record: Record | None = None
        self._candidates: tuple[tuple[Coin, ...], ...] = ()

    def next_deadline(self) -> float | None:
        due: float | None = self.machine.next_deadline() if self.machine is not None else None
        return due

    def hear(self, data: bytes, now: float) -> list[Effect]:
        """Take a frame; a side that is off hears nothing."""
        return self._kept(self.machine.on_bytes(data, now)) if self.machine is not None else []

    def on_time(self, now: float) -> list[Effect]:
        return self._kept(self.machine.on_time(now))

    def put_in(self, event: Json, now: float) -> list[Effect]:
        """Give one input of a recorded session to the machine."""
        if event["in"] == "power off":
            self.machine = None
            return []
        if event["in"] == "power on":
            return self._kept(self._start_socket(now) if self.role == "socket" else self._start_cable(now))
        if self.machine is None:
            raise AssertionError(f"{event} while the {self.role} is off")
        if event["in"] == "bytes":
            return self.hear(bytes.fromhex(event["bytes"]), now)
        return self._kept(_socket_input(self.machine, event, now) if self.role == "socket" else self._read(event, now))

    def _kept(self, effects: list[Effect]) -> list[Effect]:
        for effect in effects:
            match effect:
                case Remember(record):
                    self._record = record
                case KeepCoins(candidates):
                    self._candidates = candidates
                case SessionEnded():
                    self._record = None
        return effects

    def _start_socket(self, now: float) -> list[Effect]:
        setup = self._setup
        self.machine = SocketMachine(
            terms_from_json(setup["terms"]), Policy(**setup["policy"]), lambda: next(self._fresh)
        )
        restored: list[Effect] = (
            self.machine.restore(self._record, now) if isinstance(self._record, SocketRecord) else []
        )
        return restored

    def _start_cable(self, now: float) -> list[Effect]:
        setup = self._setup
        pairs = [Key(bytes.fromhex(secret)) for secret in setup["secrets"]]
        self.machine = CableMachine(
            limits_from_json(setup["limits"]),
            Policy(**setup["policy"]),
            [coin_from_json(coin) for coin in setup["coins"]],
            {script: key for key in pairs for script in (key.p2wpkh_script, key.p2pkh_script)},
            next(self._changes),
            lambda: next(self._fresh),
        )
        self.machine.restore(self._candidates, self._record if isinstance(self._record, CableRecord) else None)
        plugged: list[Effect] = self.machine.plug(now)
        return plugged

    def _read(self, event: Json, now: float) -> list[Effect]:
        assert event["in"] == "meter", event
        effects: list[Effect] = self.machine.on_power(event["power_w"], event["energy_mwh"], now, live=event["live"])
        return effects


def _socket_input(machine: SocketMachine, event: Json, now: float) -> list[Effect]:
    refusal = Refusal(ErrorCode[event["code"]], "by the ledger") if event.get("code") else None
    match event["in"]:
        case "meter":
            return [*machine.on_energy(event["energy_mwh"], now), *machine.on_power(event["power_w"], now)]
        case "coins examined":
            return machine.on_coins_examined(event["question"], refusal, now)
        case "payment examined":
            return machine.on_payment_examined(event["question"], refusal, now)
        case "settled":
            return machine.on_settled(event["question"], event["failure"], now, lost=event["lost"])
        case "ledger lost":
            return machine.on_ledger_lost("no answer", now, event["question"])
        case "conflict":
            return machine.on_conflict(event["txid"], now)
        case "unplugged":
            return machine.on_unplugged(now)
        case "fault":
            return machine.on_fault(now)
    raise AssertionError(f"no input of a socket: {event}")


def outputs(effects: list[Effect]) -> Iterator[Json]:
    """Yield what other implementations must do as well; notes and storage are a device's own."""
    for effect in effects:
        match effect:
            case Transmit(message, data):
                yield {"out": "frame", "message": message_name(message), "frame": data.hex()}
            case SwitchContact(closed):
                yield {"out": "contact", "closed": closed}
            case ExamineCoins(question, coins, confirmations):
                asked = {"question": question, "coins": len(coins), "min_confirmations": confirmations}
                yield {"out": "examine coins"} | asked
            case ExaminePayment(question, n, transaction, coins, _, broadcast):
                asked = {"question": question, "n": n, "coins": len(coins), "broadcast": broadcast}
                yield {"out": "examine payment"} | asked | {"transaction": transaction.hex()}
            case Settle(question, transaction):
                yield {"out": "settle", "question": question, "transaction": transaction.hex()}
            case SessionEnded(session, reason, payments):
                ended = {"session": session.hex(), "reason": reason.upper(), "payments": payments}
                yield {"out": "session ended"} | ended


def message_in(frame: str) -> Message:
    """Return the message that a frame carries."""
    (payload,) = FrameDecoder().feed(bytes.fromhex(frame))
    assert isinstance(payload, bytes)
    return decode_message(payload)
