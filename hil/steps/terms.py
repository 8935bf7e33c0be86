"""Terms of the socket and limits of the cable, where they differ from those of the reference scenario.

A real device has its terms from its maker, so these steps are for a virtual bench.
"""

from __future__ import annotations

from hil.steps.cheating import QUANTUM_SAT
from hil.testing import Satoshi, ScenarioRun, Watt, feature, given, needs, once, sensible, tells
from hil.testing.feasibility import agreement, no_offer, zero_too


def _tariff(price: int) -> str:
    return no_offer(tariff_sat_per_wh=price, quantum_sat=max(price, QUANTUM_SAT))


def _quantum(amount: Satoshi) -> str:
    return no_offer(quantum_sat=int(amount), tariff_sat_per_wh=max(1, int(amount) // 1000))


def _fee_rate(rate: int) -> str:
    return no_offer(fee_rate_sat_per_vb=rate)


def _confirmations(blocks: int) -> str:
    return no_offer(min_confirmations=blocks)


def _payments(payments: int) -> str:
    return no_offer(max_payments=payments)


def _most_power(power: Watt) -> str:
    if not float(power).is_integer():
        return f"a socket offers whole watts, not {power:g} W"
    return no_offer(max_power_w=int(power))


@given("the socket asks for {tariff}")
@needs(feature("virtual"))
@sensible(_tariff)
@tells(agreement.tariff)
@once("the price of energy")
def tariff(price: int, /, scenario: ScenarioRun) -> None:
    """The price of energy in its OFFER; the reference is 1250 sat/Wh."""
    scenario.plan.terms["tariff_sat_per_wh"] = price


@given("the socket asks for payments of {amount}")
@needs(feature("virtual"))
@sensible(_quantum)
@tells(agreement.quantum)
@once("what one payment is")
def quantum(amount: Satoshi, /, scenario: ScenarioRun) -> None:
    """One payment in its OFFER, and the most that either side can lose to the other; the reference is 0.1 mBTC."""
    scenario.plan.terms["quantum_sat"] = int(amount)


@given("the socket offers a fee rate of {int} sat per vB")
@needs(feature("virtual"))
@sensible(_fee_rate)
@tells(agreement.fee_rate)
@once("the fee rate")
def fee_rate(rate: int, /, scenario: ScenarioRun) -> None:
    """The fee rate of the transactions that it proposes; the reference is 10 sat/vB."""
    scenario.plan.terms["fee_rate_sat_per_vb"] = rate


@given("the socket demands {int} confirmation/confirmations")
@needs(feature("virtual"))
@sensible(_confirmations)
@zero_too
@tells(agreement.confirmations)
@once("how many confirmations the socket demands")
def confirmations(blocks: int, /, scenario: ScenarioRun) -> None:
    """Blocks on top of each of the cable's coins, counting its own, before power flows; the reference is 1."""
    scenario.plan.terms["min_confirmations"] = blocks


@given("the socket sells up to {int} payments a session")
@needs(feature("virtual"))
@sensible(_payments)
@tells(agreement.session_limit)
@once("how many payments the socket sells")
def session_limit(payments: int, /, scenario: ScenarioRun) -> None:
    """The session's length in its OFFER; the reference is 100 payments."""
    scenario.plan.terms["max_payments"] = payments


@given("the socket sells at most {power}")
@needs(feature("virtual"))
@sensible(_most_power)
@tells(agreement.most_power)
@once("the most power that the socket sells")
def most_power(power: Watt, /, scenario: ScenarioRun) -> None:
    """The most that it delivers for longer than a second, in its OFFER; the reference is 3680 W."""
    scenario.plan.terms["max_power_w"] = int(power)


@given("the cable agrees to at most {tariff}")
@needs(feature("virtual"))
@tells(agreement.highest_tariff)
@once("the highest price that the cable agrees to")
def highest_tariff(price: int, /, scenario: ScenarioRun) -> None:
    """A dearer OFFER is refused before a key is touched; the reference is 2000 sat/Wh."""
    scenario.plan.limits["max_tariff_sat_per_wh"] = price


@given("the cable agrees to payments of at most {amount}")
@needs(feature("virtual"))
@tells(agreement.largest_quantum)
@once("the largest payment that the cable agrees to")
def largest_quantum(amount: Satoshi, /, scenario: ScenarioRun) -> None:
    """The most that it may lose to a socket; the reference is 20 000 sat."""
    scenario.plan.limits["max_quantum_sat"] = int(amount)


@given("the cable agrees to a fee of at most {int} sat per vB")
@needs(feature("virtual"))
@tells(agreement.highest_fee_rate)
@once("the highest fee rate that the cable agrees to")
def highest_fee_rate(rate: int, /, scenario: ScenarioRun) -> None:
    """A higher fee rate is refused; the reference is 100 sat/vB."""
    scenario.plan.limits["max_fee_rate_sat_per_vb"] = rate
