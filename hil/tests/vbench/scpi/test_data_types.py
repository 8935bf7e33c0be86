"""Program data by IEEE 488.2 and SCPI-99: numbers, registers, strings, blocks; and questions about the error queue."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.vbench.scpi.engine import ScpiEngine
from hil.vbench.scpi.grammar import split
from hil.vbench.scpi.parameters import Boolean, Command, Integer, Number, Text
from hil.vbench.scpi.status import ScpiError, Status, string


def refusal(convert: object, text: str) -> int:
    with pytest.raises(ScpiError) as caught:
        convert.convert(text)  # type: ignore[attr-defined]  # any parameter
    return caught.value.code


@pytest.mark.parametrize(("text", "value"), [("#HFE", 254), ("#hfc", 252), ("#Q17", 15), ("#B1010", 10), ("255", 255)])
def test_a_register_is_taken_in_four_bases(text: str, value: int) -> None:
    assert Integer(0, 255).convert(text) == value


@given(st.integers(0, 255), st.sampled_from(["#H{:X}", "#H{:x}", "#Q{:o}", "#B{:b}", "{}"]))
def test_a_register_comes_back_from_every_base(value: int, form: str) -> None:
    assert Integer(0, 255).convert(form.format(value)) == value


@pytest.mark.parametrize(
    ("text", "code"),
    [
        *[("#HFG", -121), ("#B2", -121), ("#Q8", -121), ("#H", -121), ("#X1", -121), ("#H 1", -121), ("#H-1", -121)],
        *[("#H100", -222), ("#H" + "F" * 400, -222), ("#15hello", -168)],
    ],
)
def test_a_register_that_is_none_is_refused(text: str, code: int) -> None:
    assert refusal(Integer(0, 255), text) == code


@pytest.mark.parametrize(
    ("unit", "text", "value"),
    [
        *[("V", "5M", 5e-3), ("V", "5 m", 5e-3), ("V", "5MV", 5e-3), ("V", "0.5K", 500.0), ("A", "5A", 5.0)],
        *[("A", "5MA", 5e-3), ("A", "5UA", 5e-6), ("OHM", "1MOHM", 1e6), ("OHM", "1KOHM", 1e3), ("V", "1MAV", 1e6)],
        *[("S", "2MS", 2e-3), ("S", "2S", 2.0), ("A/US", "0.5A/US", 0.5)],
    ],
)
def test_a_number_takes_a_multiplier_with_and_without_its_unit(unit: str, text: str, value: float) -> None:
    assert Number(0, 1e9, 0, unit).convert(text) == pytest.approx(value)


@pytest.mark.parametrize(
    ("number", "text", "code"),
    [
        *[(Number(0, 9, 0, "V"), "5A", -131), (Number(0, 9, 0, "V"), "5QV", -131), (Number(0, 9, 0), "5V", -138)],
        *[(Number(0, 9, 0), "5M", -138), (Number(0, 9, 0), "1.2.3", -121), (Number(0, 9, 0), "1e40000", -123)],
        *[(Number(0, 9, 0), "0" * 300, -124), (Number(0, 9, 0), "'5'", -158), (Number(0, 9, 0), "(1+2)", -178)],
        *[(Number(0, 9, 0), "1e999", -222), (Number(0, 9, 0), "five", -104), (Number(0, 9, 0), "#H5", -121)],
        *[(Boolean(), "1V", -138), (Boolean(), "'ON'", -158), (Boolean(), "YES", -104)],
        *[(Text(5), "#13abc", -168), (Text(5), "'a'b'", -151), (Text(5), "abc", -104), (Text(5), "'", -151)],
    ],
)
def test_data_of_the_wrong_kind_has_the_error_of_its_kind(number: object, text: str, code: int) -> None:
    assert refusal(number, text) == code


@given(st.text(max_size=20), st.sampled_from("\"'"))
def test_a_string_with_its_quotes_doubled_comes_back(text: str, quote: str) -> None:
    written = quote + text.replace(quote, quote * 2) + quote
    assert Text(20).convert(written) == text
    assert split(f"{written},x", ",") == [written.strip(), "x"]


@given(st.text("abc;,'\"# ", max_size=12))
def test_a_string_in_a_reply_can_be_read_back(text: str) -> None:
    assert Text(20).convert(string(text)) == text


@given(st.text("ab;,'\"#1", min_size=1, max_size=9))
def test_a_block_hides_separators_and_quotes_in_its_data(data: str) -> None:
    block = f"#1{len(data)}{data}"
    assert split(f"A {block};B", ";") == [f"A {block}", "B"]
    assert split(f"{block},2", ",") == [block, "2"]
    assert split(f"A #0{data}", ";") == [f"A #0{data}"]


@pytest.mark.parametrize("text", ["A #19abc", "A #2", "A #21", "A #1x"])
def test_a_block_that_is_cut_off_is_invalid(text: str) -> None:
    with pytest.raises(ScpiError) as caught:
        split(text, ";")
    assert caught.value.code == -161


def instrument(*, questionable: bool = False, operation: bool = False) -> ScpiEngine:
    engine = ScpiEngine(
        {"GO": Command(lambda: None)},
        identity="Maker,Model,1,2",
        reset=lambda: None,
        questionable=questionable,
        operation=operation,
    )
    engine.execute("*CLS")
    return engine


def test_the_error_queue_is_counted_and_read_as_numbers_and_whole() -> None:
    engine = instrument()
    assert engine.execute("SYST:ERR:COUN?;:SYST:ERR:ALL?;:SYST:ERR:CODE:ALL?") == '0;0,"No error";0'
    engine.execute("GO '")
    engine.execute("NO;GO 1")
    assert engine.execute("SYST:ERR:COUN?") == "3"
    engine.execute("*CLS")
    engine.execute("NO;GO 1")
    assert engine.execute("SYST:ERR:CODE?;:SYST:ERR:NEXT?;:SYST:ERR?") == (
        '-113;-108,"Parameter not allowed";0,"No error"'
    )
    engine.execute("NO;GO 1")
    assert engine.execute("SYST:ERR:ALL?;COUN?") == '-113,"Undefined header;NO",-108,"Parameter not allowed";0'


def test_a_quote_in_a_refused_header_is_doubled_in_the_entry() -> None:
    engine = instrument()
    engine.execute('N"O"')
    assert engine.execute("SYST:ERR?") == '-102,"Syntax error;N""O"""'


def test_a_mnemonic_of_more_than_twelve_characters_is_too_long() -> None:
    engine = instrument()
    engine.execute("MUCHTOOLONGNAME")
    assert engine.execute("SYST:ERR:CODE?") == "-112"


def test_a_register_that_the_instrument_does_not_have_is_undefined() -> None:
    assert instrument().execute("STAT:OPER?") is None
    assert instrument(questionable=True).execute("STAT:OPER:COND?;:STAT:QUES:COND?") == "0"


def test_the_operation_register_tells_what_began_and_sums_up_in_the_status_byte() -> None:
    engine = instrument(operation=True)
    engine.execute("STAT:OPER:ENAB #H20;*SRE 128")
    engine.status.operation.condition = 32
    assert engine.execute("*STB?;STAT:OPER:COND?;EVEN?;EVEN?") == "192;32;32;0"
    engine.execute("STAT:PRES")
    assert engine.execute("STAT:OPER:ENAB?") == "0"


def test_power_on_forgets_what_the_operation_register_had() -> None:
    status = Status()
    status.operation.condition = 1
    status.power_on()
    assert (status.operation.condition, status.operation.read_events()) == (0, 0)
