"""Each transition of both tables is taken by what a host can do; what they do not list changes nothing."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from hil.protocol.cable.table import CABLE_REASONS, CABLE_TABLE, CableAction, CableEvent, CableState
from hil.protocol.codes import CloseReason
from hil.protocol.effects import Noted
from hil.protocol.socket.table import (
    CONTACT_CLOSED,
    SOCKET_REASONS,
    SOCKET_TABLE,
    SocketAction,
    SocketEvent,
    SocketState,
)
from hil.protocol.wire.messages import PaymentRequest
from hil.tests.protocol.desk import CABLE_EVENTS, SOCKET_EVENTS, CableDesk, SocketDesk


def words(member: SocketState | SocketEvent | CableState | CableEvent) -> str:
    return str(member.value)


def trace(desk: SocketDesk | CableDesk) -> Any:
    """Everything that a machine may remember, but for its counters of what it refused, and the present instant."""
    counters = {"refused_events", "repeated_messages", "late_answers", "now", "decoder"}
    return {key: repr(value) for key, value in vars(desk.machine.context).items() if key not in counters}


@pytest.mark.parametrize(("state", "event"), SOCKET_TABLE, ids=words)
def test_each_transition_of_the_socket_is_taken_as_the_table_says(state: SocketState, event: SocketEvent) -> None:
    before = SocketState.CHECKING_COINS if event is SocketEvent.FUNDS_EXHAUSTED else state
    if event is SocketEvent.FUNDS_EXHAUSTED and state is SocketState.AWAITING_TOP_UP:
        before = SocketState.DELIVERING  # the event follows at once on the transition into its state
    desk = SocketDesk().reach(before)
    desk.taken.clear()
    SOCKET_EVENTS[event](desk)
    assert (state, event) in desk.taken
    nothing_to_settle = (SocketState.SETTLING, SocketEvent.SETTLED) in desk.taken
    assert desk.machine.state is (SocketState.IDLE if nothing_to_settle else SOCKET_TABLE[state, event][0])
    assert desk.contact() == (desk.machine.state in CONTACT_CLOSED)


@pytest.mark.parametrize(("state", "event"), CABLE_TABLE, ids=words)
def test_each_transition_of_the_cable_is_taken_as_the_table_says(state: CableState, event: CableEvent) -> None:
    desk = CableDesk().reach(state)
    desk.taken.clear()
    CABLE_EVENTS[event](desk)
    assert (state, event) in desk.taken
    assert desk.machine.state is CABLE_TABLE[state, event][0]


UNLISTED_SOCKET = [(s, e) for s in SocketState for e in SocketEvent if (s, e) not in SOCKET_TABLE]
UNLISTED_CABLE = [(s, e) for s in CableState for e in CableEvent if (s, e) not in CABLE_TABLE]


def test_an_event_that_the_sockets_table_does_not_list_leaves_no_trace() -> None:
    for state, event in UNLISTED_SOCKET:
        desk = SocketDesk().reach(state)
        before = trace(desk)
        assert not desk.machine.context.fire(event)
        assert (desk.machine.context.refused_events, trace(desk)) == (1, before), (state, event)


def test_an_event_that_the_cables_table_does_not_list_leaves_no_trace() -> None:
    for state, event in UNLISTED_CABLE:
        desk = CableDesk().reach(state)
        before = trace(desk)
        assert not desk.machine.context.fire(event)
        assert (desk.machine.context.refused_events, trace(desk)) == (1, before), (state, event)


@pytest.mark.parametrize(
    ("table", "reasons", "action"),
    [(SOCKET_TABLE, SOCKET_REASONS, SocketAction), (CABLE_TABLE, CABLE_REASONS, CableAction)],
    ids=["socket", "cable"],
)
def test_every_event_that_ends_a_session_with_close_has_its_reason(table: Any, reasons: Any, action: Any) -> None:
    """A socket that settles sends CLOSE when it has: the reason is that of the event that made it settle.

    Where it was settling before a restart, the reason was written down with the session.
    """
    close = {action.SEND_CLOSE} | ({action.SETTLE} if action is SocketAction else set())
    ends = {
        event for (state, event), (_, actions) in table.items() if close & set(actions) and state.name != "SETTLING"
    }
    assert ends - {SocketEvent.SETTLEMENT_DUE} == set(reasons)


def test_a_session_cannot_be_closed_for_a_reason_that_the_table_does_not_have() -> None:
    desk = SocketDesk().reach(SocketState.DELIVERING)
    with pytest.raises(AssertionError, match="FAULT is no reason to close for 'close received'"):
        desk.machine.context.end_with(CloseReason.FAULT, SocketEvent.CLOSE_RECEIVED)


LEDGER_EVENTS = {SocketEvent.CONFLICT_SEEN, SocketEvent.LEDGER_LOST}
SAID_TOO_EARLY_OR_LATE = {SocketEvent.FUNDING, SocketEvent.FUNDING_REFUSED, SocketEvent.CLOSE_RECEIVED}


@pytest.mark.parametrize(
    ("state", "event"),
    [pair for pair in UNLISTED_SOCKET if pair[1] in LEDGER_EVENTS | SAID_TOO_EARLY_OR_LATE],
    ids=words,
)
def test_what_comes_in_the_wrong_state_changes_neither_state_nor_money_nor_the_reason_told_at_the_end(
    state: SocketState, event: SocketEvent
) -> None:
    desk = SocketDesk().reach(state)
    session = copy.copy(desk.machine.context.session)
    SOCKET_EVENTS[event](desk)
    after = desk.machine.context.session
    assert desk.machine.state is state
    if session is None or after is None:
        assert session is after is None
        return
    told = ("close_reason", "coins", "declared", "accepted", "newest", "proposal", "proposed", "candidate")
    assert [getattr(after, name) for name in told] == [getattr(session, name) for name in told]


def test_every_event_and_action_of_a_table_is_used() -> None:
    for table, events, actions in (
        (SOCKET_TABLE, SocketEvent, SocketAction),
        (CABLE_TABLE, CableEvent, CableAction),
    ):
        assert {event for _, event in table} == set(events)
        assert {action for _, some in table.values() for action in some} == set(actions)


def test_every_event_can_be_played() -> None:
    assert set(SOCKET_EVENTS) == set(SocketEvent)
    assert set(CABLE_EVENTS) == set(CableEvent)


def test_an_action_that_raises_leaves_no_event_behind() -> None:
    desk = SocketDesk(coins=10_000 + 1_110)
    desk.reach(SocketState.CHECKING_COINS)
    desk.machine.context.require_session().change_script = b"\x6a"  # no proposal can be built with it
    with pytest.raises(Exception, match="neither P2WPKH nor P2PKH"):
        desk.answer_coins()
    assert not desk.sent(PaymentRequest)
    assert [effect for effect in desk.effects if isinstance(effect, Noted)] == []
