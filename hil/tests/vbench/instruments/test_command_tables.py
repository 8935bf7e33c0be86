"""Each row of the tables of commands, sent to the virtual instrument: what it claims is what happens."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from pydantic import ValidationError

from hil.tests.docs.command_rows import CommandTable, Row, tables
from hil.vbench.instruments.registry import virtual_load, virtual_meter
from hil.vbench.plant.terminals import ElectronicLoadState, MeterSample, Pause

ROWS = [
    pytest.param(dialect, table, row, id=f"{dialect} {row.command} {' ; '.join(row.send)}")
    for dialect, table in tables().items()
    for row in table.commands
]


def instrument(dialect: str, role: str) -> Callable[[str], str | None]:
    """Return what asks an instrument that has been on for a second, with a toaster at its terminals."""
    if role == "meter":
        now = [0.0]
        meter = virtual_meter(dialect)(lambda: now[0])
        meter.power_on("seed")

        def pass_time(seconds: float) -> None:
            for _ in range(round(seconds * 10)):
                now[0] += 0.1
                meter.update(MeterSample(now[0], 0.1, 230.0, 5.65, 1299.5, 50.0))

        def ask(line: str) -> str | None:
            try:
                return meter.execute(line)
            except Pause as pause:
                waiting = pause
            pass_time(1.0)
            return waiting.go_on() if waiting.ended() else None

        pass_time(1.0)
        return ask
    state = ElectronicLoadState()
    load = virtual_load(dialect)(state, lambda: 1.0)
    terminals = (48.0, 3.0, 144.0, 0.0) if state.direct_current else (230.0, 5.65, 1299.5, 50.0)
    state.measured = lambda: terminals
    load.power_on("seed")
    load.update()
    return load.execute


def queue(ask: Callable[[str], str | None], query: str) -> list[int]:
    """Read the error queue empty; return its codes."""
    codes = []
    while code := int(str(ask(query)).partition(",")[0]):
        codes.append(code)
    return codes


@pytest.mark.parametrize(("dialect", "table", "row"), ROWS)
def test_the_virtual_instrument_does_what_the_table_says(dialect: str, table: CommandTable, row: Row) -> None:
    ask = instrument(dialect, table.role)
    for line in ["*CLS", *table.before]:
        ask(line)

    replies = [ask(line) for line in row.send]

    codes = queue(ask, table.error_query)
    if row.status == "supported":
        assert codes == []
        for line, reply in zip(row.send, replies, strict=True):
            assert (reply is not None) == ("?" in line), (line, reply)
        if row.reply is not None:
            assert re.fullmatch(row.reply, replies[-1] or "", re.DOTALL), replies[-1]
    else:
        assert codes == [table.undefined if row.error is None else row.error]
        assert replies[-1] is None


@pytest.mark.parametrize("dialect", tables())
def test_no_line_is_sent_for_two_rows(dialect: str) -> None:
    lines = [tuple(row.send) for row in tables()[dialect].commands]

    assert sorted(lines) == sorted(set(lines))


@pytest.mark.parametrize("dialect", tables())
def test_a_page_that_is_no_number_names_one_of_the_sources(dialect: str) -> None:
    table = tables()[dialect]

    for row in table.commands:
        assert re.match(r"\d", row.page) or row.page.partition(":")[0] in table.sources, row


def test_a_row_without_the_error_that_it_is_refused_with_is_a_mistake() -> None:
    with pytest.raises(ValidationError, match="'refused' does not go with error: None"):
        Row(command="*CAL?", page="6-1", status="refused", send=["*CAL?"])
