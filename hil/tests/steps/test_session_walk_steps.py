"""The steps that say where a defence is tried: what an author may write, and what is told at the desk."""

from __future__ import annotations

import pytest

from hil.tests.bdd.check.desk import found

CHEATS = "And the cable underpays by 10 % from the first payment on\nAnd the counterpart is honest at first\n"
"""Given steps behind those of the device and the load."""


def scenario(*, device: str = "socket", budget: int = 4, given: str = CHEATS, when: str) -> str:
    return (
        f"Given the {device} is under test in single-fee mode\nAnd the load draws 1300 W\n"
        f"And the cable pays for at most {budget} payments\n{given}"
        f"When the devices are switched on\n{when}\nThen at most 0.1 Wh flowed unpaid\n"
    )


COMES = "And the second session comes to its {payment} payment {life}, after {rest} of rest"


def comes(payment: str = "third", life: str = "after a restart", rest: str = "4 min") -> str:
    return COMES.format(payment=payment, life=life, rest=rest)


@pytest.mark.parametrize("life", ["without a restart", "after a restart", "with another cable"])
def test_a_scenario_may_come_to_any_payment_of_any_session_in_any_life(life: str) -> None:
    assert found(scenario(when=f"{comes(life=life)}\nAnd the counterpart begins to cheat")) == []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (scenario(budget=2, when=comes()), "pays for at most 2 payments, so there is no number 3"),
        (
            scenario(device="cable", given="", when=comes(life="with another cable")),
            "only a cable that the bench plays can be exchanged",
        ),
        (scenario(when=comes(rest="1 s")), "a rest is at least 3 s"),
        (scenario(given="", when="And the counterpart begins to cheat"), "'the counterpart is honest at first'"),
        (
            scenario(given="And the counterpart is honest at first\n", when=comes()),
            "no step before says how the counterpart cheats",
        ),
    ],
)
def test_what_cannot_be_is_told_at_the_desk(text: str, why: str) -> None:
    (problem,) = found(text)
    assert why in problem.message


def test_whose_restart_it_is_cannot_be_told_of_a_pair() -> None:
    text = scenario(given="", when=comes()).replace(
        "the socket is under test in single-fee mode", "socket and cable are a pair in single-fee mode"
    )
    (problem,) = found(text)
    assert "does not say whose" in problem.message
