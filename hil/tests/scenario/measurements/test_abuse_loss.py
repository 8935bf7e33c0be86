"""What an abuse cost the device under test, on made timelines."""

from __future__ import annotations

import dataclasses

import pytest

from hil.evidence.documents import Verdict
from hil.evidence.observations import Sampled, Source
from hil.links.abuses.catalogue import AbuseRow, Must
from hil.protocol.payment.coins import OutPoint
from hil.scenario.abuse_plan import AbusePlan
from hil.scenario.measurements import abuse
from hil.tests.scenario.abuses import CABLES, REFUSE, cheated, plan, row
from hil.tests.scenario.sessions import GIVEN, QUANTUM_SAT, Session, signed
from hil.tests.scenario.timelines import CABLE_UNDER_TEST, Scene, Truth

S = Session()


def lost(scene: Scene, made: AbuseRow, device: str) -> Sampled:
    found = abuse.loss(plan(made), device).take(scene.observer).observed
    assert isinstance(found, Sampled)
    return found


def test_a_socket_loses_the_energy_that_nothing_on_the_ledger_pays_for() -> None:
    scene = cheated(REFUSE, Truth(((1.0, 5.5),)))
    scene.run(6.0)
    assert (lost(scene, REFUSE, "socket").low + lost(scene, REFUSE, "socket").high) / 2 == pytest.approx(1.25, abs=0.01)
    scene.ledger.take(signed(S, 1).serialize())
    assert (lost(scene, REFUSE, "socket").low + lost(scene, REFUSE, "socket").high) / 2 == pytest.approx(
        -2.75, abs=0.01
    )
    assert abuse.loss(plan(REFUSE), "socket").take(scene.observer).verdict is Verdict.PASS
    assert abuse.loss(plan(REFUSE), "socket").measurement.limit.high == 0.1
    assert Source.LEDGER in abuse.loss(plan(REFUSE), "socket").measurement.sources


def test_what_flows_while_the_loss_is_looked_at_is_lost_too() -> None:
    scene = cheated(REFUSE, Truth(((1.0, 7.3),))).run(6.0)
    found = lost(scene, REFUSE, "socket")
    assert found.low <= 1.75 <= found.high
    assert found.covers == pytest.approx((0.0, 8.0))


def test_what_two_sessions_paid_on_the_ledger_counts_by_the_tariff_of_each() -> None:
    """5 Wh flow; 4 Wh are paid for at 2500 sat a Wh, and 2 Wh at 5000."""
    other = Session(2, tariff=5000, coin=dataclasses.replace(GIVEN, outpoint=OutPoint("02" * 32, 0)))
    scene = cheated(REFUSE, Truth(((1.0, 19.0),)))
    scene.observer.coins.append(other.coin)
    scene.from_socket(10.0, other.offer())
    for each in (S, other):
        scene.ledger.take(signed(each, 1).serialize())
    found = lost(scene.run(20.0), REFUSE, "socket")
    assert found.low <= -1.0 <= found.high
    assert found.high - found.low < 0.1


def test_while_a_session_goes_on_the_payments_on_the_line_pay() -> None:
    made = row(must=Must.GO_ON)
    scene = cheated(made, Truth(((1.0, 5.5),))).run(6.0)
    assert lost(scene, made, "socket").high < -2.7


def test_without_an_offer_nothing_was_paid() -> None:
    scene = Scene(Truth(((1.0, 2.8),))).run(4.0)
    scene.observer.plan.abuse = plan(REFUSE)
    assert lost(scene, REFUSE, "socket").low == pytest.approx(0.5, abs=0.02)


def test_a_cable_loses_what_it_signed_away_beside_its_change_less_what_was_delivered() -> None:
    scene = Scene(Truth(((2.0, 5.6),)), setup=CABLE_UNDER_TEST)
    scene.from_socket(0.2, S.offer())
    scene.from_cable(0.3, S.funding())
    for n in (1, 2):
        scene.from_cable(n + 0.4, S.payment(n))
    found = lost(scene.run(6.0), CABLES, "cable")
    assert found.low <= 2 * QUANTUM_SAT - 2500 <= found.high
    assert found.high - found.low < 60
    scene.observer.plan.mode = "per-payment"
    assert lost(scene, CABLES, "cable").high - found.high == pytest.approx(QUANTUM_SAT)


def test_what_was_signed_away_in_two_sessions_adds_up() -> None:
    other = Session(2)
    scene = Scene(Truth(), setup=CABLE_UNDER_TEST)
    for t, session in ((0.2, S), (2.2, other)):
        scene.from_socket(t, session.offer())
        scene.from_cable(t + 0.1, session.funding())
        scene.from_cable(t + 0.4, session.payment(1))
    assert lost(scene.run(6.0), CABLES, "cable").high == pytest.approx(2 * QUANTUM_SAT, abs=60)


def test_a_cable_signed_away_only_what_came_from_itself() -> None:
    """Nothing that the cheating socket says in the cable's name counts, nor what it is told of change and tariff."""
    strange = dataclasses.replace(S.funding(), change_script=S.payee)
    scene = Scene(Truth(((2.0, 5.6),)), setup=CABLE_UNDER_TEST)
    scene.from_socket(0.2, S.offer())
    scene.from_cable(0.3, S.funding(), dataclasses.replace(S.offer(), tariff_sat_per_wh=1))
    scene.from_cable(1.4, S.payment(1))
    scene.from_socket(1.5, strange, S.payment(2))
    found = lost(scene.run(6.0), CABLES, "cable")
    assert found.low <= QUANTUM_SAT - 2500 <= found.high
    assert found.covers == pytest.approx((0.0, 8.0))


def test_what_flows_while_a_cables_loss_is_looked_at_was_delivered_to_it() -> None:
    scene = Scene(Truth(((2.0, 7.4),)), setup=CABLE_UNDER_TEST)
    scene.from_socket(0.2, S.offer())
    scene.from_cable(0.3, S.funding())
    scene.from_cable(1.4, S.payment(1))
    found = lost(scene.run(6.0), CABLES, "cable")
    assert found.low <= QUANTUM_SAT - 3750 <= found.high


def test_a_payment_that_is_signed_again_is_signed_away_once() -> None:
    scene = Scene(Truth(), setup=CABLE_UNDER_TEST, mode="per-payment")
    scene.from_socket(0.2, S.offer())
    scene.from_cable(0.3, S.funding())
    scene.from_cable(1.4, S.payment(1), S.payment(1))
    assert lost(scene.run(6.0), CABLES, "cable").high == pytest.approx(QUANTUM_SAT, abs=60)


def test_energy_that_came_without_an_offer_had_no_price() -> None:
    scene = Scene(Truth(((1.0, 4.6),)), setup=CABLE_UNDER_TEST).run(6.0)
    found = lost(scene, CABLES, "cable")
    assert (found.low, found.high) == (0.0, 0.0)


def test_a_cable_that_signed_nothing_lost_nothing() -> None:
    scene = Scene(Truth(), setup=CABLE_UNDER_TEST).run(2.0)
    found = lost(scene, CABLES, "cable")
    assert (found.low, found.high) == (0.0, 0.0)
    assert abuse.loss(plan(CABLES), "cable").measurement.limit.high == 10_000


def test_without_a_lab_meter_no_loss_can_be_told() -> None:
    scene = Scene(metered=False)
    scene.observer.plan.abuse = plan(REFUSE)
    found = abuse.loss(plan(REFUSE), "socket").take(scene.run(1.0).observer)
    assert (found.verdict, found.detail) == (Verdict.INCONCLUSIVE, "no reading of the lab meter")


def test_what_comes_later_than_its_row_says_may_cost_the_credit_that_is_left_too() -> None:
    made = row(who="socket", from_payment=1, loses_mwh=None, loses_sat=10_000)
    assert AbusePlan("", None, row=made).loses_sat == AbusePlan("", 1, row=made).loses_sat == 10_000
    assert AbusePlan("", 3, row=made).loses_sat == 12_625
