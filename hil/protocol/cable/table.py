"""The cable's states, events, actions and transitions (SPEC, "The cable")."""

from __future__ import annotations

import enum

from hil.protocol.codes import CloseReason
from hil.protocol.machine import Reasons, Table


class CableState(enum.Enum):
    """A cable signs in PAYING only, and never again once ENDED; in CALLING it may be about to resume a session."""

    UNPLUGGED = "unplugged"
    """Not plugged in, or not yet started."""
    CALLING = "calling"
    """HELLO is said; OFFER is awaited."""
    FUNDED = "funded"
    """The coins are declared; the first request is awaited."""
    PAYING = "paying"
    """A payment is signed; its receipt is awaited."""
    SUPPLIED = "supplied"
    """What was paid for is credited."""
    ENDED = "ended"
    """The session is over."""


class CableEvent(enum.Enum):
    """What can happen to a cable: a message that passed or failed its checks, a limit, a timer."""

    PLUGGED = "plugged"
    """The cable sits in a socket and runs."""
    CALL_DUE = "call due"
    """`hello_s` after an unanswered HELLO, `call_again_s` after a refusal."""
    OFFER_GOOD = "offer good"
    """OFFER that passed the checks."""
    OFFER_RESUMED = "offer resumed"
    """The OFFER of the session that it was in before it restarted, unchanged."""
    OFFER_REFUSED = "offer refused"
    """OFFER that failed a check."""
    REQUEST_GOOD = "request good"
    """PAYMENT_REQUEST for the next payment that passed the checks."""
    REQUEST_REPEATED = "request repeated"
    """The PAYMENT_REQUEST that was signed last, again."""
    REQUEST_DECLINED = "request declined"
    """PAYMENT_REQUEST that passed the checks, but before it is used up honest meters might be a payment apart."""
    REQUEST_REFUSED = "request refused"
    """PAYMENT_REQUEST that failed a check."""
    RECEIPT_GOOD = "receipt good"
    """RECEIPT for the payment signed last that credits what was paid for."""
    RECEIPT_REFUSED = "receipt refused"
    """RECEIPT that credits less, or a payment that was not signed."""
    ENERGY_OVERCLAIMED = "energy overclaimed"
    """METER claims more than was used, beyond the tolerance."""
    APPLIANCE_FINISHED = "appliance finished"
    """An appliance that drew power drew none for `appliance_idle_s`."""
    ERROR_RECEIVED = "error received"
    """ERROR that ends the session for good. After `MALFORMED` and `UNEXPECTED` the session goes on."""
    CLOSE_RECEIVED = "close received"
    """CLOSE from the socket, for a reason that a new session would not remove."""
    SESSION_LOST = "session lost"
    """ERROR or CLOSE that says that this session is over and another may begin, and there are coins and budget left."""
    LINK_LOST = "link lost"
    """As `socket silent`, and there are coins and budget left for another session."""
    NOTHING_LEFT = "nothing left"
    """The session that was to be resumed is over, and no coins, budget or trust are left for another."""
    REPLY_LATE = "reply late"
    """No request within `reply_s` of FUNDING, or no receipt within `reply_s` of PAYMENT."""
    SOCKET_SILENT = "socket silent"
    """Nothing new came for `silent_peer_s`, or no such reply in that time."""


class CableAction(enum.Enum):
    """What a transition makes the cable do, in the order listed."""

    SEND_HELLO = "send-hello"
    """HELLO, under a new session id if there is none."""
    SEND_FUNDING = "send-funding"
    """FUNDING; from here on the energy counts."""
    REPEAT_FUNDING = "repeat-funding"
    """FUNDING again."""
    SIGN_PAYMENT = "sign-payment"
    """Sign, store the transaction where a power cut cannot take it, send PAYMENT."""
    REPEAT_PAYMENT = "repeat-payment"
    """The same PAYMENT again."""
    TAKE_RECEIPT = "take-receipt"
    """Note the credit."""
    SEND_REFUSAL = "send-refusal"
    """ERROR with the code of the check that failed."""
    SEND_CLOSE = "send-close"
    """CLOSE."""
    RESUME_SESSION = "resume-session"
    """Go on where the session was before the restart."""
    FALL_SILENT = "fall-silent"
    """Call no more."""
    CALL_LATER = "call-later"
    """Forget the session, note which coins may be left, and wait `call_again_s`."""
    END_SESSION = "end-session"
    """The session is over; note which coins may be left, and stay silent until plugged in or started anew."""


_S, _E, _A = CableState, CableEvent, CableAction

_WALK_AWAY = (_S.ENDED, (_A.SEND_REFUSAL, _A.SEND_CLOSE, _A.END_SESSION))
_CLOSE = (_S.ENDED, (_A.SEND_CLOSE, _A.END_SESSION))
_END = (_S.ENDED, (_A.END_SESSION,))

CABLE_TABLE: Table[CableState, CableEvent, CableAction] = {
    (_S.UNPLUGGED, _E.PLUGGED): (_S.CALLING, (_A.SEND_HELLO,)),
    (_S.CALLING, _E.CALL_DUE): (_S.CALLING, (_A.SEND_HELLO,)),
    (_S.CALLING, _E.OFFER_GOOD): (_S.FUNDED, (_A.SEND_FUNDING,)),
    (_S.CALLING, _E.OFFER_RESUMED): (_S.PAYING, (_A.RESUME_SESSION, _A.REPEAT_PAYMENT)),
    (_S.CALLING, _E.OFFER_REFUSED): (_S.CALLING, (_A.SEND_REFUSAL, _A.CALL_LATER)),
    (_S.CALLING, _E.ERROR_RECEIVED): (_S.CALLING, (_A.CALL_LATER,)),
    (_S.CALLING, _E.CLOSE_RECEIVED): (_S.CALLING, (_A.CALL_LATER,)),
    (_S.CALLING, _E.NOTHING_LEFT): (_S.ENDED, (_A.FALL_SILENT,)),
    (_S.FUNDED, _E.REPLY_LATE): (_S.FUNDED, (_A.REPEAT_FUNDING,)),
    (_S.FUNDED, _E.REQUEST_GOOD): (_S.PAYING, (_A.SIGN_PAYMENT,)),
    (_S.PAYING, _E.REQUEST_REPEATED): (_S.PAYING, (_A.REPEAT_PAYMENT,)),
    (_S.PAYING, _E.REPLY_LATE): (_S.PAYING, (_A.REPEAT_PAYMENT,)),
    # a request for the next payment says that the one before was taken: its receipt was lost on the line
    (_S.PAYING, _E.REQUEST_GOOD): (_S.PAYING, (_A.SIGN_PAYMENT,)),
    (_S.PAYING, _E.RECEIPT_GOOD): (_S.SUPPLIED, (_A.TAKE_RECEIPT,)),
    (_S.PAYING, _E.RECEIPT_REFUSED): _WALK_AWAY,
    (_S.SUPPLIED, _E.REQUEST_GOOD): (_S.PAYING, (_A.SIGN_PAYMENT,)),
    # the receipt of the payment that is asked for again crossed the repeated request on the line
    (_S.SUPPLIED, _E.REQUEST_REPEATED): (_S.SUPPLIED, (_A.REPEAT_PAYMENT,)),
    # what was paid for is used up, then the socket ends the session: CREDIT_SPENT leaves room for another
    (_S.PAYING, _E.REQUEST_DECLINED): (_S.SUPPLIED, (_A.TAKE_RECEIPT,)),
    (_S.SUPPLIED, _E.REQUEST_DECLINED): (_S.SUPPLIED, ()),
    (_S.SUPPLIED, _E.APPLIANCE_FINISHED): _CLOSE,
    **{(state, _E.REQUEST_REFUSED): _WALK_AWAY for state in (_S.FUNDED, _S.PAYING, _S.SUPPLIED)},
    **{(state, _E.ENERGY_OVERCLAIMED): _WALK_AWAY for state in (_S.FUNDED, _S.PAYING, _S.SUPPLIED)},
    # after ERROR or CLOSE of the socket there is nothing to say; a socket that seems silent may still hear
    **{(state, _E.ERROR_RECEIVED): _END for state in (_S.FUNDED, _S.PAYING, _S.SUPPLIED)},
    **{(state, _E.CLOSE_RECEIVED): _END for state in (_S.FUNDED, _S.PAYING, _S.SUPPLIED)},
    **{(state, _E.SESSION_LOST): (_S.CALLING, (_A.CALL_LATER,)) for state in (_S.FUNDED, _S.PAYING, _S.SUPPLIED)},
    **{
        (state, _E.LINK_LOST): (_S.CALLING, (_A.SEND_CLOSE, _A.CALL_LATER))
        for state in (_S.FUNDED, _S.PAYING, _S.SUPPLIED)
    },
    **{(state, _E.SOCKET_SILENT): _CLOSE for state in (_S.PAYING, _S.SUPPLIED)},
}
"""(state, event) -> (next state, actions). What is not listed here is refused and changes nothing."""

CABLE_REASONS: Reasons[CableEvent] = {
    _E.APPLIANCE_FINISHED: {CloseReason.APPLIANCE_FINISHED: "always"},
    _E.REQUEST_REFUSED: {CloseReason.REFUSED: "always"},
    _E.RECEIPT_REFUSED: {CloseReason.REFUSED: "always"},
    _E.ENERGY_OVERCLAIMED: {CloseReason.REFUSED: "always"},
    _E.LINK_LOST: {CloseReason.PEER_SILENT: "always"},
    _E.SOCKET_SILENT: {CloseReason.PEER_SILENT: "always"},
}
"""Why a session that ends with CLOSE ended."""
