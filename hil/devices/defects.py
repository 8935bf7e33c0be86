"""Defences that a simulated device can be made to lack, to see that the bench finds out: seeded defects."""

from __future__ import annotations

import contextlib
import hashlib
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from embit.util import secp256k1

from hil.devices.board import MeasuringMeter
from hil.errors import RigFault
from hil.protocol.cable.messages import check_request, fits_in_session
from hil.protocol.codes import CloseReason
from hil.protocol.effects import SwitchContact
from hil.protocol.payment.signing import Key
from hil.protocol.policy import Policy
from hil.protocol.socket.actions import SOCKET_ACTIONS, begin_session, settle
from hil.protocol.socket.messages import check_session_payment
from hil.protocol.socket.table import SocketAction
from hil.units import Watt, WattHour

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from hil.devices.board import EnergyMeter
    from hil.protocol.cable.context import RequestCheck, SessionFit
    from hil.protocol.socket.actions import SocketActions
    from hil.protocol.socket.context import PaymentCheck, SocketContext
    from hil.protocol.socket.table import SocketEvent

Defect = Literal[
    "ignores-conflicts",
    "forgets-payments",
    "trusts-the-first-block",
    "settles-once",
    "credits-without-asking",
    "believes-any-node",
    "believes-its-server",
    "sells-without-ledger",
    "waits-for-late-answers",
    "has-no-patience",
    "takes-any-payment",
    "ignores-its-contact",
    "trusts-its-meter",
    "closes-before-payment",
    "offers-one-address",
    "abandons-the-unplugged",
    "tells-its-seed",
    "bills-apparent-power",
    "bills-what-flows-back",
]
"""- ignores-conflicts: looks for no other spend of the coins that it was paid with
- forgets-payments: does not look again for what it broadcast
- trusts-the-first-block: leaves a payment alone as soon as one block lies on it
- settles-once: takes what it sent for settled, without regard to the ledger's answer, and does not look again
- credits-without-asking: asks the ledger about the declared coins only, and accepts every payment without asking
- believes-any-node: does not ask whether its node is behind or of another network
- believes-its-server: keeps no headers and checks no proofs where it should (SPV)
- sells-without-ledger: takes silence of the ledger for consent
- waits-for-late-answers: sells on, however long an answer takes
- has-no-patience: treats every delayed answer of the ledger as missing, even one within the allowed time
- takes-any-payment: does not compare what the cable signed with what it proposed, nor check signatures
- ignores-its-contact: does not read its contact back
- trusts-its-meter: uses the last reading of a meter that does not answer, and accepts a count that stands still
- closes-before-payment: closes its contact when a session begins, before anything is paid
- offers-one-address: offers the same receiving address in each session
- abandons-the-unplugged: does not settle the session of a cable that was pulled (single-fee mode: all of it is lost)
- tells-its-seed: says the seed of its account on its console when it is ready
- bills-apparent-power: takes volts times amperes for the power: it assumes power factor 1
- bills-what-flows-back: counts power that flows back into the mains as if it were delivered
"""

CableDefect = Literal["signs-anything", "declares-one-change", "signs-with-one-nonce", "tells-its-seed"]
"""- signs-anything: signs every transaction that it is asked for
- declares-one-change: declares the same change address after each start
- signs-with-one-nonce: signs everything with one nonce, so that two signatures tell its key
- tells-its-seed: says the seed of its account on its console when it is ready
"""

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
"""Order of secp256k1 (SEC 2)."""


def policy_of(defects: Collection[Defect]) -> Policy:
    """Return the limits that a socket with these defects keeps."""
    if "waits-for-late-answers" in defects:
        return Policy(ledger_answer_s=math.inf)
    return Policy(ledger_answer_s=0.0) if "has-no-patience" in defects else Policy()


def _begin_session_and_close(context: SocketContext) -> None:
    begin_session(context)
    context.effects.append(SwitchContact(closed=True, reason="session began"))


def _settle_unless_unplugged(context: SocketContext) -> SocketEvent | None:
    session = context.require_session()
    if session.close_reason is CloseReason.UNPLUGGED:
        session.newest = b""
    return settle(context)


def socket_actions_of(defects: Collection[Defect]) -> SocketActions:
    """Return what the actions of the table do in a socket with these defects."""
    actions = dict(SOCKET_ACTIONS)
    if "closes-before-payment" in defects:
        actions[SocketAction.BEGIN_SESSION] = _begin_session_and_close
    if "abandons-the-unplugged" in defects:
        actions[SocketAction.SETTLE] = _settle_unless_unplugged
    return actions


def payment_check_of(defects: Collection[Defect]) -> PaymentCheck:
    """Return what a socket with these defects holds a signed payment against."""
    return (lambda session, transaction: None) if "takes-any-payment" in defects else check_session_payment


def address_index_of(take_new: Callable[[], int], defects: Collection[Defect | CableDefect]) -> int:
    """Return the index of the address that a socket offers next, or that a cable's change goes to."""
    return take_new() if {"offers-one-address", "declares-one-change"}.isdisjoint(defects) else 0


def request_check_of(defects: Collection[CableDefect]) -> RequestCheck:
    """Return what a cable with these defects holds a request against before it signs."""
    return (lambda context, session, request: None) if "signs-anything" in defects else check_request


def session_fit_of(defects: Collection[CableDefect]) -> SessionFit:
    """Return how a cable with these defects decides whether to sign a request in this session."""
    return (lambda context, session, request: True) if "signs-anything" in defects else fits_in_session


class _OneNonceKey(Key):
    """Signs validly (strict DER, low S), with the same nonce each time."""

    _NONCE = hashlib.sha256(b"one nonce for all signatures").digest()

    def __init__(self, secret: bytes) -> None:
        super().__init__(secret)
        self._number = int.from_bytes(secret)

    def sign(self, digest: bytes) -> bytes:
        point = secp256k1.ec_pubkey_serialize(secp256k1.ec_pubkey_create(self._NONCE))
        r = int.from_bytes(point[1:]) % ORDER
        s = (int.from_bytes(digest) + r * self._number) * pow(int.from_bytes(self._NONCE), -1, ORDER)
        signature = secp256k1.ecdsa_signature_parse_compact(r.to_bytes(32) + (s % ORDER).to_bytes(32))
        return bytes(secp256k1.ecdsa_signature_serialize_der(secp256k1.ecdsa_signature_normalize(signature)))


def key_type_of(defects: Collection[Defect | CableDefect]) -> type[Key]:
    """Return the kind of key that a device with these defects signs with."""
    return _OneNonceKey if "signs-with-one-nonce" in defects else Key


class _TrustedMeter:
    """Implements :class:`hil.devices.board.EnergyMeter`: what cannot be read is taken to be as it was."""

    def __init__(self, meter: EnergyMeter) -> None:
        self._meter = meter
        self._energy, self._power = WattHour(0.0), Watt(0.0)

    def energy(self) -> WattHour:
        with contextlib.suppress(RigFault):
            self._energy = self._meter.energy()
        return self._energy

    def power(self) -> Watt:
        """Return no power, so that no standstill is noticed; the socket then reads at its usual rate."""
        return self._power

    def live(self) -> bool:
        return self._meter.live()


class _ApparentMeter:
    """Implements :class:`hil.devices.board.EnergyMeter` as a socket does that measures voltage and current only.

    :param board: the meter itself, which tells voltage and current as well.
    """

    def __init__(self, meter: EnergyMeter, board: MeasuringMeter) -> None:
        self._meter = meter
        self._board = board
        self._active: float | None = None
        self._apparent = 0.0

    def energy(self) -> WattHour:
        """Return what was counted, at the ratio of apparent to active power that there is now."""
        energy, power = self._meter.energy(), self._meter.power()
        ratio = self.power() / power if power > 0 else 1.0
        self._apparent += energy if self._active is None else (energy - self._active) * ratio
        self._active = energy
        return WattHour(self._apparent)

    def power(self) -> Watt:
        return Watt(self._board.voltage() * self._board.current())

    def live(self) -> bool:
        return self._meter.live()


class _DirectionlessMeter:
    """Implements :class:`hil.devices.board.EnergyMeter`: what flows back is counted like what is delivered."""

    def __init__(self, meter: EnergyMeter, now: Callable[[], float]) -> None:
        self._meter = meter
        self._now = now
        self._since = 0.0
        self._returned = 0.0

    def energy(self) -> WattHour:
        now = self._now()
        self._returned += max(0.0, -self._meter.power()) * (now - self._since) / 3600
        self._since = now
        return WattHour(self._meter.energy() + self._returned)

    def power(self) -> Watt:
        return Watt(abs(self._meter.power()))

    def live(self) -> bool:
        return self._meter.live()


def meter_of(
    meter: EnergyMeter, board: EnergyMeter, defects: Collection[Defect], now: Callable[[], float]
) -> EnergyMeter:
    """Return the meter as a socket with these defects reads it.

    :param board: the meter on the board, whose register ``meter`` has counted.
    :param now: the present instant in seconds.
    """
    if "bills-what-flows-back" in defects:
        return _DirectionlessMeter(meter, now)
    if "bills-apparent-power" in defects and isinstance(board, MeasuringMeter):
        return _ApparentMeter(meter, board)
    return _TrustedMeter(meter) if "trusts-its-meter" in defects else meter


def contact_position_of(position: Callable[[], bool | None], defects: Collection[Defect]) -> Callable[[], bool | None]:
    """Return how a socket with these defects reads its contact back."""
    return (lambda: None) if "ignores-its-contact" in defects else position


def view_of(kind: str, defects: object) -> str:
    """Return how a socket with these defects (its profile's) sees a ledger that it should see by ``kind``."""
    return "api" if isinstance(defects, Sequence) and "believes-its-server" in defects else kind


def final_confirmations_of(defects: Collection[Defect], usual: int) -> int | None:
    """Return the confirmations after which a payment is final; None for a socket that never looks again.

    :param usual: the confirmations after which one without defects does.
    """
    if not {"forgets-payments", "settles-once"}.isdisjoint(defects):
        return None
    return 1 if "trusts-the-first-block" in defects else usual
