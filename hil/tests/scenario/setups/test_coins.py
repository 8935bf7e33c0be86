"""Where coins go, and which addresses a counterpart has."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from hil.protocol.payment.account import RECEIVE, Account
from hil.scenario.plan import Plan
from hil.scenario.setups.common import SetupContext, account_seed, fund_cable_under_test, script_of

OWN = Account(bytes(range(32)))


def funded(coins_to: str | None, coin_type: str = "P2WPKH") -> bytes:
    """Return the script to which coins of a scenario with the seed ``s`` were paid."""
    paid: list[bytes] = []
    facts = SimpleNamespace(coins_to=coins_to)
    file = SimpleNamespace(options=SimpleNamespace(devices=SimpleNamespace(cable=facts)))

    def fund(script: bytes, value: int, outputs: int) -> list[object]:
        paid.append(script)
        return []

    plan = SimpleNamespace(funding_type=coin_type, funds_sat=1000, funding_coins=1, abuse=None)
    rig = SimpleNamespace(file=file, chain=SimpleNamespace(fund=fund))
    fund_cable_under_test(SetupContext(cast("Any", rig), cast("Any", plan), "s", cast("Any", None)))
    return paid[0]


@pytest.mark.parametrize("coin_type", ["P2WPKH", "P2PKH"])
def test_a_simulated_cable_is_paid_at_the_first_key_of_the_account_that_the_scenario_gives_it(coin_type: str) -> None:
    key = Account(account_seed("s", "cable")).key(RECEIVE, 0)
    assert funded(None, coin_type) == (key.p2wpkh_script if coin_type == "P2WPKH" else key.p2pkh_script)


@pytest.mark.parametrize("text", [OWN.public, f"wpkh({OWN.public}/0/*)"])
def test_a_cable_that_keeps_its_keys_is_paid_where_the_rig_file_says(text: str) -> None:
    assert funded(text) == OWN.key(RECEIVE, 0).p2wpkh_script


def test_a_counterpart_has_p2pkh_addresses_where_the_scenario_says_so() -> None:
    key = OWN.key(RECEIVE, 0)
    assert script_of(Plan(), key) == key.p2wpkh_script
    assert script_of(Plan(counterpart_has_p2pkh=True), key) == key.p2pkh_script
