"""The numbers of SPEC: modes, networks, codes of ERROR, reasons of CLOSE."""

from __future__ import annotations

import enum


class Mode(enum.IntEnum):
    """How a session pays."""

    SINGLE_FEE = 1
    PER_PAYMENT = 2


class Network(enum.IntEnum):
    """The ledger that is meant."""

    MAINNET = 0
    TESTNET = 1
    SIGNET = 2
    REGTEST = 3


class ErrorCode(enum.IntEnum):
    """What ERROR refuses; the meanings stand in SPEC, "Error codes"."""

    MALFORMED = 1
    UNSUPPORTED_VERSION = 2
    UNEXPECTED = 3
    UNKNOWN_SESSION = 4
    SESSION_REUSED = 5
    UNSUITABLE = 6
    TARIFF_TOO_HIGH = 20
    QUANTUM_TOO_HIGH = 21
    QUANTUM_TOO_LOW = 22
    FEE_RATE_TOO_HIGH = 23
    PAYEE_SCRIPT = 24
    COIN_DUPLICATE = 30
    COIN_SCRIPT = 31
    CHANGE_SCRIPT = 32
    FUNDS_EXHAUSTED = 33
    COIN_UNKNOWN = 34
    COIN_DIFFERS = 35
    COIN_UNCONFIRMED = 36
    TRANSACTION_MALFORMED = 40
    NOT_NEXT = 41
    TOO_MANY_PAYMENTS = 42
    PREMATURE = 43
    ENERGY_OVERCLAIMED = 44
    FOREIGN_INPUT = 45
    MISSING_INPUT = 46
    DUPLICATE_INPUT = 47
    VERSION = 48
    LOCKTIME = 49
    SEQUENCE = 50
    WRONG_PAYEE = 51
    UNDERPAID = 52
    OVERPAID = 53
    EXTRA_OUTPUT = 54
    CHANGE_DIVERTED = 55
    CHANGE_MISSING = 56
    FEE_TOO_HIGH = 57
    FEE_TOO_LOW = 58
    ALTERED = 59
    SIGNATURE_SHAPE = 60
    WRONG_KEY = 61
    HASH_TYPE = 62
    SIGNATURE_ENCODING = 63
    HIGH_S = 64
    BAD_SIGNATURE = 65
    RECEIPT_SHORT = 70
    CONFLICT = 80
    LEDGER_UNAVAILABLE = 81
    LEDGER_REFUSED = 82


class CloseReason(enum.IntEnum):
    """Why a session ends; the meanings stand in SPEC, "Error codes"."""

    APPLIANCE_FINISHED = 1
    CREDIT_SPENT = 2
    FUNDS_EXHAUSTED = 3
    REFUSED = 4
    PEER_CLOSED = 5
    PEER_SILENT = 6
    PEER_RESTARTED = 7
    UNPLUGGED = 8
    LIMIT_REACHED = 9
    FAULT = 10
