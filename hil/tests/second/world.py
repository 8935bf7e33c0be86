"""A cable and a socket of the second counterpart, with mains, appliance, ledger, and a line that errs."""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING

from bitcoin.core import Hash160, b2lx
from embit.util import secp256k1

from hil.second.cable import Cable
from hil.second.codes import CloseReason, Mode
from hil.second.coins import Coin
from hil.second.money.transactions import parse, txid_of
from hil.second.socket import LedgerSilent, Output, Socket
from hil.second.terms import Limits, Terms
from hil.second.wire.frames import unframe
from hil.second.wire.messages import Message, decode

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SECRET = bytes([0x11]) * 32
KEY_HASH = Hash160(secp256k1.ec_pubkey_serialize(secp256k1.ec_pubkey_create(SECRET)))
COIN_SCRIPT = b"\x00\x14" + KEY_HASH
CHANGE_SCRIPT = b"\x76\xa9\x14" + KEY_HASH + b"\x88\xac"
LINE_DELAY_S = 0.002
LATE_S = 0.9
FATES = ("arrives", "lost", "twice", "late")


class MemoryLedger:
    """Outputs that nothing spends, and what was broadcast; may fall silent."""

    def __init__(self, coins: Sequence[Coin]) -> None:
        self._coins = coins
        self.conflicts_asked = 0
        self.forget()
        self.silent = False
        self.refusal: str | None = None

    def forget(self) -> None:
        """Drop all that was sent: nothing of it is in a block."""
        self.unspent = {coin.outpoint: Output(coin.value_sat, coin.script, 1) for coin in self._coins}
        self.spenders: dict[tuple[str, int], str] = {}
        self.sent: list[bytes] = []

    def coin(self, txid: str, index: int) -> Output | None:
        self._hear()
        return self.unspent.get((txid, index))

    def accepts(self, raw: bytes) -> str | None:
        self._hear()
        if self.refusal is not None:
            return self.refusal
        known = all(outpoint in self.unspent for outpoint in _spent_by(raw))
        return None if known or raw in self.sent else "bad-txns-inputs-missingorspent"

    def broadcast(self, raw: bytes) -> str | None:
        reason = self.accepts(raw)
        if reason is None and raw not in self.sent:
            self.spend(raw)
        return reason

    def conflict(self, raw: bytes) -> str | None:
        self.conflicts_asked += 1
        self._hear()
        spenders = {self.spenders.get(outpoint) for outpoint in _spent_by(raw)} - {None, txid_of(raw)}
        return next(iter(spenders), None)

    def spend(self, raw: bytes) -> None:
        """Take a transaction into the mempool."""
        for outpoint in _spent_by(raw):
            del self.unspent[outpoint]
            self.spenders[outpoint] = txid_of(raw)
        for index, output in enumerate(parse(raw).vout):
            self.unspent[txid_of(raw), index] = Output(output.nValue, bytes(output.scriptPubKey), 0)
        self.sent.append(raw)

    def paid_to(self, script: bytes) -> int:
        """Return what was paid to a script in all."""
        return sum(
            output.nValue for raw in self.sent for output in parse(raw).vout if bytes(output.scriptPubKey) == script
        )

    def _hear(self) -> None:
        if self.silent:
            raise LedgerSilent


def _spent_by(raw: bytes) -> list[tuple[str, int]]:
    return [(b2lx(each.prevout.hash), each.prevout.n) for each in parse(raw).vin]


@dataclass
class World:
    """Both sides, and all between them.

    :param power_w: what the appliance draws while there is voltage.
    :param appliance_wh: after so much it draws nothing.
    :param fates: what becomes of the first frames on the line, of both directions; later ones arrive.
    :param socket_gain: what the socket's meter counts for 1 Wh.
    """

    terms: Terms = field(default_factory=Terms)
    limits: Limits = field(default_factory=Limits)
    max_payments: int = 2
    power_w: float = 1800.0
    appliance_wh: float = 1000.0
    fates: Sequence[str] = ()
    coin_sat: Sequence[int] = (200_000,)
    coins: Sequence[Coin] | None = None
    payees: Sequence[bytes] = tuple(bytes([0x00, 0x14, n]) + bytes(19) for n in range(100))
    modes: Sequence[Mode] = tuple(Mode)
    change_script: bytes = CHANGE_SCRIPT
    socket_gain: float = 1.0
    metering_s: float | None = None
    now: float = 0.0
    delivered_wh: float = 0.0
    contact: bool = False
    most_overdrawn_mwh: int = 0
    messages: list[tuple[str, Message]] = field(default_factory=list)

    def __post_init__(self) -> None:
        coins = self.coins
        if coins is None:
            coins = [Coin(f"{n:02x}" * 32, n, value, COIN_SCRIPT) for n, value in enumerate(self.coin_sat, start=1)]
        unused, ids = iter(self.payees), count(1)
        self.ledger = MemoryLedger(coins)
        self.cable = Cable(
            coins=coins,
            keys={COIN_SCRIPT: SECRET, CHANGE_SCRIPT: SECRET},
            change_script=self.change_script,
            session_id=lambda: next(ids).to_bytes(8, "big"),
            write=lambda data: self._send("cable", data),
            energy_wh=lambda: self.delivered_wh,
            power_w=self._power_w,
            live=lambda: self.contact,
            limits=self.limits,
            max_payments=self.max_payments,
            modes=self.modes,
        )
        self.socket = Socket(
            terms=self.terms,
            new_payee=lambda: next(unused),
            write=lambda data: self._send("socket", data),
            set_contact=self._switch,
            energy_wh=lambda: self.delivered_wh * self.socket_gain,
            power_w=self._power_w,
            ledger=self.ledger,
            metering_s=self.metering_s,
        )
        self._fates = iter(self.fates)
        self._order = count()
        self._in_flight: list[tuple[float, int, str, bytes]] = []

    def run(self, until_s: float, stop: Callable[[], bool] = lambda: False) -> None:
        """Let time pass."""
        while not stop():
            deadlines = [self.cable.next_deadline(), self.socket.next_deadline()]
            if self._in_flight:
                deadlines.append(self._in_flight[0][0])
            at = min((each for each in deadlines if each is not None), default=math.inf)
            if at > until_s:
                break
            self._flow(at)
            self._deliver()
            for side in (self.socket, self.cable):
                if (deadline := side.next_deadline()) is not None and deadline <= self.now:
                    side.on_time(self.now)
        else:
            return
        self._flow(until_s)

    def reasons(self) -> list[CloseReason]:
        """Return why the socket's sessions ended."""
        return [end.reason for end in self.socket.ended]

    def inject(self, to: str, data: bytes) -> None:
        """Put bytes on the line that neither side sent, at once."""
        receiver = self.socket if to == "socket" else self.cable
        receiver.on_bytes(data, self.now)

    def _power_w(self) -> float:
        return self.power_w if self.contact and self.delivered_wh < self.appliance_wh else 0.0

    def _flow(self, until: float) -> None:
        self.delivered_wh += self._power_w() * max(0.0, until - self.now) / 3600
        self.now = max(self.now, until)

    def _switch(self, closed: bool) -> None:
        if self.contact and not closed:
            self.most_overdrawn_mwh = max(self.most_overdrawn_mwh, -self.socket.credit_mwh)
        self.contact = closed

    def _send(self, sender: str, data: bytes) -> None:
        payload = unframe(data[:-1])
        assert isinstance(payload, bytes)
        self.messages.append((sender, decode(payload)))
        fate = next(self._fates, "arrives")
        if fate == "lost":
            return
        delay = LATE_S if fate == "late" else LINE_DELAY_S
        for _ in range(2 if fate == "twice" else 1):
            heapq.heappush(self._in_flight, (round(self.now + delay, 6), next(self._order), sender, data))

    def _deliver(self) -> None:
        while self._in_flight and self._in_flight[0][0] <= self.now:
            _, _, sender, data = heapq.heappop(self._in_flight)
            receiver = self.socket if sender == "cable" else self.cable
            for piece in (data[:3], data[3:]):
                receiver.on_bytes(piece, self.now)
