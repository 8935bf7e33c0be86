"""The socket with its meter and its ledger: how soon it notices what happens while power flows."""

from __future__ import annotations

import pytest

from hil.second.codes import CloseReason
from hil.second.terms import Terms
from hil.second.wire import messages as wire
from hil.tests.second.world import World


def sold(power_w: float, until_s: float = 120.0, terms: Terms | None = None) -> World:
    """Return a world in which an appliance of this power was served."""
    world = World(terms or Terms(), power_w=power_w, max_payments=4)
    world.cable.plug(0.0)
    world.run(until_s)
    return world


@pytest.mark.parametrize("power_w", [50.0, 1800.0, 3680.0])
def test_the_next_payment_is_asked_for_when_2000_to_1900_mwh_are_left(power_w: float) -> None:
    requests = [each for _, each in sold(power_w, 600.0).messages if isinstance(each, wire.PaymentRequest)]

    for request in requests:
        if request.n > 1:
            assert 1900 <= 8000 * (request.n - 1) - request.energy_mwh <= 2000
    assert len(requests) > 1


@pytest.mark.parametrize("quantum_sat", [500, 10_000])
def test_at_full_power_no_more_than_100_mwh_flow_beyond_the_credit(quantum_sat: int) -> None:
    world = sold(3680.0, terms=Terms(quantum_sat=quantum_sat, fee_rate_sat_per_vb=1))

    assert world.reasons() == [CloseReason.LIMIT_REACHED]
    assert 0 <= world.most_overdrawn_mwh <= 100


def test_an_appliance_that_draws_too_much_is_cut_off_after_one_second() -> None:
    world = sold(3700.0, until_s=5.0)

    assert world.reasons() == [CloseReason.FAULT]
    assert world.delivered_wh == pytest.approx(3700 / 3600, rel=0.15)


def test_the_energy_is_told_each_second() -> None:
    told = [each.energy_mwh for _, each in sold(1800.0, until_s=6.0).messages if isinstance(each, wire.Meter)]

    assert told == [500, 1000, 1500, 2000, 2500]


def test_a_meter_can_be_read_more_often() -> None:
    world = World(metering_s=0.02)
    world.cable.plug(0.0)
    world.run(1.0)

    deadline = world.socket.next_deadline()
    assert deadline is not None
    assert deadline - world.now <= 0.02


def test_the_ledger_is_watched_at_least_every_400_ms() -> None:
    world = World()
    world.cable.plug(0.0)
    world.run(1.0)
    for _ in range(50):
        asked = world.ledger.conflicts_asked
        world.run(world.now + 0.4)
        if world.contact:
            assert world.ledger.conflicts_asked > asked


def test_what_was_sold_is_sent_again_when_the_ledger_lost_it() -> None:
    world = sold(3680.0)
    (raw,) = world.ledger.sent
    world.ledger.forget()

    world.run(world.now + 35.0)

    assert world.ledger.sent == [raw]
