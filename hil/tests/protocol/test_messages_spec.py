"""SPEC.md says what the code does: fields with their forms, numbers, limits, and the vectors' bytes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import hil.protocol
from hil.protocol.codes import CloseReason, ErrorCode
from hil.protocol.fields import wire_fields
from hil.protocol.framing import MAX_PAYLOAD, FrameErrorCode, encode_frame, longest_encoded
from hil.protocol.messages import (
    MESSAGE_TYPES,
    DeclaredCoin,
    Message,
    Meter,
    Mode,
    Network,
    encode_message,
    message_name,
)
from hil.protocol.policy import CableLimits
from hil.protocol.transactions import dust_limit, virtual_size
from hil.tests.protocol.samples import CABLE, SESSION

SPEC = (Path(hil.protocol.__path__[0]) / "SPEC.md").read_text(encoding="utf-8")


def rows(heading: str) -> list[list[str]]:
    """Return the cells of the first table behind a line that starts with ``heading``."""
    _, found, rest = SPEC.partition(f"\n{heading}")
    assert found, f"SPEC.md has no '{heading}'"
    table = re.search(r"\n\|[^\n]*\n\|---[^\n]*\n((?:\|[^\n]*\n)+)", rest)
    assert table is not None
    return [[cell.strip(" `") for cell in line.strip("|").split("|")] for line in table[1].strip().split("\n")]


@pytest.mark.parametrize(
    ("number", "kind"), MESSAGE_TYPES.items(), ids=[message_name(k) for k in MESSAGE_TYPES.values()]
)
def test_each_message_stands_in_the_specification_as_it_is_coded(number: int, kind: type[Message]) -> None:
    fields = [(name, field.rule) for name, field in wire_fields(kind).items()]
    assert [tuple(row[:2]) for row in rows(f"### {number} {message_name(kind)} (")] == fields[2:]


def test_headers_and_coins_stand_in_the_specification_as_they_are_coded() -> None:
    header = [(name, field.rule) for name, field in wire_fields(Meter).items()][:2]
    assert [tuple(row[:2]) for row in rows("    message = ")][1:] == header
    coin = [(name, field.rule) for name, field in wire_fields(DeclaredCoin).items()]
    assert [tuple(row[:2]) for row in rows("A coin of FUNDING")] == coin


@pytest.mark.parametrize(("heading", "codes"), [("## Error codes", ErrorCode), ("Field `reason`", CloseReason)])
def test_every_code_has_its_number_and_meaning(heading: str, codes: type[ErrorCode] | type[CloseReason]) -> None:
    assert [(row[0], row[1]) for row in rows(heading)] == [(str(code.value), code.name) for code in codes]
    assert all(row[2].endswith(".") for row in rows(heading))


def test_every_code_of_a_check_table_exists() -> None:
    chapter = SPEC.split("## What each side checks")[1].split("\n## ")[0]
    for name in re.findall(r"`([A-Z_]{6,})`", chapter):
        assert name in ErrorCode.__members__


def test_frame_errors_and_the_example_are_right() -> None:
    assert {row[0] for row in rows("A receiver drops")} == {code.name for code in FrameErrorCode}
    payload = encode_message(Meter(SESSION, 3, 1000))
    assert f"payload  {payload.hex(' ')}\n" in SPEC
    assert f"frame    {encode_frame(payload).hex(' ')}\n" in SPEC
    assert f"at most the {longest_encoded(MAX_PAYLOAD)} bytes" in SPEC


def test_the_weights_and_limits_are_right() -> None:
    segwit, legacy = CABLE.p2wpkh_script, CABLE.p2pkh_script
    numbers = {row[0]: re.match(r"\d+", row[1]) for row in rows("anything is signed. In weight")}
    parts = {name: int(number[0]) for name, number in numbers.items() if number}
    assert -(-(parts["version, two counts, locktime"] + parts["P2PKH input"] + 2 * 136) // 4) == 226
    assert virtual_size([legacy], [legacy, legacy]) == 226
    assert -(-(40 + parts["P2WPKH input"] + 2 * 124 + 2) // 4) == virtual_size([segwit], [segwit, segwit]) == 141
    assert f"({dust_limit(segwit)} sat P2WPKH, {dust_limit(legacy)} sat" in SPEC
    limits = CableLimits()
    assert (
        f"The tolerance is {limits.energy_tolerance_percent} % of the energy used and {limits.energy_tolerance_mwh} mWh"
        in SPEC
    )
    assert f"at most {limits.energy_tolerance_cap_mwh} mWh" in SPEC
    assert f"at most {limits.max_credit_at_request_mwh} mWh of credit are left" in SPEC


def test_modes_and_networks_have_their_numbers() -> None:
    for kind in (Mode, Network):
        assert ", ".join(f"{member.value} {member.label}" for member in kind) in SPEC
