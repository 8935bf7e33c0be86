from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest
from bitcoin.core import CMutableTxOut, CTransaction
from bitcoin.core.script import SIGHASH_ANYONECANPAY, SIGHASH_NONE, SIGHASH_SINGLE, CScript
from hypothesis import given
from hypothesis import strategies as st

from hil.protocol.checks import Refusal, check_funding, check_offer, check_payment, check_proposal
from hil.protocol.codes import ErrorCode
from hil.protocol.payment.coins import Coin
from hil.protocol.payment.transactions import build_payment, change_coin
from hil.protocol.policy import CableLimits, Mode, SocketTerms
from hil.protocol.wire.messages import DeclaredCoin, Funding, Offer, PaymentRequest
from hil.tests.protocol import samples
from hil.tests.protocol.samples import CABLE, COINS, EDITS, SESSION, SOCKET, STRANGER, offer, proposal, request, signed


def judge_proposal(message: PaymentRequest, agreed: Offer | None = None, **changes: object) -> CTransaction:
    arguments: dict[str, object] = {
        "expected_n": 2,
        "offer": agreed or offer(),
        "coins": COINS,
        "change_script": CABLE.p2wpkh_script,
        "limits": CableLimits(),
        "used_mwh": 6000,
    }
    return check_proposal(message, **(arguments | changes))  # type: ignore[arg-type]


def code_of(judge: Callable[[], object]) -> ErrorCode:
    with pytest.raises(Refusal) as caught:
        judge()
    return caught.value.code


def declared(coin: Coin) -> DeclaredCoin:
    return DeclaredCoin(coin.outpoint.txid, coin.outpoint.index, coin.value, coin.script)


def funding(*coins: Coin, change: bytes = CABLE.p2wpkh_script) -> Funding:
    return Funding(SESSION, 2, tuple(map(declared, coins)), change, 5)


# --- the cable, before it signs --------------------------------------------------------------------------------


def test_cable_takes_the_honest_proposal() -> None:
    assert judge_proposal(request(proposal())).serialize() == proposal().serialize()


@pytest.mark.parametrize("name", EDITS)
def test_cable_refuses_a_falsified_proposal_by_name(name: str) -> None:
    edit, code = EDITS[name]
    assert code_of(lambda: judge_proposal(request(samples.edited(proposal(), edit)))) is ErrorCode[code]


@given(st.data())
def test_cable_refuses_every_other_amount(data: st.DataObject) -> None:
    index = data.draw(st.integers(0, 1))
    value = data.draw(st.integers(0, 2**62).filter(lambda value: value != proposal().vout[index].nValue))

    def edit(tx: object) -> None:
        tx.vout[index].nValue = value  # type: ignore[attr-defined]

    code = code_of(lambda: judge_proposal(request(samples.edited(proposal(), edit))))
    more = value > proposal().vout[index].nValue
    names = {(0, True): "OVERPAID", (0, False): "UNDERPAID", (1, True): "FEE_TOO_LOW", (1, False): "FEE_TOO_HIGH"}
    assert code is ErrorCode[names[index, more]]


@given(st.integers(0, 2), st.integers(0, 50_000), st.binary(max_size=30))
def test_cable_refuses_any_additional_output(place: int, value: int, script: bytes) -> None:
    falsified = samples.edited(proposal(), lambda tx: tx.vout.insert(place, CMutableTxOut(value, CScript(script))))
    assert code_of(lambda: judge_proposal(request(falsified))) is ErrorCode.EXTRA_OUTPUT


@given(st.integers(0, 1000), st.integers(1, 255))
def test_cable_refuses_a_proposal_with_any_byte_changed(place: int, flip: int) -> None:
    raw = bytearray(proposal().serialize())
    raw[place % len(raw)] ^= flip
    with pytest.raises(Refusal):
        judge_proposal(PaymentRequest(SESSION, 7, 2, bytes(raw), 6000))


def test_cable_refuses_a_proposal_that_holds_signatures() -> None:
    assert code_of(lambda: judge_proposal(request(signed(proposal())))) is ErrorCode.ALTERED


@pytest.mark.parametrize("n", [1, 3, 5])
def test_cable_signs_the_next_payment_only(n: int) -> None:
    assert code_of(lambda: judge_proposal(request(proposal(n), n))) is ErrorCode.NOT_NEXT


def test_cable_does_not_sign_two_steps_at_once_under_the_next_number() -> None:
    assert code_of(lambda: judge_proposal(request(proposal(3), 2))) is ErrorCode.OVERPAID


def test_cable_stops_at_its_budget_and_at_the_offer() -> None:
    sixth = request(proposal(6), 6, 38_000)
    assert code_of(lambda: judge_proposal(sixth, expected_n=6, used_mwh=38_000)) is ErrorCode.TOO_MANY_PAYMENTS
    mean = CableLimits(max_payments=1)
    assert code_of(lambda: judge_proposal(request(proposal()), limits=mean)) is ErrorCode.TOO_MANY_PAYMENTS


def test_cable_refuses_energy_that_it_did_not_use() -> None:
    judge_proposal(request(proposal(), energy_mwh=6344))
    assert code_of(lambda: judge_proposal(request(proposal(), energy_mwh=6345))) is ErrorCode.ENERGY_OVERCLAIMED


def test_cable_refuses_a_request_while_much_credit_is_left() -> None:
    judge_proposal(request(proposal(), energy_mwh=5900))
    assert code_of(lambda: judge_proposal(request(proposal(), energy_mwh=5899))) is ErrorCode.PREMATURE


def test_cable_refuses_what_its_coins_do_not_hold() -> None:
    poor = (samples.coin(1, 20_000),)
    assert code_of(lambda: judge_proposal(request(proposal()), coins=poor)) is ErrorCode.FUNDS_EXHAUSTED


def test_cable_holds_each_payment_of_per_payment_mode_against_one_quantum() -> None:
    coins: tuple[Coin, ...] = COINS
    for n in (1, 2, 3):
        transaction = proposal(1, coins)
        judge_proposal(request(transaction, n, 8000 * (n - 1)), offer(Mode.PER_PAYMENT), expected_n=n, coins=coins,
                       used_mwh=8000 * (n - 1))  # fmt: skip
        change = change_coin(signed(transaction, coins), CABLE.p2wpkh_script)
        assert change is not None
        coins = (change,)
    assert code_of(lambda: judge_proposal(request(proposal()), offer(Mode.PER_PAYMENT))) is ErrorCode.OVERPAID


def test_cable_accepts_change_dropped_as_dust_and_nothing_dropped_above() -> None:
    coins = (samples.coin(1, 20_000 + 1410 + 293),)
    judge_proposal(request(proposal(2, coins)), coins=coins)
    coins = (samples.coin(1, 20_000 + 1410 + 294),)
    greedy = samples.edited(proposal(2, coins), lambda tx: tx.vout.pop())
    assert code_of(lambda: judge_proposal(request(greedy), coins=coins)) is ErrorCode.CHANGE_MISSING


# --- the socket, before it asks the ledger ---------------------------------------------------------------------


def judge_payment(payment: CTransaction | bytes) -> CTransaction:
    raw = payment if isinstance(payment, bytes) else payment.serialize()
    return check_payment(proposal().serialize(), raw, COINS)


def test_socket_takes_its_own_proposal_signed() -> None:
    assert judge_payment(signed(proposal())).serialize() == signed(proposal()).serialize()


@pytest.mark.parametrize("name", [name for name in EDITS if name not in {"input missing", "input twice"}])
def test_socket_says_how_a_signed_payment_differs_from_its_proposal(name: str) -> None:
    edit, code = EDITS[name]
    falsified = samples.edited(proposal(), edit)
    by_name = {str(coin.outpoint): coin for coin in (*COINS, samples.STRANGE_COIN)}
    coins = tuple(by_name[f"{txin.prevout.hash[::-1].hex()}:{txin.prevout.n}"] for txin in falsified.vin)
    assert code_of(lambda: judge_payment(signed(falsified, coins))) is ErrorCode[code]


def test_socket_names_the_amount_of_an_underpayment() -> None:
    edit, _ = EDITS["underpaid by 1 sat"]
    with pytest.raises(Refusal, match=r"UNDERPAID: underpaid by 1 sat: 19999 sat instead of 20000 sat"):
        judge_payment(signed(samples.edited(proposal(), edit)))


def test_socket_refuses_an_older_state() -> None:
    assert code_of(lambda: judge_payment(signed(proposal(1)))) is ErrorCode.UNDERPAID


@given(st.integers(0, 5000), st.integers(1, 255))
def test_socket_refuses_a_payment_with_any_byte_changed(place: int, flip: int) -> None:
    raw = bytearray(signed(proposal()).serialize())
    raw[place % len(raw)] ^= flip
    with pytest.raises(Refusal):
        judge_payment(bytes(raw))


@given(st.binary(max_size=200))
def test_socket_refuses_any_other_bytes(noise: bytes) -> None:
    with pytest.raises(Refusal):
        judge_payment(noise)


@pytest.mark.parametrize("hash_type", [SIGHASH_NONE, SIGHASH_SINGLE, 0x01 | SIGHASH_ANYONECANPAY])
def test_socket_refuses_signatures_that_leave_anything_open(hash_type: int) -> None:
    assert code_of(lambda: judge_payment(signed(proposal(), hash_type=hash_type))) is ErrorCode.HASH_TYPE


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (samples.high_s, ErrorCode.HIGH_S),
        (samples.padded, ErrorCode.SIGNATURE_ENCODING),
        (samples.forged, ErrorCode.BAD_SIGNATURE),
        (lambda signature: b"", ErrorCode.SIGNATURE_SHAPE),
    ],
)
def test_socket_refuses_bad_signatures_by_name(change: Callable[[bytes], bytes], code: ErrorCode) -> None:
    assert code_of(lambda: judge_payment(samples.with_signature(signed(proposal()), 0, change))) is code


def test_socket_refuses_an_unsigned_payment_and_a_stranger_key() -> None:
    assert code_of(lambda: judge_payment(proposal())) is ErrorCode.SIGNATURE_SHAPE
    stack = samples.witness_stack(signed(proposal()), 0)
    stranger = samples.with_stack(signed(proposal()), 0, [stack[0], STRANGER.public])
    assert code_of(lambda: judge_payment(stranger)) is ErrorCode.WRONG_KEY


def test_payee_and_change_may_be_one_script_without_confusing_anybody() -> None:
    both = build_payment(COINS, CABLE.p2wpkh_script, 2, 10_000, CABLE.p2wpkh_script, 10)
    assert check_payment(both.serialize(), signed(both).serialize(), COINS)
    for name, code in (("outputs in another order", "ALTERED"), ("underpaid by 1 sat", "ALTERED")):
        other = samples.edited(both, EDITS[name][0])
        found = code_of(lambda other=other: check_payment(both.serialize(), signed(other).serialize(), COINS))  # type: ignore[misc]
        assert found is ErrorCode[code]


# --- offer and funding -----------------------------------------------------------------------------------------


def test_cable_takes_the_offer_of_the_slice_of_bread() -> None:
    check_offer(offer(), CableLimits())


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"tariff_sat_per_wh": 2001}, "TARIFF_TOO_HIGH"),
        ({"quantum_sat": 20_001}, "QUANTUM_TOO_HIGH"),
        ({"quantum_sat": 293}, "QUANTUM_TOO_LOW"),
        ({"quantum_sat": 545, "payee_script": SOCKET.p2pkh_script}, "QUANTUM_TOO_LOW"),
        ({"fee_rate_sat_per_vb": 101}, "FEE_RATE_TOO_HIGH"),
        ({"payee_script": b"\xa9\x14" + bytes(20) + b"\x87"}, "PAYEE_SCRIPT"),
        ({"payee_script": b"\x51\x20" + bytes(32)}, "PAYEE_SCRIPT"),
    ],
)
def test_cable_refuses_an_offer_beyond_its_limits(changes: dict[str, object], code: str) -> None:
    assert code_of(lambda: check_offer(offer(**changes), CableLimits())) is ErrorCode[code]  # type: ignore[arg-type]


def test_cable_refuses_a_mode_that_it_did_not_ask_for_and_a_quantum_that_buys_nothing() -> None:
    single = CableLimits(modes=(Mode.SINGLE_FEE,))
    assert code_of(lambda: check_offer(offer(Mode.PER_PAYMENT), single)) is ErrorCode.UNSUITABLE
    generous = CableLimits(max_tariff_sat_per_wh=10**9)
    dear = offer(tariff_sat_per_wh=10**8)
    assert code_of(lambda: check_offer(dear, generous)) is ErrorCode.QUANTUM_TOO_LOW


def test_cable_refuses_a_quantum_that_honest_meters_can_differ_by_before_it_is_used_up() -> None:
    def at(tariff: int) -> Offer:
        return offer(tariff_sat_per_wh=tariff, quantum_sat=1_000)

    generous = CableLimits(max_tariff_sat_per_wh=10**9)
    check_offer(at(9_259), generous)  # 108 mWh: honest meters differ by 8 mWh of 208 and 100
    assert code_of(lambda: check_offer(at(9_260), generous)) is ErrorCode.QUANTUM_TOO_LOW
    check_offer(at(10**6), dataclasses.replace(generous, energy_tolerance_mwh=0))  # 1 mWh


def test_socket_takes_coins_that_hold_one_payment() -> None:
    check_funding(funding(*COINS), SocketTerms())
    check_funding(funding(samples.coin(1, 11_100)), SocketTerms())


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (funding(samples.coin(1, 11_099)), "FUNDS_EXHAUSTED"),
        (funding(COINS[0], samples.coin(1, 59_999)), "COIN_DUPLICATE"),
        (funding(samples.coin(1, 50_000, b"\x51\x20" + bytes(32))), "COIN_SCRIPT"),
        (funding(*COINS, change=b"\x6a"), "CHANGE_SCRIPT"),
    ],
)
def test_socket_refuses_funding_that_cannot_be_spent(message: Funding, code: str) -> None:
    assert code_of(lambda: check_funding(message, SocketTerms())) is ErrorCode[code]


def test_a_refusal_reads_as_code_and_sentence() -> None:
    refusal = Refusal(ErrorCode.UNDERPAID, "underpaid by 1 sat")
    assert str(refusal) == "UNDERPAID: underpaid by 1 sat"
    assert refusal.code is ErrorCode.UNDERPAID
