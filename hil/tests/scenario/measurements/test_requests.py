"""When payments are asked for and with what credit left, on made timelines."""

from __future__ import annotations

import pytest

from hil.evidence.documents import Verdict
from hil.evidence.limits import Limit
from hil.evidence.observations import Counted, EvidenceMissing, Source, Timed
from hil.protocol.policy import Mode
from hil.scenario.check import timed
from hil.scenario.measurements import session
from hil.tests.scenario.sessions import Session
from hil.tests.scenario.timelines import Scene, Truth

S = Session()


def test_the_shortest_time_between_first_requests_counts() -> None:
    scene = Scene(metered=False)
    for t, n in ((1.0, 1), (5.0, 2), (5.5, 2), (8.0, 3)):
        scene.from_socket(t, S.request(n))
    found = session.between_requests(scene.run(9.0).observer, 0.0)
    assert found == Timed(3.0, 3.0, 5.0)
    check = timed("apart", Limit("s", low=3.1), session.between_requests, Source.LINE)
    assert check.take(scene.observer).verdict is Verdict.FAIL


def test_the_time_between_requests_has_the_bounds_of_both_stamps() -> None:
    scene = Scene(metered=False, bound=0.01)
    scene.from_socket(1.0, S.request(1))
    scene.from_socket(4.0, S.request(2))
    found = session.between_requests(scene.run(9.0).observer, 0.0)
    assert found.low == pytest.approx(2.98)
    assert found.high == pytest.approx(3.02)


def test_one_request_has_no_time_between() -> None:
    scene = Scene(metered=False)
    scene.from_socket(1.0, S.request(1))
    with pytest.raises(EvidenceMissing, match=r"^fewer than two payments were asked for$"):
        session.between_requests(scene.run(2.0).observer, 0.0)


def test_the_time_between_requests_is_the_shortest_though_the_first_and_last_are_longer() -> None:
    scene = Scene(metered=False)
    for t, n in ((1.0, 1), (5.0, 2), (7.0, 3), (12.0, 4)):
        scene.from_socket(t, S.request(n))
    assert session.between_requests(scene.run(13.0).observer, 0.0) == Timed(2.0, 2.0, 5.0)


def test_requests_of_two_sessions_are_apart_as_well() -> None:
    scene = Scene(metered=False)
    scene.from_socket(1.0, S.request(1))
    scene.from_socket(4.0, Session(2).request(1))
    assert session.between_requests(scene.run(13.0).observer, 0.0) == Timed(3.0, 3.0, 1.0)


def buying(energy_mwh: int = 2000, second: Session = S) -> Scene:
    """A socket that asks for the second payment at 1 kW after 2 Wh, and claims so much."""
    scene = Scene(Truth(((2.0, 60.0),)))
    scene.from_socket(1.0, S.offer())
    scene.from_cable(1.2, S.payment(1))
    scene.from_socket(1.3, S.receipt(1))
    scene.from_socket(9.2, second.request(2, energy_mwh))
    return scene.run(9.3)


def test_the_credit_at_a_request_is_reckoned_by_the_lab_meter() -> None:
    found = session.credit_at_requests(buying(1).observer)
    assert found.low <= 2.0 <= found.high
    assert found.high - found.low < 0.25


def test_the_credit_that_the_socket_reports_is_by_its_own_word() -> None:
    assert session.reported_credit_at_requests(buying(2000).observer, Limit("mWh", 1900, 2100)) == Counted(2000)
    assert session.reported_credit_at_requests(buying(500).observer, Limit("mWh", 1900, 2100)) == Counted(3500)


def paid(scene: Scene, n: int, t: float, of: Session = S) -> None:
    """Let payment ``n`` pass, and its receipt at second ``t``."""
    scene.from_cable(t - 0.1, of.payment(n))
    scene.from_socket(t, of.receipt(n))


@pytest.mark.parametrize(
    ("claims", "limit", "worst"),
    [
        ((2000, 4500), Limit("mWh", 1900, 2100), 3500),  # 2000 and 3500 mWh are left
        ((2000, 7500), Limit("mWh", 1900, 2100), 500),
        ((500, 6000), Limit("mWh", 1900, 2100), 3500),
        ((500, 6000), Limit("mWh", low=1900), 2000),
    ],
)
def test_of_several_requests_the_one_whose_reported_credit_fits_the_limit_worst_counts(
    claims: tuple[int, int], limit: Limit, worst: int
) -> None:
    scene = Scene(metered=False)
    scene.from_socket(1.0, S.offer(), S.request(1))
    for n, claim in enumerate(claims, start=1):
        paid(scene, n, 10.0 * n)
        scene.from_socket(10.0 * n + 8, S.request(n + 1, claim))
    assert session.reported_credit_at_requests(scene.run(30.0).observer, limit) == Counted(worst)


def test_only_the_first_request_for_a_payment_counts_and_only_if_the_one_before_was_accepted() -> None:
    scene = Scene(metered=False)
    scene.from_socket(1.0, S.offer(), S.request(1, 3999), S.request(3, 3999))
    paid(scene, 1, 2.0)
    scene.from_socket(9.0, S.request(2, 1000))
    scene.from_socket(9.5, S.request(2, 3500))
    scene.from_socket(9.6, S.request(4, 3600))
    scene.from_socket(9.7, S.request(1, 3700))
    observer = scene.run(10.0).observer
    assert session.reported_credit_at_requests(observer, Limit("mWh", low=1900)) == Counted(3000)


def test_a_payment_that_was_accepted_at_the_instant_of_the_request_counts_and_a_later_one_does_not() -> None:
    scene = Scene(metered=False)
    scene.from_socket(1.0, S.offer())
    paid(scene, 1, 2.0)
    scene.from_socket(2.0, S.request(2, 100))
    paid(scene, 2, 3.0)
    assert session.reported_credit_at_requests(scene.run(4.0).observer, Limit("mWh", low=1900)) == Counted(3900)


def test_the_credit_of_a_session_that_comes_second_is_the_same_as_that_of_the_first() -> None:
    """2 kW flow for 9 s before the second session begins, and for 1.8 s in it."""
    other = Session(2)
    scene = Scene(Truth(((2.0, 11.0), (21.3, 60.0)), watts=2000.0))
    scene.from_socket(1.0, S.offer())
    paid(scene, 1, 1.3)
    scene.from_socket(20.0, other.offer())
    paid(scene, 1, 20.3, other)
    scene.from_socket(23.1, other.request(2))
    scene.from_socket(23.2, other.offer())  # said again: the session began with the first
    found = session.credit_at_requests(scene.run(23.3).observer)
    assert found.low <= 3.0 <= found.high
    assert found.high - found.low < 0.5


def test_the_least_and_the_most_credit_of_all_requests_count() -> None:
    """2 Wh are left at the second request, and 4.5 Wh at the third."""
    scene = Scene(Truth(((2.0, 60.0),)))
    scene.from_socket(1.0, S.offer())
    paid(scene, 1, 1.3)
    scene.from_socket(9.2, S.request(2))
    paid(scene, 2, 9.5)
    scene.from_socket(14.6, S.request(3))
    found = session.credit_at_requests(scene.run(15.0).observer)
    assert found.low <= 2.0 < found.low + 0.25
    assert found.high >= 4.5 > found.high - 0.25


def test_a_request_of_another_session_is_no_further_one() -> None:
    with pytest.raises(EvidenceMissing, match=r"^no further payment was asked for$"):
        session.credit_at_requests(buying(second=Session(2)).observer)


def test_the_credit_of_a_later_session_counts_from_its_own_offer() -> None:
    other = Session(2)
    scene = buying()
    scene.from_socket(20.0, other.offer())
    scene.from_cable(20.2, other.payment(1))
    scene.from_socket(20.3, other.receipt(1))
    scene.from_socket(25.4, other.request(2))
    found = session.credit_at_requests(scene.run(26.0).observer)
    assert found.low <= 2.0
    assert found.high >= 4.0 - 1.5
    assert found.high - found.low < 1.0


def test_the_mode_of_a_session_does_not_change_its_credit_at_the_first_request() -> None:
    per_payment = Session(mode=Mode.PER_PAYMENT)
    scene = Scene(Truth(((2.0, 60.0),)), mode="per-payment")
    scene.from_socket(1.0, per_payment.offer())
    scene.from_cable(1.2, per_payment.payment(1))
    scene.from_socket(1.3, per_payment.receipt(1))
    scene.from_socket(9.2, per_payment.request(2))
    found = session.credit_at_requests(scene.run(9.3).observer)
    assert found.low <= 2.0 <= found.high
