"""A line behind ser2net, over RFC 2217; collected only where that is installed."""

from __future__ import annotations

from hil.tests.acceptance.commands import Finished


def test_a_line_over_rfc_2217_conforms_as_every_other_does(serial_server: Finished) -> None:
    assert serial_server.code == 0, serial_server.said
    lines = [line.split(maxsplit=3) for line in serial_server.said.splitlines() if line.startswith("line socket-link")]
    assert ["line", "socket-link", "ok", "loops back"] in lines
    assert ["line", "socket-link", "conformance", "ok     7 of 7 checks"] in lines
