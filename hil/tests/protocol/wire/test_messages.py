from __future__ import annotations

from typing import get_args

import cbor2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hil.protocol.codes import CloseReason, ErrorCode
from hil.protocol.policy import Misuse, Mode, Network
from hil.protocol.wire import cbor_subset as plain_cbor
from hil.protocol.wire.fields import MessageError, MessageErrorCode
from hil.protocol.wire.messages import (
    MAX_COINS,
    MAX_TRANSACTION,
    MESSAGE_TYPES,
    Close,
    DeclaredCoin,
    Error,
    Funding,
    Hello,
    Message,
    Meter,
    Offer,
    Payment,
    PaymentRequest,
    Receipt,
    decode_message,
    describe,
    encode_message,
    message_name,
)
from hil.tests.protocol.samples import SESSION

AMOUNTS = st.integers(1, 21 * 10**14)
SEQUENCES = st.integers(0, 2**32 - 1)
ENERGIES = st.integers(0, 2**32 - 1)
NUMBERS = st.integers(1, 65535)
SCRIPTS = st.binary(min_size=1, max_size=42)
TXIDS = st.binary(min_size=32, max_size=32).map(bytes.hex)
RAW = st.binary(min_size=10, max_size=MAX_TRANSACTION)
MODES = st.sampled_from(Mode)
HEAD = (st.binary(min_size=8, max_size=8), SEQUENCES)
TEXTS = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=200)
DECLARED = st.builds(DeclaredCoin, TXIDS, SEQUENCES, AMOUNTS, SCRIPTS)

MESSAGES = st.one_of(
    st.builds(
        Hello,
        *HEAD,
        st.just(1),
        st.lists(MODES, min_size=1, unique=True).map(tuple),
        st.sampled_from(Network),
    ),
    st.builds(
        Offer,
        *HEAD,
        st.integers(1, 10**9),
        AMOUNTS,
        SCRIPTS,
        st.integers(1, 10**6),
        MODES,
        NUMBERS,
        st.integers(0, 100),
        st.integers(1, 10**6),
    ),
    st.builds(
        Funding, *HEAD, st.lists(DECLARED, min_size=1, max_size=MAX_COINS, unique=True).map(tuple), SCRIPTS, NUMBERS
    ),
    st.builds(PaymentRequest, *HEAD, NUMBERS, RAW, ENERGIES),
    st.builds(Payment, *HEAD, NUMBERS, RAW),
    st.builds(Receipt, *HEAD, NUMBERS, ENERGIES),
    st.builds(Meter, *HEAD, ENERGIES),
    st.builds(Close, *HEAD, st.sampled_from(CloseReason), ENERGIES, st.one_of(st.just(""), TXIDS)),
    st.builds(Error, *HEAD, st.sampled_from(ErrorCode), TEXTS),
)

METER = [7, SESSION, 3, 1000]
HELLO = [1, SESSION, 0, 1, [1, 2], 3]


def code_of(data: bytes) -> MessageErrorCode:
    with pytest.raises(MessageError) as caught:
        decode_message(data)
    return caught.value.code


@given(MESSAGES)
def test_a_message_comes_back_as_it_was_and_has_one_encoding(message: Message) -> None:
    data = encode_message(message)
    assert decode_message(data) == message
    assert cbor2.dumps(cbor2.loads(data), canonical=True) == data


@given(MESSAGES, st.data())
def test_a_damaged_message_is_another_message_or_a_typed_error(message: Message, data: st.DataObject) -> None:
    raw = bytearray(encode_message(message))
    raw[data.draw(st.integers(0, min(len(raw), 80) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        other = decode_message(bytes(raw))
    except MessageError:
        return
    assert encode_message(other) == bytes(raw)


@given(st.binary(max_size=200))
def test_any_bytes_give_a_message_or_a_typed_error(noise: bytes) -> None:
    try:
        message = decode_message(noise)
    except MessageError:
        return
    assert encode_message(message) == noise


VALUES = st.recursive(
    st.one_of(
        st.integers(-5, 2**65), st.binary(max_size=40), st.text(max_size=5), st.booleans(), st.none(), st.floats()
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=6), st.dictionaries(st.integers(0, 9), inner, max_size=3)),
    max_leaves=8,
)


@settings(max_examples=60)
@given(st.integers(0, 10), st.lists(VALUES, max_size=11))
def test_arrays_of_any_values_give_a_message_or_a_typed_error(number: int, values: list[object]) -> None:
    data = cbor2.dumps([number, SESSION, *values])
    try:
        message = decode_message(data)
    except MessageError:
        return
    assert encode_message(message) == data


@pytest.mark.parametrize(
    ("encoded", "code"),
    [
        ("", plain_cbor.CborErrorCode.TRUNCATED),
        ("84", plain_cbor.CborErrorCode.TRUNCATED),
        ("19ff", plain_cbor.CborErrorCode.TRUNCATED),
        ("5bffffffffffffffff", plain_cbor.CborErrorCode.TRUNCATED),
        ("0100", plain_cbor.CborErrorCode.TRAILING),
        ("1801", plain_cbor.CborErrorCode.NOT_CANONICAL),
        ("1900ff", plain_cbor.CborErrorCode.NOT_CANONICAL),
        ("9f01ff", plain_cbor.CborErrorCode.NOT_CANONICAL),
        ("5f4101ff", plain_cbor.CborErrorCode.NOT_CANONICAL),
        ("20", plain_cbor.CborErrorCode.FORBIDDEN_TYPE),
        ("a0", plain_cbor.CborErrorCode.FORBIDDEN_TYPE),
        ("c100", plain_cbor.CborErrorCode.FORBIDDEN_TYPE),
        ("c249ffffffffffffffffff", plain_cbor.CborErrorCode.FORBIDDEN_TYPE),
        ("f5", plain_cbor.CborErrorCode.FORBIDDEN_TYPE),
        ("f6", plain_cbor.CborErrorCode.FORBIDDEN_TYPE),
        ("fb3ff0000000000000", plain_cbor.CborErrorCode.FORBIDDEN_TYPE),
        ("1c", plain_cbor.CborErrorCode.FORBIDDEN_TYPE),
        ("8181818100", plain_cbor.CborErrorCode.TOO_DEEP),
        ("81" * 4000, plain_cbor.CborErrorCode.TOO_DEEP),
        ("9821" + "00" * 33, plain_cbor.CborErrorCode.TOO_MANY_ITEMS),
        ("9bffffffffffffffff", plain_cbor.CborErrorCode.TOO_MANY_ITEMS),
        ("62c328", plain_cbor.CborErrorCode.BAD_TEXT),
    ],
)
def test_cbor_outside_the_specified_part_is_refused_by_name(encoded: str, code: plain_cbor.CborErrorCode) -> None:
    with pytest.raises(plain_cbor.CborError) as caught:
        plain_cbor.loads(bytes.fromhex(encoded))
    assert caught.value.code is code
    assert code_of(bytes.fromhex(encoded)) is MessageErrorCode.BAD_CBOR


@pytest.mark.parametrize(
    ("plain", "code"),
    [
        (7, MessageErrorCode.WRONG_TYPE),
        ([], MessageErrorCode.WRONG_TYPE),
        ([0, SESSION, 3, 1000], MessageErrorCode.UNKNOWN_TYPE),
        ([10, SESSION, 3, 1000], MessageErrorCode.UNKNOWN_TYPE),
        ([b"\x07", SESSION, 3, 1000], MessageErrorCode.UNKNOWN_TYPE),
        (METER[:-1], MessageErrorCode.FIELD_COUNT),
        ([*METER, 0], MessageErrorCode.FIELD_COUNT),
        ([7, SESSION[:7], 3, 1000], MessageErrorCode.OUT_OF_RANGE),
        ([7, SESSION.hex(), 3, 1000], MessageErrorCode.WRONG_TYPE),
        ([7, SESSION, 2**32, 1000], MessageErrorCode.OUT_OF_RANGE),
        ([7, SESSION, 3, b"1000"], MessageErrorCode.WRONG_TYPE),
        ([7, SESSION, 3, 2**32], MessageErrorCode.OUT_OF_RANGE),
        ([1, SESSION, 0, 1, [], 3], MessageErrorCode.OUT_OF_RANGE),
        ([1, SESSION, 0, 1, [1, 1], 3], MessageErrorCode.OUT_OF_RANGE),
        ([1, SESSION, 0, 1, [9], 3], MessageErrorCode.OUT_OF_RANGE),
        ([1, SESSION, 0, 1, 1, 3], MessageErrorCode.WRONG_TYPE),
        ([1, SESSION, 0, 1, [1], 4], MessageErrorCode.OUT_OF_RANGE),
        ([8, SESSION, 0, 1, 0, bytes(31)], MessageErrorCode.OUT_OF_RANGE),
        ([8, SESSION, 0, 99, 0, b""], MessageErrorCode.OUT_OF_RANGE),
        ([9, SESSION, 0, 1, "x" * 201], MessageErrorCode.OUT_OF_RANGE),
        ([9, SESSION, 0, 1, "two\nlines"], MessageErrorCode.OUT_OF_RANGE),
        ([9, SESSION, 0, 1, b"bytes"], MessageErrorCode.WRONG_TYPE),
        ([3, SESSION, 0, [[bytes(32), 0, 1]], b"s", 1], MessageErrorCode.FIELD_COUNT),
        ([3, SESSION, 0, [[bytes(32), 0, 0, b"s"]], b"s", 1], MessageErrorCode.OUT_OF_RANGE),
        ([3, SESSION, 0, [[bytes(32), 0, 21 * 10**14 + 1, b"s"]], b"s", 1], MessageErrorCode.OUT_OF_RANGE),
        ([3, SESSION, 0, [[bytes(32), i, 1, b"s"] for i in range(17)], b"s", 1], MessageErrorCode.OUT_OF_RANGE),
        ([5, SESSION, 0, 0, bytes(10)], MessageErrorCode.OUT_OF_RANGE),
        ([5, SESSION, 0, 1, bytes(MAX_TRANSACTION + 1)], MessageErrorCode.OUT_OF_RANGE),
    ],
)
def test_a_field_that_is_not_as_specified_is_refused_by_name(plain: object, code: MessageErrorCode) -> None:
    assert code_of(cbor2.dumps(plain)) is code


def test_a_boolean_is_no_number_on_the_way_out_either() -> None:
    with pytest.raises(Misuse, match="bool"):
        encode_message(Meter(SESSION, 0, True))
    with pytest.raises(Misuse, match=r"Offer|OFFER.quantum_sat is float"):
        encode_message(Offer(SESSION, 0, 1, 1.0, b"s", 1, Mode.SINGLE_FEE, 1, 1, 1))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "plain", [[1, SESSION, 0, 2, [1], 3], [1, SESSION, 0, 2], [1, SESSION, 0, 255, "a future field", 3, 4, 5]]
)
def test_another_protocol_version_is_named_whatever_else_it_says(plain: list[object]) -> None:
    with pytest.raises(MessageError) as caught:
        decode_message(cbor2.dumps(plain))
    assert caught.value.code is MessageErrorCode.UNSUPPORTED_VERSION
    assert caught.value.session == SESSION
    assert caught.value.error_code is ErrorCode.UNSUPPORTED_VERSION


def test_a_refused_message_still_tells_its_session_where_it_can() -> None:
    for plain, session in (([7, SESSION, 3], SESSION), ([99, SESSION], SESSION), ([7, b"short", 3, 0], None)):
        with pytest.raises(MessageError) as caught:
            decode_message(cbor2.dumps(plain))
        assert caught.value.session == session


def test_an_error_text_always_gets_out_cut_and_printable() -> None:
    sent = Error(SESSION, 0, ErrorCode.MALFORMED, "two\nlines\udc80\x7f für ~" + "x" * 300)
    received = decode_message(encode_message(sent))
    assert isinstance(received, Error)
    assert received.text == "two?lines?? f?r ~" + "x" * 183


def test_a_transaction_id_travels_in_the_order_of_the_transaction_and_is_read_in_the_order_of_people() -> None:
    txid = bytes(range(32)).hex()
    data = encode_message(Close(SESSION, 0, CloseReason.CREDIT_SPENT, 0, txid))
    assert bytes(range(32))[::-1] in data
    assert decode_message(data).txid == txid  # type: ignore[union-attr]


def test_every_message_has_its_number_and_name() -> None:
    assert list(MESSAGE_TYPES.values()) == list(get_args(Message))
    assert [message_name(kind) for kind in MESSAGE_TYPES.values()] == [
        "HELLO",
        "OFFER",
        "FUNDING",
        "PAYMENT_REQUEST",
        "PAYMENT",
        "RECEIPT",
        "METER",
        "CLOSE",
        "ERROR",
    ]


def test_a_description_is_readable_and_plain() -> None:
    message = decode_message(cbor2.dumps(HELLO))
    assert describe(message) == {
        "session": "0102030405060708",
        "sequence": 0,
        "version": 1,
        "modes": ["SINGLE_FEE", "PER_PAYMENT"],
        "network": "REGTEST",
    }
    coin = DeclaredCoin("ab" * 32, 1, 5, b"\x00\x14")  # type: ignore[arg-type]
    shown = describe(Funding(SESSION, 0, (coin,), b"\x51", 1))
    assert shown["coins"] == [{"txid": "ab" * 32, "index": 1, "value_sat": 5, "script": "0014"}]
    assert describe(Payment(SESSION, 0, 1, b"\x01" * 10))["transaction"] == "01" * 10
