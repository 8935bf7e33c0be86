"""How a counterpart cheats: what it does to a message of an honest machine before the message leaves.

Each abuse names itself in words for the evidence, says when it strikes, and strikes from then on. The machine behind
it stays honest, so everything else follows the protocol. Rows of the catalogue and the abuses with a number in their
step are carried out by the same tricks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from hil.links.abuses.catalogue import TRICKS, AbuseRow
from hil.links.abuses.model import STRANGER_SCRIPT, Cheat, Tools
from hil.protocol.payment.coins import Coin
from hil.protocol.payment.signing import Key
from hil.protocol.wire.messages import Message

__all__ = [
    "STRANGER_SCRIPT",
    "Abuse",
    "DemandMore",
    "DivertChange",
    "PayStranger",
    "Underpay",
    "WithholdPayment",
    "carry_out",
]


class Abuse(Protocol):
    """What a cheating counterpart does. ``words`` describes it; ``on_strike`` is called each time it acts."""

    words: str
    on_strike: Callable[[], None]

    def before_sending(self, message: Message) -> Sequence[Message]:
        """Return what is sent in place of ``message``."""


def carry_out(row: AbuseRow, tools: Tools, from_payment: int | None = None) -> Cheat:
    """Return the cheat of a row of the catalogue; ``from_payment`` instead of the row's own."""
    begins = row.from_payment if from_payment is None else from_payment
    since = f" from payment {begins} on" if begins else ""
    return Cheat(f"{row.id}{since}: {row.how}", TRICKS[row.who][row.trick], tools, begins, row.amount)


class Underpay(Cheat):
    """Pays ``missing_sat`` less than asked for, and keeps them as change.

    Raises AuthorError when it strikes a payment that is not larger than that.
    """

    def __init__(
        self, missing_sat: int, from_payment: int, coins: Sequence[Coin], keys: Mapping[bytes, Key], change: bytes
    ) -> None:
        words = f"underpays by {missing_sat} sat from payment {from_payment} on"
        super().__init__(words, TRICKS["cable"]["pay-less"], Tools(coins, keys, change), from_payment, missing_sat)


class PayStranger(Cheat):
    """Pays the full amount, but to a script that the socket never offered."""

    def __init__(self, from_payment: int, coins: Sequence[Coin], keys: Mapping[bytes, Key], change: bytes) -> None:
        words = f"pays a stranger from payment {from_payment} on"
        super().__init__(words, TRICKS["cable"]["pay-stranger"], Tools(coins, keys, change), from_payment)


class WithholdPayment(Cheat):
    """Does not answer a payment request."""

    def __init__(self, from_payment: int) -> None:
        words = f"does not pay from payment {from_payment} on"
        super().__init__(words, TRICKS["cable"]["withhold-payment"], Tools(), from_payment)


class DemandMore(Cheat):
    """A cheating socket: asks for ``extra_sat`` more than agreed, out of the cable's change or, for want of it, fee."""

    def __init__(self, extra_sat: int, from_payment: int) -> None:
        words = f"asks for {extra_sat} sat too much from payment {from_payment} on"
        super().__init__(words, TRICKS["socket"]["pay-more"], Tools(), from_payment, extra_sat)


class DivertChange(Cheat):
    """A cheating socket: sends the cable's change to a script that is not the cable's; honest where there is none."""

    def __init__(self, from_payment: int) -> None:
        words = f"diverts the change from payment {from_payment} on"
        super().__init__(words, TRICKS["socket"]["divert-change"], Tools(), from_payment)
