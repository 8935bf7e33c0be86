from __future__ import annotations

import pytest
from embit.bip32 import HDKey

from hil.protocol.payment.account import CHANGE, RECEIVE, Account

# BIP 84 "Test vectors" use coin type 0; the seed of their words is what counts here.
SEED = bytes.fromhex(
    "5eb00bbddcf069084889a8ab9155568165f5c453ccb85e70811aaed6f6da5fc19a5ac40b389cd370d086206dec8aa6c43daea6690f20ad3d8d48b2d2ce9e38e4"
)


@pytest.mark.parametrize("chain", [RECEIVE, CHANGE])
def test_keys_are_those_of_the_whole_path_in_any_order(chain: int) -> None:
    account = Account(SEED)
    for index in (3, 0, 3, 41):
        whole = HDKey.from_seed(SEED).derive(f"m/84h/1h/0h/{chain}/{index}")
        assert account.key(chain, index).public == whole.to_public().key.sec()
    assert account.key(RECEIVE, 0).public != account.key(CHANGE, 0).public
