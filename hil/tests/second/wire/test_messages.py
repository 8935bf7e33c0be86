"""Messages to the byte; what is no message is refused by name, and no bytes make the decoder fail."""

from __future__ import annotations

import contextlib
import enum
from typing import Any

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.second.codes import CloseReason, ErrorCode, Mode, Network
from hil.second.coins import Coin
from hil.second.wire import messages as wire
from hil.tests.second.vectors import coins, load

VECTORS = load("messages")
LISTS: dict[str, type[enum.IntEnum]] = {"mode": Mode, "network": Network, "reason": CloseReason, "code": ErrorCode}


def message_of(case: dict[str, Any]) -> wire.Message:
    kind = next(each for each in wire.MESSAGES.values() if each.__name__.upper() == case["message"].replace("_", ""))
    return kind(**{name: value_of(name, value) for name, value in case["fields"].items()})


def value_of(name: str, value: Any) -> Any:
    if name == "modes":
        return tuple(Mode[each] for each in value)
    if name == "coins":
        return coins(value)
    if name == "txid":
        return bytes.fromhex(value)[::-1]
    if name in LISTS:
        return LISTS[name][value]
    return value if isinstance(value, int) or name == "text" else bytes.fromhex(value)


@pytest.mark.parametrize("case", VECTORS["messages"], ids=lambda case: case["name"])
def test_a_message_has_exactly_the_bytes_of_the_vector(case: dict[str, Any]) -> None:
    assert wire.encode(message_of(case)).hex() == case["bytes"]
    assert wire.decode(bytes.fromhex(case["bytes"])) == message_of(case)


@pytest.mark.parametrize("case", VECTORS["refused"], ids=lambda case: case["name"])
def test_what_is_no_message_is_refused_with_the_code_of_the_vector(case: dict[str, Any]) -> None:
    with pytest.raises(wire.Undecodable) as refused:
        wire.decode(bytes.fromhex(case["bytes"]))

    unsupported = case["code"] == "UNSUPPORTED_VERSION"
    assert refused.value.code is (ErrorCode.UNSUPPORTED_VERSION if unsupported else ErrorCode.MALFORMED)


@given(st.binary(max_size=300))
def test_no_bytes_make_the_decoder_fail(payload: bytes) -> None:
    with contextlib.suppress(wire.Undecodable):
        assert wire.encode(wire.decode(payload)) == payload


SCALARS = st.integers(0, 2**64 - 1) | st.integers(0, 3) | st.binary(max_size=40) | st.text(max_size=10)
ITEMS = SCALARS | st.lists(SCALARS, max_size=4) | st.lists(st.lists(SCALARS, max_size=4), max_size=2)


@given(st.lists(ITEMS, max_size=12), st.integers(1, 9))
def test_no_items_make_the_decoder_fail(items: list[Any], number: int) -> None:
    payload = cbor2.dumps([number, bytes(8), *items])

    with contextlib.suppress(wire.Undecodable):
        assert wire.encode(wire.decode(payload)) == payload


def test_a_refused_message_names_its_session_if_it_has_one() -> None:
    with pytest.raises(wire.Undecodable) as refused:
        wire.decode(cbor2.dumps([7, b"12345678", 1]))

    assert refused.value.session == b"12345678"


@pytest.mark.parametrize("version", [0, 2, 300])
def test_a_hello_of_another_version_is_told_apart_whatever_else_is_in_it(version: int) -> None:
    with pytest.raises(wire.Undecodable) as refused:
        wire.decode(cbor2.dumps([1, b"12345678", "no sequence", version, []]))

    assert refused.value.code is ErrorCode.UNSUPPORTED_VERSION


def test_the_text_of_an_error_is_cut_and_made_printable() -> None:
    sent = wire.Error(bytes(8), 1, ErrorCode.MALFORMED, "ü\n" + "x" * 300)

    received = wire.decode(wire.encode(sent))

    assert isinstance(received, wire.Error)
    assert received.text == "??" + "x" * 198


def test_coins_of_one_outpoint_and_different_values_are_well_formed() -> None:
    pair = (Coin("01" * 32, 0, 5, b"a"), Coin("01" * 32, 0, 6, b"a"))
    funding = wire.Funding(bytes(8), 1, pair, b"c", 1)

    assert wire.decode(wire.encode(funding)) == funding


def test_a_transaction_id_is_reversed_on_the_line() -> None:
    funding = wire.Funding(bytes(8), 1, (Coin("01" * 31 + "ff", 0, 5, b"a"),), b"c", 1)

    assert bytes([0xFF] + [1] * 31) in wire.encode(funding)
