"""What a cable knows of itself and of the session that it is in, and what follows from both meters' counts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from hil.protocol.cable.table import CableAction, CableEvent, CableState
from hil.protocol.effects import Remember
from hil.protocol.machine import MachineContext
from hil.protocol.payment.signing import Key
from hil.protocol.payment.transactions import parse_transaction, txid
from hil.protocol.policy import CableLimits, Misuse, credited_energy_mwh, quantum_energy_mwh
from hil.protocol.records import CableRecord
from hil.protocol.sessions import CableSession
from hil.protocol.wallet import Wallet
from hil.protocol.wire.messages import PaymentRequest

RequestCheck: TypeAlias = Callable[["CableContext", CableSession, PaymentRequest], None]
"""Raises Refusal if the request must not be signed."""

SessionFit: TypeAlias = Callable[["CableContext", CableSession, PaymentRequest], bool]
"""Tells whether a request that may be signed is paid in this session, or left to another one."""


@dataclass(kw_only=True)
class CableContext(MachineContext[CableState, CableEvent, CableAction, CableSession]):
    """The session that the cable is in, its coins and timers, and how much it trusts its socket."""

    limits: CableLimits
    wallet: Wallet
    keys: Mapping[bytes, Key]
    """The key that spends each script."""
    change_script: bytes
    new_session_id: Callable[[], bytes]
    check_request: RequestCheck
    fits_session: SessionFit
    paid: int = 0
    """Payments signed in earlier sessions."""
    undelivered_mwh: int = 0
    """Energy that earlier sessions paid for and that cannot have flowed."""
    payment_mwh: int = 0
    """What one payment bought in the last session in which any was signed."""
    doubtful_mwh: int = 0
    """What the newest payment of the last session bought, if the socket never said that it has it."""
    settled_txid: str = ""
    """The transaction that settled the session, as CLOSE said."""
    call_due: float | None = None
    idle_since: float | None = None
    """Since when the appliance has drawn no power."""

    @property
    def budget(self) -> int:
        """How many payments it may still promise in a new session."""
        return self.limits.max_payments - self.paid

    @property
    def can_call_again(self) -> bool:
        """Tell whether trust, budget and coins are left for another session after this one."""
        session = self.session
        if session is None or session.offer is None:
            return True
        lost_mwh = self.undelivered_mwh + self.unused_mwh(session)
        payment_mwh = self.payment_mwh if self.payment_mwh and not session.signed else quantum_energy_mwh(session.offer)
        # what a socket that only takes money can have: it gets no second payment for nothing
        trusted = lost_mwh + self.limits.energy_tolerance_mwh < payment_mwh
        return trusted and self.budget > session.signed and bool(self.wallet.coins)

    @property
    def is_funded(self) -> bool:
        """Tell whether there is a session that can be lost."""
        return self.allows(CableEvent.SESSION_LOST)

    def idle_due(self) -> float | None:
        """Return the instant at which the appliance counts as finished; None if it draws power."""
        if self.idle_since is None or self.state is not CableState.SUPPLIED:
            return None
        return self.idle_since + self.policy.appliance_idle_s

    def unanswered_at(self) -> float | None:
        """Return the instant at which a socket that gives no answer is given up; None if none is awaited."""
        if self.reply_due is None or self.session is None:
            return None
        return self.session.asked_at + self.policy.silent_peer_s

    def unused_mwh(self, session: CableSession) -> int:
        """Energy that the socket has been paid for in the session and that cannot have flowed, by any honest meter."""
        if not session.signed:
            return 0
        number = session.signed if self.is_acknowledged(session) else session.signed - 1
        bought = credited_energy_mwh(session.require_offer(), number)
        return max(0, bought - self.most_claimable_mwh(session))

    def is_acknowledged(self, session: CableSession) -> bool:
        """Tell whether the socket has the newest payment, as far as it ever said; after a restart that is not known."""
        if session.restored or session.credited_mwh >= credited_energy_mwh(session.require_offer(), session.signed):
            return True
        return bool(self.settled_txid) and txid(parse_transaction(session.payment)) == self.settled_txid

    def counted_mwh(self, session: CableSession) -> int:
        """Energy of the session by the cable's own meter, with what may have flowed while it was off."""
        return self.session_energy_mwh + session.unmetered_mwh

    def most_claimable_mwh(self, session: CableSession) -> int:
        """Most energy that an honest socket can claim by now."""
        quantum_mwh = quantum_energy_mwh(session.require_offer())
        return self.limits.most_claimable_mwh(self.counted_mwh(session), quantum_mwh)

    def remember(self) -> None:
        """Have the session written down as it stands."""
        session = self.require_session()
        session.written = session.sequence
        self.effects.append(Remember(self.record(session)))

    def record(self, session: CableSession) -> CableRecord:
        """Return what a power cut must not take of the session."""
        return CableRecord(
            offer=session.require_offer(),
            funding=session.require_funding(),
            n=session.signed,
            request=session.signed_request,
            transaction=session.payment,
            before=session.before,
            used_mwh=self.session_energy_mwh,
            sequence=session.sequence,
            heard=session.heard,
        )


def require_keys(keys: Mapping[bytes, Key], scripts: Iterable[bytes]) -> None:
    """Raise Misuse unless there is a key for each script."""
    for script in scripts:
        if script not in keys:
            raise Misuse(f"no key for the script {script.hex()}")
