"""What no socket can offer and no cable can be given, by SPEC alone: on any rig, in any scenario."""

from __future__ import annotations

from hil.protocol.codes import CloseReason
from hil.protocol.payment.signing import p2wpkh_script
from hil.protocol.payment.transactions import dust_limit
from hil.protocol.policy import Misuse, SocketTerms
from hil.protocol.terms import checked_terms
from hil.protocol.wire.messages import MAX_COINS
from hil.units import Satoshi

MOST_COINS = MAX_COINS
"""That a cable declares in a FUNDING (SPEC, "FUNDING")."""

LEAST_COIN_SAT = Satoshi(dust_limit(p2wpkh_script(bytes(20))))
"""A smaller output is dust, which no node relays."""

CLOSE_REASONS = tuple(CloseReason.__members__)
"""Reasons of CLOSE, by name (SPEC, "CLOSE")."""


def no_offer(**terms: int) -> str:
    """Return why no socket can offer these terms, the others being those of the reference; ``""`` if one can.

    :param terms: fields of OFFER by name, e.g. ``tariff_sat_per_wh=1250``.
    """
    try:
        checked_terms(SocketTerms(**terms))  # type: ignore[arg-type]  # all of its numbers are whole
    except Misuse as error:
        return error.what.removeprefix("cannot encode OFFER: ")
    return ""
