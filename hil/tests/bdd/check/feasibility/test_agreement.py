"""What a scenario demands, against what socket and cable can agree on, and how much is paid for at most."""

from __future__ import annotations

from pathlib import Path

import pytest

from hil.bdd.check.rig_file import read_rig
from hil.bdd.language.catalogue import Catalogue
from hil.rig.config.rig_file import RigFile
from hil.tests.bdd.check.desk import ROOT, found, on_rig, steps
from hil.tests.bdd.samples import module_of

SLICE = """
Given the socket is under test in single-fee mode
And the load draws 1300 W
And the cable pays for at most 1 payments
When the devices are switched on
And the session has ended
Then the energy delivered is 8 Wh within 2 %
"""


def scenario(*lines: str, payments: int = 1) -> str:
    """Return the slice with more steps, each behind the step of its keyword: ``Given …``, ``When …``, ``Then …``."""
    text = SLICE.replace("at most 1", f"at most {payments}").replace("8 Wh", f"{8 * payments} Wh")
    for line in lines:
        keyword, _, rest = line.partition(" ")
        if keyword == "Given":
            text = text.replace("When the devices", f"And {rest}\nWhen the devices")
        elif keyword == "When":
            text = text.replace("And the session", f"And {rest}\nAnd the session")
        else:
            text += f"And {rest}\n"
    return text


NOTHING_PAID = {
    "Given the cable agrees to at most 100 sat/Wh": "the socket asks for 1250 sat/Wh, and the cable agrees to at most",
    "Given the cable agrees to payments of at most 500 sat": "the socket asks for 10000 sat a payment, and the cable",
    "Given the cable agrees to a fee of at most 1 sat per vB": "the socket asks for 10 sat/vB, and the cable agrees to",
    "Given the socket asks for 2500 sat/Wh": "the socket asks for 2500 sat/Wh, and the cable agrees to at most 2000",
    "Given the socket asks for payments of 0.5 mBTC": "the socket asks for 50000 sat a payment, and the cable agrees",
    "Given the socket demands 100 confirmations": "the socket demands 100 confirmations, and the cable's coins have 1",
}


@pytest.mark.parametrize("step", NOTHING_PAID)
def test_an_offer_that_is_refused_is_told_where_a_payment_is_awaited(step: str) -> None:
    text = scenario(step)
    told = [*found(text), *on_rig(text)]
    first = min(told, key=lambda each: each.line)
    assert first.what.startswith(NOTHING_PAID[step]), told
    assert text.splitlines()[first.line - 2].endswith("the session has ended")


def test_the_refusal_of_an_offer_can_be_what_is_demanded() -> None:
    text = """
Given the cable is under test in single-fee mode
And the socket asks for 2500 sat/Wh
And the load draws 100 W
When the devices are switched on
And 60 s have passed
Then the cable reports TARIFF_TOO_HIGH
And the cable signed 0 payments
And no power flowed
And the socket received 0 sat in all
"""
    assert found(text) == on_rig(text) == []
    assert on_rig(text.replace("signed 0", "signed 1")) != []


def test_a_limit_said_after_the_offer_and_before_it_is_the_same() -> None:
    terms = ("Given the socket asks for 2500 sat/Wh", "Given the cable agrees to at most 2500 sat/Wh")
    text = scenario(*terms).replace("is 8 Wh", "is 4 Wh")
    assert found(text) == on_rig(text) == []
    assert found(scenario(*reversed(terms)).replace("is 8 Wh", "is 4 Wh")) == []


def test_blocks_that_are_mined_confirm_the_coins() -> None:
    assert found(scenario("Given the socket demands 3 confirmations", "When 2 blocks are mined")) == []
    assert found(scenario("Given the socket demands 3 confirmations", "When a block is mined")) != []


def test_a_laboratory_s_own_step_may_set_terms_of_its_own() -> None:
    own = module_of(
        "from hil.testing import given\n@given('the cable is generous')\ndef generous() -> None:\n    'Any price.'\n"
    )
    catalogue = Catalogue([*steps().definitions, *Catalogue.of_modules([own]).definitions])
    text = scenario("Given the socket asks for payments of 0.5 mBTC", "Given the cable is generous")
    assert found(text.replace("8 Wh", "40 Wh"), catalogue) == []


def test_coins_are_declared_before_they_are_deep_enough() -> None:
    demands = "Given the socket demands 3 confirmations"
    assert found(scenario(demands, "When the first FUNDING to the socket has passed", "When 2 blocks are mined")) == []


IMPOSSIBLE = {
    "a message of a payment that is not made": (
        scenario("When the 5th PAYMENT to the socket has passed"),
        "there are at most 1 payments in this scenario, so no PAYMENT number 5",
    ),
    "a session sold too short": (
        scenario("Given the socket sells up to 1 payments a session", payments=3),
        "24 Wh take 3 payments, and the socket sells at most 1",
    ),
    "more power than is sold": (
        scenario("Given the socket sells at most 500 W"),
        "the appliance draws more than the 500 W that are sold, so power is cut before 8 Wh",
    ),
    "more payments than an overload makes": (
        scenario("Given the socket sells at most 500 W", "Then 2 payments of 0.1 mBTC were accepted", payments=2),
        "the appliance draws more than the 500 W that are sold, so there are no 2 payments",
    ),
    "transactions that no payment makes": (
        scenario("Then the ledger holds 5 transactions with one fee each"),
        "1 payments in single-fee mode are at most 1 on the ledger, not 5",
    ),
    "a power that the load does not draw": (
        scenario("Then the highest power was between 1500 W and 1600 W"),
        "the appliance draws at most 1300 W",
    ),
    "a power below what the load draws": (
        scenario("Then the highest power was between 100 W and 1200 W"),
        "the appliance draws 1300 W",
    ),
    "no session, and the end of one": (
        scenario("Then 0 sessions began"),
        "another step of this scenario waits for a session, or demands payments of it",
    ),
    "power, and none": (
        scenario("Then power flowed within 3 s of the first payment", "Then no power flowed"),
        "another step demands that power flowed",
    ),
    "none, and power": (
        SLICE.replace("Then the", "Then no power flowed\nAnd the"),
        "another step demands that no power flowed",
    ),
    "the end of a session that could not begin": (
        scenario("When the cable is pulled out of the socket"),
        "the cable was pulled out before any session began, and no step before plugs it in again",
    ),
    "a time between payments of which there is one": (
        scenario("Then the payments were asked for at least 1 s apart"),
        "there is at most 1 payment in this scenario, and none after it",
    ),
    "a longer time between payments than one lasts": (
        scenario("Then the payments were asked for at least 1 h apart", payments=2),
        "a payment buys 8 Wh at 1300 W, so the next one is asked for after 22.154 s",
    ),
    "a power factor that the load has not": (
        scenario("Then the power factor was between 0.4 and 0.6"),
        "the load draws at power factor 1",
    ),
    "a cheat that comes too late": (
        scenario("Given the cable underpays by 1 sat from the 7th payment on"),
        "the cable pays for at most 1 payments, so there is no number 7",
    ),
    "a cheat of the catalogue that comes too late": (
        scenario("Given the cable will underpay-one-satoshi from the 7th payment on"),
        "the cable pays for at most 1 payments, so there is no number 7",
    ),
}


@pytest.mark.parametrize("case", IMPOSSIBLE)
def test_what_cannot_come_true_is_told_at_the_desk(case: str) -> None:
    text, message = IMPOSSIBLE[case]
    assert message in [each.what for each in found(text)]


def test_a_cheat_may_be_said_before_the_budget_that_it_needs() -> None:
    text = """
Given the socket is under test in single-fee mode
And the cable underpays by 1 sat from the 7th payment on
And the cable pays for at most {} payments
When the devices are switched on
And the counterpart has cheated
Then the power was cut within 500 ms of the refused payment
"""
    assert found(text.format(7)) == []
    assert [each.line for each in found(text.format(6))] == [4]


def test_a_session_that_a_payment_began_can_end_when_the_cable_is_pulled() -> None:
    text = scenario(
        "When the first payment has been accepted", "When the cable is pulled out of the socket", payments=3
    )
    assert found(text.replace("24 Wh", "1 Wh")) == []


def test_each_payment_of_a_known_quantum_is_as_large() -> None:
    wrong = scenario("Then 1 payment of 0.2 mBTC was accepted", "Then the socket received 0.15 mBTC in all")
    assert found(wrong) == []
    assert [(each.line, each.rule) for each in on_rig(wrong)] == [(9, "contradiction"), (10, "contradiction")]


def rig(folder: Path, profile: str) -> RigFile:
    """Return the virtual rig whose socket has this profile."""
    text = (ROOT / "rigs/virtual.yaml").read_text(encoding="utf-8")
    path = folder / "rig.yaml"
    path.write_text(text.replace("profile: {}", f"profile: {profile}", 1), encoding="utf-8")
    read, wrong = read_rig(path, steps())
    assert read is not None
    assert not wrong
    return read


def test_the_terms_of_the_rig_s_socket_are_held_against_the_scenario(tmp_path: Path) -> None:
    (problem,) = on_rig(SLICE, rig(tmp_path, "{quantum_sat: 300, tariff_sat_per_wh: 1000}"))
    assert problem.what == "8 Wh take 26 payments, and the cable pays for at most 1 (on rig 'virtual')"
    assert on_rig(SLICE, rig(tmp_path, "{quantum_sat: 8000, tariff_sat_per_wh: 1000}")) == []
    told = on_rig(SLICE, rig(tmp_path, "{tariff_sat_per_wh: 2500}"))
    assert {each.what for each in told} == {
        "the socket asks for 2500 sat/Wh, and the cable agrees to at most 2000: nothing is paid (on rig 'virtual')"
    }
