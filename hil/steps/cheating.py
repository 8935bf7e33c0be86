"""How the counterpart cheats, by a step or by a row of the catalogue, and what must come of it.

What it does is recorded as a fault that the scenario asked for.
"""

from __future__ import annotations

from hil.steps.setup import BOOT_TIMEOUT_S
from hil.testing import (
    AbusePlan,
    Cause,
    Check,
    Observer,
    Percent,
    Satoshi,
    ScenarioRun,
    brings,
    follows,
    given,
    sensible,
    tells,
    then,
    when,
)
from hil.testing.feasibility import Course, cheats, doubts
from hil.testing.measurements import abuse as abuse_measuring
from hil.testing.stimuli import session_walk

QUANTUM_SAT = 10_000
"""One payment of the reference scenario, 0.1 mBTC."""


@given("the cable underpays by {amount} from the {ordinal} payment on")
@tells(cheats.cable_underpays)
@brings(Cause.CABLE_CHEATS)
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
@brings(Cause.CABLE_CHEATS)
def underpays_share(share: Percent, payment: int, /, scenario: ScenarioRun) -> None:
    """The same, as a share of one payment."""
    scenario.cheat(AbusePlan("underpay", payment, round(QUANTUM_SAT * share / 100)))


@given("the cable pays a stranger from the {ordinal} payment on")
@tells(cheats.cable_cheats)
@brings(Cause.CABLE_CHEATS)
def pays_stranger(payment: int, /, scenario: ScenarioRun) -> None:
    """The full amount goes to a script that the socket never offered."""
    scenario.cheat(AbusePlan("stranger", payment))


@given("the cable does not pay from the {ordinal} payment on")
@tells(cheats.cable_cheats)
@brings(Cause.CABLE_CHEATS)
def withholds(payment: int, /, scenario: ScenarioRun) -> None:
    """Payment requests are not answered; everything else is."""
    scenario.cheat(AbusePlan("withhold", payment))


@given("the socket asks for {amount} too much from the {ordinal} payment on")
@tells(cheats.socket_cheats)
@brings(Cause.SOCKET_CHEATS)
def overcharges(amount: Satoshi, payment: int, /, scenario: ScenarioRun) -> None:
    """The proposed transaction pays the socket more than agreed, out of the cable's change."""
    scenario.cheat(AbusePlan("overcharge", payment, int(amount)))


@given("the socket diverts the change from the {ordinal} payment on")
@tells(cheats.socket_cheats)
@brings(Cause.SOCKET_CHEATS)
def diverts_change(payment: int, /, scenario: ScenarioRun) -> None:
    """The proposed transaction sends the change to a script that is not the cable's."""
    scenario.cheat(AbusePlan("divert", payment))


# --- rows of hil/links/abuses/abuse_catalogue.yaml ------------------------------------------------------------------


@given("the cable will {cable_abuse}")
@tells(cheats.cable_abuse)
@brings(Cause.CABLE_CHEATS, Cause.OF_CATALOGUE)
def cable_will(abuse: str, /, scenario: ScenarioRun) -> None:
    """The counterpart cable cheats as this row of the catalogue says, from the payment on that the row names."""
    scenario.cheat(AbusePlan.of_catalogue("cable", abuse))


@given("the cable will {cable_abuse} from the {ordinal} payment on")
@tells(cheats.cable_abuse)
@brings(Cause.CABLE_CHEATS, Cause.OF_CATALOGUE)
def cable_will_from(abuse: str, payment: int, /, scenario: ScenarioRun) -> None:
    """The same, from another payment on."""
    scenario.cheat(AbusePlan.of_catalogue("cable", abuse, payment))


@given("the socket will {socket_abuse}")
@tells(cheats.socket_abuse)
@brings(Cause.SOCKET_CHEATS, Cause.OF_CATALOGUE)
def socket_will(abuse: str, /, scenario: ScenarioRun) -> None:
    """The counterpart socket cheats as this row of the catalogue says, from the payment on that the row names."""
    scenario.cheat(AbusePlan.of_catalogue("socket", abuse))


@given("the socket will {socket_abuse} from the {ordinal} payment on")
@tells(cheats.socket_abuse)
@brings(Cause.SOCKET_CHEATS, Cause.OF_CATALOGUE)
def socket_will_from(abuse: str, payment: int, /, scenario: ScenarioRun) -> None:
    """The same, from another payment on."""
    scenario.cheat(AbusePlan.of_catalogue("socket", abuse, payment))


@given("the counterpart is honest at first")
@tells(cheats.honest_at_first)
def honest_at_first(scenario: ScenarioRun) -> None:
    """It cheats, as another step says, when 'the counterpart begins to cheat', and not before."""
    scenario.plan.honest_at_first = True


@when("the counterpart begins to cheat")
@tells(cheats.begins)
def begins_to_cheat(scenario: ScenarioRun) -> None:
    """From its next message of the kind on, if the payment is the one from which on it cheats, or a later one."""
    session_walk.begin_to_cheat(scenario)


@when("the counterpart has cheated")
@tells(Course.awaits)
@follows(Cause.CABLE_CHEATS, Cause.SOCKET_CHEATS)
def has_cheated(observer: Observer) -> None:
    """Waits until the counterpart acts for the first time."""
    what = "a chance to cheat (the device under test must get that far)"
    observer.wait_for(lambda: abuse_measuring.struck(observer), timeout=BOOT_TIMEOUT_S, what=what)


@then("the {device} answers as the catalogue demands, within its time")
@tells(doubts.answered)
@follows(Cause.OF_CATALOGUE)
def answers(device: str, /, scenario: ScenarioRun) -> list[Check]:
    """ERROR or CLOSE with a code of the row, or the next payment if no reaction is due; and zero power if it flowed.

    The limits are those of the row. If the session must go on, the next payment must follow. If no further payment may
    follow, the check watches for as long as the row says.
    """
    return abuse_measuring.answer(scenario.plan.abuse, device)


@then("the {device} loses no more than the catalogue allows")
@tells(doubts.lost_to_abuse)
@follows(Cause.OF_CATALOGUE)
def loses(device: str, /, scenario: ScenarioRun) -> Check:
    """A socket: energy at the lab meter that nothing on the ledger pays for. A cable: satoshi that it signed away
    beyond its change and got no energy for.
    """
    return abuse_measuring.loss(scenario.plan.abuse, device)
