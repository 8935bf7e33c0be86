"""The socket's states, events, actions and transitions (SPEC, "The socket")."""

from __future__ import annotations

import enum

from hil.protocol.machine import Table


class SocketState(enum.Enum):
    """The contact is closed in DELIVERING, AWAITING_TOP_UP and CHECKING_TOP_UP, and in no other state."""

    IDLE = "idle"
    OFFERED = "offered"
    CHECKING_COINS = "checking coins"
    AWAITING_PAYMENT = "awaiting payment"
    CHECKING_PAYMENT = "checking payment"
    DELIVERING = "delivering"
    AWAITING_TOP_UP = "awaiting top-up"
    CHECKING_TOP_UP = "checking top-up"
    SETTLING = "settling"


CONTACT_CLOSED = frozenset({SocketState.DELIVERING, SocketState.AWAITING_TOP_UP, SocketState.CHECKING_TOP_UP})


class SocketEvent(enum.Enum):
    """What can happen to a socket: a message that passed or failed its checks, an answer, a limit, a timer."""

    HELLO = "hello"
    HELLO_UNSUITABLE = "hello unsuitable"
    FUNDING = "funding"
    FUNDING_REFUSED = "funding refused"
    COINS_GOOD = "coins good"
    COINS_BAD = "coins bad"
    PAYMENT_SIGNED = "payment signed"
    PAYMENT_INVALID = "payment invalid"
    PAYMENT_ACCEPTED = "payment accepted"
    REPLY_LATE = "reply late"
    CREDIT_LOW = "credit low"
    CREDIT_SPENT = "credit spent"
    FUNDS_EXHAUSTED = "funds exhausted"
    CONFLICT_SEEN = "conflict seen"
    LEDGER_LOST = "ledger lost"
    CLOSE_RECEIVED = "close received"
    CABLE_SILENT = "cable silent"
    SETTLED = "settled"
    SETTLEMENT_FAILED = "settlement failed"
    SETTLEMENT_LOST = "settlement lost"
    SETTLEMENT_DUE = "settlement due"


class SocketAction(enum.Enum):
    """What a transition makes the socket do, in the order listed."""

    BEGIN_SESSION = "begin-session"
    SEND_OFFER = "send-offer"
    SEND_REFUSAL = "send-refusal"
    EXAMINE_COINS = "examine-coins"
    PROPOSE_PAYMENT = "propose-payment"
    REPEAT_REQUEST = "repeat-request"
    EXAMINE_PAYMENT = "examine-payment"
    CREDIT_PAYMENT = "credit-payment"
    CLOSE_CONTACT = "close-contact"
    OPEN_CONTACT = "open-contact"
    SETTLE = "settle"
    RETRY_LATER = "retry-later"
    SEND_CLOSE = "send-close"
    END_SESSION = "end-session"


_S, _E, _A = SocketState, SocketEvent, SocketAction

_CUT = (_S.SETTLING, (_A.OPEN_CONTACT, _A.SETTLE))
_REFUSE = (_S.SETTLING, (_A.OPEN_CONTACT, _A.SEND_REFUSAL, _A.SETTLE))
_CLOSE = (_S.IDLE, (_A.SEND_CLOSE, _A.END_SESSION))
_TURN_AWAY = (_S.IDLE, (_A.SEND_REFUSAL, _A.END_SESSION))

SOCKET_TABLE: Table[SocketState, SocketEvent, SocketAction] = {
    (_S.IDLE, _E.HELLO): (_S.OFFERED, (_A.BEGIN_SESSION, _A.SEND_OFFER)),
    (_S.IDLE, _E.HELLO_UNSUITABLE): (_S.IDLE, (_A.SEND_REFUSAL,)),
    (_S.OFFERED, _E.HELLO): (_S.OFFERED, (_A.BEGIN_SESSION, _A.SEND_OFFER)),
    (_S.OFFERED, _E.HELLO_UNSUITABLE): _TURN_AWAY,
    (_S.OFFERED, _E.FUNDING): (_S.CHECKING_COINS, (_A.EXAMINE_COINS,)),
    (_S.OFFERED, _E.FUNDING_REFUSED): _TURN_AWAY,
    (_S.OFFERED, _E.CLOSE_RECEIVED): _CLOSE,
    (_S.OFFERED, _E.CABLE_SILENT): _CLOSE,
    # nothing is sold yet, so a cable that restarted is served at once; the answer about its old coins comes too late
    (_S.CHECKING_COINS, _E.HELLO): (_S.OFFERED, (_A.BEGIN_SESSION, _A.SEND_OFFER)),
    (_S.CHECKING_COINS, _E.HELLO_UNSUITABLE): _TURN_AWAY,
    (_S.CHECKING_COINS, _E.COINS_GOOD): (_S.AWAITING_PAYMENT, (_A.PROPOSE_PAYMENT,)),
    (_S.CHECKING_COINS, _E.COINS_BAD): _TURN_AWAY,
    (_S.CHECKING_COINS, _E.LEDGER_LOST): _TURN_AWAY,
    (_S.CHECKING_COINS, _E.CLOSE_RECEIVED): _CLOSE,
    (_S.CHECKING_COINS, _E.CABLE_SILENT): _CLOSE,
    (_S.AWAITING_PAYMENT, _E.PAYMENT_SIGNED): (_S.CHECKING_PAYMENT, (_A.EXAMINE_PAYMENT,)),
    (_S.AWAITING_PAYMENT, _E.REPLY_LATE): (_S.AWAITING_PAYMENT, (_A.REPEAT_REQUEST,)),
    (_S.AWAITING_PAYMENT, _E.FUNDS_EXHAUSTED): _REFUSE,
    (_S.CHECKING_PAYMENT, _E.PAYMENT_ACCEPTED): (_S.DELIVERING, (_A.CREDIT_PAYMENT, _A.CLOSE_CONTACT)),
    (_S.DELIVERING, _E.CREDIT_LOW): (_S.AWAITING_TOP_UP, (_A.PROPOSE_PAYMENT,)),
    (_S.AWAITING_TOP_UP, _E.PAYMENT_SIGNED): (_S.CHECKING_TOP_UP, (_A.EXAMINE_PAYMENT,)),
    (_S.AWAITING_TOP_UP, _E.REPLY_LATE): (_S.AWAITING_TOP_UP, (_A.REPEAT_REQUEST,)),
    # the cable has no money for another quantum: what it paid for is still its own
    (_S.AWAITING_TOP_UP, _E.FUNDS_EXHAUSTED): (_S.DELIVERING, ()),
    (_S.CHECKING_TOP_UP, _E.PAYMENT_ACCEPTED): (_S.DELIVERING, (_A.CREDIT_PAYMENT,)),
    # no power without credit, not even while a top-up is being checked: the contact closes again if it is good
    (_S.CHECKING_TOP_UP, _E.CREDIT_SPENT): (_S.CHECKING_PAYMENT, (_A.OPEN_CONTACT,)),
    (_S.SETTLING, _E.SETTLED): _CLOSE,
    (_S.SETTLING, _E.SETTLEMENT_FAILED): (_S.SETTLING, (_A.RETRY_LATER,)),
    # another spend of the coins won: nothing is left to broadcast
    (_S.SETTLING, _E.SETTLEMENT_LOST): _CLOSE,
    (_S.SETTLING, _E.SETTLEMENT_DUE): (_S.SETTLING, (_A.SETTLE,)),
    (_S.DELIVERING, _E.PAYMENT_INVALID): _REFUSE,
    (_S.DELIVERING, _E.LEDGER_LOST): _REFUSE,
    **{
        (state, event): _REFUSE
        for state in (_S.AWAITING_PAYMENT, _S.CHECKING_PAYMENT, _S.AWAITING_TOP_UP, _S.CHECKING_TOP_UP)
        for event in (_E.PAYMENT_INVALID, _E.LEDGER_LOST)
    },
    **{(state, _E.CONFLICT_SEEN): _REFUSE for state in (_S.DELIVERING, _S.AWAITING_TOP_UP, _S.CHECKING_TOP_UP)},
    **{(state, _E.CREDIT_SPENT): _CUT for state in (_S.DELIVERING, _S.AWAITING_TOP_UP)},
    **{
        (state, event): _CUT
        for state in (
            _S.AWAITING_PAYMENT,
            _S.CHECKING_PAYMENT,
            _S.DELIVERING,
            _S.AWAITING_TOP_UP,
            _S.CHECKING_TOP_UP,
        )
        # a cable that says HELLO in mid-session has restarted: its old session is settled, then it is served anew
        for event in (_E.CLOSE_RECEIVED, _E.CABLE_SILENT, _E.HELLO)
    },
}
"""(state, event) -> (next state, actions). What is not listed here is refused and changes nothing."""
