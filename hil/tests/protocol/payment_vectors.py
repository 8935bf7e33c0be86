"""The vectors of transactions and of what is refused: transactions.json, refusals.json."""

from __future__ import annotations

from bitcoin.core import CTransaction

from hil.protocol.payment.coins import Coin
from hil.protocol.payment.transactions import FundsExhausted, build_payment, change_coin, txid, virtual_size
from hil.tests.protocol import samples
from hil.tests.protocol.samples import CABLE, COINS, SOCKET, signed
from hil.tests.protocol.session_side import coin_to_json
from hil.tests.protocol.vector_files import Json


def transactions() -> Json:
    """Proposals with their signed form; the keys are test keys, worth nothing anywhere."""
    legacy, segwit = CABLE.p2pkh_script, CABLE.p2wpkh_script
    cases: list[tuple[str, tuple[Coin, ...], bytes, int, int]] = [
        ("one P2WPKH input", (samples.coin(1, 60_000),), segwit, 1, 10),
        ("one P2PKH input, change to P2PKH", (samples.coin(2, 60_000, legacy),), legacy, 1, 10),
        ("both types of input, payment 1", COINS, segwit, 1, 10),
        ("both types of input, payment 2", COINS, segwit, 2, 10),
        ("slice of bread, last of five payments", (samples.coin(3, 60_000),), segwit, 5, 56),
        ("change at the dust limit", (samples.coin(1, 10_000 + 1410 + 294),), segwit, 1, 10),
        ("change 1 sat below dust goes to the fee", (samples.coin(1, 10_000 + 1410 + 293),), segwit, 1, 10),
        ("P2PKH change at the dust limit", (samples.coin(1, 10_000 + 1440 + 546),), legacy, 1, 10),
        ("P2PKH change 1 sat below dust", (samples.coin(1, 10_000 + 1440 + 545),), legacy, 1, 10),
        ("no satoshi left", (samples.coin(1, 11_100),), segwit, 1, 10),
        ("1 sat short", (samples.coin(1, 11_099),), segwit, 1, 10),
        ("sixteen inputs", tuple(samples.coin(i, 5_000, (legacy, segwit)[i % 2]) for i in range(16)), segwit, 5, 1),
    ]
    return {
        "secret": "11" * 32,
        "payee_script": SOCKET.p2wpkh_script.hex(),
        "quantum_sat": 10_000,
        "transactions": [_transaction(*case) for case in cases],
        "chain": _chain(),
    }


def _transaction(name: str, coins: tuple[Coin, ...], change: bytes, quanta: int, fee_rate: int) -> Json:
    case: Json = {
        "name": name,
        "coins": [coin_to_json(coin) for coin in coins],
        "change_script": change.hex(),
        "quanta": quanta,
        "fee_rate_sat_per_vb": fee_rate,
    }
    try:
        unsigned = build_payment(coins, SOCKET.p2wpkh_script, quanta, 10_000, change, fee_rate)
    except FundsExhausted:
        return case | {"error": "FUNDS_EXHAUSTED"}
    done = signed(unsigned, coins)
    scripts = [bytes(txout.scriptPubKey) for txout in unsigned.vout]
    return case | {
        "virtual_size": virtual_size([coin.script for coin in coins], scripts),
        "fee_sat": sum(coin.value for coin in coins) - sum(txout.nValue for txout in unsigned.vout),
        "change_sat": unsigned.vout[1].nValue if len(unsigned.vout) > 1 else 0,
        "unsigned": unsigned.serialize().hex(),
        "signed": done.serialize().hex(),
        "txid": txid(done),
    }


def _chain() -> list[Json]:
    """Per-payment: each payment spends the change of the one before."""
    coins: tuple[Coin, ...] = COINS
    chain = []
    for n in range(1, 4):
        case = _transaction(f"per-payment, payment {n}", coins, CABLE.p2wpkh_script, 1, 10)
        chain.append(case)
        change = change_coin(CTransaction.deserialize(bytes.fromhex(case["signed"])), CABLE.p2wpkh_script)
        assert change is not None
        coins = (change,)
    return chain
