"""Tricks of a cable with its messages: what it calls for, which coins it declares, when it pays, and what it claims."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

import cbor2

from hil.links.abuses.messages import (
    ANYTHING,
    LAST_SEQUENCE,
    NO_TRANSACTION,
    OTHER_SESSION,
    earlier,
    edit,
    flood,
    follow,
    precede,
    repeat,
    withhold,
)
from hil.links.abuses.model import STRANGER_SCRIPT, Cheat, Trick
from hil.links.abuses.transactions import SCRIPT_HASH
from hil.protocol.codes import CloseReason, ErrorCode
from hil.protocol.policy import Mode, Network
from hil.protocol.wire.framing import encode_frame
from hil.protocol.wire.messages import Close, Error, Funding, Hello, Message, Meter, Payment, Receipt
from hil.units import Satoshi

AFTER_CLOSE_S = 5.0
"""By then a socket has settled the session that was closed (SPEC ``settle_s`` 2 s)."""

LATER = 2
"""Number of a payment that is made while power flows."""

UNHEARD = 100
"""A sequence number beyond those of a session: a message is not dropped for having one that was seen."""

AFTER_OFFER_S = 1.0
"""By then a socket has offered the session that was called for; the cable has not repeated its FUNDING yet (2 s)."""


def _last_coin(funding: Funding, **changes: object) -> Funding:
    *rest, last = funding.coins
    return replace(funding, coins=(*rest, replace(last, **changes)))  # type: ignore[arg-type]  # fields by name


def _with_twin(funding: Funding) -> Funding:
    """Declare the first coin again, worth less: two equal ones are no FUNDING at all."""
    twin = replace(funding.coins[0], value_sat=Satoshi(funding.coins[0].value_sat - 1))
    return replace(funding, coins=(*funding.coins, twin))


def _reuse_session(cheat: Cheat, message: Message) -> Sequence[Message]:
    """Close the session in order, and call again under its id."""

    def call_again() -> None:
        hello = cheat.earlier[Hello][-1]
        cheat.struck()
        cheat.send_now(replace(hello, session=message.session, sequence=message.sequence + 100))

    cheat.later(AFTER_CLOSE_S, call_again)
    return (Close(message.session, message.sequence, CloseReason.APPLIANCE_FINISHED, 0, ""),)


def _restart(cheat: Cheat, message: Message) -> Sequence[Message]:
    """Call under a new id in the middle of a session, as if nothing had been before; for mode ``amount``, if set."""
    hello = earlier(cheat, Hello)
    modes = (Mode(cheat.amount),) if cheat.amount else hello.modes
    return (replace(hello, session=OTHER_SESSION, sequence=1, modes=modes),)


def _return(cheat: Cheat, message: Message) -> Sequence[Message]:
    """Call under ``amount`` new ids, at least one, and when the last has its offer, again under the first id."""
    hello = cheat.earlier[Hello][-1]

    def call_again() -> None:
        cheat.struck()
        cheat.send_now(replace(hello, sequence=message.sequence + 100))

    cheat.later(AFTER_OFFER_S, call_again)
    ids = (OTHER_SESSION, *(bytes([turn]) * 8 for turn in range(1, cheat.amount)))
    return [replace(hello, session=each, sequence=1) for each in ids]


def _return_later(cheat: Cheat, message: Message) -> Sequence[Message] | None:
    """Call under a new id instead of declaring the coins; the honest cable calls anew, and buys in a third session.

    With a payment of that it calls under the second id again, which gave way to the third.
    """
    if isinstance(message, Funding) and Funding not in cheat.earlier:
        return (replace(earlier(cheat, Hello), session=OTHER_SESSION, sequence=1),)
    if not isinstance(message, Payment) or message.n < LATER:
        return None
    cheat.struck()
    return message, replace(earlier(cheat, Hello), session=OTHER_SESSION, sequence=UNHEARD)


def _nonsense(cheat: Cheat, message: Message) -> Sequence[Message]:
    """Say a message of no known type, under a number of its own."""
    cheat.tools.write(encode_frame(cbor2.dumps([99, message.session, message.sequence])))
    return ()


def _other_change(cheat: Cheat) -> Funding:
    return replace(earlier(cheat, Funding), change_script=STRANGER_SCRIPT)


CABLE_MESSAGE_TRICKS: Mapping[str, Trick] = MappingProxyType(
    {
        "hello-other-network": edit(Hello, lambda hello, _: replace(hello, network=Network.MAINNET)),
        "hello-version": edit(Hello, lambda hello, cheat: replace(hello, version=cheat.amount)),
        "hello-mode": edit(Hello, lambda hello, cheat: replace(hello, modes=(Mode(cheat.amount),))),
        "coin-unknown": edit(Funding, lambda funding, _: _last_coin(funding, txid="5a" * 32)),
        "coin-value": edit(Funding, lambda funding, cheat: _last_coin(funding, value_sat=Satoshi(cheat.amount))),
        "coin-of-stranger": edit(Funding, lambda funding, _: _last_coin(funding, script=STRANGER_SCRIPT)),
        "coin-script-hash": edit(Funding, lambda funding, _: _last_coin(funding, script=SCRIPT_HASH)),
        "coin-twice": edit(Funding, lambda funding, _: _with_twin(funding)),
        "change-script-hash": edit(Funding, lambda funding, _: replace(funding, change_script=SCRIPT_HASH)),
        "pay-unasked": follow(Funding, lambda m, _: Payment(m.session, 0, 1, NO_TRANSACTION)),
        "fund-again": precede(Payment, lambda m, cheat: _last_coin(earlier(cheat, Funding), txid="5a" * 32)),
        "fund-again-for-other-change": precede(Payment, lambda m, cheat: _other_change(cheat)),
        "number-ahead": edit(Payment, lambda payment, cheat: replace(payment, n=payment.n + cheat.amount)),
        "number-behind": edit(Payment, lambda payment, cheat: replace(payment, n=payment.n - cheat.amount)),
        "repeat-payment": repeat(Payment),
        "flood": flood(Payment),
        "withhold-payment": withhold(Payment),
        "fall-silent": withhold(*ANYTHING),
        "close-early": Trick(
            Payment, lambda cheat, m: (Close(m.session, m.sequence, CloseReason.APPLIANCE_FINISHED, 0, ""),)
        ),
        "reuse-session": Trick(Payment, _reuse_session, once=True, later=True),
        "restart": Trick(Payment, _restart, once=True),
        "return": Trick(Funding, _return, once=True, later=True),
        "return-later": Trick((Funding, Payment), _return_later, once=True, later=True),
        "nonsense": Trick(Meter, _nonsense),
        "send-receipt": precede(Payment, lambda m, _: Receipt(m.session, 0, 1, 0)),
        "send-error": precede(Payment, lambda m, _: Error(m.session, 0, ErrorCode.UNEXPECTED, "nothing is wrong")),
        "send-other-session": Trick(Payment, lambda cheat, m: (Meter(OTHER_SESSION, 1, 0), m), once=True),
        "close-other-session": Trick(
            Payment, lambda cheat, m: (Close(OTHER_SESSION, 1, CloseReason.APPLIANCE_FINISHED, 0, ""), m), once=True
        ),
        "repeat-first-meter": Trick(
            Meter, lambda cheat, m: cheat.earlier[Meter][:1] if Meter in cheat.earlier else None
        ),
        "understate-meter": edit(Meter, lambda meter, cheat: replace(meter, energy_mwh=0)),
        "old-sequence": edit(Payment, lambda payment, _: replace(payment, sequence=1), once=True),
        "last-sequence": edit(Payment, lambda payment, _: replace(payment, sequence=LAST_SEQUENCE), once=True),
        "be-honest": Trick(Payment, lambda cheat, m: (m,), once=True),
    }
)
