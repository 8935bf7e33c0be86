"""``make fuzz``: a million inputs through frame decoder, message decoder and both machines.

Inputs are made from the specification's vectors, by a seed, and so are the same each time. Whatever comes, a decoder
may answer with a payload, a message or its typed error, keep at most one frame, and go on with the next good frame; a
machine may not raise at all. Anything else ends the run with the input in hex.

``python -m hil.fuzz.main [inputs] [seed]``
"""

from __future__ import annotations

import sys
import tracemalloc
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from hil.clock import stopwatch
from hil.errors import HilError
from hil.fuzz.inputs import Generator, corpus
from hil.fuzz.sessions.plans import Plan
from hil.protocol.wire.fields import MessageError
from hil.protocol.wire.framing import MAX_PAYLOAD, FrameDecoder, FrameError, encode_frame, longest_encoded
from hil.protocol.wire.messages import decode_message, encode_message
from hil.rig.config.project import find_project

INPUTS: Final = 1_000_000
PROCESSES: Final = 2
MOST_PENDING: Final = longest_encoded(MAX_PAYLOAD)
"""Bytes that a decoder may keep of a peer: the 4117 of the longest frame (SPEC, "Framing")."""
SESSION_OF_VECTORS: Final = 0x0102030405060708
MOST_MEMORY: Final = 64 * 1024
"""Bytes that handling one input may take at its peak, all objects of Python included, and what follows on top."""
MOST_MEMORY_PER_BYTE: Final = 400
"""The same for each byte of the input: of zeros each ends an empty frame, and makes one error that is reported."""
_MACHINES_EVERY: Final = 20
"""One input in so many also goes to both machines, which cost more than the decoders."""
_FRESH_MACHINES_EVERY: Final = 200
_MEMORY_TRIES: Final = 3
_TRACED: Final = 4000
"""Inputs of each process whose memory is traced, which is slow."""
_GOOD: Final = bytes.fromhex("8407480102030405060708031903e8")


class FuzzFailed(HilError):
    """An input broke a promise; the message holds the input in hex."""


@dataclass
class Findings:
    """How many inputs there were, and what became of what was in them."""

    inputs: int = 0
    results: Counter[str] = field(default_factory=Counter)
    peak_bytes: int = 0
    seconds: float = 0.0

    @property
    def per_second(self) -> float:
        return self.inputs / self.seconds


class Target:
    """Takes inputs as a peer would, holds the promises against them, and counts what became of them."""

    def __init__(self) -> None:
        self.results: Counter[str] = Counter()
        self._decoder = FrameDecoder()
        self._machines: list[tuple[Callable[[bytes, float], object], float]] = []
        self._machine_inputs = 0

    def decode(self, data: bytes) -> None:
        """Feed one input to the decoders, and a good frame behind it."""
        self._judge(data)
        pending = len(self._decoder._pending)
        _promise(pending <= MOST_PENDING, f"the decoder keeps {pending} bytes")
        last = self._decoder.feed(b"\0" + encode_frame(_GOOD))[-1]
        _promise(last == _GOOD, "the link does not go on")

    def _judge(self, data: bytes) -> None:
        errors, frames = self._decoder.errors.total(), self._decoder.frames
        items = self._decoder.feed(data)
        for item in items:
            if isinstance(item, FrameError):
                self.results[f"frame: {item.code.value}"] += 1
                continue
            try:
                message = decode_message(item)
            except MessageError as error:
                self.results[f"message: {error.code.value}"] += 1
            else:
                self.results["message"] += 1
                _promise(encode_message(message) == item, "a message has two encodings")
        counted = self._decoder.errors.total() - errors + self._decoder.frames - frames
        _promise(counted == len(items) == data.count(0), "a frame was not counted")

    def disturb(self, data: bytes) -> None:
        """Feed one input to a socket and a cable in the middle of a session."""
        if self._machine_inputs % _FRESH_MACHINES_EVERY == 0:
            self._machines = _machines(self._machine_inputs // _FRESH_MACHINES_EVERY)
        self._machine_inputs += 1
        for on_bytes, now in self._machines:
            on_bytes(data + b"\0", now)
        self.results["to machines"] += 1


def _machines(turn: int) -> list[tuple[Callable[[bytes, float], object], float]]:
    """Return both machines of a pair, at one of several instants of a session."""
    simulation = Plan().start(turn, first_session=SESSION_OF_VECTORS)
    simulation.run((0.0005, 0.0025, 0.06, 1.0)[turn % 4])
    socket, cable = simulation.socket_machine, simulation.cable_machine
    if socket is None or cable is None:
        raise AssertionError("both devices run without boot time")
    return [(machine.on_bytes, simulation.now) for machine in (socket, cable)]


def fuzz(inputs: int, seed: str, seeds: Sequence[bytes], traced: int = _TRACED) -> Findings:
    """Run ``inputs`` inputs; the first ``traced`` of them under a memory limit. Raises FuzzFailed."""
    target, findings, elapsed = Target(), Findings(inputs), stopwatch()
    tracemalloc.start()
    try:
        for number, data in enumerate(Generator(seeds, seed).inputs(inputs)):
            if number == traced:
                tracemalloc.stop()
            try:
                if number < traced:
                    findings.peak_bytes = max(findings.peak_bytes, _peak_of(target, data))
                else:
                    target.decode(data)
                if number % _MACHINES_EVERY == 0:
                    target.disturb(data)
            except Exception as broken:
                text = f"input {number} of seed {seed}: {type(broken).__name__}: {broken}"
                raise FuzzFailed(f"{text}\n{data.hex()}") from broken
    finally:
        tracemalloc.stop()
    findings.results, findings.seconds = target.results, elapsed()
    return findings


def fuzz_on_all_processors(inputs: int = INPUTS, seed: int = 1, processes: int = PROCESSES) -> Findings:
    """Run ``inputs`` inputs, shared out to processes; raises FuzzFailed."""
    seeds = corpus(find_project(Path.cwd()).root / "fixtures/data/vectors")
    elapsed = stopwatch()
    shares = [inputs * (turn + 1) // processes - inputs * turn // processes for turn in range(processes)]
    with ProcessPoolExecutor(processes) as pool:
        names = [f"{seed}/{turn}" for turn in range(processes)]
        parts = list(pool.map(fuzz, shares, names, [seeds] * processes))
    results = sum((part.results for part in parts), Counter[str]())
    return Findings(inputs, results, max(part.peak_bytes for part in parts), elapsed())


def _peak_of(target: Target, data: bytes) -> int:
    """Return the memory that decoding takes at most; the least of some tries, since other threads are counted too."""
    most = MOST_MEMORY + MOST_MEMORY_PER_BYTE * len(data)
    peaks: list[int] = []
    while len(peaks) < _MEMORY_TRIES and min(peaks, default=most + 1) > most:
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        target.decode(data)
        peaks.append(tracemalloc.get_traced_memory()[1] - before)
    _promise(min(peaks) <= most, f"{len(data)} bytes took {min(peaks)} bytes of memory")
    return min(peaks)


def _promise(kept: bool, otherwise: str) -> None:
    if not kept:
        raise AssertionError(otherwise)


def main(arguments: Sequence[str]) -> int:
    """Fuzz and print what became of the inputs."""
    inputs, seed = (*map(int, arguments), *(INPUTS, 1)[len(arguments) :])
    findings = fuzz_on_all_processors(inputs, seed)
    lines = [f"{count:10} {what}" for what, count in sorted(findings.results.items())]
    lines.append(
        f"{findings.inputs} inputs in {findings.seconds:.1f} s, {findings.per_second:.0f} a second; "
        f"at most {findings.peak_bytes} bytes of memory for one; no exception but the typed ones"
    )
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
