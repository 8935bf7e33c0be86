"""The catalogue of abuses (hil/links/abuse_catalogue.yaml): what the counterpart does, and what must come of it."""

from __future__ import annotations

from hil.bdd.applicability import tells
from hil.bdd.catalogue import given, then, when
from hil.bdd.language import cheats, doubts
from hil.bdd.language.course import Course
from hil.bdd.steps.setup import BOOT_TIMEOUT_S
from hil.scenario.check import Check
from hil.scenario.measurements import abuse as abuse_measuring
from hil.scenario.scenario import Trial
from hil.scenario.stimuli.abuse import AbusePlan


@given("the cable will {cable_abuse}")
@tells(cheats.cable_abuse)
def cable_will(abuse: str, /, trial: Trial) -> None:
    """The counterpart cable cheats as this row of the catalogue says, from the payment on that the row names."""
    trial.cheat(AbusePlan.of_catalogue("cable", abuse))


@given("the cable will {cable_abuse} from the {ordinal} payment on")
@tells(cheats.cable_abuse)
def cable_will_from(abuse: str, payment: int, /, trial: Trial) -> None:
    """The same, from another payment on."""
    trial.cheat(AbusePlan.of_catalogue("cable", abuse, payment))


@given("the socket will {socket_abuse}")
@tells(cheats.socket_abuse)
def socket_will(abuse: str, /, trial: Trial) -> None:
    """The counterpart socket cheats as this row of the catalogue says, from the payment on that the row names."""
    trial.cheat(AbusePlan.of_catalogue("socket", abuse))


@given("the socket will {socket_abuse} from the {ordinal} payment on")
@tells(cheats.socket_abuse)
def socket_will_from(abuse: str, payment: int, /, trial: Trial) -> None:
    """The same, from another payment on."""
    trial.cheat(AbusePlan.of_catalogue("socket", abuse, payment))


@when("the counterpart has cheated")
@tells(Course.awaits)
def has_cheated(trial: Trial) -> None:
    """Waits until the counterpart acts for the first time."""
    what = "a chance to cheat (the device under test must get that far)"
    trial.wait_for(lambda: abuse_measuring.struck(trial), timeout=BOOT_TIMEOUT_S, what=what)


@then("the {device} answers as the catalogue demands, within its time")
@tells(doubts.answered)
def answers(device: str, /, trial: Trial) -> list[Check]:
    """ERROR or CLOSE with the row's code, or the next payment where nothing may come of it; and power off if it flowed.

    Limits are the row's. What must go on is seen to go on; what must not happen is watched for as long as the row says.
    """
    return abuse_measuring.answer(trial.plan.abuse, device)


@then("the {device} loses no more than the catalogue allows")
@tells(doubts.lost_to_abuse)
def loses(device: str, /, trial: Trial) -> Check:
    """A socket: energy at the lab meter that nothing on the ledger pays for. A cable: satoshi that it signed away
    beyond its change and got no energy for.
    """
    return abuse_measuring.loss(trial.plan.abuse, device)
