"""The cable's protocol machine: it asks for power, checks each proposed transaction, and signs or walks away.

The host feeds bytes, instants and the readings of the cable's own meter; every method returns the effects that the
host carries out in order. See SPEC.md for the rules, ``cable_table.py`` for the states, ``cable_messages.py`` for
what becomes of a message and ``cable_actions.py`` for what the transitions do.
"""

from __future__ import annotations

from collections.abc import Sequence

from hil.protocol.cable.actions import coins_after
from hil.protocol.cable.base import require_keys
from hil.protocol.cable.messages import CableMessages
from hil.protocol.cable.table import CableEvent, CableState
from hil.protocol.effects import Effect, Noted, Remember
from hil.protocol.machine import ROUNDING_S, earliest
from hil.protocol.payment.coins import Coin
from hil.protocol.policy import Misuse, credited_energy_mwh
from hil.protocol.records import SEQUENCE_JUMP, CableRecord, declared_coins
from hil.protocol.sessions import CableSession
from hil.protocol.wallet import Wallet
from hil.protocol.wire.framing import FrameError
from hil.protocol.wire.messages import (
    CloseReason,
    MessageError,
)

_S, _E = CableState, CableEvent


class CableMachine(CableMessages):
    """One cable, one session at a time.

    :param limits: the most it pays, in price, fee and number of payments.
    :param policy: limits of time and energy.
    :param coins: what it can spend, at most 16.
    :param keys: for the script of each coin, and for ``change_script``, the key that spends it; Misuse if one is
        missing.
    :param change_script: where its change goes.
    :param new_session_id: returns 8 random bytes; called once a session.
    """

    def next_deadline(self) -> float | None:
        """Return the instant at which ``on_time`` must be called at the latest."""
        return earliest(self._call_due, self._reply_due, self._silent_at, self._meter_due, self._idle_due())

    def restore(self, candidates: Sequence[tuple[Coin, ...]], record: CableRecord | None) -> None:
        """Take up what a power cut interrupted, before ``plug``.

        :param candidates: what KeepCoins kept; empty if it never did: then the coins are those it was built with.
        :param record: what Remember kept of a session that had not ended; None if there is none.

        Raises Misuse if it is plugged in already, or lacks a key.
        """
        if self.state is not _S.UNPLUGGED or self._session is not None:
            raise Misuse("a session is restored before the cable is plugged in")
        scripts = [coin.script for coins in candidates for coin in coins]
        require_keys(self._keys, scripts)
        if candidates:
            self._wallet = Wallet(candidates)
        if record is None:
            return
        declared = declared_coins(record.funding)
        require_keys(self._keys, [*(coin.script for coin in declared), record.funding.change_script])
        credited = credited_energy_mwh(record.offer, record.n)
        self._change_script = record.funding.change_script
        self._session = CableSession(
            record.session,
            sequence=record.sequence + SEQUENCE_JUMP,
            heard=record.heard,
            offer=record.offer,
            funding=record.funding,
            coins=coins_after(record),
            energy_origin_mwh=self._energy_mwh - record.used_mwh,
            signed=record.n,
            signed_request=record.request,
            payment=record.transaction,
            before=record.before,
            unmetered_mwh=max(0, credited - record.used_mwh),
            drew_power=True,
            restored=True,
        )

    # --- what the host tells -----------------------------------------------------------------------------------

    def plug(self, now: float) -> list[Effect]:
        """The cable sits in a socket and its program runs."""
        self._now = now
        if self._session is not None and self._session.restored:
            # the next power cut may come before anything else is written: no number is used twice
            self._effects.append(Remember(self._record(self._session)))
        self._fire(_E.PLUGGED)
        return self._take_effects()

    def on_bytes(self, data: bytes, now: float) -> list[Effect]:
        """Take bytes from the line, in any pieces."""
        self._now = now
        for item in self._decode(data):
            if isinstance(item, FrameError):
                self._effects.append(Noted(f"frame dropped: {item}"))
            elif isinstance(item, MessageError):
                self._effects.append(Noted(f"message dropped: {item}"))
            else:
                self._on_message(item)
        return self._take_effects()

    def on_time(self, now: float) -> list[Effect]:
        """Serve the timers that are due."""
        self._now = now
        if self._silent_at is not None and now >= self._silent_at:
            self._lose_socket()
        if self._call_due is not None and now >= self._call_due:
            self._fire(_E.CALL_DUE)
        if self._reply_due is not None and now >= self._reply_due:
            # a repetition that falls due at the instant of giving up is not sent, whichever way the sums are rounded
            if now + ROUNDING_S >= self._require_session().asked_at + self.policy.silent_peer_s:
                # a socket that talks and never answers is given up like one that does not talk
                self._lose_socket()
            else:
                self._fire(_E.REPLY_LATE)
        if self._meter_due is not None and now >= self._meter_due:
            self._send_meter()
        idle_due = self._idle_due()
        if idle_due is not None and now >= idle_due:
            self._end_with(CloseReason.APPLIANCE_FINISHED, _E.APPLIANCE_FINISHED)
        return self._take_effects()

    def on_power(self, power_w: float, energy_mwh: int, now: float, *, live: bool = True) -> list[Effect]:
        """Take the cable's own meter: present power and milliwatt-hours since it was powered on.

        :param live: whether there is voltage; an appliance that is not supplied is not finished.
        """
        self._now = now
        self._energy_mwh = max(self._energy_mwh, energy_mwh)
        if self._session is not None and self.state is not _S.ENDED:
            if not live:
                self._idle_since = None
            elif power_w >= self.policy.idle_power_w:
                self._session.drew_power = True
                self._idle_since = None
            elif self._session.drew_power and self._idle_since is None:
                self._idle_since = now
        return self._take_effects()

    def _idle_due(self) -> float | None:
        if self._idle_since is None or self.state is not _S.SUPPLIED:
            return None
        return self._idle_since + self.policy.appliance_idle_s
