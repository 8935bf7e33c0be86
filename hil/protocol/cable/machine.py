"""The cable's protocol machine: it asks for power, checks each proposed transaction, and signs or walks away.

The host feeds bytes, instants and the readings of the cable's own meter; every method returns the effects that the
host carries out in order. See SPEC.md for the rules, ``table.py`` for the states, ``context.py`` for what the machine
knows, ``messages.py`` for what it does with a message and ``actions.py`` for what its transitions do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from hil.protocol.cable.actions import CABLE_ACTIONS, coins_after
from hil.protocol.cable.context import CableContext, RequestCheck, SessionFit, require_keys
from hil.protocol.cable.messages import check_request, fits_in_session, lose_socket, on_message
from hil.protocol.cable.table import CABLE_REASONS, CABLE_TABLE, CableEvent, CableState
from hil.protocol.codes import CloseReason
from hil.protocol.effects import Effect
from hil.protocol.machine import ROUNDING_S, earliest
from hil.protocol.payment.coins import Coin
from hil.protocol.payment.signing import Key
from hil.protocol.policy import CableLimits, Misuse, Policy, credited_energy_mwh
from hil.protocol.records import SEQUENCE_JUMP, CableRecord, declared_coins
from hil.protocol.sessions import CableSession
from hil.protocol.wallet import Wallet
from hil.protocol.wire.fields import MessageError
from hil.protocol.wire.messages import MAX_COINS

_S, _E = CableState, CableEvent


class CableMachine:
    """One cable, one session at a time.

    :param limits: the most it pays, in price, fee and number of payments.
    :param policy: limits of time and energy.
    :param coins: what it can spend, at most 16.
    :param keys: for the script of each coin, and for ``change_script``, the key that spends it; Misuse if one is
        missing.
    :param change_script: where its change goes.
    :param new_session_id: returns 8 random bytes; called once a session.
    :param check_request: what a request is held against before it is signed, and
    :param fits_session: whether it is signed in this session; both differ in devices with a seeded defect only.
    """

    def __init__(
        self,
        limits: CableLimits,
        policy: Policy,
        coins: Sequence[Coin],
        keys: Mapping[bytes, Key],
        change_script: bytes,
        new_session_id: Callable[[], bytes],
        *,
        check_request: RequestCheck = check_request,
        fits_session: SessionFit = fits_in_session,
    ) -> None:
        if len(coins) > MAX_COINS:
            raise Misuse(f"{len(coins)} coins; FUNDING holds at most {MAX_COINS}")
        require_keys(keys, [*(coin.script for coin in coins), change_script])
        self.context = CableContext(
            state=_S.UNPLUGGED,
            table=CABLE_TABLE,
            actions=CABLE_ACTIONS,
            reasons=CABLE_REASONS,
            policy=policy,
            limits=limits,
            wallet=Wallet([tuple(coins)]),
            keys=keys,
            change_script=change_script,
            new_session_id=new_session_id,
            check_request=check_request,
            fits_session=fits_session,
        )

    @property
    def state(self) -> CableState:
        """The state of its table."""
        return self.context.state

    @property
    def used_mwh(self) -> int:
        """Energy that the cable's own meter counted in this session, in milliwatt-hours."""
        return self.context.session_energy_mwh

    @property
    def credited_mwh(self) -> int:
        """Energy that the socket has confirmed as paid for in this session, in milliwatt-hours."""
        return self.context.session.credited_mwh if self.context.session else 0

    @property
    def payments(self) -> int:
        """How many payments it has signed in this session."""
        return self.context.session.signed if self.context.session else 0

    def next_deadline(self) -> float | None:
        """Return the instant at which ``on_time`` must be called at the latest; None if no timer runs."""
        context = self.context
        return earliest(
            context.call_due,
            context.reply_due,
            context.unanswered_at(),
            context.silent_at,
            context.meter_due,
            context.idle_due(),
        )

    def _at(self, now: float) -> CableContext:
        self.context.now = now
        return self.context

    def restore(self, candidates: Sequence[tuple[Coin, ...]], record: CableRecord | None) -> None:
        """Take up what a power cut interrupted, before ``plug``.

        :param candidates: what KeepCoins kept; empty if it never did: then the coins are those it was built with.
        :param record: what Remember kept of a session that had not ended; None if there is none.

        Raises Misuse if it is plugged in already, or lacks a key.
        """
        context = self.context
        if context.state is not _S.UNPLUGGED or context.session is not None:
            raise Misuse("a session is restored before the cable is plugged in")
        require_keys(context.keys, [coin.script for coins in candidates for coin in coins])
        if candidates:
            context.wallet = Wallet(candidates)
        if record is None:
            return
        declared = declared_coins(record.funding)
        require_keys(context.keys, [*(coin.script for coin in declared), record.funding.change_script])
        context.change_script = record.funding.change_script
        context.session = CableSession(
            record.session,
            sequence=record.sequence + SEQUENCE_JUMP,
            heard=record.heard,
            offer=record.offer,
            funding=record.funding,
            coins=coins_after(record),
            energy_origin_mwh=context.energy_mwh - record.used_mwh,
            signed=record.n,
            signed_request=record.request,
            payment=record.transaction,
            before=record.before,
            unmetered_mwh=max(0, credited_energy_mwh(record.offer, record.n) - record.used_mwh),
            drew_power=True,
            restored=True,
        )

    # --- what the host tells -----------------------------------------------------------------------------------

    def plug(self, now: float) -> list[Effect]:
        """The cable sits in a socket and its program runs."""
        context = self._at(now)
        if context.session is not None and context.session.restored:
            # the next power cut may come before anything else is written: no number is used twice
            context.remember()
        context.fire(_E.PLUGGED)
        return context.take_effects()

    def on_bytes(self, data: bytes, now: float) -> list[Effect]:
        """Take bytes from the line, in any pieces."""
        context = self._at(now)
        for item in context.decode(data):
            if not isinstance(item, MessageError):
                on_message(context, item)
        return context.take_effects()

    def on_time(self, now: float) -> list[Effect]:
        """Serve the timers that are due."""
        context = self._at(now)
        if context.silent_at is not None and now >= context.silent_at:
            lose_socket(context)
        # a repetition that falls due at the instant of giving up is not sent, whichever way the sums are rounded
        if (unanswered := context.unanswered_at()) is not None and now + ROUNDING_S >= unanswered:
            lose_socket(context)  # it talks and never answers
        if context.call_due is not None and now >= context.call_due:
            context.fire(_E.CALL_DUE)
        if context.reply_due is not None and now >= context.reply_due:
            context.fire(_E.REPLY_LATE)
        if context.meter_due is not None and now >= context.meter_due:
            context.send_meter(context.policy.cable_meter_s)
        idle_due = context.idle_due()
        if idle_due is not None and now >= idle_due:
            context.end_with(CloseReason.APPLIANCE_FINISHED, _E.APPLIANCE_FINISHED)
        return context.take_effects()

    def on_power(self, power_w: float, energy_mwh: int, now: float, *, live: bool = True) -> list[Effect]:
        """Take the cable's own meter: present power and milliwatt-hours since it was powered on.

        :param live: whether there is voltage; an appliance that is not supplied is not finished.
        """
        context = self._at(now)
        context.energy_mwh = max(context.energy_mwh, energy_mwh)
        if context.session is not None and context.state is not _S.ENDED:
            if not live:
                context.idle_since = None
            elif power_w >= context.policy.idle_power_w:
                context.session.drew_power = True
                context.idle_since = None
            elif context.session.drew_power and context.idle_since is None:
                context.idle_since = now
        return context.take_effects()
