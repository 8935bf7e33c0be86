"""The socket's states, events, actions and transitions (SPEC, "The socket")."""

from __future__ import annotations

import enum

from hil.protocol.codes import CloseReason
from hil.protocol.machine import Reasons, Table


class SocketState(enum.Enum):
    """The contact is closed in DELIVERING, AWAITING_TOP_UP and CHECKING_TOP_UP, and in no other state."""

    IDLE = "idle"
    """No session."""
    OFFERED = "offered"
    """OFFER is sent; FUNDING is awaited."""
    CHECKING_COINS = "checking coins"
    """The ledger is asked for the coins."""
    AWAITING_PAYMENT = "awaiting payment"
    """A payment is asked for; the contact is open."""
    CHECKING_PAYMENT = "checking payment"
    """The ledger is asked about a payment; the contact is open."""
    DELIVERING = "delivering"
    """There is credit; power flows."""
    AWAITING_TOP_UP = "awaiting top-up"
    """Power flows; the next payment is asked for."""
    CHECKING_TOP_UP = "checking top-up"
    """Power flows; the ledger is asked about the next payment."""
    SETTLING = "settling"
    """The contact is open; the newest transaction is on its way to the ledger."""
    SUSPENDED = "suspended"
    """The contact is open; a session from before a restart, with credit left, waits for its cable."""


CONTACT_CLOSED = frozenset({SocketState.DELIVERING, SocketState.AWAITING_TOP_UP, SocketState.CHECKING_TOP_UP})


class SocketEvent(enum.Enum):
    """What can happen to a socket: a message that passed or failed its checks, an answer, a limit, a timer."""

    HELLO = "hello"
    """A HELLO that can be served: of a new session, or of the one that was offered."""
    HELLO_AGAIN = "hello again"
    """HELLO of the running session, from a cable that restarted."""
    RESTORED = "restored"
    """A session with credit left that was not over was found in the storage after a restart."""
    RESUMED = "resumed"
    """The cable of the suspended session goes on in it: HELLO, METER or PAYMENT."""
    HELLO_UNSUITABLE = "hello unsuitable"
    """A HELLO of a new session without the socket's mode or for another network."""
    FUNDING = "funding"
    """FUNDING that passed the checks."""
    FUNDING_REFUSED = "funding refused"
    """FUNDING that failed a check."""
    COINS_GOOD = "coins good"
    """The ledger has all declared coins, as declared."""
    COINS_BAD = "coins bad"
    """The ledger lacks a declared coin, or has it otherwise."""
    PAYMENT_SIGNED = "payment signed"
    """PAYMENT that passed the checks that need no ledger."""
    PAYMENT_INVALID = "payment invalid"
    """PAYMENT that failed a check, or that the ledger would not take."""
    PAYMENT_ACCEPTED = "payment accepted"
    """The ledger would take the payment; per-payment: it has taken it."""
    REPLY_LATE = "reply late"
    """No payment came within `reply_s` of the request."""
    CREDIT_LOW = "credit low"
    """`top_up_credit_mwh` or less are left, or a restart forgot the request; limit and coins leave room."""
    CREDIT_SPENT = "credit spent"
    """As much was delivered as was paid for."""
    FUNDS_EXHAUSTED = "funds exhausted"
    """The coins do not hold the next payment."""
    CONFLICT_SEEN = "conflict seen"
    """Another transaction spends the coins of the session."""
    LEDGER_LOST = "ledger lost"
    """The ledger gives no answer."""
    CLOSE_RECEIVED = "close received"
    """CLOSE from the cable."""
    UNPLUGGED = "unplugged"
    """The plug contact opened, the socket's own contact or meter fails, or the appliance draws too much."""
    CABLE_SILENT = "cable silent"
    """Nothing new came for `silent_peer_s`, or no first payment in that time."""
    SETTLED = "settled"
    """The ledger has the newest transaction, or there is none to broadcast."""
    SETTLEMENT_FAILED = "settlement failed"
    """The ledger gave no answer, or cannot take the transaction at present."""
    SETTLEMENT_LOST = "settlement lost"
    """The ledger answered that it will never take the transaction."""
    SETTLEMENT_DUE = "settlement due"
    """`settle_s` have passed since settling failed, or a restart finds a session that was over."""


class SocketAction(enum.Enum):
    """What a transition makes the socket do, in the order listed."""

    BEGIN_SESSION = "begin-session"
    """Take the session id and a fresh payee script; the same session keeps what it has."""
    SEND_OFFER = "send-offer"
    """OFFER; in a running session the same one."""
    AWAIT_CABLE = "await-cable"
    """Wait `silent_peer_s` for the cable."""
    SEND_REFUSAL = "send-refusal"
    """ERROR with the code of the check that failed."""
    EXAMINE_COINS = "examine-coins"
    """Ask the ledger for the coins."""
    PROPOSE_PAYMENT = "propose-payment"
    """Build the next transaction and send PAYMENT_REQUEST."""
    REPEAT_REQUEST = "repeat-request"
    """PAYMENT_REQUEST again, with the energy of now."""
    EXAMINE_PAYMENT = "examine-payment"
    """Ask the ledger about the payment; per-payment: broadcast it."""
    CREDIT_PAYMENT = "credit-payment"
    """Store the transaction where a power cut cannot take it, then credit it and send RECEIPT."""
    CLOSE_CONTACT = "close-contact"
    """Switch the power on."""
    OPEN_CONTACT = "open-contact"
    """Switch the power off."""
    SETTLE = "settle"
    """Single-fee: broadcast the newest transaction."""
    RETRY_LATER = "retry-later"
    """Wait `settle_s`, then settle again."""
    SEND_CLOSE = "send-close"
    """CLOSE."""
    END_SESSION = "end-session"
    """Forget the session, but for its id."""


_S, _E, _A = SocketState, SocketEvent, SocketAction

_CUT = (_S.SETTLING, (_A.OPEN_CONTACT, _A.SETTLE))
_REFUSE = (_S.SETTLING, (_A.OPEN_CONTACT, _A.SEND_REFUSAL, _A.SETTLE))
_CLOSE = (_S.IDLE, (_A.SEND_CLOSE, _A.END_SESSION))
_TURN_AWAY = (_S.IDLE, (_A.SEND_REFUSAL, _A.END_SESSION))

SOCKET_TABLE: Table[SocketState, SocketEvent, SocketAction] = {
    (_S.IDLE, _E.HELLO): (_S.OFFERED, (_A.BEGIN_SESSION, _A.SEND_OFFER)),
    (_S.IDLE, _E.HELLO_UNSUITABLE): (_S.IDLE, (_A.SEND_REFUSAL,)),
    (_S.IDLE, _E.RESTORED): (_S.SUSPENDED, (_A.AWAIT_CABLE,)),
    # the session that was found has no credit left: what it owes is settled before anything is sold
    (_S.IDLE, _E.CREDIT_SPENT): (_S.SETTLING, (_A.SETTLE,)),
    (_S.IDLE, _E.SETTLEMENT_DUE): (_S.SETTLING, (_A.SETTLE,)),
    (_S.SUSPENDED, _E.RESUMED): (_S.DELIVERING, (_A.CLOSE_CONTACT,)),
    (_S.OFFERED, _E.HELLO): (_S.OFFERED, (_A.BEGIN_SESSION, _A.SEND_OFFER)),
    (_S.OFFERED, _E.HELLO_UNSUITABLE): _TURN_AWAY,
    (_S.OFFERED, _E.FUNDING): (_S.CHECKING_COINS, (_A.EXAMINE_COINS,)),
    (_S.OFFERED, _E.FUNDING_REFUSED): _TURN_AWAY,
    (_S.OFFERED, _E.CLOSE_RECEIVED): _CLOSE,
    (_S.OFFERED, _E.CABLE_SILENT): _CLOSE,
    (_S.OFFERED, _E.UNPLUGGED): _CLOSE,
    # nothing is sold yet, so a cable that restarted is served at once; the answer about its old coins comes too late
    (_S.CHECKING_COINS, _E.HELLO): (_S.OFFERED, (_A.BEGIN_SESSION, _A.SEND_OFFER)),
    (_S.CHECKING_COINS, _E.HELLO_UNSUITABLE): _TURN_AWAY,
    (_S.CHECKING_COINS, _E.COINS_GOOD): (_S.AWAITING_PAYMENT, (_A.PROPOSE_PAYMENT,)),
    (_S.CHECKING_COINS, _E.COINS_BAD): _TURN_AWAY,
    (_S.CHECKING_COINS, _E.LEDGER_LOST): _TURN_AWAY,
    (_S.CHECKING_COINS, _E.CLOSE_RECEIVED): _CLOSE,
    (_S.CHECKING_COINS, _E.CABLE_SILENT): _CLOSE,
    (_S.CHECKING_COINS, _E.UNPLUGGED): _CLOSE,
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
    **{
        (state, _E.HELLO_AGAIN): (state, (_A.SEND_OFFER,))
        for state in (
            _S.AWAITING_PAYMENT,
            _S.CHECKING_PAYMENT,
            _S.DELIVERING,
            _S.AWAITING_TOP_UP,
            _S.CHECKING_TOP_UP,
        )
    },
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
            _S.SUSPENDED,
        )
        # HELLO of another session: the cable forgot its own, or is another one; what is owed is settled first
        for event in (_E.CLOSE_RECEIVED, _E.CABLE_SILENT, _E.UNPLUGGED, _E.HELLO)
    },
}
"""(state, event) -> (next state, actions). What is not listed here is refused and changes nothing."""

_R = CloseReason

SOCKET_REASONS: Reasons[SocketEvent] = {
    _E.CREDIT_SPENT: {
        _R.LIMIT_REACHED: "as many payments were accepted as OFFER and FUNDING allow",
        _R.FUNDS_EXHAUSTED: "else, if the next payment could not be built from the coins",
        _R.CREDIT_SPENT: "else; and of a session that was not over and is found without credit after a restart",
    },
    _E.FUNDS_EXHAUSTED: {_R.FUNDS_EXHAUSTED: "the first payment cannot be built from the coins"},
    _E.PAYMENT_INVALID: {_R.REFUSED: "always"},
    _E.CONFLICT_SEEN: {_R.REFUSED: "always"},
    _E.LEDGER_LOST: {_R.REFUSED: "always"},
    _E.CLOSE_RECEIVED: {_R.PEER_CLOSED: "always"},
    _E.CABLE_SILENT: {_R.PEER_SILENT: "always"},
    _E.HELLO: {_R.PEER_RESTARTED: "of another session, when a payment was asked for already"},
    _E.UNPLUGGED: {
        _R.UNPLUGGED: "the plug contact opened",
        _R.FAULT: "the socket's contact or meter fails, or the appliance draws more than `max_power_w`",
    },
}
"""Why a session that ends with CLOSE ended."""
