"""A line that waits inside an instrument: what comes behind it, its end, and its client's end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from hil.vbench.io.instrument_port import HANGING, InstrumentPort
from hil.vbench.plant.terminals import Pause
from hil.vbench.scpi.engine import ScpiEngine, action
from hil.vbench.scpi.parameters import Command


@dataclass(eq=False)
class Client:
    answers: list[str] = field(default_factory=list)

    def answer(self, text: str) -> None:
        self.answers.append(text)

    def abort(self) -> None:
        """It has no connection."""


class Waiting:
    """An instrument whose ``WAIT`` and ``WAIT?`` end with ``happened``."""

    def __init__(self) -> None:
        self.happened = False

        def wait(reply: str | None = None) -> None:
            raise Pause(lambda: self.happened, reply)

        self.engine = ScpiEngine(
            {"WAIT": action(wait), "WAIT?": Command(lambda: wait("1")), "NUMBer?": Command(lambda: "5")},
            identity="a,b,c,d",
            reset=lambda: None,
        )
        self.execute = self.engine.execute


@pytest.fixture
def instrument() -> Waiting:
    return Waiting()


@pytest.fixture
def port(instrument: Waiting) -> InstrumentPort:
    return InstrumentPort(instrument, lambda: None)


def test_the_rest_of_the_line_and_the_lines_behind_it_wait(instrument: Waiting, port: InstrumentPort) -> None:
    one, other = Client(), Client()
    port.take(one, "NUMB?;WAIT?;*IDN?")
    port.take(one, "NUMB?")
    port.take(other, "*OPC?")
    port.go_on()
    assert port.waits
    assert one.answers + other.answers == []
    instrument.happened = True
    port.go_on()
    assert (one.answers, other.answers, port.waits) == (["5;1;a,b,c,d", "5"], ["1"], False)


def test_one_line_may_wait_twice(instrument: Waiting, port: InstrumentPort) -> None:
    client = Client()
    port.take(client, "WAIT;NUMB?;WAIT;NUMB?")
    instrument.happened = True
    port.go_on()
    assert client.answers == ["5;5"]


def test_a_client_that_is_gone_lets_the_others_go_on(port: InstrumentPort) -> None:
    gone, other = Client(), Client()
    port.take(gone, "WAIT")
    port.take(gone, "NUMB?")
    port.take(other, "NUMB?")
    port.clear(gone)
    assert (gone.answers, other.answers) == ([], ["5"])


def test_a_client_that_is_gone_leaves_the_wait_of_another(port: InstrumentPort) -> None:
    waiting, gone = Client(), Client()
    port.take(waiting, "WAIT")
    port.take(gone, "NUMB?")
    port.clear(gone)
    assert port.waits


def test_a_serial_poll_is_answered_while_a_line_waits(instrument: Waiting, port: InstrumentPort) -> None:
    port.take(Client(), "*ESE 32;*SRE 32;FOO;WAIT")
    assert port.status_byte() == 0b0110_0100


def test_a_fault_and_its_end_forget_what_waits(instrument: Waiting, port: InstrumentPort) -> None:
    client = Client()
    changes: list[Callable[[], None]] = [lambda: port.fail(HANGING), port.mend]
    for change in changes:
        port.mend()
        port.take(client, "WAIT")
        port.take(client, "NUMB?")
        change()
        assert not port.waits
    port.take(client, "NUMB?")
    assert client.answers == ["5"]


def test_lines_that_came_ahead_of_their_time_wait_too(instrument: Waiting, port: InstrumentPort) -> None:
    client = Client()
    port.connections.add(client)
    port.expect([1.0, 2.0])
    for line in ("WAIT;NUMB?", "*OPC?"):
        port.receive(client, line)
    port.deliver()
    port.deliver()
    port.answer()
    assert client.answers == []
    instrument.happened = True
    port.go_on()
    assert client.answers == ["5", "1"]
