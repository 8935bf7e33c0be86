"""What the transitions of the cable's table do (SPEC, "States and timers"); ``cable.py`` says when they happen."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from hil.protocol.cable_table import CABLE_TABLE, CableAction, CableEvent, CableState
from hil.protocol.checks import Refusal, RefusalCode
from hil.protocol.coins import Coin
from hil.protocol.machine import KeepCoins, Noted, Remember, SessionEnded, TableMachine
from hil.protocol.messages import (
    MAX_COINS,
    PROTOCOL_VERSION,
    Close,
    CloseReason,
    DeclaredCoin,
    Error,
    Funding,
    Hello,
    Meter,
    Mode,
    Offer,
    Payment,
)
from hil.protocol.policy import CableLimits, Misuse, Policy, credited_energy_mwh, quantum_energy_mwh
from hil.protocol.records import CableRecord, declared_coins
from hil.protocol.sessions import MOST_ENERGY_MWH, CableSession
from hil.protocol.signing import Key, sign_transaction
from hil.protocol.transactions import change_coin, parse_transaction
from hil.protocol.wallet import Wallet


class CableActions(TableMachine[CableState, CableEvent, CableAction]):
    """The session that the cable is in, its timers, and one method for each action of the table."""

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
        """Energy that the socket has been paid for in the session and that cannot have flowed."""
        if not session.signed:
            return 0
        number = session.signed if self._is_acknowledged(session) else session.signed - 1
        bought = credited_energy_mwh(self._require_offer(session), number)
        return max(0, bought - self.used_mwh - session.unmetered_mwh)

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
        trusted = lost_mwh < quantum_energy_mwh(session.offer)
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

    def _send_meter(self) -> None:
        session = self._require_session()
        self._meter_due = self._now + self.policy.cable_meter_s
        self._transmit(Meter(session.id, session.next_sequence(), self._told_energy_mwh))

    # --- actions of the table ----------------------------------------------------------------------------------

    def _send_hello(self) -> None:
        if self._session is None:
            self._session = CableSession(self._new_session_id())
        session = self._session
        self._call_due = self._now + self.policy.hello_s
        self._transmit(
            Hello(session.id, session.next_sequence(), PROTOCOL_VERSION, self.limits.modes, self.limits.network)
        )

    def _send_funding(self) -> None:
        session = self._require_session()
        self._call_due = None
        self._silent_at = self._now + self.policy.silent_peer_s
        self._meter_due = self._now + self.policy.cable_meter_s
        session.coins = self._wallet.coins
        declared = tuple(
            DeclaredCoin(coin.outpoint.txid, coin.outpoint.index, coin.value, coin.script) for coin in session.coins
        )
        session.funding = Funding(session.id, 0, declared, self._change_script, self.budget)
        session.energy_origin_mwh = self._energy_mwh
        session.asked_at = self._now
        self._repeat_funding()

    def _repeat_funding(self) -> None:
        session = self._require_session()
        self._reply_due = self._now + self.policy.reply_s
        self._transmit(replace(self._require_funding(session), sequence=session.next_sequence()))

    def _sign_payment(self) -> None:
        session = self._require_session()
        request = session.request
        if request is None:
            raise AssertionError("a payment answers a request")
        signed = sign_transaction(parse_transaction(request.transaction), session.coins, self._keys)
        session.before = session.payment
        session.signed, session.signed_request, session.payment = request.n, request.transaction, signed.serialize()
        session.asked_at = self._now
        record = self._record(session)
        self._effects.append(Remember(record))
        session.coins = coins_after(record)
        self._repeat_payment()

    def _repeat_payment(self) -> None:
        session = self._require_session()
        self._reply_due = self._now + self.policy.reply_s if self.state is CableState.PAYING else None
        self._transmit(Payment(session.id, session.next_sequence(), session.signed, session.payment))

    def _take_receipt(self) -> None:
        session = self._require_session()
        self._reply_due = None
        self._effects.append(Noted(f"payment {session.signed} credited, {session.credited_mwh} mWh in all"))

    def _resume_session(self) -> None:
        session = self._require_session()
        self._call_due = None
        self._silent_at = self._now + self.policy.silent_peer_s
        self._meter_due = self._now + self.policy.cable_meter_s
        session.asked_at = self._now

    def _send_refusal(self) -> None:
        session = self._require_session()
        self._transmit(Error(session.id, session.next_sequence(), self._refusal.error_code, str(self._refusal)))

    def _send_close(self) -> None:
        session = self._require_session()
        self._transmit(Close(session.id, session.next_sequence(), self._close_reason, self._told_energy_mwh, ""))

    def _call_later(self) -> None:
        session, again = self._require_session(), self._can_call_again
        if session.funding is not None:
            self._end_session()
        self._session = None  # the next call is a new session, with an id of its own
        self._call_due = self._now + self.policy.call_again_s
        if not again:
            self._fire(CableEvent.NOTHING_LEFT)

    def _fall_silent(self) -> None:
        self._call_due = None

    def _end_session(self) -> None:
        session = self._require_session()
        if session.signed:
            self._paid += session.signed
            self._undelivered_mwh += self._unused_mwh(session)
            acknowledged = self._is_acknowledged(session)
            self._doubtful_mwh = 0 if acknowledged else quantum_energy_mwh(self._require_offer(session))
            self._wallet.session_over(self._record(session), self._settled_txid, acknowledged=acknowledged)
            self._effects.append(KeepCoins(tuple(self._wallet.candidates)))
        self._settled_txid = ""
        self._effects.append(SessionEnded(session.id, self._close_reason.name.lower(), session.signed))
        self._call_due = self._reply_due = self._silent_at = self._meter_due = self._idle_since = None


def require_keys(keys: Mapping[bytes, Key], scripts: Iterable[bytes]) -> None:
    for script in scripts:
        if script not in keys:
            raise Misuse(f"no key for the script {script.hex()}")


def coins_after(record: CableRecord) -> tuple[Coin, ...]:
    """Return what the payment after the record's spends."""
    if record.offer.mode is Mode.SINGLE_FEE:
        return declared_coins(record.funding)
    change = change_coin(parse_transaction(record.transaction), record.funding.change_script)
    return (change,) if change is not None else ()
