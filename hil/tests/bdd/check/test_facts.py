"""Steps about something that no step brings about, and steps that say what was said before."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.bdd.language.catalogue import Catalogue
from hil.bdd.language.facts import Bond, Cause, facts_of
from hil.tests.bdd.check.desk import SOUND, found, steps, with_step
from hil.tests.bdd.samples import module_of


def set_up(line: str) -> str:
    """Return the sound scenario with one more Given step."""
    return with_step("And the load", f"And {line}\nAnd the load")


def under_way(line: str) -> str:
    """Return the sound scenario with more When steps, after the devices were switched on."""
    return with_step("And the session", f"And {line}\nAnd the session")


def judged(line: str) -> str:
    """Return the sound scenario with one more Then step."""
    return f"{SOUND.rstrip()}\nAnd {line}\n"


WITHOUT_CAUSE = {
    under_way("the counterpart has cheated"): "the cable cheats",
    under_way("another cable is plugged in"): "the cable is out of the socket",
    under_way("the cable is plugged in again"): "the cable is out of the socket",
    under_way("the load is switched on again"): "the load is off",
    under_way("the storage of the socket works again"): "the storage of the socket fails",
    under_way("the node goes on"): "the node is frozen",
    under_way("the node is started again"): "the node is down",
    under_way("the node answers at once again"): "the node is slow",
    under_way("the network is whole again"): "the network is cut",
    under_way("the far side mines a double spend and 1 more block"): "the network is cut",
    under_way("the server of the ledger tells the truth again"): "the server lies",
    under_way("the mempool fills up with dearer transactions"): "somebody can fill the mempool",
    under_way("the calendar of the socket is set back by 1 h"): "the calendar of the socket can be set",
    judged("the energy that flowed back was 5 Wh within 2 %"): "a solar inverter feeds back",
    judged("at least 1 message was dropped"): "a message is dropped",
    judged("at least 1 message was lost"): "something happens to the link",
    judged("the socket gave the other side up within 60 s"): "something happens to the link",
    judged("the power was cut within 500 ms of the forgery"): "something happens to the link",
    judged("the power was cut within 60 s of the failure of the link"): "something happens to the link",
    judged("the power was cut within 500 ms of the refused payment"): "the cable cheats",
    judged("the power was cut within 500 ms of the refused request"): "the socket cheats",
    judged("the power was cut within 500 ms of the attack"): "something happens on the ledger",
    judged("the socket reports CONFLICT within 500 ms of the attack"): "something happens on the ledger",
    judged("the socket had its payment on the ledger again within 5 s of the relief"): (
        "something happens on the ledger"
    ),
    judged("the power was cut within 500 ms of the seeded fault"): "a fault is seeded",
    judged("the bench blames the lab meter within 5 s"): "a fault is seeded",
    judged('the console of the socket says "lost" within 5 s of the seeded fault'): "a fault is seeded",
    judged("power flowed again within 35 s of the restored mains"): "the mains fail and come back",
    judged("power flowed again within 35 s of the restored supply"): "a supply fails and comes back",
    judged("the outlet was dead within 200 ms of the unplugging"): "the cable is pulled out",
    judged("the settlement was broadcast within 2 s of the unplugging"): "the cable is pulled out",
    judged("the socket answers as the catalogue demands, within its time"): (
        "the counterpart cheats as the catalogue says"
    ),
    judged("the socket loses no more than the catalogue allows"): "the counterpart cheats as the catalogue says",
}


@pytest.mark.parametrize("text", WITHOUT_CAUSE)
def test_a_step_about_something_that_no_step_brings_about_is_told_with_a_step_that_does(text: str) -> None:
    (problem,) = found(text)
    assert problem.rule == "no-cause"
    assert problem.what.startswith(f"no step before says that {WITHOUT_CAUSE[text]}, as '")


WITH_CAUSE = [
    (under_way("the supply of the socket fails for 2 s"), "power flowed again within 35 s of the restored supply"),
    (under_way("the mains are lost for 2 s"), "power flowed again within 35 s of the restored supply"),
    (under_way("the mains are at 50 % for 2 s"), "power flowed again within 35 s of the restored mains"),
    (under_way("the next PAYMENT to the socket is dropped"), "at least 1 message was dropped"),
    (set_up("the link loses 5 % of the messages"), "at least 1 message was dropped"),
    (under_way("the link is interrupted for 5 s"), "at least 1 message was lost"),
    (under_way("the node is frozen\nAnd the node goes on"), "the socket reports CONFLICT within 5 s of the attack"),
]


@pytest.mark.parametrize(("before", "step"), WITH_CAUSE)
def test_a_step_whose_cause_stands_before_it_is_taken(before: str, step: str) -> None:
    assert found(f"{before.rstrip()}\nAnd {step}\n") == []


def test_another_damage_than_the_one_that_is_brought_about_is_told() -> None:
    text = under_way("the next PAYMENT to the socket is dropped")
    (problem,) = found(f"{text.rstrip()}\nAnd at least 1 message was duplicated\n")
    assert problem.what.startswith("no step before says that a message is duplicated, as 'When the next PAYMENT to")


def test_what_was_ended_has_to_begin_again_before_it_can_be_ended_again() -> None:
    again = "the cable is pulled out of the socket\nAnd the cable is plugged in again"
    assert found(under_way(f"{again}\nAnd {again}")) == []
    (problem,) = found(under_way(f"{again}\nAnd the cable is plugged in again"))
    assert problem.rule == "no-cause"


def test_the_storage_of_the_other_device_is_another_one() -> None:
    pair = SOUND.replace("the socket is under test", "socket and cable are a pair")
    fails = "the storage of the socket is full, as a seeded fault"
    text = pair.replace("And the session", f"And {fails}\nAnd the storage of the cable works again\nAnd the session")
    (problem,) = found(text)
    assert problem.what.startswith("no step before says that the storage of the cable fails")


def test_power_is_not_waited_for_while_the_cable_is_out() -> None:
    out = "the cable is pulled out of the socket"
    (problem,) = found(under_way(f"the first payment has been accepted\nAnd {out}\nAnd power flows again"))
    assert problem.what == "this cannot happen while the cable is out of the socket, as a step before says"


TWICE = {
    set_up("the socket is under test in per-payment mode"): "which device is under test",
    set_up("a toaster of 1300 W is plugged into the cable"): "the appliance",
    set_up("the load draws 500 W"): "the appliance",
    set_up("the load plays a kettle"): "the appliance",
    set_up("a solar inverter of 400 W is plugged into the cable"): "the appliance",
    set_up("the cable pays for at most 6 payments"): "the cable's budget",
    set_up("the cable's coins are worth 1 mBTC\nAnd the cable has 2 coins of 1 mBTC"): "what coins the cable has",
    set_up("the socket asks for 1250 sat/Wh\nAnd the socket asks for 1000 sat/Wh"): "the price of energy",
    set_up(
        "the socket sees the ledger by spv\nAnd the socket sees the ledger by node"
    ): "how the socket sees the ledger",
    set_up("the socket's own meter has counted 5 kWh before\nAnd the socket's own meter has counted 6 kWh before"): (
        "what the own meter of the socket has counted"
    ),
}


@pytest.mark.parametrize("text", TWICE)
def test_what_is_said_once_is_told_the_second_time(text: str) -> None:
    (problem,) = found(text)
    assert problem.rule == "said-twice"
    assert problem.what.startswith(f"{TWICE[text]} is said once in a scenario, and '")


def test_each_device_has_a_meter_of_its_own_that_has_counted_something() -> None:
    pair = SOUND.replace("the socket is under test", "socket and cable are a pair")
    counted = "the socket's own meter has counted 5 kWh before\nAnd the cable's own meter has counted 5 kWh before"
    assert found(pair.replace("And the load", f"And {counted}\nAnd the load")) == []


def test_a_laboratory_s_own_step_may_bring_about_anything() -> None:
    own = module_of(
        "from hil.testing import when\n@when('the crane lifts the bench')\ndef lifts() -> None:\n    'It lifts.'\n"
    )
    catalogue = Catalogue([*steps().definitions, *Catalogue.of_modules([own]).definitions])
    text = under_way("the crane lifts the bench\nAnd the cable is plugged in again")
    assert found(text, catalogue) == []


def test_each_cause_that_a_step_is_about_can_be_brought_about_by_the_step_that_is_named() -> None:
    facts = [fact for each in steps().definitions for fact in facts_of(each.function)]
    brought = {cause for fact in facts if fact.bond is Bond.BRINGS for cause in fact.causes}
    assert {cause for fact in facts for cause in fact.causes} == brought == set(Cause)
    for cause in Cause:
        about = "dropped" if cause is Cause.MESSAGE else "socket"
        keyword, _, text = cause.about(about)[1].partition(" ")
        (definition,) = steps().find(keyword.lower(), text)
        assert cause in {each for fact in facts_of(definition.function) for each in fact.causes}, cause


@given(st.permutations(["the node is frozen", "the node goes on", "the node is killed", "the node is started again"]))
def test_a_lasting_state_is_ended_only_after_it_began(order: list[str]) -> None:
    sound = order.index("the node is frozen") < order.index("the node goes on")
    sound = sound and order.index("the node is killed") < order.index("the node is started again")
    assert (found(under_way("\nAnd ".join(order))) == []) is sound
