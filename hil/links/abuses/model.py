"""A counterpart that cheats: what stands between its honest machine and the line.

The machine behind it stays honest, so everything else follows the protocol. A :class:`Trick` says which message it
waits for and what leaves instead; a :class:`Cheat` does it from a payment on, tells the bench each time it acts, and
keeps the sequence numbers in order when it says more than the machine did.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from hil.errors import AuthorError
from hil.protocol.payment.coins import Coin, OutPoint
from hil.protocol.payment.signing import Key
from hil.protocol.payment.transactions import change_coin, parse_transaction, txid
from hil.protocol.wire.framing import encode_frame
from hil.protocol.wire.messages import Message, Payment, PaymentRequest, Receipt, encode_message
from hil.units import Satoshi

if TYPE_CHECKING:
    from bitcoin.core import CTransaction

    from hil.ports import LedgerView

STRANGER_SCRIPT = b"\x00\x14" + b"\x5a" * 20
"""A P2WPKH script that no side owns; a payment to it does not pay the offered payee."""


def _nobody_watches() -> None:
    """Until the bench asks to be told of strikes."""


def _no_line(data: bytes) -> None:
    raise AuthorError("this abuse writes to the line itself, and it was given none")


def _no_time(seconds: float, act: Callable[[], None]) -> None:
    raise AuthorError("this abuse acts later, and it was given no clock")


@dataclass
class Tools:
    """What a cheating counterpart can use.

    :param coins: a cable's: what it declared.
    :param keys: a cable's: for each script the key that spends it.
    :param change: a cable's: where its change goes.
    :param write: puts bytes on the line as they are.
    :param later: calls back after so many seconds of the bench's time.
    :param ledger: where it broadcasts transactions of its own; None if it has no ledger.
    """

    coins: Sequence[Coin] = ()
    keys: Mapping[bytes, Key] = field(default_factory=dict)
    change: bytes = b""
    write: Callable[[bytes], None] = _no_line
    later: Callable[[float, Callable[[], None]], None] = _no_time
    ledger: LedgerView | None = None


Act: TypeAlias = "Callable[[Cheat, Message], Sequence[Message] | None]"
"""What leaves instead of the message; None if there is nothing to cheat with, and the message leaves as it is."""


@dataclass(frozen=True)
class Trick:
    """One way to cheat.

    :param on: the kinds of message that it waits for.
    :param once: it acts a single time and is honest afterwards.
    :param later: it says itself when it strikes, later than the message that it waited for.
    """

    on: type[Message] | tuple[type[Message], ...]
    act: Act
    once: bool = False
    later: bool = False


class Cheat:
    """Carries out one trick; ``words`` describes it, ``on_strike`` is called each time it acts.

    :param from_payment: number of the payment from which on it cheats. Messages without a number count as belonging
        to the newest payment, request or receipt that was sent before.
    :param amount: satoshi, a version, a locktime …: what the trick asks for.
    """

    def __init__(self, words: str, trick: Trick, tools: Tools, from_payment: int, amount: int = 0) -> None:
        self.words = words
        self.trick = trick
        self.tools = tools
        self.from_payment = from_payment
        self.amount = amount
        self.on_strike: Callable[[], None] = _nobody_watches
        self.strikes = 0
        self.stopped = False
        self.dormant = False
        """Whether it is honest yet."""
        self.payment = 0
        """Number of the newest payment, request or receipt that was sent."""
        self.earlier: dict[type[Message], list[Message]] = {}
        """What the machine sent before, by kind."""
        self.set_contact: Callable[[bool], None] = lambda closed: None
        """How a socket switches its contact; the host says."""
        self.queue = bytearray()
        """What is still to be written, by a trick that writes slowly."""
        self._withholds_power = False
        self._coins = {coin.outpoint: coin for coin in tools.coins}
        self._inserted = 0

    # --- what the host calls -----------------------------------------------------------------------------------

    def before_sending(self, message: Message) -> Sequence[Message]:
        """Return what leaves instead of ``message``; what the trick writes to the line itself has left before."""
        message = self._in_sequence(message)
        self._note(message)
        sent = self._strike(message) if self._is_due(message) else None
        self.earlier.setdefault(type(message), []).append(message)
        return (message,) if sent is None else sent

    def before_switching(self, closed: bool) -> bool:
        """Return how a socket's contact is switched instead."""
        return closed and not self._withholds_power

    def stop(self) -> None:
        """What was to happen later does not happen any more."""
        self.stopped = True

    # --- what tricks use ---------------------------------------------------------------------------------------

    def struck(self) -> None:
        """Tell the bench that it acts now."""
        self.strikes += 1
        self.on_strike()

    def withhold_power(self) -> None:
        """Open a socket's contact and never close it again."""
        self._withholds_power = True
        self.set_contact(False)

    def insert(self, message: Message) -> Message:
        """Return ``message`` with the next sequence number; all that follows counts on from there."""
        self._inserted += 1
        return dataclasses.replace(message, sequence=message.sequence + 1)

    def later(self, seconds: float, act: Callable[[], None]) -> None:
        """Do something after ``seconds``, unless the scenario is over by then."""
        self.tools.later(seconds, lambda: None if self.stopped else act())

    def send_now(self, message: Message) -> None:
        """Put a message on the line outside of the machine's turn."""
        self.tools.write(encode_frame(encode_message(message)))

    def coin_of(self, outpoint: OutPoint) -> Coin:
        """Return the coin that an input spends; for one that is not its own, one made up under its own script."""
        own = next(iter(self._coins.values()))
        return self._coins.get(outpoint, Coin(outpoint, Satoshi(50_000), own.script))

    def coins_of(self, transaction: CTransaction) -> list[Coin]:
        """Return the coins that the inputs spend, in their order."""
        return [self.coin_of(OutPoint(txin.prevout.hash[::-1].hex(), txin.prevout.n)) for txin in transaction.vin]

    # --- inside ------------------------------------------------------------------------------------------------

    def _strike(self, message: Message) -> Sequence[Message] | None:
        sent = self.trick.act(self, message)
        if sent is not None and not self.trick.later:
            self.struck()
        return sent

    def _is_due(self, message: Message) -> bool:
        if not isinstance(message, self.trick.on) or self.stopped or self.dormant:
            return False
        if self.trick.once and self.strikes:
            return False
        return getattr(message, "n", self.payment) >= self.from_payment

    def _in_sequence(self, message: Message) -> Message:
        if not self._inserted or message.sequence == 0:  # 0 belongs to no count
            return message
        return dataclasses.replace(message, sequence=message.sequence + self._inserted)

    def _note(self, message: Message) -> None:
        if isinstance(message, Payment | PaymentRequest | Receipt):
            self.payment = message.n
        if isinstance(message, Payment):
            transaction = parse_transaction(message.transaction)
            coin = change_coin(transaction, self.tools.change)
            if coin is not None:  # per-payment: the next payment spends this change
                self._coins[coin.outpoint] = coin


def change_of_proposal(proposal: CTransaction) -> OutPoint:
    """Return where the change of a proposal will be, if its inputs are all P2WPKH."""
    return OutPoint(txid(proposal), 1)
