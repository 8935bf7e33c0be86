"""Terms that a socket can keep to the end of a session; found out before it offers them, not in the middle of one."""

from __future__ import annotations

import dataclasses

from hil.protocol.payment.signing import p2wpkh_script
from hil.protocol.payment.transactions import dust_limit
from hil.protocol.policy import Misuse, SocketTerms, quantum_energy_mwh
from hil.protocol.wire.messages import MOST_ENERGY_MWH, SESSION_SIZE, Offer, encode_message

_ANY_PAYEE = p2wpkh_script(bytes(20))


def checked_terms(terms: SocketTerms) -> SocketTerms:
    """Return ``terms``, with no more payments than a RECEIPT can credit (4294967295 mWh).

    Raises Misuse for terms that no OFFER can tell, a quantum that is dust even to P2WPKH, or one that buys less than
    1 mWh or more than a RECEIPT can credit.
    """
    told = {field.name: getattr(terms, field.name) for field in dataclasses.fields(terms) if field.name != "network"}
    encode_message(Offer(session=bytes(SESSION_SIZE), sequence=0, payee_script=_ANY_PAYEE, **told))
    if terms.quantum_sat < dust_limit(_ANY_PAYEE):
        raise Misuse(f"quantum_sat {terms.quantum_sat} is dust; at least {dust_limit(_ANY_PAYEE)} are needed")
    energy = quantum_energy_mwh(terms)
    if not 1 <= energy <= MOST_ENERGY_MWH:
        raise Misuse(f"{terms.quantum_sat} sat at {terms.tariff_sat_per_wh} sat/Wh buy {energy} mWh, not 1 to 2^32-1")
    most = ((MOST_ENERGY_MWH + 1) * terms.tariff_sat_per_wh - 1) // (terms.quantum_sat * 1000)
    return dataclasses.replace(terms, max_payments=min(terms.max_payments, most))
