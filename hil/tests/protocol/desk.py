"""One machine on a desk: a tester plays its peer, its meter and its ledger by hand, message by message. For tests only.

``SocketDesk`` and ``CableDesk`` bring their machine into any state and let any event of its table happen, by what a
host can do (bytes, instants, readings, answers) and by nothing else.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from hil.protocol.cable.machine import CableMachine
from hil.protocol.cable.table import CABLE_TABLE, CableEvent, CableState
from hil.protocol.checks import Refusal
from hil.protocol.codes import CloseReason, ErrorCode
from hil.protocol.effects import Effect, ExamineCoins, ExaminePayment, Remember, Settle, SwitchContact, Transmit
from hil.protocol.payment.coins import Coin, OutPoint
from hil.protocol.payment.signing import Key, sign_transaction
from hil.protocol.payment.transactions import build_payment, parse_transaction
from hil.protocol.policy import CableLimits, Mode, Network, Policy, SocketTerms
from hil.protocol.records import CableRecord, SocketRecord
from hil.protocol.socket.machine import SocketMachine
from hil.protocol.socket.table import SOCKET_TABLE, SocketEvent, SocketState
from hil.protocol.wire.framing import encode_frame
from hil.protocol.wire.messages import (
    Close,
    DeclaredCoin,
    Error,
    Funding,
    Hello,
    Message,
    Meter,
    Offer,
    Payment,
    PaymentRequest,
    Receipt,
    encode_message,
)
from hil.units import Satoshi

M = TypeVar("M", bound=Message)

PAYEE, CABLE, CHANGE = Key(b"\x01" * 32), Key(b"\x02" * 32), Key(b"\x03" * 32)
KEYS = {CABLE.p2wpkh_script: CABLE, CABLE.p2pkh_script: CABLE, CHANGE.p2wpkh_script: CHANGE}
SESSIONS = [number.to_bytes(8, "big") for number in range(1, 20)]
LEDGER_DOWN = Refusal(ErrorCode.COIN_UNKNOWN, "no such coin")


class RecordingTable(dict[Any, Any]):
    """A transition table that remembers which of its transitions were taken."""

    def __init__(self, table: Mapping[Any, Any], taken: set[Any]) -> None:
        super().__init__(table)
        self._taken = taken

    def get(self, key: Any, default: Any = None) -> Any:
        if key in self:
            self._taken.add(key)
        return super().get(key, default)


def coin_of(value: int, number: int = 1, script: bytes = CABLE.p2wpkh_script) -> Coin:
    return Coin(OutPoint(f"{number:064x}", 0), Satoshi(value), script)


class _Desk:
    """What both desks share: the machine's effects, and a peer that counts its messages."""

    machine: SocketMachine | CableMachine

    def __init__(self) -> None:
        self.now = 0.0
        self.effects: list[Effect] = []
        self.session = SESSIONS[0]
        self.peer_sequence = 0
        self.taken: set[Any] = set()

    def take(self, effects: list[Effect]) -> list[Effect]:
        self.effects += effects
        return effects

    def say(self, kind: type[Message], *fields: Any, session: bytes | None = None) -> list[Effect]:
        """Let the peer say something; it counts on."""
        self.peer_sequence += 1
        message: Message = kind(session or self.session, self.peer_sequence, *fields)
        return self.tell(message)

    def tell(self, message: Message) -> list[Effect]:
        """Put a message on the line as it is."""
        return self.take(self.machine.on_bytes(encode_frame(encode_message(message)), self.now))

    def wait(self, seconds: float) -> list[Effect]:
        """Let time pass, timer by timer."""
        end, first = self.now + seconds, len(self.effects)
        while (due := self.machine.next_deadline()) is not None and due <= end:
            self.now = max(self.now, due)
            self.take(self.machine.on_time(self.now))
        self.now = end
        return self.effects[first:]

    def last(self, kind: type[M]) -> M:
        """Return the newest message of this kind that the machine sent."""
        return self.sent(kind)[-1]

    def sent(self, kind: type[M], effects: list[Effect] | None = None) -> list[M]:
        every = self.effects if effects is None else effects
        return [e.message for e in every if isinstance(e, Transmit) and isinstance(e.message, kind)]

    def errors(self, effects: list[Effect] | None = None) -> list[ErrorCode]:
        return [error.code for error in self.sent(Error, effects)]


class SocketDesk(_Desk):
    """A socket machine whose cable, meter and ledger are played by hand."""

    def __init__(self, *, coins: int = 100_000, script: bytes = PAYEE.p2wpkh_script, **terms: Any) -> None:
        super().__init__()
        self.coins = [coin_of(coins)]
        self.machine: SocketMachine = SocketMachine(SocketTerms(**terms), Policy(), lambda: script)
        self.machine.context.table = RecordingTable(SOCKET_TABLE, self.taken)
        self.energy_mwh = 0

    # --- the cable's part ---------------------------------------------------------------------------------------

    def hello(self, session: bytes | None = None, network: Network = Network.REGTEST) -> list[Effect]:
        self.session = session or self.session
        return self.say(Hello, 1, (Mode.SINGLE_FEE, Mode.PER_PAYMENT), network)

    def fund(self, coins: list[Coin] | None = None, most: int = 5) -> list[Effect]:
        declared = tuple(
            DeclaredCoin(c.outpoint.txid, c.outpoint.index, c.value, c.script) for c in (coins or self.coins)
        )
        return self.say(Funding, declared, CHANGE.p2wpkh_script, most)

    def pay(self, n: int | None = None, *, less: int = 0) -> list[Effect]:
        """Sign the newest request and send it; ``less`` satoshi are kept back."""
        request = self.last(PaymentRequest)
        unsigned = parse_transaction(request.transaction)
        if less:
            unsigned = build_payment(self.coins, PAYEE.p2wpkh_script, 1, 10_000 - less, CHANGE.p2wpkh_script, 10)
        signed = sign_transaction(unsigned, self.coins, KEYS)
        return self.say(Payment, request.n if n is None else n, signed.serialize())

    # --- the ledger's and the meter's part ----------------------------------------------------------------------

    def question(self) -> int:
        asked = [e.question for e in self.effects if isinstance(e, ExamineCoins | ExaminePayment | Settle)]
        return asked[-1] if asked else 0

    def answer_coins(self, refusal: Refusal | None = None) -> list[Effect]:
        return self.take(self.machine.on_coins_examined(self.question(), refusal, self.now))

    def answer_payment(self, refusal: Refusal | None = None) -> list[Effect]:
        return self.take(self.machine.on_payment_examined(self.question(), refusal, self.now))

    def answer_settled(self, failure: str | None = None, *, lost: bool = False) -> list[Effect]:
        return self.take(self.machine.on_settled(self.question(), failure, self.now, lost=lost))

    def deliver(self, energy_mwh: int) -> list[Effect]:
        self.energy_mwh += energy_mwh
        return self.take(self.machine.on_energy(self.energy_mwh, self.now))

    def effects_settled(self) -> bytes:
        """Return the transaction that was to be broadcast last."""
        return [e.transaction for e in self.effects if isinstance(e, Settle)][-1]

    def contact(self) -> bool:
        """Return what the contact was told last."""
        switched = [e.closed for e in self.effects if isinstance(e, SwitchContact)]
        return switched[-1] if switched else False

    # --- a restart ----------------------------------------------------------------------------------------------

    def restore(self, delivered_mwh: int, closing: int = 0) -> list[Effect]:
        """Have this machine find a session with one payment, 8000 mWh, in its storage."""
        other = SocketDesk().reach(SocketState.DELIVERING)
        (record,) = [effect.record for effect in other.effects if isinstance(effect, Remember)]
        assert isinstance(record, SocketRecord)
        self.peer_sequence = other.peer_sequence
        found = dataclasses.replace(record, delivered_mwh=delivered_mwh, closing=closing)
        return self.take(self.machine.restore(found, self.now))

    # --- states and events --------------------------------------------------------------------------------------

    def reach(self, state: SocketState) -> SocketDesk:
        """Bring the machine from IDLE into ``state``, the short way."""
        for step in _SOCKET_WAYS[state]:
            step(self)
        assert self.machine.state is state
        return self


_S, _E = SocketState, SocketEvent
Step = Callable[[SocketDesk], object]


def _exhausting(desk: SocketDesk) -> object:
    """Make the next proposal impossible. The coins of a session never change, so the tester reaches inside."""
    session = desk.machine.context.require_session()
    session.coins = (coin_of(1_000),)
    return desk.answer_coins() if desk.machine.state is _S.CHECKING_COINS else desk.deliver(6_000)


_OFFERED: list[Step] = [SocketDesk.hello]
_CHECKING_COINS: list[Step] = [*_OFFERED, SocketDesk.fund]
_AWAITING_PAYMENT: list[Step] = [*_CHECKING_COINS, SocketDesk.answer_coins]
_CHECKING_PAYMENT: list[Step] = [*_AWAITING_PAYMENT, SocketDesk.pay]
_DELIVERING: list[Step] = [*_CHECKING_PAYMENT, SocketDesk.answer_payment]
_AWAITING_TOP_UP: list[Step] = [*_DELIVERING, lambda desk: desk.deliver(6_000)]

_SOCKET_WAYS: dict[SocketState, list[Step]] = {
    _S.IDLE: [],
    _S.OFFERED: _OFFERED,
    _S.CHECKING_COINS: _CHECKING_COINS,
    _S.AWAITING_PAYMENT: _AWAITING_PAYMENT,
    _S.CHECKING_PAYMENT: _CHECKING_PAYMENT,
    _S.DELIVERING: _DELIVERING,
    _S.AWAITING_TOP_UP: _AWAITING_TOP_UP,
    _S.CHECKING_TOP_UP: [*_AWAITING_TOP_UP, SocketDesk.pay],
    _S.SUSPENDED: [lambda desk: desk.restore(1_000)],
    _S.SETTLING: [*_DELIVERING, lambda desk: desk.say(Close, CloseReason.APPLIANCE_FINISHED, 0, "")],
}

SOCKET_EVENTS: dict[SocketEvent, Step] = {
    _E.HELLO: lambda desk: desk.hello(SESSIONS[9]),
    _E.HELLO_AGAIN: SocketDesk.hello,
    _E.RESTORED: lambda desk: desk.restore(7_999),
    _E.RESUMED: lambda desk: desk.say(Meter, 0),
    _E.HELLO_UNSUITABLE: lambda desk: desk.hello(SESSIONS[9], Network.MAINNET),
    _E.FUNDING: SocketDesk.fund,
    _E.FUNDING_REFUSED: lambda desk: desk.fund([coin_of(1_000)]),
    _E.COINS_GOOD: SocketDesk.answer_coins,
    _E.COINS_BAD: lambda desk: desk.answer_coins(LEDGER_DOWN),
    _E.PAYMENT_SIGNED: SocketDesk.pay,
    _E.PAYMENT_INVALID: lambda desk: desk.pay(less=1) if desk.sent(PaymentRequest) else None,
    _E.PAYMENT_ACCEPTED: SocketDesk.answer_payment,
    _E.REPLY_LATE: lambda desk: desk.wait(2.0),
    _E.CREDIT_LOW: lambda desk: desk.deliver(6_000),
    _E.CREDIT_SPENT: lambda desk: desk.restore(8_000) if desk.machine.state is _S.IDLE else desk.deliver(8_000),
    _E.FUNDS_EXHAUSTED: _exhausting,
    _E.CONFLICT_SEEN: lambda desk: desk.take(desk.machine.on_conflict("ab" * 32, desk.now)),
    _E.LEDGER_LOST: lambda desk: desk.take(desk.machine.on_ledger_lost("no answer", desk.now)),
    _E.CLOSE_RECEIVED: lambda desk: desk.say(Close, CloseReason.APPLIANCE_FINISHED, 0, ""),
    _E.UNPLUGGED: lambda desk: desk.take(desk.machine.on_unplugged(desk.now)),
    _E.CABLE_SILENT: lambda desk: desk.wait(60.0),
    _E.SETTLED: SocketDesk.answer_settled,
    _E.SETTLEMENT_FAILED: lambda desk: desk.answer_settled("no answer"),
    _E.SETTLEMENT_LOST: lambda desk: desk.answer_settled("missing-inputs", lost=True),
    _E.SETTLEMENT_DUE: lambda desk: (
        desk.restore(4_000, CloseReason.UNPLUGGED)
        if desk.machine.state is _S.IDLE
        else (desk.answer_settled("no answer"), desk.wait(2.0))
    ),
}
"""How a tester lets each event happen, in a state in which it can."""


class CableDesk(_Desk):
    """A cable machine whose socket and meter are played by hand."""

    def __init__(self, *, coins: tuple[int, ...] = (100_000,), **limits: Any) -> None:
        super().__init__()
        self.coins = [coin_of(value, number) for number, value in enumerate(coins, start=1)]
        ids = iter(SESSIONS)
        self.machine: CableMachine = CableMachine(
            CableLimits(**limits), Policy(), self.coins, KEYS, CHANGE.p2wpkh_script, lambda: next(ids)
        )
        self.machine.context.table = RecordingTable(CABLE_TABLE, self.taken)
        self.energy_mwh = 0

    def plug(self) -> list[Effect]:
        return self.take(self.machine.plug(self.now))

    def offer(self, **changes: Any) -> list[Effect]:
        self.session = self.last(Hello).session
        self.peer_sequence += 1
        base = Offer(
            self.session, self.peer_sequence, 1250, 10_000, PAYEE.p2wpkh_script, 10, Mode.SINGLE_FEE, 5, 1, 3680
        )
        return self.tell(dataclasses.replace(base, **changes))

    def request(self, n: int = 1, *, more: int = 0) -> list[Effect]:
        """Ask for payment ``n``; ``more`` satoshi than agreed."""
        unsigned = build_payment(self.coins, PAYEE.p2wpkh_script, n, 10_000 + more, CHANGE.p2wpkh_script, 10)
        return self.say(PaymentRequest, n, unsigned.serialize(), self.energy_mwh)

    def receipt(self, n: int = 1, credited_mwh: int | None = None) -> list[Effect]:
        return self.say(Receipt, n, n * 8_000 if credited_mwh is None else credited_mwh)

    def use(self, energy_mwh: int, power_w: float = 1300.0) -> list[Effect]:
        self.energy_mwh += energy_mwh
        return self.take(self.machine.on_power(power_w, self.energy_mwh, self.now))

    def finish(self) -> list[Effect]:
        """The appliance draws power and then none for ten seconds, while the socket still talks."""
        self.use(100)
        self.use(0, 0.0)
        return self.wait(10.0)

    def reach(self, state: CableState) -> CableDesk:
        """Bring the machine from UNPLUGGED into ``state``, the short way."""
        for step in _CABLE_WAYS[state]:
            step(self)
        assert self.machine.state is state
        return self


_C, _F = CableState, CableEvent
CableStep = Callable[[CableDesk], object]

_PLUGGED: list[CableStep] = [CableDesk.plug]
_FUNDED: list[CableStep] = [*_PLUGGED, CableDesk.offer]
_PAYING: list[CableStep] = [*_FUNDED, CableDesk.request]
_SUPPLIED: list[CableStep] = [*_PAYING, CableDesk.receipt]

_CABLE_WAYS: dict[CableState, list[CableStep]] = {
    _C.UNPLUGGED: [],
    _C.CALLING: _PLUGGED,
    _C.FUNDED: _FUNDED,
    _C.PAYING: _PAYING,
    _C.SUPPLIED: _SUPPLIED,
    _C.ENDED: [*_SUPPLIED, lambda desk: desk.say(Close, CloseReason.LIMIT_REACHED, 0, "")],
}


def _next_request(desk: CableDesk) -> list[Effect]:
    n = desk.machine.payments + 1
    if n > 1:
        desk.use(6_000)
    return desk.request(n)


def _far_ahead(desk: CableDesk) -> list[Effect]:
    """Claim twice of what was used. Good meters take hours to come so far apart, so the tester makes them bad ones."""
    desk.machine.context.limits = dataclasses.replace(desk.machine.context.limits, socket_meter_percent=100)
    desk.use(3_000)
    desk.energy_mwh += 3_000
    return desk.request(desk.machine.payments + 1)


def _close(desk: CableDesk, reason: CloseReason = CloseReason.LIMIT_REACHED) -> list[Effect]:
    desk.session = desk.last(Hello).session if desk.sent(Hello) else desk.session
    return desk.say(Close, reason, 0, "")


def _error(desk: CableDesk) -> list[Effect]:
    desk.session = desk.last(Hello).session if desk.sent(Hello) else desk.session
    return desk.say(Error, ErrorCode.CONFLICT, "")


def _silence(desk: CableDesk, budget: int) -> list[Effect]:
    """Let the socket fall silent; the budget is an agreement that never changes, so the tester reaches inside."""
    desk.machine.context.limits = dataclasses.replace(desk.machine.context.limits, max_payments=budget)
    desk.use(6_000)
    return desk.wait(60.0)


def _resume(desk: CableDesk, budget: int = 100, **changes: Any) -> list[Effect]:
    """Restart in the middle of a session, and let the socket make its offer again, with ``changes``."""
    other = CableDesk().reach(_C.PAYING)
    (record,) = [effect.record for effect in other.effects if isinstance(effect, Remember)]
    assert isinstance(record, CableRecord)
    started = CableDesk(max_payments=budget)
    started.machine.restore([], record)
    started.plug()
    desk.machine, desk.peer_sequence = started.machine, other.peer_sequence
    desk.machine.context.table = RecordingTable(CABLE_TABLE, desk.taken)
    desk.effects = started.effects
    return desk.offer(**changes)


def _resume_elsewhere(desk: CableDesk) -> list[Effect]:
    """Restart with a budget that is spent, at a socket with other terms."""
    return _resume(desk, 1, tariff_sat_per_wh=1)


CABLE_EVENTS: dict[CableEvent, CableStep] = {
    _F.PLUGGED: CableDesk.plug,
    _F.CALL_DUE: lambda desk: desk.wait(1.0),
    _F.OFFER_GOOD: lambda desk: desk.offer() if desk.sent(Hello) else None,
    _F.OFFER_RESUMED: lambda desk: _resume(desk),
    _F.NOTHING_LEFT: _resume_elsewhere,
    _F.SESSION_LOST: lambda desk: (desk.use(6_000), _close(desk, CloseReason.FAULT)),
    _F.LINK_LOST: lambda desk: _silence(desk, 5),
    _F.OFFER_REFUSED: lambda desk: desk.offer(tariff_sat_per_wh=2001) if desk.sent(Hello) else None,
    _F.REQUEST_GOOD: _next_request,
    _F.REQUEST_REPEATED: lambda desk: desk.request(max(1, desk.machine.payments)),
    _F.REQUEST_DECLINED: _far_ahead,
    _F.REQUEST_REFUSED: lambda desk: desk.request(desk.machine.payments + 1, more=1),
    _F.RECEIPT_GOOD: CableDesk.receipt,
    _F.RECEIPT_REFUSED: lambda desk: desk.receipt(credited_mwh=7_999),
    _F.ENERGY_OVERCLAIMED: lambda desk: desk.say(Meter, 101),
    _F.APPLIANCE_FINISHED: CableDesk.finish,
    _F.ERROR_RECEIVED: _error,
    _F.CLOSE_RECEIVED: _close,
    _F.REPLY_LATE: lambda desk: desk.wait(2.0),
    _F.SOCKET_SILENT: lambda desk: _silence(desk, 1),
}
"""How a tester lets each event happen, in a state in which it can."""
