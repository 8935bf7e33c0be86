"""Where the coins of a cable go whose keys the bench does not know."""

from __future__ import annotations

import pytest
from embit.bip32 import HDKey
from embit.networks import NETWORKS
from embit.script import Script

from hil.protocol.payment.account import ACCOUNT_PATH, RECEIVE, Account
from hil.rig.config.coins_to import coin_type, funding_script

SEED = bytes(range(32))
ACCOUNT = Account(SEED)
KEY = ACCOUNT.key(RECEIVE, 0)
PRIVATE = HDKey.from_seed(SEED, version=NETWORKS["regtest"]["xprv"]).derive(ACCOUNT_PATH).to_base58()


def address(script: bytes, network: str = "regtest") -> str:
    return str(Script(script).address(NETWORKS[network]))


@pytest.mark.parametrize(
    ("text", "script", "kind"),
    [
        (address(KEY.p2wpkh_script), KEY.p2wpkh_script, "P2WPKH"),
        (address(KEY.p2pkh_script), KEY.p2pkh_script, "P2PKH"),
        (ACCOUNT.public, KEY.p2wpkh_script, "P2WPKH"),
        (f"wpkh({ACCOUNT.public}/0/*)", KEY.p2wpkh_script, "P2WPKH"),
        (f"wpkh({ACCOUNT.public}/0/0)#checksum", KEY.p2wpkh_script, "P2WPKH"),
        (f" pkh({ACCOUNT.public}/0/*) ", KEY.p2pkh_script, "P2PKH"),
    ],
)
def test_address_descriptor_and_extended_key_tell_the_same_script(text: str, script: bytes, kind: str) -> None:
    assert (funding_script(text), coin_type(text)) == (script, kind)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (address(KEY.p2wpkh_script, "main"), "an address of another network"),
        (address(KEY.p2wpkh_script, "test"), "an address of another network"),
        (PRIVATE, "it is a secret key; name the public one"),
        (f"wpkh({PRIVATE}/0/*)", "it holds a secret key; name public keys only"),
        (f"tr({ACCOUNT.public}/0/*)", "its script is p2tr; allowed is an address on regtest"),
        ("wpkh(", "it is not an address on regtest"),
        ("a bank account", "it is not an address on regtest"),
        ("", "it is not an address on regtest"),
    ],
)
def test_anything_else_is_refused_and_no_secret_is_repeated(text: str, told: str) -> None:
    with pytest.raises(ValueError, match=told) as caught:
        funding_script(text)
    assert PRIVATE not in str(caught.value)
