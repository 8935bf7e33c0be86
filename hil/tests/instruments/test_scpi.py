"""Numbers, identity and error queue."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.errors import RigFault
from hil.instruments.scpi import LONGEST_QUEUE, parse_number, query_number, read_errors
from hil.instruments.transport import Transport
from hil.tests.instruments.scripted import Line, ScriptedInstrument


@given(st.floats(min_value=-1e30, max_value=1e30), st.sampled_from(["{:.6E}", "{:+.4e}", "{:.3f}"]))
def test_every_number_that_an_instrument_formats_is_read_back(value: float, form: str) -> None:
    text = form.format(value)
    assert parse_number(text) == float(text)


@given(st.text(max_size=12))
def test_text_is_a_finite_number_or_refused(text: str) -> None:
    try:
        value = parse_number(text)
    except ValueError:
        return
    assert text.isascii()
    assert abs(value) < 9.9e37


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("NAN", "no valid data"),
        ("nan", "no valid data"),
        ("9.91E37", "no valid data"),
        ("INF", "overload"),
        ("-INF", "overload"),
        ("9.9E37", "overload"),
        ("-9.9E+37", "overload"),
        ("1E+999", "overload"),
        ("----", "not a number"),
        ("", "not a number"),
        ("1,2", "not a number"),
        (" 1", "not a number"),
        ("0x10", "not a number"),
        ("1_000", "not a number"),
        ("1e9999", "not a number"),
        ("\u0661", "not a number"),
    ],
)
def test_what_is_no_number_is_refused_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=f"^{why}$"):
        parse_number(text)


def test_number_query_names_the_instrument_and_what_it_read() -> None:
    with ScriptedInstrument([Line("SOUR:POW?", "much", "u")]) as acme:
        transport = Transport("load", acme.resource)
        with pytest.raises(RigFault, match=r"load \(TCPIP.*not a number: 'SOUR:POW\?' read 'much'"):
            query_number(transport, "SOUR:POW?")
        transport.close()


def test_error_queue_is_read_empty_oldest_first() -> None:
    queue = [b'-113,"Undefined header"\n', b"-222,Data out of range\n"]
    with ScriptedInstrument([Line("SYST:ERR?", "0,No Error", "u")], {"SYST:ERR?": [*queue]}) as acme:
        transport = Transport("load", acme.resource)
        assert read_errors(transport) == ['-113,"Undefined header"', "-222,Data out of range"]
        assert read_errors(transport) == []
        transport.close()


def test_error_queue_that_never_ends_is_a_rig_fault() -> None:
    with ScriptedInstrument([Line("SYST:ERR?", "-350,Queue overflow", "u")]) as acme:
        transport = Transport("load", acme.resource)
        with pytest.raises(RigFault, match="never ends"):
            read_errors(transport)
        transport.close()
    assert len(acme.received) == LONGEST_QUEUE


def test_error_queue_that_answers_something_else_is_a_rig_fault() -> None:
    with ScriptedInstrument([Line("SYST:ERR?", "No error", "u")]) as acme:
        transport = Transport("load", acme.resource)
        with pytest.raises(RigFault, match="no entry of an error queue"):
            read_errors(transport)
        transport.close()
