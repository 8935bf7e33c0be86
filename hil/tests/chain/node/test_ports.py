"""Ports for the sockets of a node."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from hil.chain.node import ports as network_sockets
from hil.chain.node.ports import free_port, on_host_network


def test_no_port_is_given_again_before_it_can_be_in_use(monkeypatch: pytest.MonkeyPatch) -> None:
    first = free_port()
    numbers = iter([first, first, 40_001, 40_001, 40_002])

    class Repeating(socket.socket):
        """A system that offers the same port again, as it may while nobody listens there."""

        def getsockname(self) -> Any:
            return "127.0.0.1", next(numbers)

    monkeypatch.setattr(network_sockets.socket, "socket", Repeating)  # type: ignore[attr-defined]
    assert [free_port(), free_port()] == [40_001, 40_002]


def test_rpc_notifications_and_peers_have_three_ports() -> None:
    for _ in range(50):
        sockets = on_host_network(peers=True)
        assert len({sockets.rpc, sockets.notifications, sockets.peers}) == 3
