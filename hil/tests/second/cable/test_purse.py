"""Which coins, which budget and how much trust a session leaves behind."""

from __future__ import annotations

import pytest

from hil.second.agreement import Agreement, SignedPayment
from hil.second.cable.purse import Purse
from hil.second.cable.session import CableSession
from hil.second.codes import Mode
from hil.second.coins import Coin
from hil.second.money.energy import TwoMeters
from hil.second.money.transactions import txid_of
from hil.second.wire.messages import Funding, Offer

SCRIPT = b"\x00\x14" + bytes(20)
GIVEN = (Coin("aa" * 32, 0, 100_000, SCRIPT),)
METERS = TwoMeters(2, 2, 100, 100)
ONE_PAYMENT_MWH = 8000


@pytest.fixture
def purse() -> Purse:
    return Purse(GIVEN, max_payments=5, meters=METERS)


def session(payments: int, *, acknowledged: bool, coins: tuple[Coin, ...] = GIVEN) -> CableSession:
    """Return a session in which so many payments were signed."""
    offer = Offer(bytes(8), 1, 1250, 10_000, SCRIPT, 10, Mode.SINGLE_FEE, 9, 1, 3680)
    agreement = Agreement(offer, Funding(bytes(8), 1, coins, SCRIPT, 9))
    for _ in range(payments):
        proposal = agreement.next_proposal()
        assert proposal is not None
        agreement.payments.append(SignedPayment(proposal, proposal.raw))
    return CableSession(bytes(8), agreement=agreement, acknowledged=acknowledged)


def change(of: CableSession, n: int) -> tuple[Coin, ...]:
    assert of.agreement is not None
    return of.agreement.payments[n - 1].change


def test_after_an_acknowledged_payment_its_change_is_likeliest(purse: Purse) -> None:
    over = session(2, acknowledged=True)

    purse.note(over, 16_000, b"")

    assert purse.declared == change(over, 2)
    assert purse.try_others()
    assert purse.declared == change(over, 1)


def test_after_a_payment_that_nobody_acknowledged_the_one_before_is_likeliest(purse: Purse) -> None:
    over = session(2, acknowledged=False)

    purse.note(over, 16_000, b"")

    assert purse.declared == change(over, 1)
    assert purse.try_others()
    assert purse.declared == change(over, 2)


def test_after_a_first_payment_that_nobody_acknowledged_the_coins_are_likely_still_there(purse: Purse) -> None:
    over = session(1, acknowledged=False)

    purse.note(over, 0, b"")

    assert purse.declared == GIVEN
    assert purse.try_others()
    assert purse.declared == change(over, 1)


@pytest.mark.parametrize("named", [1, 2])
@pytest.mark.parametrize("acknowledged", [True, False])
def test_the_change_of_the_transaction_that_close_named_comes_first(
    purse: Purse, named: int, acknowledged: bool
) -> None:
    over = session(2, acknowledged=acknowledged)
    assert over.agreement is not None
    txid = bytes.fromhex(txid_of(over.agreement.payments[named - 1].raw))[::-1]

    purse.note(over, 16_000, txid)

    assert purse.declared == change(over, named)


@pytest.mark.parametrize(("counted_mwh", "trusted"), [(0, False), (1, True)])
def test_a_payment_that_close_named_was_taken(purse: Purse, counted_mwh: int, trusted: bool) -> None:
    over = session(1, acknowledged=False)
    assert over.agreement is not None
    assert over.agreement.newest is not None

    purse.note(over, counted_mwh, bytes.fromhex(txid_of(over.agreement.newest.raw))[::-1])

    assert purse.declared == change(over, 1)
    assert not purse.try_others()
    assert purse.allows_another_session is trusted


def test_with_one_set_of_coins_there_is_no_other(purse: Purse) -> None:
    assert not purse.try_others()
    assert purse.declared == GIVEN


def test_a_session_in_which_nothing_was_signed_leaves_all_as_it_was(purse: Purse) -> None:
    purse.note(session(0, acknowledged=False), 0, b"")

    assert (purse.declared, purse.budget, purse.allows_another_session) == (GIVEN, 5, True)


def test_the_budget_counts_all_sessions_until_power_on(purse: Purse) -> None:
    purse.note(session(2, acknowledged=True), 16_000, b"")
    purse.note(session(3, acknowledged=True), 24_000, b"")

    assert (purse.budget, purse.allows_another_session) == (0, False)
    purse.power_on()
    assert (purse.budget, purse.allows_another_session) == (5, True)


@pytest.mark.parametrize(
    ("counted_mwh", "acknowledged", "trusted"), [(0, False, True), (0, True, False), (1, True, True)]
)
def test_who_only_takes_a_payment_gets_no_second_one(
    purse: Purse, counted_mwh: int, acknowledged: bool, trusted: bool
) -> None:
    purse.note(session(1, acknowledged=acknowledged), counted_mwh, b"")

    assert purse.allows_another_session is trusted


def test_a_payment_that_turns_out_to_be_taken_costs_its_trust(purse: Purse) -> None:
    purse.note(session(1, acknowledged=False), 0, b"")

    assert purse.try_others()

    assert not purse.allows_another_session


def test_coins_beyond_sixteen_are_not_declared() -> None:
    many = tuple(Coin(f"{n:064x}", 0, 1000, SCRIPT) for n in range(20))

    assert Purse(many, 5, METERS).declared == many[:16]
