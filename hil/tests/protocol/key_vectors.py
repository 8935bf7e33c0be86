"""The vectors of keys and their scripts: keys.json."""

from __future__ import annotations

from typing import Final

from embit.networks import NETWORKS
from embit.script import Script

from hil.protocol.payment.account import CHANGE, RECEIVE, Account
from hil.tests.protocol.vector_files import Json

SEEDS: Final = (bytes(range(16)), b"\x5a" * 64)
"""The seed of BIP 32's first test vector, and one as long as those of BIP 39."""


def keys() -> Json:
    """Scripts and addresses of the first keys of both chains, and of one far away."""
    places = [(chain, index) for chain in (RECEIVE, CHANGE) for index in (0, 1, 3, 2**31 - 1)]
    return {"accounts": [{"seed": seed.hex(), "keys": [key_at(seed, *place) for place in places]} for seed in SEEDS]}


def key_at(seed: bytes, chain: int, index: int) -> Json:
    key = Account(seed).key(chain, index)
    return {
        "path": f"m/84h/1h/0h/{chain}/{index}",
        "public": key.public.hex(),
        "p2wpkh_script": key.p2wpkh_script.hex(),
        "p2pkh_script": key.p2pkh_script.hex(),
        "p2wpkh_address": Script(key.p2wpkh_script).address(NETWORKS["regtest"]),
    }
