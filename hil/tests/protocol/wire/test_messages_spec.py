"""SPEC.md says what the code does: fields with their forms, numbers, limits, and the vectors' bytes."""

from __future__ import annotations

import json
import re
from pathlib import Path

import cbor2
import pytest

import hil.protocol
from hil.protocol.codes import CloseReason, ErrorCode
from hil.protocol.payment.transactions import dust_limit, virtual_size
from hil.protocol.policy import CableLimits, Mode, Network
from hil.protocol.socket.table import SocketState
from hil.protocol.wire.fields import wire_fields
from hil.protocol.wire.framing import MAX_PAYLOAD, FrameErrorCode, encode_frame, longest_encoded
from hil.protocol.wire.messages import (
    MESSAGE_TYPES,
    DeclaredCoin,
    Error,
    Message,
    Meter,
    Offer,
    Payment,
    decode_message,
    encode_message,
    message_name,
)
from hil.tests.protocol.desk import SocketDesk
from hil.tests.protocol.samples import CABLE, SESSION, coin, proposal, signed

VECTORS = Path(__file__).parents[4] / "fixtures" / "data" / "vectors" / "sessions.json"
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


def byte_examples() -> dict[str, bytes]:
    """Return every example of bytes in the document, under its chapter and the word before it."""
    found: dict[str, bytes] = {}
    line = r"(?:[0-9a-f]{2} ?){8,}"
    for chapter in re.split(r"^## ", SPEC, flags=re.MULTILINE)[1:]:
        for word, shown in re.findall(rf"^    (\w+) +({line}(?:\n {{8,}}{line})*)$", chapter, re.MULTILINE):
            found[f"{chapter.splitlines()[0]}: {word}"] = bytes.fromhex(shown)
    return found


def test_every_example_of_bytes_is_true() -> None:
    examples = byte_examples()
    hello, answer = examples.pop("Versions: payload"), examples.pop("Versions: answer")
    desk = SocketDesk()
    (error,) = desk.sent(Error, desk.take(desk.machine.on_bytes(encode_frame(hello), 0.0)))
    assert (error.code, error.sequence, encode_message(error)) == (ErrorCode.UNSUPPORTED_VERSION, 0, answer)
    assert desk.machine.state is SocketState.IDLE
    payload, frame = examples.pop("Framing: payload"), examples.pop("Framing: frame")
    assert decode_message(payload) == Meter(SESSION, 3, 1000)
    assert encode_frame(payload) == frame
    assert not examples, "an example that no test looks at"


def test_the_sizes_told_of_frames_and_scripts_are_right() -> None:
    coins = tuple(coin(number, 10_000, CABLE.p2pkh_script) for number in range(16))
    payment = Payment(SESSION, 1, 1, signed(proposal(1, coins), coins).serialize())
    longest = len(encode_message(payment)) + len(coins)  # each signature here is 71 bytes long, it may be 72
    assert round(longest / 1000, 1) == 2.5
    assert "16 P2PKH inputs has 2.5 kB) and take 0.36 s" in SPEC
    assert round((longest_encoded(MAX_PAYLOAD) + 1) * 10 / 115_200, 2) == 0.36
    assert (CABLE.p2wpkh_script[:2], len(CABLE.p2wpkh_script)) == (b"\x00\x14", 22)
    assert (CABLE.p2pkh_script[:3], CABLE.p2pkh_script[-2:]) == (b"\x76\xa9\x14", b"\x88\xac")
    assert "P2WPKH (22 bytes, `00 14 <hash>`) or P2PKH (25 bytes, `76 a9 14 <hash> 88 ac`)" in SPEC


def test_the_numbers_that_the_next_version_may_use_are_free() -> None:
    used = {row[0]: row[1] for row in rows("### Numbers")}
    assert used["message type"] == f"1 to {max(MESSAGE_TYPES)}"
    assert used["mode"] == ", ".join(str(mode.value) for mode in Mode)
    assert used["network"] == f"0 to {max(Network)}"
    assert used["error code"].startswith("1 to 89,")
    assert max(ErrorCode) <= 89
    assert used["close reason"] == f"1 to {max(CloseReason)}"


@pytest.mark.parametrize(
    "unknown",
    [
        [10, SESSION, 1, 1],
        [1, SESSION, 1, 1, [3, 1], 3],
        [1, SESSION, 1, 1, [1], 4],
        [1, SESSION, 1, 1, [1], 3, 0],
        [8, SESSION, 1, 11, 0, b""],
        [9, SESSION, 1, 90, ""],
    ],
    ids=["message type", "mode", "network", "field more", "close reason", "error code"],
)
def test_a_socket_of_version_1_answers_what_it_does_not_know_and_stays_as_it_is(unknown: list[object]) -> None:
    desk = SocketDesk()
    effects = desk.take(desk.machine.on_bytes(encode_frame(cbor2.dumps(unknown)), 0.0))
    assert (desk.errors(effects), desk.machine.context.bad_frames) == ([ErrorCode.MALFORMED], 1)
    assert desk.machine.state is SocketState.IDLE
    assert desk.sent(Offer, desk.hello())


def test_the_weights_and_limits_are_right() -> None:
    segwit, legacy = CABLE.p2wpkh_script, CABLE.p2pkh_script
    numbers = {row[0]: re.match(r"\d+", row[1]) for row in rows("anything is signed. In weight")}
    parts = {name: int(number[0]) for name, number in numbers.items() if number}
    assert -(-(parts["version, two counts, locktime"] + parts["P2PKH input"] + 2 * 136) // 4) == 226
    assert virtual_size([legacy], [legacy, legacy]) == 226
    assert -(-(40 + parts["P2WPKH input"] + 2 * 124 + 2) // 4) == virtual_size([segwit], [segwit, segwit]) == 141
    assert f"({dust_limit(segwit)} sat P2WPKH, {dust_limit(legacy)} sat" in SPEC
    limits = CableLimits()
    assert limits.socket_meter_percent == limits.own_meter_percent
    fast, slow, apart = 100 + limits.socket_meter_percent, 100 - limits.own_meter_percent, limits.energy_tolerance_mwh
    errors = limits.socket_meter_percent + limits.own_meter_percent
    assert f"An honest one errs by at most {limits.own_meter_percent} % of what" in SPEC
    assert f"S grows by at most {fast}/{slow} of what C grows by, and {apart} " in SPEC
    assert f"S <= C + min(C * {errors}/{slow} + {apart}, Q)" in SPEC
    assert f"S - C + (E(n) + {apart} - S) * {errors}/{fast} + {apart} <= Q" in SPEC
    assert f"at most {limits.max_credit_at_request_mwh} mWh of credit are left" in SPEC


def test_modes_and_networks_have_their_numbers() -> None:
    for kind in (Mode, Network):
        assert ", ".join(f"{member.value} {member.label}" for member in kind) in SPEC


def test_the_specification_tells_what_every_key_and_event_of_a_session_vector_means() -> None:
    chapter = SPEC.split("### Sessions\n")[1]
    told = set(re.findall(r"`([a-z_ ]+)`", chapter))
    used: set[str] = set()
    for session in json.loads(VECTORS.read_text(encoding="utf-8"))["sessions"]:
        used |= session["socket"].keys() | session["cable"].keys() | session.keys()
        for event in session["events"]:
            used |= event.keys() | {event[key] for key in ("in", "out") if key in event}
    assert sorted(used - told - {"name", "socket", "cable"}) == []
