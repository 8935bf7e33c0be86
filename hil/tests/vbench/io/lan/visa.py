"""pyvisa-py, a client of VXI-11 and HiSLIP that shares no code with the bench, opened on a running bench."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pyvisa
from pyvisa.resources import MessageBasedResource

from hil.tests.vbench.bench_kit import Harness


def vxi11(harness: Harness, device: str = "inst0") -> str:
    """Return the resource of an instrument by VXI-11, past the portmapper."""
    return f"TCPIP::{harness.address},{harness.ports['vxi11']}::{device}::INSTR"


def hislip(harness: Harness, device: str = "hislip0") -> str:
    """Return the resource of an instrument by HiSLIP."""
    return f"TCPIP::{harness.address}::{device},{harness.ports['hislip']}::INSTR"


@contextmanager
def opened(resource: str) -> Iterator[MessageBasedResource]:
    """Open a resource with a time-out of 5 s."""
    manager = pyvisa.ResourceManager("@py")
    instrument = manager.open_resource(resource, read_termination="\n", write_termination="\n", timeout=5000)
    assert isinstance(instrument, MessageBasedResource)
    try:
        yield instrument
    finally:
        instrument.close()
