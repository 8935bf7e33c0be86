"""The virtual bench as seen by the rig: the control port that moves its time."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeGuard

import orjson

from hil.clock import stopwatch
from hil.errors import DeviceFailed, RigFault
from hil.interrupts import hold, release
from hil.ports import PipelinedMeter

if TYPE_CHECKING:
    from hil.ports import Meter

CONTROL_TIMEOUT_S = 20.0
"""Longest wall time for one answer. An advance does a few milliseconds of work."""

QUESTION_TIMEOUT_S = 4.0
"""The same where time is the wall clock's and a scenario runs: less than a rig's usual ``limits.heartbeat``, so that
the watchdog does not take a bench that cannot be reached for a test process that hangs."""


class VirtualBenchClient:
    """Holds the control port of a bench that listens; a bench has one controller at a time.

    Implements :class:`hil.rig.virtual.lockstep_clock.SchedulingControl`. The meter can be asked ahead.

    :param ports: by name; ``control`` and ``meter`` are used here.
    :raises RigFault: nothing listens there.
    """

    def __init__(self, address: str, ports: Mapping[str, int]) -> None:
        self.address = address
        self.ports = ports
        self.terminals: Mapping[str, str] = {}
        """Paths of the PTYs of instruments and lines, by name."""
        try:
            self._control = socket.create_connection((address, ports["control"]), timeout=CONTROL_TIMEOUT_S)
        except OSError as error:
            raise RigFault(
                f"its control port does not answer ({error})",
                place=f"virtual bench {address}:{ports['control']}",
                remedy="See whether its program runs.",
            ) from error
        self._control.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # the kernel keeps the deadline: with Python's own each send and each read would begin with a poll
        self._control.settimeout(None)
        self._answer_within(CONTROL_TIMEOUT_S)
        self._unread = b""
        self._gone: RigFault | None = None
        """Why the bench cannot be asked any more: what comes late would be taken for the answer to the next request."""
        self.ledger_touched: Callable[[], int] = lambda: 0
        """Tells how often this side has changed the chain; virtual devices ask their node again only after that."""
        self._ledger_told = 0
        self._patience = 0.0
        self._failures: list[tuple[str, str]] = []
        """Devices whose programs have failed, and how; not raised yet."""

    def advance(
        self, until: float, received: Mapping[str, int], on_idle: Callable[[], None] | None = None
    ) -> tuple[float, Mapping[str, int]]:
        """See :class:`hil.rig.virtual.lockstep_clock.LockstepControl`; raises RigFault if the bench is gone."""
        reply = self._advance(until, received, [], on_idle)
        return reply["now"], reply["sent"]

    def advance_asking(
        self, until: float, received: Mapping[str, int], asked: list[float], on_idle: Callable[[], None] | None = None
    ) -> tuple[float, Mapping[str, int], int]:
        """See :class:`hil.rig.virtual.lockstep_clock.SchedulingControl`; raises RigFault likewise."""
        reply = self._advance(until, received, asked, on_idle)
        return reply["now"], reply["sent"], reply.get("delivered", 0)

    def raise_failure(self) -> None:
        """Raise DeviceFailed if a device's program failed in an advance, RigFault if its machine did; once."""
        failures, self._failures = self._failures, []
        for who, what in failures:
            if who not in ("socket", "cable"):
                raise RigFault(what, place=f"virtual {who}")
        if failures:
            (role, what), *more = failures
            raise DeviceFailed(role, "; ".join([what, *(f"then the {other}: {how}" for other, how in more)]))

    def _advance(
        self,
        until: float,
        received: Mapping[str, int],
        asked: list[float],
        on_idle: Callable[[], None] | None,
    ) -> dict[str, Any]:
        request: dict[str, Any] = {"op": "advance", "until": until}
        if received:
            request["received"] = received
        if asked:
            request["asked"] = asked
        touched = self.ledger_touched()
        if touched != self._ledger_told:
            request["ledger_touched"] = self._ledger_told = touched
        reply = self.ask(request, on_idle)
        self._failures += reply.get("failed", ())
        return reply

    def has(self, meter: Meter) -> TypeGuard[PipelinedMeter]:
        """Tell whether this is the bench's own meter, over TCP, and can be asked ahead."""
        own = f"TCPIP::{self.address}::{self.ports['meter']}::SOCKET"
        return isinstance(meter, PipelinedMeter) and meter.resource == own

    def withdraw(self) -> None:
        """Let what was asked ahead of its time, and has not reached the meter, never reach it."""
        self.ask({"op": "withdraw"})

    def stop_at_edges(self, voltage: float) -> None:
        """Let time stop at the readings after the meter's voltage rose or fell past this (V rms), until a reset."""
        self.ask({"op": "edges", "voltage": voltage})

    def reset(
        self,
        *,
        seed: str,
        plant: Mapping[str, Any],
        devices: Mapping[str, Mapping[str, Any] | None],
        node: Mapping[str, Any] | None,
        view: Mapping[str, Any] | None = None,
        clock: str = "virtual",
        plugs: Mapping[str, str] | None = None,
        programs: Mapping[str, Mapping[str, Any]] | None = None,
        calendars: Sequence[str] = (),
    ) -> None:
        """Begin anew at zero: a plant, devices with these profiles, and the node that the socket asks.

        :param view: another way for the socket to see that node's ledger, see :mod:`hil.rig.chain.electrum`.
        :param clock: ``wall``: time passes by itself from now on, and the devices are processes of their own.
        :param plugs: lines that end in a plug: the line on which what is sent there comes back.
        :param programs: ``command`` and ``folder`` of devices that are programs of their own, by role.
        :param calendars: devices whose calendar can be set, by role.
        """
        self._failures.clear()
        request: dict[str, Any] = {
            "op": "reset",
            "seed": seed,
            "plant": plant,
            "devices": devices,
            "node": node,
            "view": view,
        }
        request |= {} if clock == "virtual" else {"clock": clock}
        request |= {"plugs": plugs} if plugs else {}
        request |= {"calendars": list(calendars)} if calendars else {}
        self._answer_within(CONTROL_TIMEOUT_S)
        self.ask({**request, "programs": programs} if programs else request)
        if clock == "wall":
            self._answer_within(QUESTION_TIMEOUT_S)

    def look_for_faults(self) -> None:
        """Raise DeviceFailed if a device's program failed since the last look; on the wall clock nothing else tells."""
        self._failures += self.ask({"op": "faults"}).get("failed", ())
        self.raise_failure()

    def identities(self) -> dict[str, str]:
        """Return what the programs of the devices say that they are, by role; those that say nothing are left out."""
        told: dict[str, str] = self.ask({"op": "devices"})["identities"]
        return told

    def resources(self) -> dict[str, dict[str, int]]:
        """Return what the devices' programs take of this machine, by role: ``pid``, ``memory_kib``, ``threads``,
        ``descriptors``; those that are no process of their own, or do not run, are left out.
        """
        told: dict[str, dict[str, int]] = self.ask({"op": "resources"})["resources"]
        return told

    def stopped(self) -> dict[str, str]:
        """Return why devices have stopped over a seeded fault of their storage, by role; others are left out."""
        told: dict[str, str] = self.ask({"op": "devices"})["stopped"]
        return told

    def stood_still(self) -> list[tuple[float, float]]:
        """Return for how many seconds its process did not run since the reset, and how long ago that ended."""
        return [(seconds, ago) for seconds, ago in self.ask({"op": "standstills"})["stood_still"]]

    def now(self) -> float:
        """Ask for its present instant in seconds, without moving it."""
        return float(self.ask({"op": "truth"})["now"])

    @property
    def lifeline(self) -> int | None:
        """Descriptor that keeps the bench alive while any process holds it open; None: the bench stands by itself."""
        return None

    def be_patient(self, seconds: float) -> None:
        """Have both sides look this long for what comes next before they sleep."""
        self.ask({"op": "patience", "seconds": seconds})
        self._patience = seconds

    def plug(self, appliance: str) -> None:
        """Put ``toaster``, ``load`` or ``none`` into the cable's outlet."""
        self.ask({"op": "plug", "appliance": appliance})

    def set_mains(self, voltage: float) -> None:
        """Have this voltage (V rms) ahead of K1, K3 and K4 from now on; a reset brings the nominal one back."""
        self.ask({"op": "mains", "voltage": voltage})

    def let_ledger_be_late(self, seconds: float) -> None:
        """Let the ledger's answers reach the socket so many seconds of virtual time after its questions."""
        self.ask({"op": "ledger", "late_s": seconds})

    def ledger_silence(self) -> str:
        """Return why the ledger gave the socket no answer at some time since the last reset; empty if it always did."""
        return str(self.ask({"op": "ledger"})["silence"])

    def seed_fault(self, part: str, fault: str, amount: float = 0.0) -> None:
        """Let a part of the bench fail until it is mended or the bench reset (hil/vbench/control/seeded_faults.py)."""
        self.ask({"op": "fault", "part": part, "fault": fault, "amount": amount})

    def install(self, role: str, *, other: bool) -> None:
        """Put the other firmware on a device, or its first one again; its supply is off."""
        self.ask({"op": "firmware", "role": role, "other": other})

    def move_calendar(self, role: str, seconds: float) -> None:
        """Set the calendar of a device forward by so many seconds; back, if negative."""
        self.ask({"op": "calendar", "role": role, "seconds": seconds})

    def mend(self) -> None:
        """Let every part that was made to fail work again."""
        self.ask({"op": "mend"})

    def line_totals(self) -> dict[str, dict[str, int]]:
        """Return what the bench sent and received on each line since the reset: bytes and CRC-32."""
        totals: dict[str, dict[str, int]] = self.ask({"op": "lines"})["lines"]
        return totals

    def ask(self, request: Mapping[str, Any], on_idle: Callable[[], None] | None = None) -> dict[str, Any]:
        """Send one request, do what ``on_idle`` does, return the reply; RigFault if the bench is gone or refuses."""
        what = str(request["op"])
        hold()
        try:
            self._send(what, orjson.dumps(request))
            try:
                if on_idle is not None:
                    on_idle()
            except BaseException:  # a reply that stays unread would be taken for the next one's
                self._receive(what)
                raise
            line = self._receive(what)
        finally:
            release()
        reply: dict[str, Any] = orjson.loads(line)
        if "error" in reply:
            who = f", {reply['who']}" if "who" in reply else ""
            raise RigFault(reply["error"], place=f"virtual bench{who}")
        return reply

    def _answer_within(self, seconds: float) -> None:
        """Let requests from now on be answered within so many seconds."""
        self._limit = seconds
        for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            self._control.setsockopt(socket.SOL_SOCKET, option, struct.pack("ll", int(seconds), 0))

    def _send(self, what: str, request: bytes) -> None:
        try:
            self._control.sendall(request + b"\n")
        except OSError as error:
            raise self._gone or self._end(f"no answer to '{what}' ({error})") from error

    def _receive(self, what: str) -> bytes:
        """Return the line that answers the request ``what``."""
        try:
            elapsed = stopwatch()
            while b"\n" not in self._unread:
                try:
                    data = self._control.recv(1 << 16, socket.MSG_DONTWAIT if elapsed() < self._patience else 0)
                except BlockingIOError:
                    if elapsed() < self._limit:
                        continue
                    raise
                if not data:
                    raise self._end(f"it closed the control port during '{what}'")
                self._unread += data
        except BlockingIOError as error:
            raise self._end(f"no answer to '{what}' within {self._limit:g} s") from error
        except OSError as error:
            raise self._end(f"no answer to '{what}' ({error})") from error
        line, _, self._unread = self._unread.partition(b"\n")
        return line

    def close(self) -> None:
        """Let go of the control port; idempotent."""
        self._control.close()

    def _end(self, what: str) -> RigFault:
        """Give the connection up; return the error that says why, now and at each request that follows."""
        self._gone = self._lost(what)
        self._control.close()
        return self._gone

    def _lost(self, what: str) -> RigFault:
        return RigFault(what, place=f"virtual bench {self.address}", remedy="See whether its program runs, then rerun.")
