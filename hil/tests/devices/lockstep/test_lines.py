"""The lines of the lockstep device protocol: what each says, and that no other line is taken."""

from __future__ import annotations

import contextlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.devices.lockstep.command import PORTS
from hil.devices.lockstep.lines import (
    Ask,
    BoardState,
    Drive,
    Identify,
    Print,
    SendLink,
    Until,
    WrongAnswer,
    parse,
    preamble,
)
from hil.rig.config.device_program import PORTS as PORTS_AT_THE_DESK

TXID = "0f" * 32


@pytest.mark.parametrize(
    ("line", "meaning"),
    [
        ("link 00ff10", SendLink(b"\x00\xff\x10")),
        ("console ready: 5 °C", Print("ready: 5 °C")),
        ("console ", Print("")),
        ("console", Print("")),
        ("identity example 1.4", Identify("example 1.4")),
        ("contact closed", Drive(True)),
        ("contact open", Drive(False)),
        ("ask 7 ready", Ask(7, "ready")),
        (f"ask 8 coin {TXID} 1", Ask(8, "coin", txid=TXID, index=1)),
        ("ask 9 accepts 0200", Ask(9, "accepts", transaction=b"\x02\x00")),
        ("ask 10 broadcast 0200", Ask(10, "broadcast", transaction=b"\x02\x00")),
        ("ask 0 conflict 0200", Ask(0, "conflict", transaction=b"\x02\x00")),
        ("until 21500000", Until(21_500_000)),
        ("until never", Until(None)),
    ],
)
def test_each_line_of_an_answer_has_its_meaning(line: str, meaning: object) -> None:
    assert parse(line) == meaning


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("contract open", "'contract' begins no line of an answer; known: ask, .* Did you mean 'contact'?"),
        ("", "'' begins no line of an answer"),
        ("contact close", "'close' is no position of the contact; known: closed, open. Did you mean 'closed'?"),
        ("link 0", "'0' is no bytes of the link: whole bytes in hex, without blanks"),
        ("link 00 ff", "'00 ff' is no bytes of the link"),
        ("link", "'' is no bytes of the link"),
        ("until soon", "'soon' is no instant in µs, or 'never': a number from 0"),
        ("until -1", "'-1' is no instant"),
        ("until 9223372036854775808", "is no instant"),
        ("until ٣", "is no instant"),
        ("ask 1", "'' is no question to the ledger"),
        ("ask 1 coins", "'coins' is no question to the ledger; known: .* Did you mean 'coin'?"),
        ("ask 1 ready 1", "'ask ID ready' takes 0 more words, and has 1"),
        (f"ask 1 coin {TXID}", "'ask ID coin' takes 2 more words, and has 1"),
        ("ask 1 coin 0f0f 0", "'0f0f' is no transaction id: 32 bytes in hex"),
        (f"ask 1 coin {TXID} 4294967296", "is no number of an output: a number from 0 to 4294967295"),
        ("ask x ready", "'x' is no number of a question"),
        ("console bell \x07", "is no text of a console: it holds characters that cannot be printed"),
    ],
)
def test_another_line_is_refused_with_what_is_allowed(line: str, told: str) -> None:
    with pytest.raises(WrongAnswer) as caught:
        parse(line)
    assert re.search(told.replace("?", r"\?"), str(caught.value)), caught.value


@given(st.text() | st.builds(" ".join, st.lists(st.sampled_from(["ask", "1", "link", "until", "0f", "coin", "\x00"]))))
def test_no_line_raises_anything_but_its_refusal(line: str) -> None:
    with contextlib.suppress(WrongAnswer):
        parse(line)


def test_an_event_tells_the_whole_state_of_the_board() -> None:
    state = BoardState(21_000_000, (230_000, 5657, 1_301_065, 286_236), contact_closed=True, plugged=True)
    assert state.event("link 00") == "at 21000000 230000 5657 1301065 286236 closed in link 00\n"
    silent = BoardState(5, None, contact_closed=None, plugged=None)
    assert silent.event("time") == "at 5 - - - - - - time\n"
    pulled = BoardState(5, None, contact_closed=False, plugged=False)
    assert pulled.event("plug") == "at 5 - - - - open out plug\n"


def test_the_settings_come_as_five_lines_whatever_the_profile_holds() -> None:
    told = preamble("cable", b"\x01\x02", "/flash/x", {"name": "å\nb\u2028", "n": 1})
    assert told == 'lockstep 1\nrole cable\nseed 0102\nstorage /flash/x\nprofile {"name":"\\u00e5\\nb\\u2028","n":1}\n'


def test_desk_and_bench_know_the_same_ports() -> None:
    assert tuple(f"{{{name}}}" for name in PORTS_AT_THE_DESK) == PORTS
