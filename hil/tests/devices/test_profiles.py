from __future__ import annotations

from typing import Any

import pytest

from hil.devices.board import Board
from hil.devices.firmware.factory import build
from hil.devices.profiles import BootStage, CableProfile, SocketProfile
from hil.errors import ConfigurationError
from hil.protocol.policy import CableLimits, Mode, SocketTerms
from hil.tests.devices.device_pair import SEEDS, DevicePair

ACCOUNT = SEEDS["cable"].hex()
OWN = DevicePair().coins[0].script.hex()
COIN = {"txid": "ab" * 32, "index": 0, "value_sat": 1_000, "script": OWN}


def board() -> Board:
    return DevicePair().socket.program._board


def refused(role: str, profile: dict[str, Any]) -> str:
    with pytest.raises(ConfigurationError) as caught:
        build(role, profile, board())
    assert caught.value.place == f"profile of the {role}"
    return caught.value.what


@pytest.mark.parametrize(
    ("role", "field", "value"),
    [
        ("socket", "mode", "both"),
        ("socket", "tariff_sat_per_wh", 0),
        ("socket", "tariff_sat_per_wh", 10**9 + 1),
        ("socket", "quantum_sat", 293),
        ("socket", "fee_rate_sat_per_vb", 0),
        ("socket", "max_payments", 65_536),
        ("socket", "min_confirmations", 101),
        ("socket", "ledger_delay_s", -1),
        ("socket", "boot_delay_s", -0.1),
        ("socket", "tarif", 1250),
        ("cable", "max_payments", 0),
        ("cable", "coins", [COIN] * 17),
    ],
)
def test_a_wrong_field_is_named(role: str, field: str, value: object) -> None:
    assert refused(role, {"account": ACCOUNT, field: value}).startswith(f"{field}: ")


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"txid": "AB" * 32}, "coins.0.txid"),
        ({"index": -1}, "coins.0.index"),
        ({"value_sat": 0}, "coins.0.value_sat"),
        ({"script": "zz"}, "coins.0.script"),
        ({"script": "0014" + "00" * 20}, "coins.0.script"),
    ],
)
def test_a_wrong_part_of_a_coin_is_named(change: dict[str, object], where: str) -> None:
    assert refused("cable", {"account": ACCOUNT, "coins": [COIN | change]}).startswith(f"{where}: ")


def test_all_that_is_wrong_is_named_at_once() -> None:
    what = refused("socket", {"account": ACCOUNT, "mode": "both", "quantum_sat": 0, "boot": [{"name": "kernel"}]})
    assert [part.split(":")[0] for part in what.split("; ")] == ["boot.0.seconds", "mode", "quantum_sat"]


@pytest.mark.parametrize(
    ("terms", "what"),
    [
        ({"tariff_sat_per_wh": 10**9, "quantum_sat": 100_000}, "buy 0 mWh"),
        ({"tariff_sat_per_wh": 1, "quantum_sat": 4_294_968}, "buy 4294968000 mWh"),
    ],
)
def test_terms_that_no_session_could_keep_are_refused_at_once(terms: dict[str, int], what: str) -> None:
    assert what in refused("socket", {"account": ACCOUNT, **terms})


def test_an_account_is_demanded_and_never_quoted() -> None:
    secret = "c0ffee" * 4 + "x"
    assert refused("socket", {}).startswith("account: ")
    for role in ("socket", "cable"):
        assert secret not in refused(role, {"account": secret})
    for profile in (SocketProfile(account=ACCOUNT), CableProfile(account=ACCOUNT)):
        assert ACCOUNT not in repr(profile)
        assert ACCOUNT not in str(profile)


def test_an_unknown_device_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigurationError, match=r"'soket' is no device; known: cable, socket\. Did you mean 'socket'"):
        build("soket", {}, board())


def test_the_defaults_of_a_profile_are_those_of_the_protocol() -> None:
    assert SocketProfile(account=ACCOUNT).terms() == SocketTerms()
    assert CableProfile(account=ACCOUNT).max_payments == CableLimits().max_payments
    assert SocketProfile(account=ACCOUNT, mode="per-payment").terms().mode is Mode.PER_PAYMENT


def test_the_boot_delay_is_added_to_the_last_stage_only() -> None:
    stages = (BootStage(name="a", seconds=1), BootStage(name="b", seconds=2))
    profile = SocketProfile(account=ACCOUNT, boot=stages, boot_delay_s=3)
    assert [stage.seconds for stage in profile.boot_stages()] == [1, 5]
    assert SocketProfile(account=ACCOUNT, boot=stages).boot_stages() == stages
