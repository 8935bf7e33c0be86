"""The fast lane serves the controller's connection before the others, also where the kernel told of them alone."""

from __future__ import annotations

import selectors
import socket
import struct
from collections.abc import Iterator

import pytest

from hil.vbench.io.fast_path import FastLaneSelector


@pytest.fixture
def pairs() -> Iterator[list[tuple[socket.socket, socket.socket]]]:
    made = [socket.socketpair() for _ in range(2)]
    yield made
    for pair in made:
        for end in pair:
            end.close()


@pytest.mark.parametrize("noticed_late", [False, True])
def test_what_was_sent_first_to_the_controller_is_served_first(
    pairs: list[tuple[socket.socket, socket.socket]], noticed_late: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    served: list[str] = []
    (control, controller), (meter, client) = pairs
    with FastLaneSelector() as selector:
        for name, end in (("meter", meter), ("control", control)):
            selector.register(end, selectors.EVENT_READ)
            selector.handlers[end.fileno()] = lambda data, name=name: not served.append(name)  # type: ignore[func-returns-value,misc]
        selector.first = control.fileno()
        controller.send(b"advance")
        client.send(b"*IDN?")
        if noticed_late:
            look, rounds = selectors.EpollSelector.select, iter([True])

            def only_meter_at_first(
                self: selectors.EpollSelector, timeout: float | None = None
            ) -> list[tuple[selectors.SelectorKey, int]]:
                ready = look(self, timeout)
                return [event for event in ready if event[0].fd == meter.fileno()] if next(rounds, False) else ready

            monkeypatch.setattr(selectors.EpollSelector, "select", only_meter_at_first)
        selector.select(0.05)
    assert served == ["control", "meter"]


def test_an_error_of_a_connection_is_kept_since_the_kernel_tells_it_only_once() -> None:
    with FastLaneSelector() as selector, socket.create_server(("127.0.0.1", 0)) as server:
        client = socket.create_connection(server.getsockname())
        own, _ = server.accept()
        selector.register(own, selectors.EVENT_READ)
        selector.handlers[own.fileno()] = lambda data: True
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()  # by a reset

        ready = selector.select(5.0)

        assert [key.fd for key, _ in ready] == [own.fileno()]
        assert isinstance(selector.errors[own.fileno()], ConnectionResetError)
        assert own.recv(1) == b""
        own.close()
