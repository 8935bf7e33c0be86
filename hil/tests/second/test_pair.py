"""A cable and a socket of the second counterpart against each other, on a good line and on bad ones."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hil.second.cable.means import BuyerState
from hil.second.codes import CloseReason, ErrorCode, Mode
from hil.second.money.signatures import judge
from hil.second.money.transactions import parse
from hil.second.socket.means import SellerState
from hil.second.terms import Terms
from hil.second.wire import messages as wire
from hil.second.wire.frames import frame
from hil.tests.second.world import FATES, World

MODES = pytest.mark.parametrize("mode", list(Mode), ids=lambda mode: mode.name)
ENOUGH_S = 150.0


@MODES
def test_on_a_good_line_all_payments_are_made_and_all_that_they_bought_is_delivered(mode: Mode) -> None:
    world = World(Terms(mode=mode), max_payments=3)
    world.cable.plug(0.0)

    world.run(ENOUGH_S)

    assert world.reasons() == [CloseReason.LIMIT_REACHED]
    assert world.cable.state is BuyerState.ENDED
    assert world.cable.signed == world.socket.signed
    assert world.delivered_wh == pytest.approx(24.0, abs=0.1)
    assert world.ledger.paid_to(world.payees[0]) == 30_000
    assert len(world.ledger.sent) == (1 if mode is Mode.SINGLE_FEE else 3)


@MODES
def test_an_appliance_that_is_finished_ends_the_session_in_order(mode: Mode) -> None:
    world = World(Terms(mode=mode), appliance_wh=9.0, max_payments=5)
    world.cable.plug(0.0)

    world.run(ENOUGH_S)

    assert [end.reason for end in world.cable.ended] == [CloseReason.APPLIANCE_FINISHED]
    assert world.reasons() == [CloseReason.PEER_CLOSED]
    assert world.ledger.paid_to(world.payees[0]) == 20_000


@MODES
def test_coins_that_run_out_end_the_session(mode: Mode) -> None:
    world = World(Terms(mode=mode), coin_sat=(12_000, 12_000), max_payments=9)
    world.cable.plug(0.0)

    world.run(ENOUGH_S)

    assert world.reasons()[0] is CloseReason.FUNDS_EXHAUSTED


@MODES
def test_small_payments_are_asked_for_before_their_credit_ends(mode: Mode) -> None:
    world = World(Terms(mode=mode, quantum_sat=1000, fee_rate_sat_per_vb=1), max_payments=6)
    world.cable.plug(0.0)

    world.run(ENOUGH_S)

    assert world.reasons() == [CloseReason.LIMIT_REACHED]
    assert len([each for _, each in world.messages if isinstance(each, wire.Receipt)]) == 6


def test_a_socket_whose_meter_is_ahead_ends_no_session_in_anger() -> None:
    world = World(socket_gain=1.03, max_payments=30, coin_sat=(2_000_000,), power_w=3600.0)
    world.cable.plug(0.0)

    world.run(260.0)

    assert not any(isinstance(each, wire.Error) for _, each in world.messages)
    assert CloseReason.REFUSED not in world.reasons()


def test_a_socket_that_claims_too_much_is_left() -> None:
    world = World(socket_gain=1.2, max_payments=5)
    world.cable.plug(0.0)

    world.run(ENOUGH_S)

    assert [end.reason for end in world.cable.ended] == [CloseReason.REFUSED]
    assert world.reasons() == [CloseReason.PEER_CLOSED]


@MODES
def test_a_pulled_cable_is_cut_off_and_its_payment_settled(mode: Mode) -> None:
    world = World(Terms(mode=mode))
    world.cable.plug(0.0)
    world.run(5.0)

    world.socket.on_unplugged(world.now)

    assert not world.contact
    assert world.reasons() == [CloseReason.UNPLUGGED]
    assert world.ledger.paid_to(world.payees[0]) == 10_000


@MODES
@pytest.mark.parametrize("at_s", [0.001, 0.003, 5.0, 14.0])
def test_a_cable_that_restarts_goes_on_in_its_session(mode: Mode, at_s: float) -> None:
    world = World(Terms(mode=mode), max_payments=3)
    world.cable.plug(0.0)
    world.run(at_s)

    world.cable.plug(world.now)
    world.run(200.0)

    signed = {n for payments in world.cable.signed.values() for n in payments}
    assert signed == {1, 2, 3}
    assert world.reasons()[-1] is CloseReason.LIMIT_REACHED
    assert sum(1 for payments in world.cable.signed.values() if payments) == 1


@MODES
def test_a_cable_whose_session_the_socket_does_not_know_calls_in_another(mode: Mode) -> None:
    world = World(Terms(mode=mode, min_confirmations=0), max_payments=4)
    world.cable.plug(0.0)
    world.run(5.0)
    session = world.messages[0][1].session

    world.inject("cable", frame(wire.encode(wire.Error(session, 0, ErrorCode.UNKNOWN_SESSION, ""))))
    world.run(30.0)

    assert len({each.session for _, each in world.messages if isinstance(each, wire.Hello)}) == 2
    assert world.reasons()[0] in (CloseReason.PEER_RESTARTED, CloseReason.CREDIT_SPENT)


@settings(max_examples=40)
@given(st.lists(st.sampled_from(FATES), max_size=40), st.sampled_from(list(Mode)))
def test_whatever_the_line_does_nobody_loses_more_than_the_specification_says(fates: list[str], mode: Mode) -> None:
    world = World(Terms(mode=mode), fates=fates, max_payments=3, coin_sat=(100_000, 50_000))
    world.cable.plug(0.0)

    world.run(400.0)

    _money_is_right(world)
    assert world.most_overdrawn_mwh <= 100
    assert not any(isinstance(each, wire.Error) for sender, each in world.messages if sender == "cable")
    assert world.socket.state is SellerState.IDLE
    assert world.cable.state in (BuyerState.ENDED, BuyerState.CALLING)


def _money_is_right(world: World) -> None:
    """Each payment is signed as agreed, what was accepted was signed, and what was accepted is on the ledger."""
    quantum = world.terms.quantum_sat
    offers = {each.session: each for _, each in world.messages if isinstance(each, wire.Offer)}
    for session, accepted in world.socket.signed.items():
        signed = world.cable.signed[session]
        assert accepted.items() <= signed.items()
        payee = offers[session].payee_script
        assert world.ledger.paid_to(payee) == max(accepted) * quantum
    assert sum(len(payments) for payments in world.cable.signed.values()) <= world.max_payments
    for end in world.socket.ended:
        assert end.payments == len(world.socket.signed.get(end.session, {}))


def test_every_signature_on_the_line_is_good() -> None:
    world = World(coin_sat=(60_000, 60_000), max_payments=3)
    world.cable.plug(0.0)

    world.run(ENOUGH_S)

    funding = next(each for _, each in world.messages if isinstance(each, wire.Funding))
    for _, message in world.messages:
        if isinstance(message, wire.Payment):
            assert judge(parse(message.transaction), funding.coins) is None
