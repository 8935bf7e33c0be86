"""What the transitions of the cable's table do (SPEC, "States and timers"); ``cable.py`` says when they happen."""

from __future__ import annotations

from dataclasses import replace

from hil.protocol.cable.base import CableBase
from hil.protocol.cable.table import CableEvent, CableState
from hil.protocol.effects import KeepCoins, Noted, Remember, SessionEnded
from hil.protocol.payment.coins import Coin
from hil.protocol.payment.signing import sign_transaction
from hil.protocol.payment.transactions import change_coin, parse_transaction
from hil.protocol.policy import quantum_energy_mwh
from hil.protocol.records import CableRecord, declared_coins
from hil.protocol.sessions import CableSession
from hil.protocol.wire.messages import (
    PROTOCOL_VERSION,
    Close,
    DeclaredCoin,
    Error,
    Funding,
    Hello,
    Meter,
    Mode,
    Payment,
)


class CableActions(CableBase):
    """One method for each action of the table."""

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


def coins_after(record: CableRecord) -> tuple[Coin, ...]:
    """Return what the payment after the record's spends."""
    if record.offer.mode is Mode.SINGLE_FEE:
        return declared_coins(record.funding)
    change = change_coin(parse_transaction(record.transaction), record.funding.change_script)
    return (change,) if change is not None else ()
