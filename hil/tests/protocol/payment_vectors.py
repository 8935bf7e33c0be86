"""The vectors of transactions and of what is refused: transactions.json, refusals.json."""

from __future__ import annotations

from typing import Any

from bitcoin.core import CTransaction
from bitcoin.core.script import SIGHASH_ALL, SIGHASH_ANYONECANPAY, SIGHASH_NONE, SIGHASH_SINGLE

from hil.protocol.checks import Refusal, check_funding, check_offer, check_payment, check_proposal
from hil.protocol.payment.coins import Coin
from hil.protocol.payment.transactions import FundsExhausted, build_payment, change_coin, txid, virtual_size
from hil.protocol.policy import CableLimits, SocketTerms
from hil.protocol.wire.messages import DeclaredCoin, Funding, Offer, PaymentRequest, encode_message
from hil.tests.protocol import samples
from hil.tests.protocol.samples import CABLE, COINS, EDITS, SESSION, SOCKET, offer, proposal, request, signed
from hil.tests.protocol.session_replay import coin_to_json
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


def refusals() -> Json:
    """What either side refuses, with the code; everything else in a case is honest."""
    return {
        "coins": [coin_to_json(coin) for coin in COINS],
        "change_script": CABLE.p2wpkh_script.hex(),
        "offer": encode_message(offer()).hex(),
        "proposal": proposal().serialize().hex(),
        "offers": [_case(name, "message", encode_message(m), refused_offer(m)) for name, m in _offers().items()],
        "fundings": [_case(name, "message", encode_message(m), refused_funding(m)) for name, m in _fundings().items()],
        "proposals": [
            _case(name, "message", encode_message(m), refused_proposal(m)) for name, m in _proposals().items()
        ],
        "payments": [_case(name, "payment", raw, refused_payment(raw)) for name, raw in _payments().items()],
    }


def _case(name: str, key: str, data: bytes, code: str) -> Json:
    return {"name": name, key: data.hex(), "code": code}


def refused_offer(message: Offer) -> str:
    return _refusal(lambda: check_offer(message, CableLimits()))


def refused_funding(message: Funding) -> str:
    return _refusal(lambda: check_funding(message, SocketTerms()))


def refused_proposal(message: PaymentRequest) -> str:
    """The cable has paid once, used 6000 mWh by its own meter, and awaits payment 2."""
    return _refusal(
        lambda: check_proposal(
            message,
            expected_n=2,
            offer=offer(),
            coins=COINS,
            change_script=CABLE.p2wpkh_script,
            limits=CableLimits(),
            used_mwh=6000,
        )
    )


def refused_payment(raw: bytes) -> str:
    return _refusal(lambda: check_payment(proposal().serialize(), raw, COINS))


def _refusal(check: Any) -> str:
    try:
        check()
    except Refusal as refusal:
        return refusal.code.name
    return "ACCEPTED"


def _offers() -> dict[str, Offer]:
    return {
        "honest": offer(),
        "tariff too high": offer(tariff_sat_per_wh=2001),
        "quantum too high": offer(quantum_sat=20_001),
        "quantum is dust": offer(quantum_sat=293),
        "fee rate too high": offer(fee_rate_sat_per_vb=101),
        "payee script is P2SH": offer(payee_script=b"\xa9\x14" + bytes(20) + b"\x87"),
        "payee script is P2TR": offer(payee_script=b"\x51\x20" + bytes(32)),
    }


def _fundings() -> dict[str, Funding]:
    def funding(*coins: Coin, change: bytes = CABLE.p2wpkh_script) -> Funding:
        declared = tuple(DeclaredCoin(c.outpoint.txid, c.outpoint.index, c.value, c.script) for c in coins)
        return Funding(SESSION, 1, declared, change, 5)

    return {
        "honest": funding(*COINS),
        "1 sat short of one payment": funding(samples.coin(1, 11_099)),
        "one outpoint with two values": funding(COINS[0], samples.coin(1, 59_999)),
        "coin is P2TR": funding(samples.coin(1, 60_000, b"\x51\x20" + bytes(32))),
        "change script is OP_RETURN": funding(*COINS, change=b"\x6a"),
    }


def _proposals() -> dict[str, PaymentRequest]:
    return {
        "honest": request(proposal()),
        **{name: request(samples.edited(proposal(), edit)) for name, (edit, _) in EDITS.items()},
        "payment 1 again": request(proposal(1), 1),
        "payment 3 before payment 2": request(proposal(3), 3),
        "three quanta as payment 2": request(proposal(3)),
        "energy overclaimed": request(proposal(), energy_mwh=6345),
        "asked for too early": request(proposal(), energy_mwh=5899),
        "already signed": request(signed(proposal())),
        "not a transaction": PaymentRequest(SESSION, 7, 2, bytes(20), 6000),
    }


def _payments() -> dict[str, bytes]:
    good = signed(proposal())
    by_name = {str(coin.outpoint): coin for coin in (*COINS, samples.STRANGE_COIN)}
    cases = {"honest": good}
    for name, (edit, _) in EDITS.items():
        falsified = samples.edited(proposal(), edit)
        coins = tuple(by_name[f"{txin.prevout.hash[::-1].hex()}:{txin.prevout.n}"] for txin in falsified.vin)
        cases[name] = signed(falsified, coins)
    hash_types = {
        "NONE": SIGHASH_NONE,
        "SINGLE": SIGHASH_SINGLE,
        "ALL|ANYONECANPAY": SIGHASH_ALL | SIGHASH_ANYONECANPAY,
    }
    cases |= {f"SIGHASH_{name}": signed(proposal(), hash_type=value) for name, value in hash_types.items()}
    cases |= {
        "high S": samples.with_signature(good, 0, samples.high_s),
        "zero before R": samples.with_signature(good, 0, samples.padded),
        "length in long form": samples.with_signature(good, 0, samples.long_form),
        "forged signature": samples.with_signature(good, 0, samples.forged),
        "empty witness": samples.with_stack(good, 0, []),
        "witness item too many": samples.with_stack(good, 0, [*samples.witness_stack(good, 0), b"\x01"]),
        "a stranger's key": samples.with_stack(good, 0, [samples.witness_stack(good, 0)[0], samples.STRANGER.public]),
        "scriptSig with one push too many": samples.with_script_sig(good, 1, b"\x00" + bytes(good.vin[1].scriptSig)),
        "not signed": proposal(),
        "older payment": signed(proposal(1)),
    }
    return {name: payment.serialize() for name, payment in cases.items()} | {"not a transaction": bytes(20)}
