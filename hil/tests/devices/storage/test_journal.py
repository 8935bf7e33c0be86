from __future__ import annotations

import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hil.devices.storage.journal import DeviceJournal, TornRecord
from hil.protocol.payment.coins import Coin, OutPoint
from hil.protocol.records import Record
from hil.tests.devices.device_pair import MemoryStorage
from hil.tests.protocol.record_samples import records, socket_records
from hil.units import Satoshi

COINS = tuple(
    Coin(OutPoint(f"{number:064x}", number), Satoshi(1000 + number), b"\x00\x14" + bytes(20)) for number in range(2)
)

REPEATABLE = settings(derandomize=True, deadline=None, database=None)


@REPEATABLE
@given(records)
def test_a_session_comes_back_as_it_was_written(record: Record) -> None:
    storage = MemoryStorage()
    DeviceJournal(storage).remember(record)
    assert DeviceJournal(storage).open_session() == record


@REPEATABLE
@given(socket_records, socket_records)
def test_the_newer_replaces_the_older_and_a_settled_session_is_forgotten(older: Record, newer: Record) -> None:
    journal = DeviceJournal(MemoryStorage())
    assert journal.open_session() is None
    journal.remember(older)
    journal.remember(newer)
    assert journal.open_session() == newer
    journal.forget()
    assert journal.open_session() is None


def test_forgetting_what_was_never_written_writes_nothing() -> None:
    storage = MemoryStorage()
    DeviceJournal(storage).forget()
    assert storage.records == {}


@pytest.mark.parametrize("sets", [[], [COINS], [COINS, COINS[:1]]])
def test_the_sets_of_coins_come_back_in_their_order(sets: list[tuple[Coin, ...]]) -> None:
    storage = MemoryStorage()
    assert DeviceJournal(storage).coins() is None
    DeviceJournal(storage).keep_coins(sets)
    assert DeviceJournal(storage).coins() == sets


def test_no_address_index_comes_twice_also_in_another_life() -> None:
    storage = MemoryStorage()
    assert [DeviceJournal(storage).take_address_index() for _ in range(5)] == [0, 1, 2, 3, 4]


@REPEATABLE
@given(st.data())
def test_a_record_that_was_damaged_anywhere_is_refused(data: st.DataObject) -> None:
    storage = MemoryStorage()
    journal = DeviceJournal(storage)
    journal.remember(data.draw(socket_records))
    whole = storage.records["session"]
    bit = data.draw(st.integers(0, 8 * len(whole) - 1))
    flipped = bytearray(whole)
    flipped[bit // 8] ^= 1 << bit % 8
    torn = data.draw(st.sampled_from([bytes(flipped), whole[: bit // 8], whole + b"\x00"]))
    storage.records["session"] = torn
    with pytest.raises(TornRecord, match="record 'session'"):
        journal.open_session()


@pytest.mark.parametrize("body", [b"", b"\xff", b"\x82\x01\x02", b"\x81\x41a", b"\x19"])
def test_a_record_of_another_shape_is_refused_even_with_a_good_checksum(body: bytes) -> None:
    storage = MemoryStorage()
    for name in ("session", "addresses", "coins"):
        storage.records[name] = zlib.crc32(body).to_bytes(4, "big") + body
    with pytest.raises(TornRecord, match="session"):
        DeviceJournal(storage).open_session()
    with pytest.raises(TornRecord, match="coins"):
        DeviceJournal(storage).coins()
    with pytest.raises(TornRecord):
        DeviceJournal(storage).take_address_index()
