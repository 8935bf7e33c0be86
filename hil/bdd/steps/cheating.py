"""How the counterpart cheats. What it does is recorded as a fault that the scenario asked for."""

from __future__ import annotations

from hil.bdd.check.feasibility import cheats
from hil.bdd.language.applicability import sensible, tells
from hil.bdd.language.catalogue import given
from hil.scenario.abuse_plan import AbusePlan
from hil.scenario.scenario import ScenarioRun
from hil.units import Percent, Satoshi

QUANTUM_SAT = 10_000
"""One payment of the reference scenario, 0.1 mBTC."""


@given("the cable underpays by {amount} from the {ordinal} payment on")
@tells(cheats.cable_underpays)
def underpays(amount: Satoshi, payment: int, /, scenario: ScenarioRun) -> None:
    """The signed transaction pays the socket less than asked for; the cable keeps the rest as change."""
    scenario.cheat(AbusePlan("underpay", payment, int(amount)))


def _no_share(share: Percent, _: int) -> str:
    if 0 < share <= 100 and round(QUANTUM_SAT * share / 100) >= 1:
        return ""
    return f"{share:g} % is no share of a payment of {QUANTUM_SAT} sat; at least 1 sat, at most 100 %"


@given("the cable underpays by {percent} from the {ordinal} payment on")
@sensible(_no_share)
@tells(cheats.cable_cheats)
def underpays_share(share: Percent, payment: int, /, scenario: ScenarioRun) -> None:
    """The same, as a share of one payment."""
    scenario.cheat(AbusePlan("underpay", payment, round(QUANTUM_SAT * share / 100)))


@given("the cable pays a stranger from the {ordinal} payment on")
@tells(cheats.cable_cheats)
def pays_stranger(payment: int, /, scenario: ScenarioRun) -> None:
    """The full amount goes to a script that the socket never offered."""
    scenario.cheat(AbusePlan("stranger", payment))


@given("the cable does not pay from the {ordinal} payment on")
@tells(cheats.cable_cheats)
def withholds(payment: int, /, scenario: ScenarioRun) -> None:
    """Payment requests are not answered; everything else is."""
    scenario.cheat(AbusePlan("withhold", payment))


@given("the socket asks for {amount} too much from the {ordinal} payment on")
@tells(cheats.socket_cheats)
def overcharges(amount: Satoshi, payment: int, /, scenario: ScenarioRun) -> None:
    """The proposed transaction pays the socket more than agreed, out of the cable's change."""
    scenario.cheat(AbusePlan("overcharge", payment, int(amount)))


@given("the socket diverts the change from the {ordinal} payment on")
@tells(cheats.socket_cheats)
def diverts_change(payment: int, /, scenario: ScenarioRun) -> None:
    """The proposed transaction sends the change to a script that is not the cable's."""
    scenario.cheat(AbusePlan("divert", payment))
