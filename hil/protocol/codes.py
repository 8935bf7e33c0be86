"""The numbers of CLOSE and ERROR on the wire (SPEC, "Error codes"). A number is never reused for another meaning."""

from __future__ import annotations

import enum


class CloseReason(enum.IntEnum):
    """Why a session ends; field ``reason`` of CLOSE."""

    APPLIANCE_FINISHED = 1
    """The appliance no longer draws power; the cable ends in order."""
    CREDIT_SPENT = 2
    """No payment came in time and the credit is used up."""
    FUNDS_EXHAUSTED = 3
    """The coins do not hold another quantum and its fee."""
    REFUSED = 4
    """A check failed; the ERROR before says which."""
    PEER_CLOSED = 5
    """The other side sent CLOSE; this is the answer."""
    PEER_SILENT = 6
    """Nothing valid came from the other side for ``silent_peer_s``."""
    PEER_RESTARTED = 7
    """The other side began a new session in the middle of this one."""
    UNPLUGGED = 8
    """The cable was pulled."""
    LIMIT_REACHED = 9
    """The agreed number of payments was made and the credit is used up."""
    FAULT = 10
    """The sender's own hardware failed, or the appliance draws more than `max_power_w`."""


class ErrorCode(enum.IntEnum):
    """What a side refuses, and why; field ``code`` of ERROR, and the code of every Refusal.

    1-19 link and session · 20-29 offer · 30-39 funding · 40-59 transaction · 60-69 signature · 70-79 receipt ·
    80-89 ledger.
    """

    MALFORMED = 1
    """The message could not be decoded."""
    UNSUPPORTED_VERSION = 2
    """The HELLO is of a protocol version that this side does not speak."""
    UNEXPECTED = 3
    """The message is not allowed in the present state, or not for this side."""
    UNKNOWN_SESSION = 4
    """The session id is not the one of the running session."""
    SESSION_REUSED = 5
    """The session id was used before."""
    UNSUITABLE = 6
    """No common mode, or not the same network."""

    TARIFF_TOO_HIGH = 20
    """The energy costs more than the cable agrees to."""
    QUANTUM_TOO_HIGH = 21
    """One payment is larger than the cable agrees to."""
    QUANTUM_TOO_LOW = 22
    """One payment is dust, or buys less than 1 mWh."""
    FEE_RATE_TOO_HIGH = 23
    """The fee rate is above what the cable agrees to."""
    PAYEE_SCRIPT = 24
    """The payee script is neither P2WPKH nor P2PKH."""

    COIN_DUPLICATE = 30
    """One outpoint is declared twice."""
    COIN_SCRIPT = 31
    """A declared coin is neither P2WPKH nor P2PKH."""
    CHANGE_SCRIPT = 32
    """The change script is neither P2WPKH nor P2PKH."""
    FUNDS_EXHAUSTED = 33
    """The coins do not hold the quanta asked for and the fee."""
    COIN_UNKNOWN = 34
    """A declared coin does not exist or is spent; also if it is spent by the time that it pays."""
    COIN_DIFFERS = 35
    """A declared coin has another value or script on the ledger."""
    COIN_UNCONFIRMED = 36
    """A declared coin has fewer confirmations than the offer demands."""

    TRANSACTION_MALFORMED = 40
    """The bytes are not one whole transaction, are too many, or do not serialise to themselves."""
    NOT_NEXT = 41
    """The payment number is not the next one."""
    TOO_MANY_PAYMENTS = 42
    """The payment number is above what was agreed or budgeted."""
    PREMATURE = 43
    """A payment is asked for while too much credit is left."""
    ENERGY_OVERCLAIMED = 44
    """The socket claims more energy than the cable used, beyond the tolerance."""
    FOREIGN_INPUT = 45
    """An input is not one of the agreed coins."""
    MISSING_INPUT = 46
    """An agreed coin is not among the inputs."""
    DUPLICATE_INPUT = 47
    """One outpoint is spent twice."""
    VERSION = 48
    """The transaction version is not 2."""
    LOCKTIME = 49
    """The locktime is not 0."""
    SEQUENCE = 50
    """An input's sequence is not 0xffffffff."""
    WRONG_PAYEE = 51
    """No output pays the agreed payee script."""
    UNDERPAID = 52
    """The payee gets less than agreed."""
    OVERPAID = 53
    """The payee gets more than agreed."""
    EXTRA_OUTPUT = 54
    """There is an output beyond payment and change."""
    CHANGE_DIVERTED = 55
    """The change goes to a script that is not the cable's."""
    CHANGE_MISSING = 56
    """The change output is absent although it is due."""
    FEE_TOO_HIGH = 57
    """The fee is above the agreed one."""
    FEE_TOO_LOW = 58
    """The fee is below the agreed one."""
    ALTERED = 59
    """The transaction differs in another way, e.g. in the order of inputs or outputs, or a proposal is signed."""

    SIGNATURE_SHAPE = 60
    """An input does not hold exactly one signature and one public key."""
    WRONG_KEY = 61
    """The public key is not the one that the coin demands."""
    HASH_TYPE = 62
    """A signature is not of hash type SIGHASH_ALL (0x01)."""
    SIGNATURE_ENCODING = 63
    """A signature is not strict DER."""
    HIGH_S = 64
    """A signature has a high S."""
    BAD_SIGNATURE = 65
    """A signature does not verify."""

    RECEIPT_SHORT = 70
    """The receipt credits less than was paid for."""

    CONFLICT = 80
    """While power flows, another transaction spends the coins of the newest payment."""
    LEDGER_UNAVAILABLE = 81
    """The socket cannot ask the ledger at the moment."""
    LEDGER_REFUSED = 82
    """The ledger would not take the transaction; the text holds its reason."""
