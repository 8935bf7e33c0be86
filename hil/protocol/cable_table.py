"""The cable's states, events, actions and transitions (SPEC, "The cable")."""

from __future__ import annotations

import enum

from hil.protocol.machine import Table


class CableState(enum.Enum):
    """A cable has signed nothing before PAYING, and never signs again once ENDED."""

    UNPLUGGED = "unplugged"
    CALLING = "calling"
    FUNDED = "funded"
    PAYING = "paying"
    SUPPLIED = "supplied"
    ENDED = "ended"


class CableEvent(enum.Enum):
    """What can happen to a cable: a message that passed or failed its checks, a limit, a timer."""

    PLUGGED = "plugged"
    CALL_DUE = "call due"
    OFFER_GOOD = "offer good"
    OFFER_REFUSED = "offer refused"
    REQUEST_GOOD = "request good"
    REQUEST_REPEATED = "request repeated"
    REQUEST_REFUSED = "request refused"
    RECEIPT_GOOD = "receipt good"
    RECEIPT_REFUSED = "receipt refused"
    ENERGY_OVERCLAIMED = "energy overclaimed"
    APPLIANCE_FINISHED = "appliance finished"
    ERROR_RECEIVED = "error received"
    CLOSE_RECEIVED = "close received"
    REPLY_LATE = "reply late"
    SOCKET_SILENT = "socket silent"


class CableAction(enum.Enum):
    """What a transition makes the cable do, in the order listed."""

    SEND_HELLO = "send-hello"
    SEND_FUNDING = "send-funding"
    REPEAT_FUNDING = "repeat-funding"
    SIGN_PAYMENT = "sign-payment"
    REPEAT_PAYMENT = "repeat-payment"
    TAKE_RECEIPT = "take-receipt"
    SEND_REFUSAL = "send-refusal"
    SEND_CLOSE = "send-close"
    CALL_LATER = "call-later"
    END_SESSION = "end-session"


_S, _E, _A = CableState, CableEvent, CableAction

_WALK_AWAY = (_S.ENDED, (_A.SEND_REFUSAL, _A.SEND_CLOSE, _A.END_SESSION))
_CLOSE = (_S.ENDED, (_A.SEND_CLOSE, _A.END_SESSION))
_END = (_S.ENDED, (_A.END_SESSION,))

CABLE_TABLE: Table[CableState, CableEvent, CableAction] = {
    (_S.UNPLUGGED, _E.PLUGGED): (_S.CALLING, (_A.SEND_HELLO,)),
    (_S.CALLING, _E.CALL_DUE): (_S.CALLING, (_A.SEND_HELLO,)),
    (_S.CALLING, _E.OFFER_GOOD): (_S.FUNDED, (_A.SEND_FUNDING,)),
    (_S.CALLING, _E.OFFER_REFUSED): (_S.CALLING, (_A.SEND_REFUSAL, _A.CALL_LATER)),
    (_S.CALLING, _E.ERROR_RECEIVED): (_S.CALLING, (_A.CALL_LATER,)),
    (_S.CALLING, _E.CLOSE_RECEIVED): (_S.CALLING, (_A.CALL_LATER,)),
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
    (_S.SUPPLIED, _E.APPLIANCE_FINISHED): _CLOSE,
    **{(state, _E.REQUEST_REFUSED): _WALK_AWAY for state in (_S.FUNDED, _S.PAYING, _S.SUPPLIED)},
    **{(state, _E.ENERGY_OVERCLAIMED): _WALK_AWAY for state in (_S.FUNDED, _S.PAYING, _S.SUPPLIED)},
    # after ERROR or CLOSE of the socket there is nothing to say; a socket that seems silent may still hear
    **{(state, _E.ERROR_RECEIVED): _END for state in (_S.FUNDED, _S.PAYING, _S.SUPPLIED)},
    **{(state, _E.CLOSE_RECEIVED): _END for state in (_S.FUNDED, _S.PAYING, _S.SUPPLIED)},
    **{(state, _E.SOCKET_SILENT): _CLOSE for state in (_S.FUNDED, _S.PAYING, _S.SUPPLIED)},
}
"""(state, event) -> (next state, actions). What is not listed here is refused and changes nothing."""
