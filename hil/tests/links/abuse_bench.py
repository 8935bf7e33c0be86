"""One reference device against a counterpart that cheats: a bench in memory, in lockstep, without rig and chain."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from hil.devices.board import Board
from hil.devices.firmware.factory import build
from hil.endpoints.cable import CableEndpoint
from hil.endpoints.common import EndpointHooks
from hil.endpoints.counterpart import Counterpart, MemoryJournal
from hil.endpoints.socket import SocketEndpoint
from hil.links.abuses.catalogue import AbuseRow
from hil.links.abuses.model import Cheat, Tools
from hil.links.abuses.simple import carry_out
from hil.ports import Acceptance, CoinStatus
from hil.protocol.cable.machine import CableMachine
from hil.protocol.payment.account import RECEIVE, Account
from hil.protocol.payment.coins import Coin, OutPoint
from hil.protocol.payment.signing import Key
from hil.protocol.payment.transactions import parse_transaction, txid
from hil.protocol.policy import CableLimits, Mode, Policy, SocketTerms
from hil.protocol.socket.machine import SocketMachine
from hil.protocol.wire.messages import Funding, Message, Offer, Payment, Receipt
from hil.rig.virtual.lockstep_clock import LockstepClock
from hil.tests.links.device_reader import FrameReader
from hil.units import Satoshi, Watt, WattHour

POWER_W = 1300.0
FUNDS_SAT = 200_000
SEED = hashlib.sha256(b"abuse").digest()
CABLE, CHANGE, PAYEE = Key(b"\x02" * 32), Key(b"\x03" * 32), Account(hashlib.sha256(b"payee").digest())


class Mempool:
    """A ledger with a mempool: conflicts are decided by fee, and what is new is not confirmed."""

    def __init__(self, coins: list[Coin]) -> None:
        self._confirmed = {coin.outpoint: coin for coin in coins}
        self.transactions: dict[str, bytes] = {}

    def ready(self) -> bool:
        return True

    def coin(self, outpoint: OutPoint) -> CoinStatus | None:
        found = None if self._spender(outpoint) else self._output(outpoint)
        confirmations = 6 if outpoint in self._confirmed else 0
        return CoinStatus(found.value, found.script, confirmations) if found else None

    def accepts(self, transaction: bytes) -> Acceptance:
        parsed = parse_transaction(transaction)
        if txid(parsed) in self.transactions:
            return Acceptance(True)
        outpoints = _spends(transaction)
        if any(self._output(outpoint) is None for outpoint in outpoints):
            return Acceptance(False, "missing-inputs")
        rivals = {spender for outpoint in outpoints if (spender := self._spender(outpoint))}
        if any(self._fee(self.transactions[rival]) >= self._fee(transaction) for rival in rivals):
            return Acceptance(False, "insufficient fee")
        return Acceptance(True)

    def broadcast(self, transaction: bytes) -> Acceptance:
        answer = self.accepts(transaction)
        if answer.allowed:
            for outpoint in _spends(transaction):
                self._remove(self._spender(outpoint))
            self.transactions[txid(parse_transaction(transaction))] = transaction
        return answer

    def conflict(self, transaction: bytes) -> str | None:
        own = txid(parse_transaction(transaction))
        spenders = [self._spender(outpoint) for outpoint in _spends(transaction)]
        return next((spender for spender in spenders if spender and spender != own), None)

    def paid_to(self, scripts: set[bytes]) -> int:
        """Satoshi that the mempool pays to the scripts."""
        outputs = [output for raw in self.transactions.values() for output in parse_transaction(raw).vout]
        paid: int = sum(output.nValue for output in outputs if bytes(output.scriptPubKey) in scripts)
        return paid

    def _remove(self, name: str | None) -> None:
        if name is None or name not in self.transactions:
            return
        for index in range(len(parse_transaction(self.transactions[name]).vout)):
            self._remove(self._spender(OutPoint(name, index)))
        del self.transactions[name]

    def _spender(self, outpoint: OutPoint) -> str | None:
        return next((name for name, raw in self.transactions.items() if outpoint in _spends(raw)), None)

    def _output(self, outpoint: OutPoint) -> Coin | None:
        if outpoint.txid in self.transactions:
            outputs = parse_transaction(self.transactions[outpoint.txid]).vout
            if outpoint.index < len(outputs):
                output = outputs[outpoint.index]
                return Coin(outpoint, Satoshi(output.nValue), bytes(output.scriptPubKey))
        return self._confirmed.get(outpoint)

    def _fee(self, transaction: bytes) -> int:
        coins = [self._output(outpoint) for outpoint in _spends(transaction)]
        paid: int = sum(output.nValue for output in parse_transaction(transaction).vout)
        return sum(coin.value for coin in coins if coin) - paid


def _spends(raw: bytes) -> list[OutPoint]:
    return [OutPoint(txin.prevout.hash[::-1].hex(), txin.prevout.n) for txin in parse_transaction(raw).vin]


class _Memory:
    def __init__(self) -> None:
        self.records: dict[str, bytes] = {}

    def read(self, name: str) -> bytes | None:
        return self.records.get(name)

    def write(self, name: str, record: bytes) -> None:
        self.records[name] = record


@dataclass
class _Output:
    write: Callable[[bytes], None]


@dataclass
class _Switch:
    switch: Callable[[bool], None]

    def set(self, *, closed: bool) -> None:
        self.switch(closed)


@dataclass(frozen=True)
class Seen:
    """A message that passed on the line."""

    t: float
    message: Message


class AbuseBench:
    """The device under test, its line, the appliance and the ledger; and the counterpart that carries out a row."""

    name = "line"

    def __init__(self, row: AbuseRow, mode: str) -> None:
        self.row, self.mode = row, mode
        self.now = 0.0
        self.energy_wh = 0.0
        self.closed = False
        self.opened_at: float | None = None
        self.struck_at: list[float] = []
        self.from_device: list[Seen] = []
        self.to_device: list[Seen] = []
        self.bytes_sent = self.bytes_received = 0
        self._sent = b""
        self._written: list[bytes] = []
        self._listener: Callable[[bytes], None] = lambda data: None
        self._entropy = itertools.count()
        self._readers = FrameReader(), FrameReader()
        owner = CABLE if row.who == "cable" else Account(SEED).key(RECEIVE, 0)
        self.coins = [
            Coin(OutPoint(f"{index + 1:064x}", index), Satoshi(row.funds_sat or FUNDS_SAT), owner.p2wpkh_script)
            for index in range(row.coins)
        ]
        self.ledger = Mempool(self.coins)
        self.program = build(row.device, self._profile(), self._board())
        self.clock = LockstepClock(self)
        self.clock.attach(self)
        self.cheat: Cheat
        self._counterpart = Counterpart(self._endpoint(), self, self.clock)
        self.program.power_on(0.0)
        self._counterpart.start()

    # --- what a test asks --------------------------------------------------------------------------------------

    def seen(self, kind: type[Message]) -> list[Seen]:
        """Messages of this kind from the device."""
        return [each for each in self.from_device if isinstance(each.message, kind)]

    def power(self) -> Watt:
        return Watt(POWER_W if self.closed else 0.0)

    def unpaid_mwh(self) -> float:
        """What the socket delivered beyond what the ledger, or while the session goes on its receipts, give it."""
        if self.cheat_over():
            scripts = {each.message.payee_script for each in self.from_device if isinstance(each.message, Offer)}
            return self.energy_wh * 1000 - self.ledger.paid_to(scripts) * 1000 / SocketTerms().tariff_sat_per_wh
        receipts = [each.message.credited_mwh for each in self.from_device if isinstance(each.message, Receipt)]
        return self.energy_wh * 1000 - max(receipts, default=0)

    def cheat_over(self) -> bool:
        return self.row.must not in {"go-on", "object"}

    def lost_sat(self) -> float:
        """What the cable signed away beyond its change and fees, less what it was delivered."""
        changes = {each.message.change_script for each in self.from_device if isinstance(each.message, Funding)}
        signed = {each.message.n: each.message for each in self.from_device if isinstance(each.message, Payment)}
        gone = [
            sum(
                output.nValue
                for output in parse_transaction(each.transaction).vout
                if bytes(output.scriptPubKey) not in changes
            )
            for each in signed.values()
        ]
        paid = max(gone, default=0) if self.mode == "single-fee" else sum(gone)
        return paid - self.energy_wh * SocketTerms().tariff_sat_per_wh

    # --- the line and the far side of the clock ----------------------------------------------------------------

    def write(self, data: bytes) -> None:
        self.bytes_sent += len(data)
        self._written.append(data)
        self._log(self.to_device, self._readers[0].feed(data))

    def listen(self, listener: Callable[[bytes], None]) -> None:
        self._listener = listener

    def receive_until(self, total: int) -> None:
        data = self._sent[self.bytes_received : total]
        self.bytes_received = total
        if data:
            self._listener(data)

    def advance(
        self, until: float, received: Mapping[str, int], meanwhile: Callable[[], None]
    ) -> tuple[float, Mapping[str, int]]:
        meanwhile()
        before = len(self._sent)
        while self._written:
            self.program.on_link_bytes(self._written.pop(0), self.now)
        while len(self._sent) == before and self.now < until:
            due = self.program.next_deadline()
            then = until if due is None else min(until, max(due, self.now + 1e-9))
            self.energy_wh += self.power() * (then - self.now) / 3600
            self.now = then
            if due is not None and due <= then:
                self.program.on_time(then)
        return self.now, {self.name: len(self._sent)}

    # --- the device under test ---------------------------------------------------------------------------------

    def _profile(self) -> dict[str, Any]:
        profile: dict[str, Any] = {"account": SEED.hex(), "boot": ()}
        if self.row.device == "socket":
            return profile | {"mode": self.mode}
        coins = [
            {"txid": c.outpoint.txid, "index": c.outpoint.index, "value_sat": int(c.value), "script": c.script.hex()}
            for c in self.coins
        ]
        return profile | {"coins": coins, "max_payments": self.row.max_payments or 100}

    def _board(self) -> Board:
        return Board(
            link=_Output(self._from_device),
            console=_Output(lambda data: None),
            contact=_Switch(self._switch if self.row.device == "socket" else lambda closed: None),
            meter=self,
            storage=_Memory(),
            ledger=self.ledger if self.row.device == "socket" else None,
            entropy=lambda count: hashlib.sha256(f"{next(self._entropy)}".encode()).digest()[:count],
        )

    def live(self) -> bool:
        return self.closed

    def energy(self) -> WattHour:
        return WattHour(self.energy_wh)

    def _from_device(self, data: bytes) -> None:
        self._sent += data
        self._log(self.from_device, self._readers[1].feed(data))

    def _switch(self, closed: bool) -> None:
        if self.closed and not closed:
            self.opened_at = self.now
        self.closed = closed

    def _log(self, log: list[Seen], decoded: Sequence[tuple[object, bytes]]) -> None:
        log += [Seen(self.now, item) for item, _ in decoded if isinstance(item, Message)]

    # --- the counterpart ---------------------------------------------------------------------------------------

    def _endpoint(self) -> CableEndpoint | SocketEndpoint:
        keys = {key.p2wpkh_script: key for key in (CABLE, CHANGE)}
        tools = Tools(
            coins=self.coins,
            keys=keys,
            change=CHANGE.p2wpkh_script,
            write=self.write,
            later=lambda seconds, act: self._later(seconds, act),
            ledger=self.ledger,
        )
        self.cheat = carry_out(self.row, tools)
        self.cheat.on_strike = lambda: self.struck_at.append(self.now)
        self.cheat.set_contact = self._switch
        hooks = EndpointHooks(before_sending=self.cheat.before_sending)
        sessions = itertools.count(1)
        if self.row.who == "cable":
            limits = CableLimits(max_payments=self.row.max_payments or 100)
            machine = CableMachine(
                limits,
                Policy(),
                self.coins,
                keys,
                CHANGE.p2wpkh_script,
                lambda: next(sessions).to_bytes(8, "big"),
            )
            return CableEndpoint(
                machine,
                write=self.write,
                energy_wh=self.energy,
                power_w=self.power,
                live=self.live,
                journal=MemoryJournal(),
                hooks=hooks,
            )
        terms = replace(SocketTerms(), mode=Mode[self.mode.upper().replace("-", "_")])
        return SocketEndpoint(
            SocketMachine(terms, Policy(), lambda: PAYEE.key(RECEIVE, next(sessions)).p2wpkh_script),
            write=self.write,
            set_contact=lambda closed: self._switch(self.cheat.before_switching(closed)),
            energy_wh=self.energy,
            power_w=self.power,
            ledger=self.ledger,
            journal=MemoryJournal(),
            ledger_delay_s=0.0,
            hooks=hooks,
        )

    def _later(self, seconds: float, act: Callable[[], None]) -> None:
        self.clock.call_at(self.clock.now() + seconds, act)
