"""The abuses of hil/links/abuses/abuse_catalogue.yaml: what the counterpart does, and what must come of it."""

from __future__ import annotations

from hil.bdd.check.feasibility import cheats, doubts
from hil.bdd.check.feasibility.course import Course
from hil.bdd.language.applicability import tells
from hil.bdd.language.catalogue import given, then, when
from hil.bdd.steps.setup import BOOT_TIMEOUT_S
from hil.scenario.abuse_plan import AbusePlan
from hil.scenario.check import Check
from hil.scenario.measurements import abuse as abuse_measuring
from hil.scenario.observer import Observer
from hil.scenario.scenario import ScenarioRun


@given("the cable will {cable_abuse}")
@tells(cheats.cable_abuse)
def cable_will(abuse: str, /, scenario: ScenarioRun) -> None:
    """The counterpart cable cheats as this row of the catalogue says, from the payment on that the row names."""
    scenario.cheat(AbusePlan.of_catalogue("cable", abuse))


@given("the cable will {cable_abuse} from the {ordinal} payment on")
@tells(cheats.cable_abuse)
def cable_will_from(abuse: str, payment: int, /, scenario: ScenarioRun) -> None:
    """The same, from another payment on."""
    scenario.cheat(AbusePlan.of_catalogue("cable", abuse, payment))


@given("the socket will {socket_abuse}")
@tells(cheats.socket_abuse)
def socket_will(abuse: str, /, scenario: ScenarioRun) -> None:
    """The counterpart socket cheats as this row of the catalogue says, from the payment on that the row names."""
    scenario.cheat(AbusePlan.of_catalogue("socket", abuse))


@given("the socket will {socket_abuse} from the {ordinal} payment on")
@tells(cheats.socket_abuse)
def socket_will_from(abuse: str, payment: int, /, scenario: ScenarioRun) -> None:
    """The same, from another payment on."""
    scenario.cheat(AbusePlan.of_catalogue("socket", abuse, payment))


@when("the counterpart has cheated")
@tells(Course.awaits)
def has_cheated(observer: Observer) -> None:
    """Waits until the counterpart acts for the first time."""
    what = "a chance to cheat (the device under test must get that far)"
    observer.wait_for(lambda: abuse_measuring.struck(observer), timeout=BOOT_TIMEOUT_S, what=what)


@then("the {device} answers as the catalogue demands, within its time")
@tells(doubts.answered)
def answers(device: str, /, scenario: ScenarioRun) -> list[Check]:
    """ERROR or CLOSE with a code of the row, or the next payment if no reaction is due; and zero power if it flowed.

    The limits are those of the row. If the session must go on, the next payment must follow. If no further payment may
    follow, the check watches for as long as the row says.
    """
    return abuse_measuring.answer(scenario.plan.abuse, device)


@then("the {device} loses no more than the catalogue allows")
@tells(doubts.lost_to_abuse)
def loses(device: str, /, scenario: ScenarioRun) -> Check:
    """A socket: energy at the lab meter that nothing on the ledger pays for. A cable: satoshi that it signed away
    beyond its change and got no energy for.
    """
    return abuse_measuring.loss(scenario.plan.abuse, device)
