"""The serial port inside labgrid's SerialDriver, made fit for a line."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING, Any

from labgrid.resource import NetworkSerialPort

from hil.links.threaded_port import ThreadedPort

if TYPE_CHECKING:
    from hil.links.serial_line import SerialPort


def port_of(driver: Any) -> SerialPort:
    """Return the driver's port; one over TCP sends each frame at once (pyserial leaves Nagle's delay on).

    One over RFC 2217 gets a descriptor that a selector can watch.
    """
    port: SerialPort = driver.serial
    if isinstance(driver.port, NetworkSerialPort) and driver.port.protocol == "rfc2217":
        return ThreadedPort(driver.serial)
    if isinstance(driver.port, NetworkSerialPort):
        with socket.socket(fileno=os.dup(port.fileno())) as line:
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return port
