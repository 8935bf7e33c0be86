"""The table of invariants: what each demands, by which chapter of SPEC, of which side; and what broke one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from hil.judge.invariants.history import Frame

SLACK_S: Final = 0.25
"""A repetition that comes so much before its time may have been due: stamps, queues and a busy host make no difference
that a peer would notice.
"""

SHOWN: Final = 64
"""Hex digits of a frame that a short text shows."""


@dataclass(frozen=True)
class Rule:
    """One invariant.

    :param id: its name, which stays the same.
    :param side: who must keep it: ``socket``, ``cable`` or ``both``.
    :param chapter: of SPEC.
    """

    id: str
    side: str
    demand: str
    chapter: str


@dataclass(frozen=True)
class Breach:
    """A rule that a device under test broke.

    :param what: what it did instead.
    :param frame: by which message; None: it is no message by which it shows.
    """

    rule: Rule
    side: str
    what: str
    frame: Frame | None = None

    def __str__(self) -> str:
        at = f"; {self.frame}: {self.frame.raw.hex()}" if self.frame is not None else ""
        return f"{self._told}{at}"

    @property
    def short(self) -> str:
        """The same with the beginning of the frame only."""
        if self.frame is None:
            return self._told
        raw = self.frame.raw.hex()
        return f"{self._told}; {self.frame}: {raw[:SHOWN]}{'…' if len(raw) > SHOWN else ''}"

    @property
    def _told(self) -> str:
        return f"invariant {self.rule.id} (SPEC, {self.rule.chapter}) is broken by the {self.side}: {self.what}"


FRAME = Rule("frame", "both", "Each frame is COBS without zeros, with the right CRC.", "Framing")
LAYOUT = Rule("layout", "both", "Each payload is a message of version 1: fields, ranges, shortest form.", "Messages")
SIDE = Rule("side", "both", "Each side sends only messages of its own.", "Messages")
SEQUENCE = Rule(
    "sequence",
    "both",
    "Each message of a session counts one more than the one before, from 1 on; a restart uses no number twice.",
    "Order, loss and repetition",
)
CLOSED = Rule("closed", "both", "Nothing but ERROR follows a CLOSE in its session.", "States and timers")
REASON = Rule(
    "close-reason",
    "both",
    "CLOSE tells a reason that its sender can have, after what it is the reason of.",
    "States and timers",
)
CODE = Rule("error-code", "both", "ERROR tells a code that its sender can have.", "What each side checks")
SILENT = Rule(
    "silent-peer", "both", "A peer of whom nothing came for `silent_peer_s` is given up.", "Timers and limits"
)
OVER = Rule(
    "over",
    "cable",
    "Nothing follows a CLOSE or ERROR of the socket that ends a session; no other session if none would go better.",
    "States and timers",
)
AGAIN = Rule(
    "call-again",
    "cable",
    "After an end that another session can mend a cable calls again, while coins, budget and trust are left.",
    "Restarts and lost links",
)
BUDGET = Rule(
    "budget",
    "cable",
    "FUNDING tells a budget from which all payments of earlier sessions since the power-on are taken.",
    "The cable, before it signs",
)
LEFT = Rule(
    "coins-left",
    "cable",
    "After a CLOSE that names one of its payments a cable declares the change of that one first.",
    "Restarts and lost links",
)
KEPT = Rule(
    "session-kept",
    "both",
    "A session in which payments were made outlives a restart of a side.",
    "Restarts and lost links",
)
FRESH = Rule("session-fresh", "cable", "A new session has an id that was never used before.", "Messages")
RANDOM = Rule("session-random", "cable", "The ids of sessions are random: they have no bytes in common.", "Privacy")
NETWORK = Rule("network", "cable", "HELLO means regtest, by the number 3.", "1 HELLO")
REFUSED = Rule(
    "refused",
    "socket",
    "A payload that is no message is answered by ERROR MALFORMED or UNSUPPORTED_VERSION, in the session that it names.",
    "Messages",
)
DROPPED = Rule(
    "dropped", "socket", "A bad frame gets no answer: an ERROR is about a session that a good one named.", "Framing"
)
KNOWN = Rule("session-known", "socket", "The socket speaks in a session that a HELLO began.", "Messages")
NO_ANSWER = Rule(
    "no-answer",
    "socket",
    "ERROR and CLOSE of a session that does not run get no answer.",
    "Order, loss and repetition",
)
MODE = Rule("mode", "socket", "The mode of OFFER is one of those in HELLO.", "2 OFFER")
SOLD = Rule(
    "offer",
    "socket",
    "OFFER tells tariff, quantum, fee rate, mode, number of payments, confirmations and power as the socket was set.",
    "2 OFFER",
)
SAME_OFFER = Rule("same-offer", "socket", "An OFFER that is repeated is the same.", "Order, loss and repetition")
SAME_FUNDING = Rule("same-funding", "cable", "A FUNDING that is repeated is the same.", "Order, loss and repetition")
PAYEE = Rule("payee-fresh", "socket", "The payee is P2WPKH or P2PKH, and was offered in no session before.", "2 OFFER")
CHANGE = Rule(
    "change-fresh",
    "cable",
    "A session that begins after a power-on has a change script that none before the power-on had.",
    "Keys",
)
KEYS = Rule(
    "keys",
    "both",
    "Of its account a device uses m/84h/1h/0h only, receiving keys for payees and change keys for change.",
    "Keys",
)
COINS = Rule("coins", "cable", "Declared coins exist: id in the order of the wire, index, value, script.", "3 FUNDING")
REPEAT_HELLO = Rule(
    "repeat-hello", "cable", "HELLO is repeated after `hello_s`, said anew after `call_again_s`.", "Timers and limits"
)
REPEAT_FUNDING = Rule("repeat-funding", "cable", "FUNDING is repeated after `reply_s`.", "Order, loss and repetition")
REPEAT_REQUEST = Rule(
    "repeat-request", "socket", "PAYMENT_REQUEST is repeated after `reply_s`.", "Order, loss and repetition"
)
REPEAT_PAYMENT = Rule(
    "repeat-payment",
    "cable",
    "PAYMENT answers a request, or is repeated after `reply_s`.",
    "Order, loss and repetition",
)
OFFER_AGAIN = Rule("repeat-offer", "socket", "OFFER answers each HELLO that is new.", "Order, loss and repetition")
REPEAT_RECEIPT = Rule("repeat-receipt", "socket", "RECEIPT answers a PAYMENT, each once.", "Order, loss and repetition")
REPEAT_METER = Rule(
    "repeat-meter",
    "both",
    "METER comes every `meter_s` while the contact is closed, the cable's every `cable_meter_s`.",
    "Timers and limits",
)
PROPOSAL = Rule(
    "proposal",
    "socket",
    "The proposed transaction is built as specified: inputs, payee, change, fee to the satoshi, version, locktime, "
    "sequence, order.",
    "Transactions",
)
ORDER = Rule(
    "payment-order",
    "both",
    "Payments are asked for, signed and expected in order, from 1 on, and no more than were agreed.",
    "What each side checks",
)
PREMATURE = Rule(
    "premature",
    "both",
    "No payment is asked for, or signed, while more than 2100 mWh of credit are left by the socket's claim.",
    "The cable, before it signs",
)
SIGNED = Rule(
    "signed",
    "cable",
    "What the cable signs is its own build of the payment, byte for byte.",
    "The cable, before it signs",
)
SIGNATURE = Rule(
    "signature", "cable", "Each input: one signature, one key, SIGHASH_ALL, strict DER, low S, valid.", "Transactions"
)
CREDITED = Rule(
    "credited",
    "socket",
    "A RECEIPT is for a payment that is the proposal, validly signed.",
    "The socket, before it credits",
)
CREDIT = Rule("credit", "socket", "A RECEIPT credits n quanta at the tariff, rounded down once.", "Transactions")
TXID = Rule(
    "settled-txid",
    "both",
    "CLOSE names the newest payment by its id in the order of the wire; none if the ledger has none of it.",
    "8 CLOSE",
)
ENERGY = Rule(
    "energy",
    "both",
    "What a device says of the energy of a session is what the lab meter saw, within 2 %, 100 mWh and the lab meter's "
    "own bounds; and never less than it said before.",
    "Two meters",
)
CONTACT = Rule(
    "contact",
    "socket",
    "No power flows before the first payment of a session, after its CLOSE, or after a restart before the cable spoke.",
    "The socket",
)
UNPAID = Rule("unpaid", "socket", "No more flows than was paid for, but for `unpaid_energy_mwh`.", "Timers and limits")
OVERLOAD = Rule(
    "overload", "socket", "No more than `max_power_w` of OFFER flows for longer than `overload_s`.", "Timers and limits"
)
SECRET = Rule(
    "secret",
    "both",
    "No seed, private key, extended key or word list is on line or console, in any usual encoding.",
    "Key custody",
)

RULES: Final = (
    FRAME,
    LAYOUT,
    SIDE,
    SEQUENCE,
    CLOSED,
    REASON,
    CODE,
    SILENT,
    OVER,
    AGAIN,
    BUDGET,
    LEFT,
    KEPT,
    FRESH,
    RANDOM,
    NETWORK,
    KNOWN,
    NO_ANSWER,
    REFUSED,
    DROPPED,
    MODE,
    SOLD,
    SAME_OFFER,
    SAME_FUNDING,
    PAYEE,
    CHANGE,
    KEYS,
    COINS,
    REPEAT_HELLO,
    REPEAT_FUNDING,
    REPEAT_REQUEST,
    REPEAT_PAYMENT,
    OFFER_AGAIN,
    REPEAT_RECEIPT,
    REPEAT_METER,
    PROPOSAL,
    ORDER,
    PREMATURE,
    SIGNED,
    SIGNATURE,
    CREDITED,
    CREDIT,
    TXID,
    ENERGY,
    CONTACT,
    UNPAID,
    OVERLOAD,
    SECRET,
)
"""All of them, in the order in which they are judged."""
