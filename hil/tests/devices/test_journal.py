from __future__ import annotations

import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hil.devices.journal import DeviceJournal, OpenSession, TornRecord
from hil.tests.devices.device_pair import MemoryStorage

REPEATABLE = settings(derandomize=True, deadline=None, database=None)


@REPEATABLE
@given(st.binary(min_size=8, max_size=8), st.integers(1, 65_535), st.binary(max_size=300))
def test_the_newest_transaction_comes_back_as_it_was(session: bytes, n: int, transaction: bytes) -> None:
    storage = MemoryStorage()
    DeviceJournal(storage).remember(session, n, transaction)
    assert DeviceJournal(storage).open_session() == OpenSession(session, n, transaction)


def test_the_newer_replaces_the_older_and_a_settled_session_is_forgotten() -> None:
    journal = DeviceJournal(MemoryStorage())
    assert journal.open_session() is None
    journal.remember(b"session1", 1, b"first")
    journal.remember(b"session1", 2, b"second")
    assert journal.open_session() == OpenSession(b"session1", 2, b"second")
    journal.forget()
    assert journal.open_session() is None


def test_no_address_index_comes_twice_also_in_another_life() -> None:
    storage = MemoryStorage()
    assert [DeviceJournal(storage).take_address_index() for _ in range(5)] == [0, 1, 2, 3, 4]


@REPEATABLE
@given(st.data())
def test_a_record_that_was_damaged_anywhere_is_refused(data: st.DataObject) -> None:
    storage = MemoryStorage()
    journal = DeviceJournal(storage)
    journal.remember(b"session1", 7, b"transaction")
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
    for name in ("session", "addresses"):
        storage.records[name] = zlib.crc32(body).to_bytes(4, "big") + body
    with pytest.raises(TornRecord):
        DeviceJournal(storage).open_session()
    with pytest.raises(TornRecord):
        DeviceJournal(storage).take_address_index()
