"""The vectors of what either side refuses, with the code: refusals.json."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bitcoin.core import CMutableTransaction
from bitcoin.core.script import SIGHASH_ALL, SIGHASH_ANYONECANPAY, SIGHASH_NONE, SIGHASH_SINGLE

from hil.endpoints.ledger_checks import judge_payment
from hil.ports import Acceptance, CoinStatus
from hil.protocol.checks import Refusal, check_funding, check_offer, check_payment, check_proposal, fits_session
from hil.protocol.effects import ExaminePayment
from hil.protocol.payment.coins import Coin, OutPoint
from hil.protocol.payment.transactions import build_payment, parse_transaction, txid
from hil.protocol.policy import CableLimits, Mode, SocketTerms
from hil.protocol.wire.messages import DeclaredCoin, Funding, Offer, PaymentRequest, decode_message, encode_message
from hil.tests.protocol import samples
from hil.tests.protocol.samples import CABLE, COINS, EDITS, SESSION, offer, proposal, request, signed
from hil.tests.protocol.session_side import (
    coin_from_json,
    coin_to_json,
    limits_from_json,
    settings_to_json,
    terms_from_json,
)
from hil.tests.protocol.vector_files import Json
from hil.units import Satoshi

DECLINED = "DECLINED"
"""Not a code: the request passes the checks, and the cable does not answer it (SPEC, "Two meters")."""


def refusals() -> Json:
    """What either side refuses, with the code; what a case does not state is honest and stands at the top."""
    given: Json = {
        "coins": [coin_to_json(coin) for coin in COINS],
        "change_script": CABLE.p2wpkh_script.hex(),
        "offer": encode_message(offer()).hex(),
        "proposal": proposal().serialize().hex(),
        "payment": signed(proposal()).serialize().hex(),
        "limits": settings_to_json(CableLimits()),
        "terms": settings_to_json(SocketTerms()),
    }
    return given | {
        "offers": [_judged(judged_offer, given, case) for case in _offers()],
        "fundings": [_judged(judged_funding, given, case) for case in _fundings()],
        "proposals": [_judged(judged_proposal, given, case) for case in _proposals()],
        "payments": [_judged(judged_payment, given, {"name": n, "payment": p.hex()}) for n, p in _payments().items()],
        "ledger": [_judged(judged_by_ledger, given, case) for case in _ledger()],
    }


def _judged(judge: Callable[[Json, Json], str], given: Json, case: Json) -> Json:
    return case | {"code": judge(given, case)}


def judged_offer(given: Json, case: Json) -> str:
    """Return the code with which the cable refuses the offer of ``case``, ``ACCEPTED`` if it does not."""
    message = decode_message(bytes.fromhex(case["message"]))
    assert isinstance(message, Offer)
    return _code(lambda: check_offer(message, limits_from_json(given["limits"] | case.get("limits", {}))))


def judged_funding(given: Json, case: Json) -> str:
    """Return the code with which the socket refuses the coins, before it asks the ledger."""
    message = decode_message(bytes.fromhex(case["message"]))
    assert isinstance(message, Funding)
    return _code(lambda: check_funding(message, terms_from_json(given["terms"])))


def judged_proposal(given: Json, case: Json) -> str:
    """Return the code with which the cable refuses the request; it has signed ``signed`` payments."""
    message = decode_message(bytes.fromhex(case["message"]))
    agreed = decode_message(bytes.fromhex(case["offer"] if "offer" in case else given["offer"]))
    assert isinstance(message, PaymentRequest)
    assert isinstance(agreed, Offer)
    limits = limits_from_json(given["limits"] | case.get("limits", {}))
    code = _code(
        lambda: check_proposal(
            message,
            expected_n=case["signed"] + 1,
            offer=agreed,
            coins=[coin_from_json(coin) for coin in given["coins"]],
            change_script=bytes.fromhex(given["change_script"]),
            limits=limits,
            used_mwh=case["used_mwh"],
        )
    )
    return DECLINED if code == "ACCEPTED" and not fits_session(message, agreed, limits, case["used_mwh"]) else code


def judged_payment(given: Json, case: Json) -> str:
    """Return the code with which the socket refuses the signed payment, before it asks the ledger."""
    coins = [coin_from_json(coin) for coin in given["coins"]]
    return _code(lambda: check_payment(bytes.fromhex(given["proposal"]), bytes.fromhex(case["payment"]), coins))


class _Ledger:
    """Implements :class:`hil.ports.LedgerView` for one case: it knows the coins, and perhaps the payment."""

    def __init__(self, payment: bytes, case: Json, coins: list[Coin]) -> None:
        self._has = {
            coin.outpoint: CoinStatus(
                Satoshi(known["value_sat"]), bytes.fromhex(known["script"]), known["confirmations"]
            )
            for coin, known in zip(coins, case["outputs"], strict=True)
            if known is not None
        }
        if case["has_payment"]:
            self._has[OutPoint(txid(parse_transaction(payment)), 0)] = CoinStatus(Satoshi(1), b"", 0)
        self._answer = Acceptance(allowed=case["reject_reason"] is None, reason=case["reject_reason"] or "")

    def ready(self) -> bool:
        return True

    def coin(self, outpoint: OutPoint) -> CoinStatus | None:
        return self._has.get(outpoint)

    def accepts(self, transaction: bytes) -> Acceptance:
        return self._answer

    def broadcast(self, transaction: bytes) -> Acceptance:
        return self._answer

    def conflict(self, transaction: bytes) -> str | None:
        return None


def judged_by_ledger(given: Json, case: Json) -> str:
    """Return the code with which the socket refuses the payment of the top of the file after it asked the ledger."""
    coins, payment = [coin_from_json(coin) for coin in given["coins"]], bytes.fromhex(given["payment"])
    asked = ExaminePayment(1, 2, payment, tuple(coins), given["terms"]["min_confirmations"], broadcast=False)
    refusal = judge_payment(_Ledger(payment, case, coins), asked)
    return "ACCEPTED" if refusal is None else refusal.code.name


def _code(check: Callable[[], object]) -> str:
    try:
        check()
    except Refusal as refusal:
        return refusal.code.name
    return "ACCEPTED"


def _offers() -> list[Json]:
    def case(name: str, message: Offer, **limits: Any) -> Json:
        return {"name": name, "message": encode_message(message).hex()} | ({"limits": limits} if limits else {})

    return [
        case("honest", offer()),
        case("a mode that the cable did not ask for", offer(), modes=[Mode.PER_PAYMENT.name]),
        case("tariff at the limit", offer(tariff_sat_per_wh=2000)),
        case("tariff too high", offer(tariff_sat_per_wh=2001)),
        case("quantum at the limit", offer(quantum_sat=20_000)),
        case("quantum too high", offer(quantum_sat=20_001)),
        case("quantum is dust", offer(quantum_sat=293)),
        case("quantum is dust to P2PKH only", offer(quantum_sat=545, payee_script=samples.SOCKET.p2pkh_script)),
        case("quantum buys less than 1 mWh", offer(tariff_sat_per_wh=10**9, quantum_sat=999_999), **DEAR),
        case("quantum buys what two meters may differ by", offer(tariff_sat_per_wh=2722, quantum_sat=294), **DEAR),
        case("quantum buys 1 mWh less", offer(tariff_sat_per_wh=2723, quantum_sat=294), **DEAR),
        case("fee rate at the limit", offer(fee_rate_sat_per_vb=100)),
        case("fee rate too high", offer(fee_rate_sat_per_vb=101)),
        case("payee script is P2SH", offer(payee_script=b"\xa9\x14" + bytes(20) + b"\x87")),
        case("payee script is P2TR", offer(payee_script=b"\x51\x20" + bytes(32))),
    ]


DEAR: dict[str, int] = {"max_tariff_sat_per_wh": 10**9, "max_quantum_sat": 10**6}


def _fundings() -> list[Json]:
    def case(name: str, *coins: Coin, change: bytes = CABLE.p2wpkh_script) -> Json:
        declared = tuple(DeclaredCoin(c.outpoint.txid, c.outpoint.index, c.value, c.script) for c in coins)
        return {"name": name, "message": encode_message(Funding(SESSION, 1, declared, change, 5)).hex()}

    return [
        case("honest", *COINS),
        case("just one payment", samples.coin(1, 11_100)),
        case("1 sat short of one payment", samples.coin(1, 11_099)),
        case("one outpoint with two values", COINS[0], samples.coin(1, 59_999)),
        case("coin is P2TR", samples.coin(1, 60_000, b"\x51\x20" + bytes(32))),
        case("change script is OP_RETURN", *COINS, change=b"\x6a"),
    ]


def _negative(tx: CMutableTransaction) -> None:
    tx.vout[0].nValue = -1


def _no_outputs(tx: CMutableTransaction) -> None:
    del tx.vout[:]


def _no_inputs(tx: CMutableTransaction) -> None:
    del tx.vin[:]


def _proposals() -> list[Json]:
    def case(name: str, message: PaymentRequest, signed: int = 1, used_mwh: int = 6000, **more: Any) -> Json:
        return {"name": name, "message": encode_message(message).hex(), "signed": signed, "used_mwh": used_mwh} | more

    def edited(edit: samples.Edit) -> PaymentRequest:
        return request(samples.edited(proposal(), edit))

    two, long = {"max_payments": 2}, {"offer": encode_message(offer(max_payments=100)).hex()}
    small = {"offer": encode_message(offer(quantum_sat=1000, max_payments=100)).hex()}
    small_22 = build_payment(COINS, samples.SOCKET.p2wpkh_script, 22, 1000, CABLE.p2wpkh_script, 10)
    return [
        case("honest", request(proposal())),
        *(case(name, edited(edit)) for name, (edit, _) in EDITS.items()),
        case("pays -1 sat", edited(_negative)),
        case("no outputs", edited(_no_outputs)),
        case("no inputs", edited(_no_inputs)),
        case("payment 1 again", request(proposal(1), 1)),
        case("payment 3 before payment 2", request(proposal(3), 3)),
        case("payment 6 of 5", request(proposal(6), 6, 38_000), signed=5, used_mwh=38_000),
        case("payment 3 of the cable's budget of 2", request(proposal(3), 3, 14_000), 2, 14_000, limits=two),
        case("three quanta as payment 2", request(proposal(3))),
        case("the most that can be claimed", request(proposal(), energy_mwh=6344)),
        case("energy overclaimed", request(proposal(), energy_mwh=6345)),
        case("the most credit that may be left", request(proposal(), energy_mwh=5900)),
        case("asked for too early", request(proposal(), energy_mwh=5899)),
        case("already signed", request(signed(proposal()))),
        case("not a transaction", PaymentRequest(SESSION, 7, 2, bytes(20), 6000)),
        case("meters come no more than a payment apart", request(small_22, 22, 16_660), 21, 16_000, **small),
        case("meters might come 1 mWh more than a payment apart", request(small_22, 22, 16_661), 21, 16_000, **small),
        case("the last payment that the coins hold", request(proposal(9), 9, 62_000), 8, 62_000, **long),
        case("the coins are exhausted", request(proposal(9), 10, 70_000), 9, 70_000, **long),
    ]


def _ledger() -> list[Json]:
    def case(name: str, *, has_payment: bool = False, reason: str | None = None, **changes: Any) -> Json:
        outputs: list[Json | None] = [
            {"value_sat": coin.value, "script": coin.script.hex(), "confirmations": 1} for coin in COINS
        ]
        first = outputs[0]
        assert first is not None
        outputs[0] = first | changes
        if changes.get("gone"):
            outputs[0] = None
        return {"name": name, "outputs": outputs, "has_payment": has_payment, "reject_reason": reason}

    return [
        case("all is well"),
        case("a coin does not exist, or is spent", gone=True),
        case("a coin is spent by this very payment, which the ledger has already", gone=True, has_payment=True),
        case("a coin has another value", value_sat=60_001),
        case("a coin has another script", script=CABLE.p2pkh_script.hex()),
        case("a coin is in no block", confirmations=0),
        case("the node would not take it", reason="min relay fee not met"),
    ]


def _payments() -> dict[str, bytes]:
    good = signed(proposal())
    by_name = {str(coin.outpoint): coin for coin in (*COINS, samples.STRANGE_COIN)}
    cases = {"honest": good, "pays -1 sat": signed(samples.edited(proposal(), _negative))}
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
    return {name: payment.serialize() for name, payment in cases.items()} | {
        "no outputs": samples.edited(good, _no_outputs).serialize(),
        "not a transaction": bytes(20),
        "a byte behind": good.serialize() + b"\x00",
    }
