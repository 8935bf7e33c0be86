"""The vectors count: no code, no reason to close, and no transition of the tables is without one."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

import hil.protocol.cable.machine
import hil.protocol.socket.machine
from hil.protocol.cable.table import CABLE_REASONS, CABLE_TABLE
from hil.protocol.codes import CloseReason, ErrorCode
from hil.protocol.policy import CableLimits, Mode, Policy, SocketTerms
from hil.protocol.socket.table import SOCKET_REASONS, SOCKET_TABLE
from hil.protocol.wire.framing import encode_frame
from hil.protocol.wire.messages import Close, Error, encode_message
from hil.tests.protocol.desk import RecordingTable
from hil.tests.protocol.session_replay import played_again, without_texts
from hil.tests.protocol.session_side import message_in
from hil.tests.protocol.vector_files import Json, part

SESSIONS: list[Json] = part("sessions", "sessions")
LINE_DELAY_S: float = part("sessions", "line_delay_s")
REFUSALS: list[str] = [
    case["code"]
    for group in ("offers", "fundings", "proposals", "payments", "ledger")
    for case in part("refusals", group)
]


def said(kind: type[Error] | type[Close]) -> list[tuple[str, Any]]:
    """Return each ERROR or CLOSE of a session vector with the side that says it."""
    name = kind.__name__.upper()
    events = [event for session in SESSIONS for event in session["events"] if event.get("message") == name]
    return [(event["side"], message_in(event["frame"])) for event in events]


def test_every_error_code_has_a_vector() -> None:
    told = {error.code.name for _, error in said(Error)} | set(REFUSALS)
    assert [code.name for code in ErrorCode if code.name not in told] == []


def test_a_code_about_the_session_a_receipt_or_the_ledger_is_said_in_a_session() -> None:
    told = {error.code for _, error in said(Error)}
    assert [code.name for code in ErrorCode if (code < 20 or code >= 70) and code not in told] == []


def test_every_reason_to_close_has_a_vector_for_each_side_that_can_give_it() -> None:
    told = {(side, close.reason) for side, close in said(Close)}
    sides = (("socket", SOCKET_REASONS), ("cable", CABLE_REASONS))
    can = {(side, reason) for side, reasons in sides for cases in reasons.values() for reason in cases}
    assert can - told == set()
    assert {reason for _, reason in can} == set(CloseReason)


def test_every_transition_of_both_tables_has_a_vector_those_of_a_restart_too(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: set[Any] = set()
    monkeypatch.setattr(hil.protocol.socket.machine, "SOCKET_TABLE", RecordingTable(SOCKET_TABLE, taken))
    monkeypatch.setattr(hil.protocol.cable.machine, "CABLE_TABLE", RecordingTable(CABLE_TABLE, taken))
    for session in SESSIONS:
        for side in ("socket", "cable"):
            played_again(session, side, LINE_DELAY_S)
    missing = [(state, event) for table in (SOCKET_TABLE, CABLE_TABLE) for state, event in table]
    assert [(s.value, e.value) for s, e in missing if (s, e) not in taken] == []


def test_a_session_vector_holds_every_term_limit_and_policy_number() -> None:
    wanted = {"terms": SocketTerms, "limits": CableLimits}
    for session in SESSIONS:
        for side, settings in (("socket", "terms"), ("cable", "limits")):
            for name, kind in ((settings, wanted[settings]), ("policy", Policy)):
                assert set(session[side][name]) == {field.name for field in dataclasses.fields(kind)}


def test_the_text_of_an_error_is_not_compared_and_all_else_is() -> None:
    event = next(e for session in SESSIONS for e in session["events"] if e.get("message") == "ERROR")
    error = message_in(event["frame"])
    assert isinstance(error, Error)

    def with_changes(**changes: object) -> list[Json]:
        changed = dataclasses.replace(error, **changes)  # type: ignore[arg-type]
        return without_texts([event | {"frame": encode_frame(encode_message(changed)).hex()}])

    assert with_changes(text="in other words") == without_texts([event])
    other = next(code for code in ErrorCode if code is not error.code)
    for changes in ({"code": other}, {"sequence": error.sequence + 1}, {"session": bytes(8)}):
        assert with_changes(**changes) != without_texts([event])


@pytest.mark.parametrize("session", SESSIONS, ids=[session["name"] for session in SESSIONS])
def test_power_flows_for_accepted_payments_only_and_what_is_over_is_settled(session: Json) -> None:
    events = session["events"]
    switched = [event["closed"] for event in events if event.get("out") == "contact"]
    taken = [event["frame"] for event in events if event.get("message") == "RECEIPT"]
    assert (True in switched) == bool(taken)
    over = [event for event in events if event["side"] == "socket" and event.get("out") == "session ended"]
    if any(event["payments"] for event in over):
        assert any(event.get("out") == "settle" or event.get("broadcast") for event in events)
    if over and over[-1]["t"] == max(event["t"] for event in events if event.get("out")):
        assert not switched or switched[-1] is False


def test_session_vectors_show_both_modes_and_all_types_of_scripts() -> None:
    assert {session["socket"]["terms"]["mode"] for session in SESSIONS} == {mode.name for mode in Mode}
    scripts = {coin["script"][:4] for session in SESSIONS for coin in session["cable"]["coins"]}
    assert scripts == {"0014", "76a9"}


@pytest.mark.parametrize("side", ["socket", "cable"])
def test_no_side_uses_a_sequence_number_twice_in_a_session_whatever_restarts(side: str) -> None:
    for session in SESSIONS:
        newest: dict[bytes, int] = {}
        for event in (each for each in session["events"] if each["side"] == side):
            if event.get("out") == "session ended":
                newest.pop(bytes.fromhex(event["session"]), None)  # the id may come back after a restart: a new session
            if event.get("out") != "frame":
                continue
            message = message_in(event.get("instead_of", event["frame"]))
            if isinstance(message, Error) and message.sequence == 0:
                continue  # about a session that does not run there
            assert message.sequence > newest.get(message.session, 0), session["name"]
            newest[message.session] = message.sequence
