"""What the socket asks for and what the cable agrees to at most, where it is not the reference slice of bread.

A real device has its terms from its maker, so these steps are for a virtual bench.
"""

from __future__ import annotations

from hil.bdd.applicability import feature, needs
from hil.bdd.catalogue import given
from hil.scenario.scenario import Trial
from hil.units import Satoshi


@given("the socket asks for {tariff}")
@needs(feature("virtual"))
def tariff(price: int, /, trial: Trial) -> None:
    """The price of energy in its OFFER; the reference is 1250 sat/Wh."""
    trial.plan.terms["tariff_sat_per_wh"] = price


@given("the socket asks for payments of {amount}")
@needs(feature("virtual"))
def quantum(amount: Satoshi, /, trial: Trial) -> None:
    """One payment in its OFFER, and the most that either side can lose to the other; the reference is 0.1 mBTC."""
    trial.plan.terms["quantum_sat"] = int(amount)


@given("the socket offers a fee rate of {int} sat per vB")
@needs(feature("virtual"))
def fee_rate(rate: int, /, trial: Trial) -> None:
    """The fee rate of the transactions that it proposes; the reference is 10 sat/vB."""
    trial.plan.terms["fee_rate_sat_per_vb"] = rate


@given("the socket demands {int} confirmation/confirmations")
@needs(feature("virtual"))
def confirmations(blocks: int, /, trial: Trial) -> None:
    """Blocks on top of each of the cable's coins, counting its own, before power flows; the reference is 1."""
    trial.plan.terms["min_confirmations"] = blocks


@given("the socket sells up to {int} payments a session")
@needs(feature("virtual"))
def session_limit(payments: int, /, trial: Trial) -> None:
    """The session's length in its OFFER; the reference is 100 payments."""
    trial.plan.terms["max_payments"] = payments


@given("the cable agrees to at most {tariff}")
@needs(feature("virtual"))
def highest_tariff(price: int, /, trial: Trial) -> None:
    """A dearer OFFER is refused before a key is touched; the reference is 2000 sat/Wh."""
    trial.plan.limits["max_tariff_sat_per_wh"] = price


@given("the cable agrees to payments of at most {amount}")
@needs(feature("virtual"))
def largest_quantum(amount: Satoshi, /, trial: Trial) -> None:
    """The most that it may lose to a socket; the reference is 20 000 sat."""
    trial.plan.limits["max_quantum_sat"] = int(amount)


@given("the cable agrees to a fee of at most {int} sat per vB")
@needs(feature("virtual"))
def highest_fee_rate(rate: int, /, trial: Trial) -> None:
    """A higher fee rate is refused; the reference is 100 sat/vB."""
    trial.plan.limits["max_fee_rate_sat_per_vb"] = rate
