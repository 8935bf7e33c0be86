"""Whatever a socket says and delivers, over however many sessions: the cable loses no more than SPEC allows.

SPEC, "What each side can lose". The socket holds what the cable has signed, and can have that on the ledger which can
be there together; the cable has the energy that flowed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from hypothesis import example, given, settings
from hypothesis import strategies as st

from hil.endpoints.common import EndpointHooks
from hil.ports import Acceptance, CoinStatus
from hil.protocol.codes import CloseReason, ErrorCode
from hil.protocol.payment.coins import Coin, OutPoint
from hil.protocol.payment.transactions import parse_transaction, txid
from hil.protocol.policy import CableLimits, Mode, SocketTerms
from hil.protocol.wire.messages import Close, Error, Message, Offer, Payment, PaymentRequest, Receipt
from hil.tests.protocol.pair import CHANGE, MemoryLedger, Pair
from hil.units import Satoshi

CREDIT_MWH = 2100
"""SPEC: so much of unused credit is lost with a session."""

PASSING_REASONS = ("CREDIT_SPENT", "PEER_SILENT", "PEER_RESTARTED", "UNPLUGGED", "FAULT")
PASSING_ERRORS = ("UNKNOWN_SESSION", "SESSION_REUSED", "LEDGER_UNAVAILABLE", "COIN_UNCONFIRMED", "COIN_UNKNOWN")


@dataclass(frozen=True)
class Deed:
    """What the thief does where an honest socket sends a message.

    :param says: a reason of CLOSE, a code of ERROR, ``nothing``, or ``all`` that is due.
    :param names: number of the payment that CLOSE names, counted back from the newest; None: it names none.
    :param delivers: whether power may flow from now on.
    """

    says: str
    names: int | None = None
    delivers: bool = True


DEEDS = st.builds(
    Deed,
    st.sampled_from(["all", "all", "nothing", *PASSING_REASONS, *PASSING_ERRORS]),
    st.sampled_from([None, 0, 1]),
    st.booleans(),
)


class GullibleLedger(MemoryLedger):
    """The thief's: it may find coins and take transactions that the real one does not."""

    def __init__(self, coins: list[Coin], *, lies: bool) -> None:
        super().__init__(coins)
        self.heard_of = dict(self.coins)
        self.lies = lies

    def coin(self, outpoint: OutPoint) -> CoinStatus | None:
        told = super().coin(outpoint)
        coin = self.heard_of.get(outpoint) if self.lies else None
        return told if coin is None else CoinStatus(coin.value, coin.script, self.confirmations)

    def accepts(self, transaction: bytes) -> Acceptance:
        return Acceptance(True) if self.lies else super().accepts(transaction)

    def broadcast(self, transaction: bytes) -> Acceptance:
        honest = super().accepts(transaction)
        return super().broadcast(transaction) if honest.allowed else Acceptance(self.lies, honest.reason)


@dataclass
class Thief:
    """A socket that does one deed after the other, and then is honest or steals on."""

    mode: Mode
    deeds: Sequence[Deed]
    lies: bool
    goes_on: bool
    signed: dict[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.pair = Pair(
            terms=SocketTerms(mode=self.mode),
            limits=CableLimits(max_payments=8),
            coin_values=(200_000,),
            socket_hooks=EndpointHooks(before_sending=self._say),
            cable_hooks=EndpointHooks(before_sending=self._hear),
            make_ledger=self._open_ledger,
        )
        self._left = list(self.deeds)

    def _open_ledger(self, coins: list[Coin]) -> GullibleLedger:
        self.ledger = GullibleLedger(coins, lies=self.lies)
        return self.ledger

    def _hear(self, message: Message) -> tuple[Message]:
        if isinstance(message, Payment):
            transaction = parse_transaction(message.transaction)
            self.signed.setdefault(txid(transaction), message.transaction)
            for index, output in enumerate(transaction.vout):
                outpoint = OutPoint(txid(transaction), index)
                self.ledger.heard_of[outpoint] = Coin(outpoint, Satoshi(output.nValue), bytes(output.scriptPubKey))
        return (message,)

    def _say(self, message: Message) -> tuple[Message, ...]:
        if not isinstance(message, Offer | PaymentRequest | Receipt):
            return (message,)
        if not self._left and self.goes_on:
            self._left = list(self.deeds)
        if not self._left:
            return (message,)
        deed = self._left.pop(0)
        self.pair.power_w = 1300.0 if deed.delivers else 0.0
        if deed.says == "all":
            return (message,)
        if deed.says in PASSING_REASONS:
            known = list(self.signed)
            named = known[-1 - deed.names] if deed.names is not None and deed.names < len(known) else ""
            return (Close(message.session, message.sequence, CloseReason[deed.says], 0, named),)
        if deed.says in PASSING_ERRORS:
            return (Error(message.session, message.sequence, ErrorCode[deed.says], "so it says"),)
        return ()

    def stolen_sat(self) -> float:
        """Most that the socket can have on the ledger for what the cable signed, less the worth of what flowed."""
        parsed = [parse_transaction(each) for each in self.signed.values()]
        spends = [frozenset(OutPoint(i.prevout.hash[::-1].hex(), i.prevout.n) for i in each.vin) for each in parsed]
        makes = [frozenset(OutPoint(txid(each), index) for index in range(len(each.vout))) for each in parsed]
        worth = [sum(o.nValue for o in each.vout if bytes(o.scriptPubKey) != CHANGE.p2wpkh_script) for each in parsed]

        def most(coins: frozenset[OutPoint]) -> int:
            return max(
                (
                    value + most(coins - spent | made)
                    for spent, made, value in zip(spends, makes, worth, strict=True)
                    if spent <= coins
                ),
                default=0,
            )

        held = most(frozenset(coin.outpoint for coin in self.pair.coins))
        return held - self.pair.energy_wh * self.pair.terms.tariff_sat_per_wh


@settings(max_examples=100, deadline=None)
@given(
    mode=st.sampled_from(list(Mode)),
    deeds=st.lists(DEEDS, min_size=1, max_size=12),
    lies=st.booleans(),
    goes_on=st.booleans(),
)
@example(
    mode=Mode.SINGLE_FEE,
    deeds=[Deed("all"), Deed("all"), Deed("PEER_RESTARTED", 0, delivers=False)],
    lies=True,
    goes_on=True,
)
def test_over_all_sessions_the_cable_loses_less_than_two_payments_and_the_credit_of_one_session(
    mode: Mode, deeds: list[Deed], *, lies: bool, goes_on: bool
) -> None:
    thief = Thief(mode, deeds, lies, goes_on)
    thief.pair.plug_and_run(600.0)
    terms = thief.pair.terms
    assert thief.stolen_sat() < 2 * terms.quantum_sat + CREDIT_MWH / 1000 * terms.tariff_sat_per_wh


@settings(max_examples=60, deadline=None)
@given(
    mode=st.sampled_from(list(Mode)),
    deeds=st.lists(DEEDS, min_size=1, max_size=12),
    lies=st.booleans(),
)
def test_a_socket_that_never_delivers_gets_one_payment(mode: Mode, deeds: list[Deed], *, lies: bool) -> None:
    stingy = [Deed(each.says, each.names, delivers=False) for each in deeds]
    thief = Thief(mode, stingy, lies, goes_on=True)
    thief.pair.power_w = 0.0
    thief.pair.plug_and_run(600.0)
    assert thief.stolen_sat() <= thief.pair.terms.quantum_sat
