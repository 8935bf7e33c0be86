"""``hil device socket`` and ``hil device cable``: a reference device in real time on this machine's hardware."""

from __future__ import annotations

import contextlib
import logging
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hil.chain.client.rpc import RpcClient
from hil.chain.views.full_node import NodeView
from hil.clock import WallClock
from hil.devices.board import Board
from hil.devices.firmware.factory import build
from hil.devices.hardware.contacts import GpioRelay, ModbusCoil, NoContact
from hil.devices.hardware.pzem004t import POLL_S, on_serial, on_tcp
from hil.devices.hardware.serial_link import SerialLink
from hil.devices.host.console import StructuredConsole, open_sink
from hil.devices.host.files import LEDGER_VARIABLE, read_ledger, read_profile
from hil.devices.host.loop import RealTimeHost
from hil.devices.storage.account_store import AccountStore
from hil.devices.storage.file_storage import FileStorage
from hil.devices.storage.secret_files import read_passphrase
from hil.errors import ConfigurationError, ExitCode, nearest
from hil.protocol.policy import Policy

if TYPE_CHECKING:
    from collections.abc import Callable

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
    passphrase_file: str | None = None


def run_device(options: DeviceOptions) -> ExitCode:
    """Run the device until it is told to end; return its exit code.

    Raises ConfigurationError if an option or a file is wrong, RigFault if a part of the hardware cannot be opened;
    nothing was switched then.
    """
    role = options.role
    profile = read_profile(role, options.profile)
    contact_of = _contact(options.relay)
    meter_of = _meter(options.meter, behind_contact=role == "cable")
    logging.getLogger("pymodbus.logging").setLevel(logging.CRITICAL)  # our own errors tell it, and better
    endpoint = read_ledger(options.ledger) if role == "socket" else None
    if role == "socket" and endpoint is None:
        raise ConfigurationError(
            "a socket needs a view of the ledger", place="--ledger", remedy=f"Name a file, or set {LEDGER_VARIABLE}."
        )
    clock = WallClock()
    with contextlib.ExitStack() as stack:
        storage = stack.enter_context(FileStorage(Path(options.storage)))
        if "account" not in profile:
            passphrase = read_passphrase(options.passphrase_file)
            profile["account"] = AccountStore(storage).open_or_create(passphrase).hex()
        console = StructuredConsole(role, open_sink(options.console), clock.now)
        contact = contact_of()
        stack.callback(contact.close)
        link = SerialLink(options.link)
        stack.callback(link.close)
        meter = meter_of(clock.now)
        stack.callback(meter.close)
        ledger = None
        if endpoint is not None:
            # nothing else is served while a call lasts
            client = RpcClient(endpoint, timeout=Policy().ledger_answer_s)
            stack.callback(client.close)
            ledger = NodeView(client)
        board = Board(link, console, contact, meter, storage, ledger, os.urandom)
        host = RealTimeHost(
            build(role, profile, board),
            clock=clock,
            link=link,
            contact=contact,
            meter=meter,
            poll_s=POLL_S,
            console=console,
        )
        return host.run()


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
