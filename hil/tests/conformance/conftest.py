from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing

import pytest

from hil.rig.virtual.process import VirtualBenchProcess
from hil.tests.conformance.benches import Bench, Make


@pytest.fixture
def make() -> Iterator[Make]:
    """Start virtual benches with these dialects by role, and these plugs and PTYs."""
    with ExitStack() as stack:

        def start(plugs: Mapping[str, str] | None = None, *, serial: Sequence[str] = (), **instruments: str) -> Bench:
            bench = VirtualBenchProcess(instruments=instruments, serial=serial)
            process = stack.enter_context(closing(bench))
            made = Bench(process, plugs or {})
            made.reset()
            return made

        yield start
