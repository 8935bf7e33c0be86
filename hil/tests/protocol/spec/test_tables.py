"""The generated regions of SPEC.md are fresh, complete and well-formed; its sessions are as told."""

from __future__ import annotations

import re
from typing import Any

import pytest

from hil.links.abuses.simple import Underpay
from hil.protocol.cable.table import CABLE_TABLE, CableState
from hil.protocol.payment.transactions import parse_transaction
from hil.protocol.policy import Mode, Policy
from hil.protocol.socket.table import CONTACT_CLOSED, SOCKET_TABLE, SocketState
from hil.protocol.spec.diagrams import course, diagrams, endings
from hil.protocol.spec.tables import CABLE_ENDS, SOCKET_ENDS, SPEC, regions, renewed
from hil.protocol.wire.framing import FrameDecoder
from hil.protocol.wire.messages import Message, Meter, PaymentRequest, Receipt, decode_message, message_name
from hil.tests.devices.device_pair import DevicePair
from hil.tests.protocol.test_rough_pair import KEYS

TEXT = SPEC.read_text(encoding="utf-8")


def test_the_specification_is_fresh() -> None:
    assert renewed(TEXT) == TEXT, "SPEC.md is stale; run: make spec"


def test_a_stale_region_is_noticed_and_what_is_written_by_hand_is_kept() -> None:
    document = "by hand\n<!-- generated: policy -->\nold\n<!-- end -->\nby hand\n"
    assert renewed(document) == f"by hand\n<!-- generated: policy -->\n\n{regions()['policy']}\n<!-- end -->\nby hand\n"
    assert renewed(renewed(document)) == renewed(document)


def test_a_region_that_nobody_makes_is_an_error() -> None:
    with pytest.raises(KeyError, match="ports"):
        renewed("<!-- generated: ports -->\n<!-- end -->\n")


def test_every_region_stands_in_the_specification_once() -> None:
    assert sorted(re.findall(r"<!-- generated: (.*) -->", TEXT)) == sorted(regions())


ROLES = [(SOCKET_TABLE, SocketState, SOCKET_ENDS), (CABLE_TABLE, CableState, CABLE_ENDS)]


@pytest.mark.parametrize(("table", "states", "ends"), ROLES, ids=["socket", "cable"])
def test_the_two_diagrams_of_a_role_show_each_state_and_each_transition_once(
    table: Any, states: Any, ends: Any
) -> None:
    drawn = re.findall(r"```mermaid\nstateDiagram-v2\n(.*?)```", diagrams(table, states, ends), re.DOTALL)
    assert len(drawn) == 2
    shown: list[tuple[str, str, str]] = []
    named: set[str] = set()
    for diagram in drawn:
        boxes: dict[str, list[str]] = {}
        for box, state in re.findall(r"^    (\w+): (.*)$", diagram, re.MULTILINE):
            boxes.setdefault(box, []).append(state)
        assert len({tuple(names) for names in boxes.values()}) == len(boxes)
        named |= {state for names in boxes.values() for state in names}
        for sources, target, events in re.findall(r"^    (\w+) --> (\w+): (.*)$", diagram, re.MULTILINE):
            (end,) = boxes[target]
            shown += [(state, event, end) for state in boxes[sources] for event in events.split(", ")]
    assert sorted(shown) == sorted((start.value, event.value, end.value) for (start, event), (end, _) in table.items())
    assert named == {state.value for state in states}


@pytest.mark.parametrize(("table", "states", "ends"), ROLES, ids=["socket", "cable"])
def test_a_diagram_stays_readable(table: Any, states: Any, ends: Any) -> None:
    """No more arrows than one can follow; the tables below have it all in lines."""
    assert max(len(course(table, states, ends)), len(endings(table, states, ends))) <= 25


def test_every_state_event_action_and_number_has_a_meaning() -> None:
    for name, region in regions().items():
        if name.endswith("members") or name == "policy":
            rows = [line for line in region.splitlines() if line.startswith("|") and "---" not in line]
            assert all(line.endswith(". |") for line in rows if not line.endswith("meaning |")), name
    assert "docs/system" not in regions()["policy"]


def test_the_states_with_power_are_named() -> None:
    told = re.search(r"Power flows in (.*), and in no other state", TEXT)
    assert told is not None
    assert set(re.findall(r"\*(.*?)\*", told[1])) == {state.value for state in CONTACT_CLOSED}


def told_session(name: str) -> list[tuple[str, str]]:
    table = TEXT.split(f"<!-- session: {name} -->\n")[1].split("\n\n")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]
    return [(row[0], row[1]) for row in rows]


def played_session(pair: DevicePair) -> list[tuple[str, Message]]:
    pair.start().run(70.0)
    played: list[tuple[str, Message]] = []
    for _, who, frame in pair.sent:
        (payload,) = FrameDecoder().feed(frame)
        assert isinstance(payload, bytes)
        message = decode_message(payload)
        if not isinstance(message, Meter):
            played.append((who, message))
    return played


@pytest.mark.parametrize(("mode", "coin"), [(Mode.SINGLE_FEE, 100_000), (Mode.PER_PAYMENT, 60_000)])
def test_a_session_goes_as_it_is_told(mode: Mode, coin: int) -> None:
    pair = DevicePair(socket={"mode": mode.label}, cable={"max_payments": 2}, coin_values=[coin])
    played = played_session(pair)
    assert [(who, message_name(message)) for who, message in played] == told_session(mode.label)
    chapter = TEXT.split(f"<!-- session: {mode.label} -->")[1].split("###")[0]
    for _, message in played:
        if isinstance(message, PaymentRequest):
            paid, change = (f"{o.nValue:,}".replace(",", " ") for o in parse_transaction(message.transaction).vout)
            assert re.search(rf"n = {message.n}\b.*{paid} sat and {change} sat|{paid} sat, output 1: {change}", chapter)
        elif isinstance(message, Receipt):
            energy = f"{message.credited_mwh:,}".replace(",", " ") if message.credited_mwh >= 10_000 else "8000"
            assert f"n = {message.n}, {energy} mWh" in chapter
    assert len(pair.ledger.sent) == (1 if mode is Mode.SINGLE_FEE else 2)
    last = parse_transaction(pair.ledger.sent[0])
    assert coin - sum(output.nValue for output in last.vout) == 1410


def test_a_refusal_goes_as_it_is_told() -> None:
    pair = DevicePair(cable={"max_payments": 2})
    pair.alter["cable"] = Underpay(1, 2, pair.coins, KEYS, b"").before_sending
    # what the device sent and what came over the line differ in the altered payment's bytes only
    assert [(who, message_name(message)) for who, message in played_session(pair)] == told_session("refusal")
    assert parse_transaction(pair.ledger.sent[0]).vout[0].nValue == 10_000
    assert "refused: UNDERPAID" in pair.socket.console


def test_what_is_told_of_the_cables_loss_follows_from_the_limits() -> None:
    assert "one quantum and 2100 mWh of credit" in TEXT
    assert "remembers the last 64 ids" in " ".join(TEXT.split())
    assert f"{Policy().silent_peer_s:g} s" in regions()["policy"]
