"""Values that make no sense, that contradict each other, and that take a scenario beyond its rig."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hil.bdd.check.feasibility.coins import Purse
from hil.bdd.check.rig_file import read_rig
from hil.protocol.payment.coins import Coin, OutPoint
from hil.protocol.payment.signing import p2pkh_script, p2wpkh_script
from hil.protocol.payment.transactions import FundsExhausted, build_payment
from hil.tests.bdd.check.desk import ROOT, SOUND, found, on_rig, steps, with_step
from hil.units import Satoshi

if TYPE_CHECKING:
    from hil.rig.config.rig_file import RigFile


def set_up(line: str) -> str:
    """Return the sound scenario with one more Given step."""
    return with_step("And the load", f"And {line}\nAnd the load")


def under_way(line: str) -> str:
    """Return the sound scenario with one more When step, after the devices were switched on."""
    return with_step("And the session", f"And {line}\nAnd the session")


def demanded(line: str) -> str:
    """Return the sound scenario with one more Then step."""
    return f"{SOUND.rstrip()}\nAnd {line}\n"


SENSELESS = [
    with_step("at most 5", "at most 0"),
    with_step("at most 5", "at most -1"),
    with_step("at most 5", "at most 65536"),
    with_step("at most 5", "at most 10000000000"),
    with_step("1300 W", "0 W"),
    with_step("1300 W", "-5 W"),
    with_step("within 2 %", "within -2 %"),
    with_step("within 2 %", "within 0 %"),
    with_step("40 Wh", "-40 Wh"),
    set_up("the cable underpays by 0 sat from the second payment on"),
    set_up("the cable underpays by -1 sat from the second payment on"),
    set_up("the cable underpays by 10001 sat from the second payment on"),
    set_up("the cable underpays by 0 % from the second payment on"),
    set_up("the cable underpays by 0.001 % from the second payment on"),
    set_up("the cable's coins are worth 0 sat"),
    set_up("the cable's coins are worth 293 sat"),
    set_up("the cable's coins are worth 21000001 BTC"),
    set_up("the cable has 17 coins of 20000 sat"),
    set_up("the socket asks for 0 sat/Wh"),
    set_up("the socket asks for 2000000000 sat/Wh"),
    set_up("the socket asks for payments of 200 sat"),
    set_up("the socket offers a fee rate of 0 sat per vB"),
    set_up("the socket demands 101 confirmations"),
    set_up("the socket sells up to 0 payments a session"),
    set_up("the link loses 0 % of the messages"),
    set_up("the link loses 101 % of the messages to the socket"),
    set_up("the link delays every message by 0 s"),
    set_up("the socket's end of the link runs at 115200 baud"),
    set_up("every PAYMENT to the cable is dropped"),
    under_way("0 s have passed"),
    under_way("-3 min have passed"),
    under_way("0 blocks are mined"),
    under_way("the mains are at 130 % for 2 s"),
    under_way("the mains are at 100 % for 2 s"),
    under_way("1001 blocks are mined"),
    under_way("100000000 blocks are mined"),
    under_way("the last 101 blocks of the chain are replaced"),
    under_way("the lab meter is read once every 21 s from now on"),
    under_way("the load freezes, as a seeded fault"),
    under_way("the 65536th METER to the cable has passed"),
    set_up("the device under test needs 2 h longer to start, as a seeded defect"),
    with_step("within 2 %", "within 100 %"),
    with_step("within 2 %", "within 200 %"),
    with_step("at most 5", f"at most {'9' * 5000}"),
    with_step("1300 W", f"{'9' * 400} W"),
    under_way("the plug bounces 10 times within 1 s"),
    under_way("the link flaps 0 times a minute for 5 s"),
    under_way("the lab meter is read once every 50 ms from now on"),
    under_way("the lab meter drifts by 0 %, as a seeded fault"),
    demanded("at most -0.1 Wh flowed unpaid"),
    demanded("the power was cut within 0 s of the attack"),
    demanded("the power was cut within -500 ms of the attack"),
    demanded("the socket received -1 sat in all"),
    demanded("-1 sessions began"),
]

CONTRADICTIONS = {
    "coins for less payments": (
        set_up("the cable's coins are worth 51000 sat"),
        "x.feature:9:10: 5 payments take 5 payments of 10000 sat and their fees, and the coins given, 51000 sat, pay",
    ),
    "coins for less energy": (
        "Given the socket is under test in per-payment mode\nAnd the load draws 1300 W\n"
        "And the cable has 2 coins of 20000 sat\nWhen the devices are switched on\nAnd the session has ended\n"
        "Then the energy delivered is 40 Wh within 2 %",
        "x.feature:8:10: 40 Wh take 5 payments of 10000 sat and their fees, and the coins given, 40000 sat, pay 3 at",
    ),
    "a budget for less": (
        with_step("at most 5", "at most 4"),
        "x.feature:8:10: 5 payments take 5 payments, and the cable pays for at most 4",
    ),
    "too little power": (
        with_step("1300 W", "20 W"),
        "x.feature:8:10: 5 payments take",
    ),
    "nothing is waited for": (
        with_step("And the session has ended\n", ""),
        "x.feature:7:10: 5 payments take",
    ),
    "another quantum": (
        set_up("the socket asks for payments of 9000 sat"),
        "x.feature:9:10: the socket asks for payments of 9000 sat, so none of 10000 sat is accepted",
    ),
    "two devices": (
        set_up("the cable is under test in single-fee mode"),
        "x.feature:4:9: the socket is under test here already",
    ),
    "two cheats": (
        set_up(
            "the cable underpays by 1 sat from the second payment on\n"
            "And the cable pays a stranger from the 9th payment on"
        ),
        "x.feature:5:9: the counterpart cheats in one way already",
    ),
    "a cheat that is under test": (
        set_up("the socket diverts the change from the second payment on"),
        "x.feature:4:9: the socket is under test, so the socket is no counterpart that could cheat",
    ),
    "no load to change": (
        "Given the socket is under test in single-fee mode\nWhen the devices are switched on\n"
        "And the load changes to 5 W\nThen no power flowed",
        "x.feature:5:9: no step before says what the load draws",
    ),
    "a supply that the bench plays": (
        under_way("the supply of the cable fails for 2 s"),
        "x.feature:7:9: the socket is under test; the cable is played by the bench",
    ),
    "a contact that the bench plays": (
        "Given the cable is under test in single-fee mode\nWhen the devices are switched on\n"
        "Then the socket's contact was never open for longer than 5 ms before the credit was spent",
        "x.feature:5:10: the cable is under test; the socket is played by the bench",
    ),
    "a meter that the bench has not": (
        set_up("the cable's own meter has counted 9999 kWh before"),
        "x.feature:4:9: the socket is under test; the cable is played by the bench",
    ),
    "a program that nothing watched": (
        "Given the socket is under test in single-fee mode\nWhen the devices are switched on\n"
        "Then the program of the socket grew by at most 4 MiB, 0 descriptors and 0 threads",
        "x.feature:5:10: no step before watches it, as 'When the program of the socket is watched from now on'",
    ),
}


@pytest.mark.parametrize("text", SENSELESS)
def test_a_value_that_makes_no_sense_is_refused(text: str) -> None:
    assert found(text) != []


@pytest.mark.parametrize("case", CONTRADICTIONS)
def test_values_that_cannot_be_true_together_are_told_at_the_later_step(case: str) -> None:
    text, message = CONTRADICTIONS[case]
    assert any(str(each).startswith(message) for each in found(text)), found(text)


@pytest.mark.parametrize(
    "text",
    [
        set_up("the cable's coins are worth 51400 sat"),
        set_up("the socket demands 0 confirmations"),
        under_way("the mains are at 0 % for 20 ms"),
        under_way("the mains are at 99 % for 20 ms"),
        under_way("1000 blocks are mined"),
        under_way("the lab meter is read once every 20 s from now on"),
        under_way("the lab meter freezes, as a seeded fault"),
        under_way("the load hangs, as a seeded fault"),
        set_up("the device under test needs 90 s longer to start, as a seeded defect"),
        under_way("the lab meter drifts by -1 %, as a seeded fault"),
        demanded("at most 0 Wh flowed unpaid"),
        "Given the socket is under test in single-fee mode\nWhen the devices are switched on\nAnd 5 s have passed\n"
        "Then 0 sessions began",
    ],
)
def test_a_value_at_its_least_is_taken(text: str) -> None:
    assert found(text) == []


def rig(folder: Path, *changes: tuple[str, str]) -> RigFile:
    """Return the virtual rig with changes."""
    text = (ROOT / "rigs/virtual.yaml").read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = folder / "rig.yaml"
    path.write_text(text, encoding="utf-8")
    read, wrong = read_rig(path, steps())
    assert read is not None
    assert not wrong
    return read


BEYOND = {
    "an inverter that feeds more than the limit": (
        with_step("the load draws 1300 W", "a solar inverter of 5 kW is plugged into the cable"),
        (),
        "x.feature:4:9: rig 'virtual' allows 2000 W either way, not 5000 W",
    ),
    "14 A at low mains": (
        under_way("the mains are at 40 % for 2 s"),
        (),
        "x.feature:7:9: 1300 W at 92 V draw 14.1 A, which is outside what rig 'virtual' bears: at most 10 A (the",
    ),
    "current at full mains": (
        SOUND,
        (("      power: 2000 W\n", "      power: 2000 W\n      current: 5 A\n"),),
        "x.feature:4:9: 1300 W at 230 V draw 5.65 A, which is outside what rig 'virtual' bears: at most 5 A (its",
    ),
    "current at the mains of the rig": (
        SOUND,
        (("    plant: {}", "    plant: {mains_voltage: 110}"),),
        "x.feature:4:9: 1300 W at 110 V draw 11.8 A",
    ),
    "a wait beyond the session": (
        under_way("11 h have passed"),
        (),
        "x.feature:7:9: rig 'virtual' ends a session after 36000 s, and this step after 39600 s",
    ),
    "waits that add up": (
        under_way("6 h have passed\nAnd the mains are lost for 5 h"),
        (),
        "x.feature:8:9: rig 'virtual' ends a session after 36000 s",
    ),
    "a limit beyond the session": (
        demanded("the power was cut within 12 h of the attack"),
        (),
        "x.feature:10:9: rig 'virtual' ends a session after 36000 s, before 43200 s are over",
    ),
    "energy beyond the limit": (
        SOUND,
        (("energy: 20 kWh", "energy: 30 Wh"),),
        "x.feature:9:9: rig 'virtual' ends a session after 30 Wh, before 40 Wh are delivered",
    ),
    "energy that takes too long": (
        SOUND,
        (("session: 10 h", "session: 60 s"),),
        "x.feature:9:9: rig 'virtual' ends a session after 60 s, and 40 Wh take",
    ),
}


@pytest.mark.parametrize("case", BEYOND)
def test_what_is_beyond_the_rig_is_told_at_its_step(tmp_path: Path, case: str) -> None:
    text, changes, message = BEYOND[case]
    assert any(str(each).startswith(message) for each in on_rig(text, rig(tmp_path, *changes))), on_rig(
        text, rig(tmp_path, *changes)
    )


def test_the_sound_scenario_is_within_the_rig() -> None:
    assert on_rig(SOUND) == []


def test_a_step_with_a_mistake_of_its_own_hides_nothing_from_the_rig() -> None:
    text = under_way("the mains are at 40 % for 2 s").replace("the session has ended", "the sesion has ended")
    assert [each.rule for each in on_rig(text)] == ["beyond-rig"]


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 4),
    st.integers(300, 60_000),
    st.sampled_from(["P2WPKH", "P2PKH", "both kinds"]),
    st.integers(1, 100),
    st.integers(300, 20_000),
    st.booleans(),
)
def test_a_purse_pays_exactly_what_the_protocol_can_build(
    count: int, value: int, kind: str, fee_rate: int, quantum: int, single_fee: bool
) -> None:
    mode = "single-fee" if single_fee else "per-payment"
    purse = Purse(mode, count, value, fee_rate=fee_rate, quantum=quantum)
    purse.take_kind(kind)
    kinds = {"P2WPKH": [p2wpkh_script], "P2PKH": [p2pkh_script], "both kinds": [p2wpkh_script, p2pkh_script]}[kind]
    scripts = [kinds[index % len(kinds)](bytes(20)) for index in range(count)]
    coins = [Coin(OutPoint("ab" * 32, index), Satoshi(value), script) for index, script in enumerate(scripts)]
    assert purse.most_payments() == built(coins, quantum, fee_rate, single_fee=single_fee)


def built(coins: list[Coin], quantum: int, fee_rate: int, *, single_fee: bool) -> int:
    """Return how many payments the protocol builds from these coins before they are exhausted."""
    payee, change = p2wpkh_script(bytes(20)), p2wpkh_script(b"\x01" * 20)
    payments = 0
    while True:
        try:
            transaction = build_payment(coins, payee, payments + 1 if single_fee else 1, quantum, change, fee_rate)
        except FundsExhausted:
            return payments
        payments += 1
        if not single_fee:
            if len(transaction.vout) < 2:
                return payments
            coins = [Coin(OutPoint("cd" * 32, 1), Satoshi(transaction.vout[1].nValue), change)]


def test_an_instrument_that_the_rig_file_names_wrongly_is_told_there_and_by_no_step(tmp_path: Path) -> None:
    path = tmp_path / "wrong.yaml"
    text = (ROOT / "rigs/virtual.yaml").read_text(encoding="utf-8")
    path.write_text(text.replace("          name: bench\n", "          name: bench\n          meter: acme_pm9\n", 1))

    rig, wrong = read_rig(path, steps())

    assert rig is not None
    assert ["'acme_pm9' is not a virtual meter" in str(each) for each in wrong] == [True]
    assert on_rig(SOUND, rig) == []
