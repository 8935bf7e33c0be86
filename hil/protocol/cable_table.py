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
    SOCKET_SILENT = "socket silent"


class CableAction(enum.Enum):
    """What a transition makes the cable do, in the order listed."""

    SEND_HELLO = "send-hello"
    SEND_FUNDING = "send-funding"
    SIGN_PAYMENT = "sign-payment"
    REPEAT_PAYMENT = "repeat-payment"
    TAKE_RECEIPT = "take-receipt"
    SEND_REFUSAL = "send-refusal"
    SEND_CLOSE = "send-close"
    CALL_LATER = "call-later"
    END_SESSION = "end-session"


_S, _E, _A = CableState, CableEvent, CableAction

_WALK_AWAY = (_S.ENDED, (_A.SEND_REFUSAL, _A.SEND_CLOSE, _A.END_SESSION))
_END = (_S.ENDED, (_A.END_SESSION,))

CABLE_TABLE: Table[CableState, CableEvent, CableAction] = {
    (_S.UNPLUGGED, _E.PLUGGED): (_S.CALLING, (_A.SEND_HELLO,)),
    (_S.CALLING, _E.CALL_DUE): (_S.CALLING, (_A.SEND_HELLO,)),
    (_S.CALLING, _E.OFFER_GOOD): (_S.FUNDED, (_A.SEND_FUNDING,)),
    (_S.CALLING, _E.OFFER_REFUSED): (_S.CALLING, (_A.SEND_REFUSAL, _A.CALL_LATER)),
    (_S.CALLING, _E.ERROR_RECEIVED): (_S.CALLING, (_A.CALL_LATER,)),
    (_S.FUNDED, _E.REQUEST_GOOD): (_S.PAYING, (_A.SIGN_PAYMENT,)),
    (_S.PAYING, _E.REQUEST_REPEATED): (_S.PAYING, (_A.REPEAT_PAYMENT,)),
    (_S.PAYING, _E.RECEIPT_GOOD): (_S.SUPPLIED, (_A.TAKE_RECEIPT,)),
    (_S.PAYING, _E.RECEIPT_REFUSED): _WALK_AWAY,
    (_S.SUPPLIED, _E.REQUEST_GOOD): (_S.PAYING, (_A.SIGN_PAYMENT,)),
    # the receipt of the payment that is asked for again crossed the repeated request on the line
    (_S.SUPPLIED, _E.REQUEST_REPEATED): (_S.SUPPLIED, (_A.REPEAT_PAYMENT,)),
    (_S.SUPPLIED, _E.APPLIANCE_FINISHED): (_S.ENDED, (_A.SEND_CLOSE, _A.END_SESSION)),
    **{(state, _E.REQUEST_REFUSED): _WALK_AWAY for state in (_S.FUNDED, _S.PAYING, _S.SUPPLIED)},
    **{(state, _E.ENERGY_OVERCLAIMED): _WALK_AWAY for state in (_S.FUNDED, _S.PAYING, _S.SUPPLIED)},
    **{
        (state, event): _END
        for state in (_S.FUNDED, _S.PAYING, _S.SUPPLIED)
        for event in (_E.ERROR_RECEIVED, _E.CLOSE_RECEIVED, _E.SOCKET_SILENT)
    },
}
"""(state, event) -> (next state, actions). What is not listed here is refused and changes nothing."""
