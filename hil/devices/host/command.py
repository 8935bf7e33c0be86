"""``hil device socket`` and ``hil device cable``: a reference device in real time on this machine's hardware."""

from __future__ import annotations

import contextlib
import logging
import os
import re
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from hil.chain.views.factory import open_view, view_named
from hil.clock import WallClock
from hil.devices.board import Board
from hil.devices.firmware.factory import build
from hil.devices.hardware.contacts import GpioRelay, ModbusCoil, NoContact
from hil.devices.hardware.pzem004t import POLL_S, ToldSilence, on_serial, on_tcp
from hil.devices.hardware.serial_link import SerialLink
from hil.devices.host.console import PlainConsole, StructuredConsole, open_sink
from hil.devices.host.files import LEDGER_VARIABLE, URLS, VIEW_VARIABLE, read_document, read_ledger, read_profile
from hil.devices.host.loop import RealTimeHost
from hil.devices.lockstep.command import DeviceCommand
from hil.devices.lockstep.program import LockstepProgram
from hil.devices.storage.account_store import AccountStore
from hil.devices.storage.file_storage import FileStorage
from hil.devices.storage.secret_files import read_passphrase
from hil.errors import ConfigurationError, ExitCode, RigFault, nearest
from hil.protocol.policy import Policy

if TYPE_CHECKING:
    from collections.abc import Callable

    from hil.chain.views.servers import OpenView
    from hil.devices.board import Program
    from hil.devices.hardware.contacts import DeviceContact
    from hil.devices.hardware.pzem004t import Pzem004t

_GPIO = re.compile(r"gpio:(\d{1,2})")
_MODBUS = re.compile(r"modbus:([^/\s]+):(\d+)/(\d+)")
_PZEM = re.compile(r"pzem:(/\S+)")
_PZEM_TCP = re.compile(r"pzem\+tcp://([^/\s]+):(\d+)/(\d+)")


@dataclass(frozen=True)
class DeviceOptions:
    """The command line of a device, as texts; see ``hil device socket --help``."""

    role: str
    link: str
    console: str
    relay: str | None
    meter: str
    storage: str
    profile: str
    ledger: str | None
    ledger_view: str | None = None
    """Name of the view; None: what the environment says, else ``node``."""
    passphrase_file: str | None = None
    program: tuple[str, ...] = ()
    """A program that speaks the lockstep device protocol; without one it is the reference firmware."""


def run_device(options: DeviceOptions) -> ExitCode:
    """Run the device until it is told to end; return its exit code.

    Raises ConfigurationError if an option or a file is wrong, RigFault if a part of the hardware cannot be opened;
    nothing was switched then.
    """
    role = options.role
    build_program = _lockstep_program(options) if options.program else _reference_program(options)
    contact_of = _contact(options.relay)
    meter_of = _meter(options.meter, behind_contact=role == "cable")
    logging.getLogger("pymodbus.logging").setLevel(logging.CRITICAL)  # our own errors tell it, and better
    ledger_of = _ledger(options) if role == "socket" else None
    clock = WallClock()
    with contextlib.ExitStack() as stack:
        send = open_sink(options.console)
        console = PlainConsole(send) if options.program else StructuredConsole(role, send, clock.now)
        contact = contact_of()
        stack.callback(contact.close)
        link = SerialLink(options.link)
        stack.callback(link.close)
        meter = meter_of(clock.now)
        stack.callback(meter.close)
        ledger = None if ledger_of is None else ledger_of()
        if ledger is not None:
            stack.callback(ledger.close)
        polled = ToldSilence(meter) if options.program else meter
        host = RealTimeHost(
            build_program(Hardware(console, contact, link, polled, ledger, clock.now), stack),
            clock=clock,
            link=link,
            contact=contact,
            meter=polled,
            poll_s=POLL_S,
            console=console,
        )
        return host.run()


@dataclass(frozen=True)
class Hardware:
    """What of a board is open before its program is built."""

    console: StructuredConsole | PlainConsole
    contact: DeviceContact
    link: SerialLink
    meter: Pzem004t | ToldSilence
    ledger: OpenView | None
    now: Callable[[], float]
    """The present instant in seconds."""


ProgramBuilder: TypeAlias = "Callable[[Hardware, contextlib.ExitStack], Program]"
"""Builds the program on open hardware; what it opens itself is closed with the stack."""


class _OwnRecords:
    """The storage of a program that keeps its records in a folder by itself: nothing passes through here."""

    def read(self, name: str) -> bytes | None:
        """There is no record."""
        return None

    def write(self, name: str, record: bytes) -> None:
        """Refuse: AssertionError."""
        raise AssertionError(f"record {name} of a program that keeps its own")


def _reference_program(options: DeviceOptions) -> ProgramBuilder:
    """Return what builds the reference firmware; raises ConfigurationError for a wrong profile."""
    role, profile = options.role, read_profile(options.role, options.profile)

    def build_program(hardware: Hardware, stack: contextlib.ExitStack) -> Program:
        try:
            storage = stack.enter_context(FileStorage(Path(options.storage)))
        except RigFault as fault:
            hardware.console.write(f"halted: the storage cannot be opened: {fault}\r\n".encode())
            raise
        if "account" not in profile:
            passphrase = read_passphrase(options.passphrase_file)
            profile["account"] = AccountStore(storage).open_or_create(passphrase).hex()
        on = hardware
        return build(role, profile, Board(on.link, on.console, on.contact, on.meter, storage, on.ledger, os.urandom))

    return build_program


def _lockstep_program(options: DeviceOptions) -> ProgramBuilder:
    """Return what builds a program of one's own; its profile may have keys of its own."""
    profile = read_document(options.profile)

    def build_program(hardware: Hardware, stack: contextlib.ExitStack) -> Program:
        storage = Path(options.storage)
        storage.mkdir(mode=0o700, parents=True, exist_ok=True)
        on = hardware
        board = Board(
            on.link,
            on.console,
            on.contact,
            on.meter,
            _OwnRecords(),
            on.ledger,
            os.urandom,
            identify=lambda text: on.console.write(f"identity {text}\r\n".encode()),
        )
        program = LockstepProgram(
            options.role,
            profile,
            board,
            command=DeviceCommand(options.program, Path.cwd()),
            meter=on.meter,
            plugged=lambda: None,
            storage=storage,
            present=on.now,
        )
        stack.callback(lambda: program.power_off(0.0))
        return program

    return build_program


def _ledger(options: DeviceOptions) -> Callable[[], OpenView]:
    """Return what opens the socket's view of the ledger; raises ConfigurationError as ``_contact``."""
    view = options.ledger_view or os.environ.pop(VIEW_VARIABLE, None) or "node"
    try:
        asks = view_named(view).asks
    except ConfigurationError as error:
        raise ConfigurationError(error.what, place=error.place or "--ledger-view", remedy=error.remedy) from None
    server = read_ledger(options.ledger, asks)
    if server is None:
        raise ConfigurationError(
            f"a socket needs a server for its view of the ledger ('{view}': {URLS[asks]})",
            place="--ledger",
            remedy=f"Name a file, or set {LEDGER_VARIABLE}.",
        )
    # nothing else is served while a call lasts
    return partial(open_view, view, replace(server, timeout=Policy().ledger_answer_s))


def _contact(text: str | None) -> Callable[[], DeviceContact]:
    """Return what opens the relay named by ``text``; raises ConfigurationError for a text that names none."""
    if text is None:
        return NoContact
    if found := _GPIO.fullmatch(text):
        pin = int(found[1])
        if pin > 27:
            raise ConfigurationError(f"'{text}': a Raspberry Pi has the pins 0 to 27", place="--relay")
        return lambda: GpioRelay(pin)
    if found := _MODBUS.fullmatch(text):
        host, port, coil = found[1], int(found[2]), int(found[3])
        if not 0 < port < 65536 or coil > 65535:
            raise ConfigurationError(f"'{text}': ports are 1 to 65535, coils 0 to 65535", place="--relay")
        return lambda: ModbusCoil(host, port, coil)
    raise _unknown("--relay", text, ("gpio:PIN", "modbus:HOST:PORT/COIL"))


def _meter(text: str, *, behind_contact: bool) -> Callable[[Callable[[], float]], Pzem004t]:
    """Return what opens the meter named by ``text``, given the clock; raises ConfigurationError as ``_contact``."""
    if found := _PZEM.fullmatch(text):
        path = found[1]
        return lambda now: on_serial(path, now, behind_contact=behind_contact)
    if found := _PZEM_TCP.fullmatch(text):
        host, port, unit = found[1], int(found[2]), int(found[3])
        if not 0 < port < 65536 or not 1 <= unit <= 248:
            raise ConfigurationError(f"'{text}': ports are 1 to 65535, units 1 to 248", place="--meter")
        return lambda now: on_tcp(host, port, unit, now, behind_contact=behind_contact)
    raise _unknown("--meter", text, ("pzem:/PATH", "pzem+tcp://HOST:PORT/UNIT"))


def _unknown(option: str, text: str, forms: tuple[str, ...]) -> ConfigurationError:
    kinds = {re.split(r"[:/]", form)[0]: form for form in forms}
    kind = re.split(r"[:/]", text)[0]
    if kind in kinds:
        return ConfigurationError(f"'{text}' does not have the form {kinds[kind]}", place=option)
    return ConfigurationError(f"'{kind}' is not a kind{nearest(kind, kinds)}", place=option, remedy=", ".join(forms))
