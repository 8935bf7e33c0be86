from __future__ import annotations

import pytest
from bitcoin.core import CTransaction
from hypothesis import given, settings
from hypothesis import strategies as st

from hil.protocol.payment.coins import Coin
from hil.protocol.payment.transactions import (
    FundsExhausted,
    TransactionError,
    build_payment,
    change_coin,
    dust_limit,
    fee_for,
    parse_transaction,
    txid,
    virtual_size,
    without_signatures,
)
from hil.protocol.policy import Misuse
from hil.protocol.wire.messages import MAX_TRANSACTION
from hil.tests.protocol import samples
from hil.tests.protocol.samples import CABLE, COINS, SOCKET, proposal, signed

P2WPKH, P2PKH = CABLE.p2wpkh_script, CABLE.p2pkh_script
SCRIPTS = st.sampled_from([P2WPKH, P2PKH])


def measured_vsize(transaction: CTransaction) -> int:
    """Return the virtual size in vB as BIP 141 defines it, from the bytes."""
    stripped = len(transaction.serialize({"include_witness": False}))
    return -(-(3 * stripped + len(transaction.serialize())) // 4)


def test_the_sample_transaction_of_the_slides_has_226_vb() -> None:
    assert virtual_size([P2PKH], [P2PKH, P2PKH]) == 226
    assert fee_for([P2PKH], [P2PKH, P2PKH], 56) == 12_656
    assert virtual_size([P2WPKH], [P2WPKH, P2WPKH]) == 141


@settings(max_examples=50)
@given(st.lists(SCRIPTS, min_size=1, max_size=6), SCRIPTS, SCRIPTS)
def test_the_reckoned_size_is_reached_and_never_exceeded(inputs: list[bytes], payee: bytes, change: bytes) -> None:
    coins = tuple(samples.coin(index, 50_000, script) for index, script in enumerate(inputs))
    transaction = signed(build_payment(coins, payee, 1, 10_000, change, 1), coins)
    reckoned = virtual_size(inputs, [payee, change])
    # a signature is 71 bytes (half of them) or 72, one in 128 shorter by one more
    assert 0 <= reckoned - measured_vsize(transaction) <= 3 * len(inputs)


@given(
    st.lists(st.tuples(SCRIPTS, st.integers(600, 200_000)), min_size=1, max_size=4),
    st.integers(1, 12),
    st.integers(600, 20_000),
    st.integers(1, 100),
    SCRIPTS,
)
def test_all_money_is_accounted_for(
    worth: list[tuple[bytes, int]], quanta: int, quantum: int, fee_rate: int, change: bytes
) -> None:
    coins = [samples.coin(index, value, script) for index, (script, value) in enumerate(worth)]
    scripts, total = [coin.script for coin in coins], sum(coin.value for coin in coins)
    payee = SOCKET.p2wpkh_script
    try:
        transaction = build_payment(coins, payee, quanta, quantum, change, fee_rate)
    except FundsExhausted:
        assert total < quanta * quantum + fee_for(scripts, [payee], fee_rate)
        return
    fee = total - sum(txout.nValue for txout in transaction.vout)
    assert transaction.vout[0].nValue == quanta * quantum
    assert bytes(transaction.vout[0].scriptPubKey) == payee
    if len(transaction.vout) == 2:
        assert fee == fee_for(scripts, [payee, change], fee_rate)
        assert transaction.vout[1].nValue >= dust_limit(change)
    else:
        assert fee_for(scripts, [payee], fee_rate) <= fee
        assert fee < fee_for(scripts, [payee, change], fee_rate) + dust_limit(change)
    assert parse_transaction(transaction.serialize()).serialize() == transaction.serialize()


@pytest.mark.parametrize("change", [P2WPKH, P2PKH])
def test_change_is_kept_at_the_dust_limit_and_dropped_one_satoshi_below(change: bytes) -> None:
    spent = 10_000 + fee_for([P2WPKH], [SOCKET.p2wpkh_script, change], 10)
    for value, outputs in ((dust_limit(change), 2), (dust_limit(change) - 1, 1)):
        coins = [samples.coin(1, spent + value)]
        assert len(build_payment(coins, SOCKET.p2wpkh_script, 1, 10_000, change, 10).vout) == outputs


def test_funds_are_exhausted_at_the_satoshi() -> None:
    needed = 10_000 + fee_for([P2WPKH], [SOCKET.p2wpkh_script], 10)
    build_payment([samples.coin(1, needed)], SOCKET.p2wpkh_script, 1, 10_000, P2WPKH, 10)
    with pytest.raises(FundsExhausted, match=rf"hold {needed - 1} sat; 10000 sat and a fee of 1100 sat"):
        build_payment([samples.coin(1, needed - 1)], SOCKET.p2wpkh_script, 1, 10_000, P2WPKH, 10)


def test_the_form_is_as_specified() -> None:
    transaction = proposal()
    assert (transaction.nVersion, transaction.nLockTime) == (2, 0)
    assert [txin.nSequence for txin in transaction.vin] == [0xFFFFFFFF, 0xFFFFFFFF]
    assert [bytes(txin.scriptSig) for txin in transaction.vin] == [b"", b""]
    assert transaction.wit.is_null()


def test_payments_of_a_single_fee_session_spend_the_same_inputs_so_that_only_one_can_confirm() -> None:
    assert [txin.prevout for txin in proposal(1).vin] == [txin.prevout for txin in proposal(2).vin]


def test_per_payment_goes_on_from_the_change_of_the_payment_before() -> None:
    coins: tuple[Coin, ...] = (samples.coin(1, 40_000),)
    for _ in range(3):
        payment = signed(proposal(1, coins), coins)
        change = change_coin(payment, P2WPKH)
        assert change is not None
        assert change.value == coins[0].value - 10_000 - 1410
        assert change.outpoint.txid == txid(payment)
        coins = (change,)
    assert change_coin(signed(proposal(1, (samples.coin(1, 11_100),)), (samples.coin(1, 11_100),)), P2WPKH) is None


def test_signing_changes_the_id_with_p2pkh_inputs_and_not_with_p2wpkh() -> None:
    assert txid(signed(proposal())) != txid(proposal())
    segwit = COINS[:1]
    assert txid(signed(proposal(2, segwit), segwit)) == txid(proposal(2, segwit))


def test_taking_the_signatures_off_gives_the_proposal_back() -> None:
    assert without_signatures(signed(proposal())).serialize() == proposal().serialize()


@given(st.binary(max_size=300))
def test_any_bytes_give_a_transaction_or_a_typed_error(raw: bytes) -> None:
    try:
        transaction = parse_transaction(raw)
    except TransactionError:
        return
    assert transaction.serialize() == raw


@given(st.integers(0, 1000), st.integers(1, 255), st.integers(0, 1000))
def test_a_damaged_transaction_is_another_one_or_a_typed_error(place: int, flip: int, length: int) -> None:
    raw = bytearray(signed(proposal()).serialize())
    raw[place % len(raw)] ^= flip
    for damaged in (bytes(raw), bytes(raw[: length % len(raw)])):
        try:
            assert parse_transaction(damaged).serialize() == damaged
        except TransactionError:
            continue


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"\x00" * (MAX_TRANSACTION + 1), "at most 3500"),
        (bytes.fromhex("02000000000000000000"), "inputs and outputs"),
        (proposal().serialize() + b"\x00", "not a transaction"),
        (proposal().serialize()[:-1], "not a transaction"),
        (b"\x02\0\0\0\0\1" + proposal().serialize()[4:-4] + b"\0\0" + b"\0\0\0\0", "serialised form"),
        (b"\x02\0\0\0\xfd\x02\x00" + proposal().serialize()[5:], "serialised form"),
        (b"\x02\0\0\0\xff" + b"\xff" * 8 + proposal().serialize()[5:], "not a transaction"),
    ],
    ids=["too long", "no inputs", "byte behind", "cut", "empty witness", "long count", "huge count"],
)
def test_bytes_that_are_not_one_transaction_are_refused(raw: bytes, why: str) -> None:
    with pytest.raises(TransactionError, match=why):
        parse_transaction(raw)


def test_scripts_and_amounts_that_are_never_valid_are_misuse() -> None:
    with pytest.raises(Misuse, match="dust limit of 294"):
        build_payment(COINS, SOCKET.p2wpkh_script, 1, 293, P2WPKH, 10)
    with pytest.raises(Misuse, match="neither P2WPKH nor P2PKH"):
        build_payment(COINS, b"\x51\x20" + bytes(32), 1, 10_000, P2WPKH, 10)


def test_sixteen_signed_legacy_inputs_fit_the_longest_transaction() -> None:
    coins = tuple(samples.coin(index, 5_000, P2PKH) for index in range(16))
    transaction = signed(build_payment(coins, P2PKH, 1, 10_000, P2PKH, 10), coins)
    assert len(transaction.serialize()) <= virtual_size([P2PKH] * 16, [P2PKH] * 2) == 2446 < MAX_TRANSACTION
