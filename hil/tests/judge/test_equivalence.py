"""Two implementations of one SPEC: the judge and the devices' code must say the same of whatever is on the line."""

from __future__ import annotations

from collections.abc import Sequence

import cbor2
from hypothesis import given, settings
from hypothesis import strategies as st

from hil.judge import codes, frames, messages, signatures, transactions
from hil.judge.invariants import energy, payments, repetition
from hil.judge.invariants.accounts import ACCOUNT_PATH
from hil.protocol import codes as device_codes
from hil.protocol import policy
from hil.protocol.payment import account
from hil.protocol.payment.coins import Coin, OutPoint
from hil.protocol.payment.signing import Key, SignatureRefused, sign_transaction, verify_signatures
from hil.protocol.payment.transactions import (
    FundsExhausted,
    TransactionError,
    build_payment,
    parse_transaction,
    virtual_size,
)
from hil.protocol.policy import Misuse
from hil.protocol.wire.fields import MessageError
from hil.protocol.wire.framing import FrameDecoder, FrameError, encode_frame
from hil.protocol.wire.messages import Message, decode_message, describe, encode_message, message_name
from hil.tests.protocol.wire.test_messages import MESSAGES, VALUES
from hil.units import Satoshi

SAME = settings(derandomize=True, deadline=None, database=None)
KEYS = [Key(bytes([number]) * 32) for number in (1, 2, 3)]
SCRIPTS = [script for key in KEYS for script in (key.p2wpkh_script, key.p2pkh_script)]
BY_SCRIPT = {script: key for key in KEYS for script in (key.p2wpkh_script, key.p2pkh_script)}


def test_names_and_numbers_are_the_same() -> None:
    for ours, theirs in (
        (codes.ErrorCode, device_codes.ErrorCode),
        (codes.CloseReason, device_codes.CloseReason),
        (codes.Mode, policy.Mode),
        (codes.Network, policy.Network),
    ):
        assert {each.name: int(each) for each in ours} == {each.name: int(each) for each in theirs}
    assert [mode.label for mode in codes.Mode] == [mode.label for mode in policy.Mode]


def test_times_and_limits_are_the_same() -> None:
    usual, limits = policy.Policy(), policy.CableLimits()
    times = (usual.hello_s, usual.call_again_s, usual.reply_s, usual.meter_s, usual.cable_meter_s)
    assert times == (
        repetition.HELLO_S,
        repetition.CALL_AGAIN_S,
        repetition.REPLY_S,
        repetition.METER_S,
        repetition.CABLE_METER_S,
    )
    assert (usual.cut_off_s, usual.unpaid_energy_mwh, usual.idle_power_w) == (
        energy.CUT_OFF_S,
        1000 * energy.UNPAID_WH,
        energy.POWER_W,
    )
    assert limits.max_credit_at_request_mwh == payments.MOST_CREDIT_MWH
    assert (limits.socket_meter_percent, limits.energy_tolerance_mwh) == (100 * energy.CLASS, 1000 * energy.APART_WH)
    assert ACCOUNT_PATH == account.ACCOUNT_PATH


@SAME
@given(MESSAGES)
def test_a_message_reads_the_same(message: Message) -> None:
    ((read, raw),) = frames.FrameReader().feed(encode_frame(encode_message(message)))
    assert isinstance(read, messages.Sent)
    assert raw == encode_frame(encode_message(message))
    assert messages.describe(read) == describe(message)
    assert messages.message_name(read) == message_name(message)


def payload_is_message(payload: bytes) -> tuple[bool, bool]:
    try:
        decode_message(payload)
        theirs = True
    except MessageError:
        theirs = False
    try:
        messages.decode_message(payload)
        ours = True
    except messages.MessageFlaw:
        ours = False
    return ours, theirs


@SAME
@given(MESSAGES, st.data())
def test_a_damaged_message_is_one_to_both_or_to_neither(message: Message, data: st.DataObject) -> None:
    raw = bytearray(encode_message(message))
    raw[data.draw(st.integers(0, min(len(raw), 80) - 1))] ^= data.draw(st.integers(1, 255))
    ours, theirs = payload_is_message(bytes(raw))
    assert ours is theirs


@SAME
@given(st.one_of(st.binary(max_size=60), VALUES.map(lambda value: cbor2.dumps(value))))
def test_any_bytes_are_a_message_to_both_or_to_neither(payload: bytes) -> None:
    ours, theirs = payload_is_message(payload)
    assert ours is theirs


@SAME
@given(st.lists(st.one_of(st.binary(max_size=40), st.binary(max_size=30).map(lambda b: encode_frame(b"x" + b)))))
def test_a_stream_falls_into_the_same_frames(pieces: list[bytes]) -> None:
    theirs: list[str] = []
    decoder, reader = FrameDecoder(), frames.FrameReader()
    ours: list[str] = []
    for piece in pieces:
        theirs += [each.code.value if isinstance(each, FrameError) else "frame" for each in decoder.feed(piece)]
        ours += [item.fault.value if isinstance(item, frames.FrameFlaw) else "frame" for item, _ in reader.feed(piece)]
    assert ours == theirs


coins = st.lists(
    st.tuples(st.integers(0, 255), st.integers(0, 3), st.integers(1, 10**7), st.sampled_from(SCRIPTS)),
    min_size=1,
    max_size=6,
    unique_by=lambda each: each[:2],
)


def both(drawn: Sequence[tuple[int, int, int, bytes]]) -> tuple[list[messages.Coin], list[Coin]]:
    named = [(f"{byte:02x}" + "ab" * 31, index, value, script) for byte, index, value, script in drawn]
    return (
        [messages.Coin(*each) for each in named],
        [Coin(OutPoint(txid, index), Satoshi(value), script) for txid, index, value, script in named],
    )


@SAME
@given(
    coins,
    st.sampled_from(SCRIPTS),
    st.sampled_from(SCRIPTS),
    st.integers(1, 40),
    st.integers(1000, 10**6),
    st.integers(1, 400),
    st.sampled_from(codes.Mode),
)
def test_a_payment_is_built_and_verified_the_same(
    drawn: list[tuple[int, int, int, bytes]],
    payee: bytes,
    change: bytes,
    n: int,
    quantum: int,
    rate: int,
    mode: codes.Mode,
) -> None:
    ours, theirs = both(drawn)
    offer = messages.Offer(b"", 0, 7, quantum, payee, rate, mode, 99, 1, 1)
    built = transactions.proposal(offer, messages.Funding(b"", 0, tuple(ours), change, 99), ours, n)
    quanta = n if mode is codes.Mode.SINGLE_FEE else 1
    try:
        proposed = build_payment(theirs, payee, quanta, quantum, change, rate)
    except FundsExhausted:
        assert built is None
        return
    assert built == proposed.serialize()
    assert transactions.virtual_size([coin.script for coin in ours], [payee, change]) == virtual_size(
        [coin.script for coin in theirs], [payee, change]
    )
    signed = sign_transaction(proposed, theirs, BY_SCRIPT)
    assert signatures.flaw_of(transactions.parse(signed.serialize()), ours) == ""


_DRAWN = [(1, 0, 60_000, KEYS[0].p2wpkh_script), (2, 1, 50_000, KEYS[1].p2pkh_script)]
_OURS, _THEIRS = both(_DRAWN)
_SIGNED = sign_transaction(
    build_payment(_THEIRS, SCRIPTS[0], 1, 20_000, SCRIPTS[1], 10), _THEIRS, BY_SCRIPT
).serialize()


@SAME
@given(st.integers(0, len(_SIGNED) - 1), st.integers(1, 255))
def test_a_damaged_signature_is_bad_to_both(place: int, bits: int) -> None:
    raw = bytearray(_SIGNED)
    raw[place] ^= bits
    try:
        verify_signatures(parse_transaction(bytes(raw)), _THEIRS)
        theirs = True
    except (SignatureRefused, TransactionError, Misuse):
        theirs = False
    try:
        ours = signatures.flaw_of(transactions.parse(bytes(raw)), _OURS) == ""
    except transactions.NoTransaction:
        ours = False
    assert ours is theirs


@SAME
@given(st.integers(1, 65535), st.integers(1, 21 * 10**14), st.integers(1, 10**9))
def test_payments_buy_the_same(n: int, quantum: int, tariff: int) -> None:
    offer = messages.Offer(b"", 0, tariff, quantum, b"", 1, codes.Mode.SINGLE_FEE, 1, 1, 1)
    assert transactions.bought_mwh(offer, n) == min(n * quantum * 1000 // tariff, 2**32 - 1)
