"""The SCPI engine: headers, parameters, status, error queue."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.vbench.scpi.engine import (
    KEPT_LINES,
    ScpiEngine,
    action,
    boolean_setting,
    choice_setting,
    number_setting,
)
from hil.vbench.scpi.parameters import Choice, Command, Integer, Number, Text
from hil.vbench.scpi.status import QUEUE_LENGTH


@dataclass
class Settings:
    """What the little instrument of these tests keeps."""

    level: float = 1.0
    on: bool = False
    shape: str = "SIN"


class Bench:
    """A small instrument with every kind of header and parameter."""

    def __init__(self) -> None:
        self.settings = Settings()
        self.calls: list[object] = []
        self.engine = ScpiEngine(
            {
                **number_setting(
                    "[SOURce:]VOLTage[:LEVel][:IMMediate]", Number(0, 300, 1, "V"), lambda: self.settings, "level"
                ),
                **boolean_setting("OUTPut[:STATe]", lambda: self.settings, "on"),
                **choice_setting("[SOURce:]SHAPe", Choice("SINe", "SQUare"), lambda: self.settings, "shape"),
                "VIEW:PAGE<1-4>:CELL<1-10>": Command(lambda *values: self.calls.append(values), (Integer(0, 9),)),
                "CHANnel<1-1>:DATA?": Command(lambda: "42"),
                "LIST": Command(lambda *values: self.calls.append(values), (Choice("ONE", "TWO"),), most=3),
                "TEXT": Command(self.calls.append, (Text(5),)),
                "MEASure:VOLTage?": Command(lambda: "230"),
                "MEASure:CURRent?": Command(lambda: "1"),
                "STOP": action(lambda: self.calls.append("stop")),
            },
            identity="Maker,Model,1,2",
            reset=self.reset,
        )
        self.engine.execute("*CLS")

    def reset(self) -> None:
        self.settings = Settings()

    def __call__(self, line: str) -> str | None:
        return self.engine.execute(line)

    def error(self) -> int:
        """Return the code of the oldest error and empty the queue."""
        reply = self("SYST:ERR?")
        assert reply is not None
        self("*CLS")
        return int(reply.partition(",")[0])


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.mark.parametrize(
    "header",
    [
        "SOURce:VOLTage:LEVel:IMMediate",
        "VOLT",
        "volt",
        "sour:volt",
        ":VOLTage",
        "VOLT:LEV",
        "Volt:Imm",
        "SOUR:VOLT:IMM",
    ],
)
def test_every_spelling_of_a_header_reaches_the_same_setting(bench: Bench, header: str) -> None:
    assert bench(f"{header} 12.5") is None
    assert bench(f"{header}?") == "1.2500E+01"
    assert bench.error() == 0


@pytest.mark.parametrize("header", ["VOLTA", "VOL", "VOLT2", "SOUR", "LEV", "VOLT:VOLT", "*FOO", "MEAS:VOLT", "STOP?"])
def test_a_header_that_is_neither_short_nor_long_form_is_undefined(bench: Bench, header: str) -> None:
    assert bench(header) is None
    assert bench.error() == -113


def test_a_relative_header_starts_where_the_last_one_ended(bench: Bench) -> None:
    assert bench("MEAS:VOLT?;CURR?") == "230;1"
    assert bench("MEAS:VOLT?;*OPC?;CURR?") == "230;1;1"
    assert bench("MEAS:VOLT?;:VOLT?") == "230;1.0000E+00"
    assert bench.error() == 0
    assert bench("MEAS:VOLT?;SHAP?") == "230"
    assert bench.error() == -113


def test_the_path_begins_at_the_root_on_each_line(bench: Bench) -> None:
    bench("MEAS:VOLT?")
    assert bench("CURR?") is None
    assert bench.error() == -113


def test_a_wrong_unit_does_not_stop_the_rest_of_the_line(bench: Bench) -> None:
    assert bench("*ESE 1;VOLT 999;FOO;*OPC;*OPC?") == "1"
    assert bench("*STB?") == str(32 + 4)
    assert bench("SYST:ERR?;ERR?;ERR?") == '-222,"Data out of range";-113,"Undefined header;FOO";0,"No error"'


def test_numeric_suffixes_select_and_are_checked(bench: Bench) -> None:
    bench("VIEW:PAGE2:CELL10 7;CELL 3")
    assert bench.calls == [(2, 10, 7), (2, 1, 3)]
    assert bench("CHAN1:DATA?") == bench("CHANNEL:DATA?") == "42"
    assert bench.error() == 0
    for line in ("CHAN2:DATA?", "CHAN0:DATA?", "VIEW:PAGE9:CELL1 1", "CHAN99999999:DATA?"):
        assert bench(line) is None
        assert bench.error() == -114


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("VOLT", -109),
        ("VOLT 1,2", -108),
        ("STOP 1", -108),
        ("*IDN? 1", -108),
        ("VOLT abc", -104),
        ("VOLT ''", -158),
        ("VOLT ,", -108),
        ("VOLT 301", -222),
        ("VOLT -0.1", -222),
        ("VOLT 1e999", -222),
        ("VOLT 5 A", -131),
        ("VOLT 5 XV", -131),
        ("VOLT? 5", -224),
        ("SHAP TRI", -224),
        ("OUTP maybe", -104),
        ("LIST ONE,TWO,ONE,TWO", -223),
        ("LIST ONE,,TWO", -224),
        ("TEXT abc", -104),
        ("TEXT 'abcdef'", -223),
        ("TEXT 'abc", -151),
        ("*ESE 256", -222),
        ("*ESE 1e999", -222),
        ("VOLT::LEV 1", -102),
        ("?", -102),
        ("VOLT\x00 1", -101),
        ("VOLT ½", -101),
        ("VOLT " + "1" * 5000, -363),
    ],
)
def test_each_mistake_has_its_error_number(bench: Bench, line: str, code: int) -> None:
    assert bench(line) is None
    assert bench.error() == code
    assert bench.settings == Settings()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", 12.0),
        ("+1.5e1", 15.0),
        (".5", 0.5),
        ("3.", 3.0),
        ("250mV", 0.25),
        ("0.1 kV", 100.0),
        ("MIN", 0.0),
        ("maximum", 300.0),
        ("DEF", 1.0),
    ],
)
def test_numbers_are_read_with_exponent_suffix_and_name(bench: Bench, text: str, value: float) -> None:
    bench(f"VOLT {text}")
    assert bench.error() == 0
    assert bench.settings.level == pytest.approx(value)


def test_a_query_tells_the_limits_of_a_number(bench: Bench) -> None:
    assert bench("VOLT? MIN;VOLT? MAX;VOLT?") == "0.0000E+00;3.0000E+02;1.0000E+00"


@pytest.mark.parametrize(("text", "on"), [("ON", True), ("off", False), ("1", True), ("0", False), ("0.4", False)])
def test_booleans_are_words_or_numbers(bench: Bench, text: str, on: bool) -> None:
    bench.settings.on = not on
    bench(f"OUTP {text}")
    assert bench("OUTP:STAT?") == str(int(on))


def test_names_are_answered_in_short_form(bench: Bench) -> None:
    bench("SHAPE square")
    assert bench("SHAP?") == "SQU"


def test_separators_inside_quotes_separate_nothing(bench: Bench) -> None:
    bench("TEXT 'a;,b';TEXT \"it's\"")
    assert bench.calls == ["a;,b", "it's"]
    assert bench.error() == 0


def test_blank_units_and_line_ends_do_nothing(bench: Bench) -> None:
    assert bench("") is None
    assert bench(" ; ;") is None
    assert bench("*IDN?\r") == "Maker,Model,1,2"
    assert bench.error() == 0


# --- status ----------------------------------------------------------------------------------------------------


def test_power_on_is_told_once() -> None:
    bench = Bench()
    bench.engine.status.power_on()
    assert bench("*ESR?;*ESR?") == "128;0"


def test_synchronisation_by_polling_ends_as_the_makers_client_expects(bench: Bench) -> None:
    assert bench("*ESE 1") is None
    assert bench("*STB?") == "0"
    assert bench("VOLT 5;*OPC") is None
    assert bench("*STB?") == "32"
    assert bench("*ESR?") == "1"
    assert bench("*STB?") == "0"


def test_enabled_summary_bits_request_service(bench: Bench) -> None:
    bench("*CLS;*ESE 61;*SRE 40")
    assert bench("*ESE?;*SRE?") == "61;40"
    bench("FOO")
    assert bench("*STB?") == str(64 + 32 + 4)
    assert bench("*ESR?") == "32"
    assert bench("*STB?") == "4"


def test_the_master_summary_cannot_be_enabled(bench: Bench) -> None:
    bench("*SRE 255")
    assert bench("*SRE?") == "191"


@pytest.mark.parametrize(("line", "bit"), [("FOO", 32), ("VOLT 999", 16), ("*OPC", 1)])
def test_each_class_of_event_has_its_bit(bench: Bench, line: str, bit: int) -> None:
    bench(line)
    assert bench("*ESR?") == str(bit)


def test_clear_status_keeps_the_enable_registers(bench: Bench) -> None:
    bench("*ESE 32;*SRE 32;FOO;*CLS")
    assert bench("*ESE?;*SRE?;*ESR?;*STB?;SYST:ERR?") == '32;32;0;0;0,"No error"'


def test_reset_keeps_status_and_queue(bench: Bench) -> None:
    bench("*ESE 32;VOLT 5;FOO;*RST")
    assert bench.settings == Settings()
    assert bench("*ESE?;*ESR?") == "32;32"
    assert bench("SYSTEM:ERROR:NEXT?") == '-113,"Undefined header;FOO"'


def test_a_full_queue_keeps_the_oldest_and_says_that_it_overflowed(bench: Bench) -> None:
    for number in range(QUEUE_LENGTH + 5):
        bench(f"FOO{number}")
    replies = [bench("SYST:ERR?") for _ in range(QUEUE_LENGTH + 1)]
    assert replies[0] == '-113,"Undefined header;FOO0"'
    assert replies[-2:] == ['-350,"Queue overflow"', '0,"No error"']


# --- invariants ------------------------------------------------------------------------------------------------

WORDS = st.sampled_from(
    ["*IDN?", "*RST", "*ESE", "VOLT", "SOUR", ":", ";", ",", "?", " ", "1", "1e9", "MAX", "'", '"', "LIST", "ONE", "\t"]
)
LINES = st.one_of(st.text(max_size=60), st.lists(WORDS, max_size=12).map("".join))


@given(st.lists(LINES, max_size=20))
def test_no_line_ever_raises_and_every_failure_is_in_the_queue(lines: list[str]) -> None:
    bench = Bench()
    for line in lines:
        bench("*CLS")
        reply = bench(line)
        assert reply is None or "\n" not in reply
        # an event bit of an error class is set exactly if the queue holds something
        status = bench("*ESR?;:SYST:ERR?")
        assert status is not None
        events, _, entry = status.partition(";")
        if "*RST" not in line and "*ESR" not in line.upper():
            assert bool(int(events) & 0b111100) == (not entry.startswith("0,"))


@given(st.lists(LINES, max_size=20))
def test_reset_after_anything_equals_power_on(lines: list[str]) -> None:
    bench = Bench()
    for line in lines:
        bench(line)
    bench("*RST")
    assert bench.settings == Settings()


def test_memory_stays_bounded_whatever_a_client_sends(bench: Bench) -> None:
    for number in range(3 * KEPT_LINES):
        bench(f"VOLT {number / 10}")
        bench("X" * 300 + str(number))
    assert len(bench.engine._programs) <= KEPT_LINES
    assert all(len(line) <= 256 for line in bench.engine._programs)


def test_a_kept_line_answers_as_at_first(bench: Bench) -> None:
    assert [bench("VOLT?;FOO") for _ in range(3)] == ["1.0000E+00"] * 3
    assert bench("SYST:ERR?;ERR?;ERR?;ERR?") == ";".join(['-113,"Undefined header;FOO"'] * 3 + ['0,"No error"'])
