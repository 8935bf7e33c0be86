"""The control port: one controller at a time, JSON lines, and lockstep time (docs/lockstep-time.md).

Requests: ``reset``, ``advance``, ``withdraw``, ``edges``, ``plug``, ``mains``, ``ledger``, ``fault``, ``mend``,
``truth``, ``lines``, ``patience``, ``faults``, ``devices``, ``resources``, ``standstills``. Whatever cannot be done is
answered with ``{"error": …}`` and the bench goes on.
Without a controller that has reset the bench, virtual time follows the wall clock. If the network to the controller is
lost then, the relay board opens its outputs by itself, as the watchdog of a real board does.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from hil.errors import ConfigurationError, nearest
from hil.vbench.control import advance_request as advancing
from hil.vbench.control.advance_request import Advance
from hil.vbench.control.operations import OPERATIONS, Request
from hil.vbench.control.relay_board import RelayBoard
from hil.vbench.control.replies import decode, encode, error, guarded
from hil.vbench.control.seeded_faults import mend, seed
from hil.vbench.control.wall_time import WallFollower
from hil.vbench.io.fast_path import FastLaneLoop
from hil.vbench.io.sockets import ByteProtocol, peer_is_gone
from hil.vbench.model_request import ModelRequest

if TYPE_CHECKING:
    import asyncio

    from hil.vbench.bench import Bench

ACCEPT_TURNS = 5
"""Turns of the event loop that a reset lets pass: a line that was connected before is then surely being served."""

MAX_PATIENCE = 0.01
"""Seconds that a controller may have the bench look for requests without sleeping."""

MAX_LINE = 1 << 20
"""Bytes of one request."""


class ControlPort:
    """Admits one controller and owns the switch between wall time and lockstep time."""

    def __init__(self, bench: Bench, loop: asyncio.AbstractEventLoop) -> None:
        self.bench = bench
        self.loop = loop
        self.follower = WallFollower(bench, loop)
        self._controller: Controller | None = None
        bench.time = self
        self.follower.start()

    def make_protocol(self) -> ByteProtocol:
        """Return the protocol for one more TCP connection."""
        return Controller(self)

    def admit(self, controller: Controller) -> bool:
        """Make it the controller unless a living one is there; tell whether it is."""
        holder = self._controller
        if holder is not None and not peer_is_gone(holder.transport):
            return False
        if holder is not None:
            holder.leave_fast_lane()
            holder.transport.abort()
            self.release(holder)
        self._controller = controller
        return True

    def release(self, controller: Controller, *, unreachable: bool = False) -> None:
        """``controller`` has gone: time follows the wall clock again, and what it made fail works again.

        :param unreachable: its machine did not answer any more, so that no watchdog there can open the relays.
        """
        if self._controller is controller:
            self._controller = None
            controller.give_up()
            if isinstance(self.loop, FastLaneLoop):
                self.loop.fast_lane.patience = 0.0
            self.bench.lockstep = False
            self.bench.instrument_ports["meter"].forget()  # what it announced will not come
            mend(self.bench)
            self.follower.start()
            if unreachable:
                RelayBoard(self.bench).drive(0, [False] * len(self.bench.model.plant.relays))

    def catch_up(self) -> None:
        """See :class:`hil.vbench.bench.TimeOwner`."""
        self.follower.catch_up()

    def lines_complete(self) -> None:
        """See :class:`hil.vbench.bench.TimeOwner`."""
        if self._controller is not None:
            self._controller.go_on()

    def leaves_nothing(self) -> bool:
        """See :class:`hil.vbench.bench.TimeOwner`."""
        return self._controller is not None and self._controller.leaves_nothing()

    def bytes_arrived(self) -> None:
        """See :class:`hil.vbench.bench.TimeOwner`."""
        if self.bench.model.on_the_wall:
            self.follower.catch_up()
        elif self._controller is not None:
            self._controller.go_on()


class Controller(ByteProtocol):
    """One connection to the control port."""

    def __init__(self, port: ControlPort) -> None:
        super().__init__()
        self._port = port
        self._bench = port.bench
        self._admitted = False
        self._buffer = bytearray()
        self._busy = False
        """True while a request waits for its turn or its bytes."""
        self._scheduled = False
        """Whether a request has left work for the loop."""
        self._waiting: Advance | None = None
        self._due = 0.0
        """The loop's time at which what it waits for must have come."""
        self._deadline: asyncio.TimerHandle | None = None
        """Looks whether that is past, once in a while: nearly every request waits for an instant, and none so long."""
        self._operations: dict[str, Callable[[Request], str | None]] = {
            **{name: partial(operation, self._bench) for name, operation in OPERATIONS.items()},
            "advance": self._advance,
            "reset": self._reset,
            "fault": self._seed_fault,
            "patience": self._be_patient,
            "standstills": self._tell_standstills,
        }

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask to be the controller (called by asyncio)."""
        super().connection_made(transport)
        self._admitted = self._port.admit(self)
        if self._admitted:
            # what it announces to be sent on other connections must be known before that is read there
            self.take_fast_lane(self.leaves_nothing, first=True)
        else:
            self._write(error("this bench already has a controller; end that one or start a bench on another address"))
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop being the controller (called by asyncio)."""
        self.leave_fast_lane()
        lost_for = exc or self.error
        self._port.release(self, unreachable=lost_for is not None and not isinstance(lost_for, ConnectionError))

    def leaves_nothing(self) -> bool:
        """Tell whether the loop need not look at what the requests just served have scheduled."""
        scheduled, self._scheduled = self._scheduled, False
        return self._admitted and not scheduled and self._bench.lockstep

    def data_received(self, data: bytes) -> None:
        """Take bytes of requests; serve those that are whole."""
        if not self._admitted:
            return
        self._buffer += data
        self._serve()

    def _serve(self) -> None:
        buffer = self._buffer
        while not self._busy and (end := buffer.find(b"\n")) >= 0:
            line = bytes(buffer[:end])
            del buffer[: end + 1]
            if (reply := self._answer(line)) is not None:
                self._write(reply)
                self._bench.meter.catch_up()
        if len(buffer) > MAX_LINE:
            self._write(error(f"a request is longer than {MAX_LINE} bytes"))
            self.leave_fast_lane()
            self.transport.close()
            self._admitted = False

    def _answer(self, line: bytes) -> str | None:
        """Return the reply, or None if it is still to come."""
        try:
            request = decode(line)
        except ValueError as problem:
            return error(f"not JSON: {problem}")
        if not isinstance(request, dict):
            return error("a request is an object with an 'op'")
        operation = request.get("op")
        if not isinstance(operation, str) or operation not in self._operations:
            return error(f"unknown op {operation!r}{nearest(str(operation), self._operations)}")
        return guarded(self._operations[operation], request)

    def _finish(self, work: Callable[[], str]) -> None:
        """End a request that had to wait, and take up those behind it."""
        self.give_up()
        if (reply := guarded(work)) is not None:
            self._write(reply)
        self._serve()

    def _write(self, reply: str) -> None:
        self.reply(reply.encode() + b"\n")

    # --- operations --------------------------------------------------------------------------------------------

    def _reset(self, request: Request) -> None:
        model = ModelRequest.of(request)
        self._busy = self._scheduled = True
        self._port.loop.call_soon(self._reset_later, model, ACCEPT_TURNS)

    def _reset_later(self, model: ModelRequest, turns: int) -> None:
        if not self._busy:
            return
        if turns:
            self._port.loop.call_soon(self._reset_later, model, turns - 1)
            return
        self._finish(lambda: self._reset_now(model))

    def _reset_now(self, model: ModelRequest) -> str:
        self._bench.reset(model)
        self._bench.lockstep = model.clock == "virtual"
        if self._bench.lockstep:
            self._port.follower.stop()
        else:
            self._port.follower.restart()
        return '{"now":0.0}'

    def _seed_fault(self, request: Request) -> str:
        amount = request.get("amount", 0.0)
        if isinstance(amount, bool) or not isinstance(amount, float | int) or not -1 < amount <= 10:
            raise ConfigurationError("must be a number above -1, at most 10", place="fault.amount")
        seed(self._bench, str(request.get("part")), str(request.get("fault")), float(amount))
        self._scheduled = True  # a connection that it drops is closed by the loop
        return f'{{"now":{self._bench.now()!r}}}'

    def _be_patient(self, request: Request) -> str:
        """How long to look for the next request before sleeping; a controller knows whether that pays."""
        seconds = request.get("seconds")
        if isinstance(seconds, bool) or not isinstance(seconds, float | int) or not 0 <= seconds <= MAX_PATIENCE:
            raise ConfigurationError(f"must be from 0 to {MAX_PATIENCE:g} seconds", place="patience.seconds")
        if isinstance(self._port.loop, FastLaneLoop):
            self._port.loop.fast_lane.patience = float(seconds)
        return f'{{"now":{self._bench.now()!r}}}'

    def _tell_standstills(self, request: Request) -> str:
        """When this process did not run since the reset: seconds, and how long ago that ended, of each time."""
        return encode({"now": self._bench.now(), "stood_still": self._port.follower.stood_still()})

    def _advance(self, request: Request) -> str | None:
        advance = Advance.of(request, self._bench)
        if advance.missing(self._bench) is None:
            return self._run(advance)
        self._busy = True
        self._waiting = advance
        self.come_first(first=False)  # a request that comes now has to wait
        self._due = self._port.loop.time() + advancing.BYTES_DEADLINE
        if self._deadline is None:
            self._await_deadline()
        return None

    def _run(self, advance: Advance) -> str:
        bench = self._bench
        delivered = bench.advance(advance.until, advance.received)
        more = f',"delivered":{delivered}' if delivered else ""
        if failed := bench.take_faults():
            more += f',"failed":{encode(failed)}'
        return f'{{"now":{bench.now()!r},"sent":{bench.sent()}{more}}}'

    # --- waiting for bytes -------------------------------------------------------------------------------------

    def go_on(self) -> None:
        """Take up a waiting ``advance`` if its last byte has arrived."""
        advance = self._waiting
        if advance is not None and advance.missing(self._bench) is None:
            self._finish(lambda: self._run(advance))

    def give_up(self) -> None:
        """Forget a waiting request."""
        self._busy = False
        if self._waiting is not None:
            self._waiting = None
            self.come_first()

    def _await_deadline(self) -> None:
        self._deadline = self._port.loop.call_at(self._due, self._look_at_deadline)
        self._scheduled = True

    def _look_at_deadline(self) -> None:
        self._deadline = None
        if self._waiting is None:
            return
        if self._port.loop.time() < self._due:
            self._await_deadline()
        elif (missing := self._waiting.missing(self._bench)) is not None:
            self._finish(lambda: error(missing))
