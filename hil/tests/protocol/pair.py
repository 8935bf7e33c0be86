"""Cable and socket as a pair in memory: no rig, no chain, virtual instants. For tests only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from hil.endpoints.cable import CableEndpoint
from hil.endpoints.common import EndpointHooks
from hil.endpoints.socket import CONFLICT_WATCH_S, METERING_S, SocketEndpoint
from hil.ports import Acceptance, CoinStatus
from hil.protocol.cable.machine import CableMachine
from hil.protocol.payment.coins import Coin, OutPoint
from hil.protocol.payment.signing import Key
from hil.protocol.payment.transactions import parse_transaction, txid
from hil.protocol.policy import CableLimits, Policy, SocketTerms
from hil.protocol.records import Record
from hil.protocol.socket.machine import SocketMachine
from hil.units import Satoshi

PAYEE = Key(b"\x01" * 32)
CABLE = Key(b"\x02" * 32)
CHANGE = Key(b"\x03" * 32)


class MemoryLedger:
    """A ledger that knows coins and takes any transaction that spends them; no scripts, no fees."""

    def __init__(self, coins: list[Coin]) -> None:
        self.coins = {coin.outpoint: coin for coin in coins}
        self.confirmations = 6
        self.sent: list[bytes] = []
        self.conflicting: str | None = None

    def ready(self) -> bool:
        return True

    def coin(self, outpoint: OutPoint) -> CoinStatus | None:
        coin = self.coins.get(outpoint)
        return CoinStatus(coin.value, coin.script, self.confirmations) if coin else None

    def accepts(self, transaction: bytes) -> Acceptance:
        spends = [
            OutPoint(txin.prevout.hash[::-1].hex(), txin.prevout.n) for txin in parse_transaction(transaction).vin
        ]
        known = all(outpoint in self.coins for outpoint in spends)
        return Acceptance(known, "" if known else "missing-inputs")

    def broadcast(self, transaction: bytes) -> Acceptance:
        if transaction in self.sent:
            return Acceptance(True)
        answer = self.accepts(transaction)
        if answer.allowed:
            self.sent.append(transaction)
            parsed = parse_transaction(transaction)
            for txin in parsed.vin:
                del self.coins[OutPoint(txin.prevout.hash[::-1].hex(), txin.prevout.n)]
            for index, output in enumerate(parsed.vout):
                outpoint = OutPoint(txid(parsed), index)
                self.coins[outpoint] = Coin(outpoint, Satoshi(output.nValue), bytes(output.scriptPubKey))
        return answer

    def conflict(self, transaction: bytes) -> str | None:
        return self.conflicting


class NoJournal:
    """Tests of the pair do not cut the power."""

    def remember(self, record: Record) -> None: ...

    def keep_coins(self, candidates: Sequence[tuple[Coin, ...]]) -> None: ...

    def forget(self) -> None: ...


@dataclass
class Pair:
    """A socket and a cable joined by a line without delay; the appliance draws ``power_w`` while power flows."""

    terms: SocketTerms = field(default_factory=SocketTerms)
    limits: CableLimits = field(default_factory=CableLimits)
    coin_values: tuple[int, ...] = (100_000,)
    power_w: float = 1300.0
    policy: Policy = field(default_factory=Policy)
    cable_hooks: EndpointHooks = field(default_factory=EndpointHooks)
    socket_hooks: EndpointHooks = field(default_factory=EndpointHooks)
    cable_meter_gain: float = 1.0
    script: bytes = CABLE.p2wpkh_script
    metering_s: float = METERING_S
    watch_s: float | None = CONFLICT_WATCH_S
    make_ledger: Callable[[list[Coin]], MemoryLedger] = MemoryLedger

    def __post_init__(self) -> None:
        self.now = 0.0
        self.energy_wh = 0.0
        self.closed = False
        self.switched: list[tuple[float, bool]] = []
        self.to_socket: list[bytes] = []
        self.to_cable: list[bytes] = []
        self.coins = [
            Coin(OutPoint(f"{index:064x}", index), Satoshi(value), self.script)
            for index, value in enumerate(self.coin_values)
        ]
        self.ledger = self.make_ledger(self.coins)
        sessions = iter(range(1, 1 << 16))
        payees = iter(range(1, 1 << 16))
        self.socket = SocketEndpoint(
            SocketMachine(self.terms, self.policy, lambda: Key(next(payees).to_bytes(32, "big")).p2wpkh_script),
            write=self.to_cable.append,
            set_contact=self._switch,
            energy_wh=lambda: self.energy_wh,
            power_w=self.present_power,
            ledger=self.ledger,
            journal=NoJournal(),
            ledger_delay_s=0.02,
            metering_s=self.metering_s,
            watch_s=self.watch_s,
            hooks=self.socket_hooks,
        )
        self.cable = CableEndpoint(
            CableMachine(
                self.limits,
                self.policy,
                self.coins,
                {key.p2wpkh_script: key for key in (CABLE, CHANGE)} | {CABLE.p2pkh_script: CABLE},
                CHANGE.p2wpkh_script,
                lambda: next(sessions).to_bytes(8, "big"),
            ),
            write=self.to_socket.append,
            energy_wh=lambda: self.energy_wh * self.cable_meter_gain,
            power_w=self.present_power,
            live=lambda: self.closed,
            journal=NoJournal(),
            hooks=self.cable_hooks,
        )

    def present_power(self) -> float:
        return self.power_w if self.closed else 0.0

    def _switch(self, closed: bool) -> None:
        self.closed = closed
        self.switched.append((self.now, closed))

    def deliver(self) -> None:
        """Hand over what is on the line until it is silent."""
        while self.to_socket or self.to_cable:
            while self.to_socket:
                self.socket.on_bytes(self.to_socket.pop(0), self.now)
            while self.to_cable:
                self.cable.on_bytes(self.to_cable.pop(0), self.now)

    def run(self, until: float) -> None:
        """Let time pass to ``until``, event by event."""
        self.deliver()
        while self.now < until:
            dues = [due for due in (self.socket.next_deadline(), self.cable.next_deadline()) if due is not None]
            then = min([until, *(max(due, self.now) for due in dues)])
            self.energy_wh += self.present_power() * (then - self.now) / 3600
            self.now = then
            self.socket.on_time(self.now)
            self.cable.on_time(self.now)
            self.deliver()

    def plug_and_run(self, until: float) -> None:
        """Plug the cable in and let time pass."""
        self.cable.plug(self.now)
        self.run(until)
