"""Records of sessions: one encoding, and nothing else is taken for one."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hil.protocol.records import BadRecord, Record, SocketRecord, decode_record, encode_record
from hil.protocol.wire.cbor_subset import dumps, loads
from hil.tests.protocol.record_samples import records, socket_records

REPEATABLE = settings(derandomize=True, deadline=None, database=None, max_examples=60)


@REPEATABLE
@given(records)
def test_a_record_comes_back_as_it_was_written(record: Record) -> None:
    assert decode_record(encode_record(record)) == record


@REPEATABLE
@given(st.binary(max_size=200))
def test_no_other_bytes_are_a_record_and_none_raise_anything_else(data: bytes) -> None:
    try:
        record = decode_record(data)
    except BadRecord:
        return
    assert encode_record(record) == data


@REPEATABLE
@given(socket_records, st.data())
def test_a_record_cut_off_anywhere_is_refused(record: Record, data: st.DataObject) -> None:
    whole = encode_record(record)
    with pytest.raises(BadRecord):
        decode_record(whole[: data.draw(st.integers(0, len(whole) - 1))])


@pytest.mark.parametrize(
    "items", [[], [2, 1, b"", b""], [1], [1, 3, b"", b""], [1, 1], [1, 1, b"", b"", 1], [1, [], b"", b""]]
)
def test_an_array_of_another_shape_or_version_is_refused(items: list[object]) -> None:
    with pytest.raises(BadRecord):
        decode_record(dumps(items))


@REPEATABLE
@given(socket_records)
def test_a_session_that_runs_is_written_as_versions_before_wrote_it_and_no_reason_but_those_of_close_is_read(
    record: SocketRecord,
) -> None:
    running = encode_record(dataclasses.replace(record, closing=0))
    items = loads(running)
    assert isinstance(items, list)
    assert len(items) == 9
    for reason in (0, 99):
        with pytest.raises(BadRecord):
            decode_record(dumps([*items, reason]))
