"""What a cable keeps of itself and of the session that it is in, and what follows from both meters' counts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from hil.protocol.cable.table import CABLE_TABLE, CableAction, CableEvent, CableState
from hil.protocol.checks import Refusal, RefusalCode
from hil.protocol.machine import TableMachine
from hil.protocol.payment.coins import Coin
from hil.protocol.payment.signing import Key
from hil.protocol.policy import CableLimits, Misuse, Policy, credited_energy_mwh, quantum_energy_mwh
from hil.protocol.records import CableRecord
from hil.protocol.sessions import MOST_ENERGY_MWH, CableSession
from hil.protocol.wallet import Wallet
from hil.protocol.wire.messages import MAX_COINS, CloseReason, Funding, Offer


class CableBase(TableMachine[CableState, CableEvent, CableAction]):
    """The session that the cable is in, its coins and timers, and how much it trusts its socket."""

    table = CABLE_TABLE

    def __init__(
        self,
        limits: CableLimits,
        policy: Policy,
        coins: Sequence[Coin],
        keys: Mapping[bytes, Key],
        change_script: bytes,
        new_session_id: Callable[[], bytes],
    ) -> None:
        super().__init__(CableState.UNPLUGGED)
        if len(coins) > MAX_COINS:
            raise Misuse(f"{len(coins)} coins; FUNDING holds at most {MAX_COINS}")
        require_keys(keys, [*(coin.script for coin in coins), change_script])
        self.limits = limits
        self.policy = policy
        self._wallet = Wallet([tuple(coins)])
        self._paid = 0
        self._undelivered_mwh = 0
        self._doubtful_mwh = 0
        """What the newest payment of the last session bought, if the socket never said that it has it."""
        self._keys = keys
        self._change_script = change_script
        self._new_session_id = new_session_id
        self._session: CableSession | None = None
        self._settled_txid = ""
        self._refusal = Refusal(RefusalCode.UNEXPECTED, "")
        self._close_reason = CloseReason.REFUSED
        self._energy_mwh = 0
        self._now = 0.0
        self._call_due: float | None = None
        self._reply_due: float | None = None
        self._silent_at: float | None = None
        self._meter_due: float | None = None
        self._idle_since: float | None = None

    @property
    def used_mwh(self) -> int:
        """Energy that the cable's own meter counted in this session, in milliwatt-hours."""
        return self._energy_mwh - self._session.energy_origin_mwh if self._session else 0

    @property
    def credited_mwh(self) -> int:
        """Energy that the socket has confirmed as paid for in this session, in milliwatt-hours."""
        return self._session.credited_mwh if self._session else 0

    @property
    def payments(self) -> int:
        """How many payments it has signed in this session."""
        return self._session.signed if self._session else 0

    @property
    def budget(self) -> int:
        """How many payments it may still promise in a new session."""
        return self.limits.max_payments - self._paid

    # --- for the actions and for cable.py ----------------------------------------------------------------------

    @property
    def _told_energy_mwh(self) -> int:
        return min(self.used_mwh, MOST_ENERGY_MWH)

    def _require_session(self) -> CableSession:
        if self._session is None:
            raise AssertionError(f"no session in state {self.state.value}")
        return self._session

    @staticmethod
    def _require_offer(session: CableSession) -> Offer:
        if session.offer is None:
            raise AssertionError("a funded session has an offer")
        return session.offer

    def _unused_mwh(self, session: CableSession) -> int:
        """Energy that the socket has been paid for in the session and that cannot have flowed, by any honest meter."""
        if not session.signed:
            return 0
        number = session.signed if self._is_acknowledged(session) else session.signed - 1
        bought = credited_energy_mwh(self._require_offer(session), number)
        return max(0, bought - self._most_claimable_mwh(session))

    def _counted_mwh(self, session: CableSession) -> int:
        """Energy of the session by the cable's own meter, with what may have flowed while it was off."""
        return self.used_mwh + session.unmetered_mwh

    def _most_claimable_mwh(self, session: CableSession) -> int:
        quantum_mwh = quantum_energy_mwh(self._require_offer(session))
        return self.limits.most_claimable_mwh(self._counted_mwh(session), quantum_mwh)

    def _is_acknowledged(self, session: CableSession) -> bool:
        """Tell whether the socket has the newest payment, as far as it ever said; after a restart that is not known."""
        owed = credited_energy_mwh(self._require_offer(session), session.signed)
        return session.restored or session.credited_mwh >= owed

    @property
    def _can_call_again(self) -> bool:
        session = self._session
        if session is None or session.offer is None:
            return True
        lost_mwh = self._undelivered_mwh + self._unused_mwh(session)
        # what a socket that only takes money can have: it gets no second payment for nothing
        trusted = lost_mwh + self.limits.energy_tolerance_mwh < quantum_energy_mwh(session.offer)
        return trusted and self.budget > session.signed and bool(self._wallet.coins)

    @staticmethod
    def _require_funding(session: CableSession) -> Funding:
        if session.funding is None:
            raise AssertionError("a funded session declared its coins")
        return session.funding

    def _record(self, session: CableSession) -> CableRecord:
        return CableRecord(
            offer=self._require_offer(session),
            funding=self._require_funding(session),
            n=session.signed,
            request=session.signed_request,
            transaction=session.payment,
            before=session.before,
            used_mwh=self.used_mwh,
            sequence=session.sequence,
            heard=session.heard,
        )


def require_keys(keys: Mapping[bytes, Key], scripts: Iterable[bytes]) -> None:
    for script in scripts:
        if script not in keys:
            raise Misuse(f"no key for the script {script.hex()}")
