"""Where a rig file says its parts are: addresses that cannot be, and parts that stand for two.

One coil for K1 and K2 would be told as welded contacts after an hour of the bench's time; here it is told at the desk.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from importlib.util import find_spec
from typing import Any, NamedTuple, TypeAlias

from hil.errors import nearest
from hil.rig.config.visa_resource import canonical, host_flaw, port_flaw, visa_flaw
from hil.yaml_file import plain

Keys: TypeAlias = tuple[str | int, ...]
"""What leads to a place in a target."""

Flaw: TypeAlias = tuple[Keys, str]

ARGUMENTS: Mapping[str, tuple[frozenset[str], frozenset[str]]] = {
    "VirtualBench": (frozenset(), frozenset({"name", "address", "clock", "meter", "load", "standing"})),
    "VisaInstrument": (frozenset({"resource"}), frozenset({"name", "backend", "timeout"})),
    "ModbusTCPCoil": (frozenset({"host", "coil"}), frozenset({"name", "invert", "write_multiple_coils"})),
    "NetworkSerialPort": (frozenset({"host", "port"}), frozenset({"name", "speed", "protocol"})),
    "RawSerialPort": (frozenset({"port"}), frozenset({"name", "speed"})),
}
"""Of the resources that rigs are made of: the arguments that each must have, and those that it may have."""

PROTOCOLS = ("raw", "rfc2217")
"""Of a line over TCP."""

MODBUS_PORT = 502
"""Where a board listens unless its address says another port (Modbus messaging on TCP/IP, 4.2)."""

SHORTEST_WAIT_S = 0.1
LONGEST_WAIT_S = 4.0
"""Of an instrument's timeout: the rig counts as unwatched after 5 s without a reading."""

HIGHEST_COIL = 65535
"""Coils of Modbus have 16-bit addresses."""

HOLDERS = ("RemotePlace",)
"""Resources that bring others with them, whose names are not in the file."""


class Part(NamedTuple):
    """A resource or driver: where it stands, its class, and its arguments."""

    keys: Keys
    kind: str
    arguments: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Its name in the file; its kind if it has none."""
        return str(self.arguments.get("name", self.kind))


def parts(target: Mapping[str, Any], section: str) -> list[Part]:
    """Return what stands in a section of the target; its shape has been looked through."""
    listed = target.get(section) or []
    if isinstance(listed, Mapping):
        blocks: list[tuple[Keys, Mapping[str, Any]]] = [((section,), listed)]
    else:
        blocks = [((section, number), entry) for number, entry in enumerate(listed)]
    return [
        Part((*keys, kind), str(kind), _plain(arguments)) for keys, block in blocks for kind, arguments in block.items()
    ]


def _plain(arguments: object) -> Mapping[str, Any]:
    read = plain(arguments)
    return read if isinstance(read, Mapping) else {}


def bound_elsewhere(target: Mapping[str, Any]) -> dict[str, Keys]:
    """Return what drivers of a target bind to and the target does not have, each with the keys that lead to it.

    That is what the place of such a target has to offer. A name that another driver has is taken for that driver.
    """
    drivers = parts(target, "drivers")
    resources = {part.name for part in parts(target, "resources")}
    found: dict[str, Keys] = {}
    for driver in drivers:
        bindings = driver.arguments.get("bindings")
        others = {each.name for each in drivers if each is not driver}
        for key, name in (bindings if isinstance(bindings, Mapping) else {}).items():
            if str(name) not in resources | others:
                found.setdefault(str(name), (*driver.keys, "bindings", key))
    return found


def wrong_addresses(target: Mapping[str, Any]) -> list[Flaw]:
    """Return what is wrong with addresses and bindings of a target, each with the keys that lead to its place."""
    resources, drivers = parts(target, "resources"), parts(target, "drivers")
    found: list[Flaw] = []
    for part in resources:
        found += _wrong_arguments(part)
        for argument, check in CHECKS.get(part.kind, {}).items():
            if argument in part.arguments and (what := check(part.arguments[argument])):
                found.append(((*part.keys, argument), what))
    found += _used_twice(resources)
    found += _wrong_bindings(resources, drivers)
    return [(keys, f"targets.main.{keys[0]}: {what}") for keys, what in found]


def _wrong_arguments(part: Part) -> Iterator[Flaw]:
    required, optional = ARGUMENTS.get(part.kind, (frozenset(), None))
    if optional is None:
        return
    for argument in part.arguments:
        if argument not in required | optional:
            yield (*part.keys, argument), f"a {part.kind} has no '{argument}'{nearest(argument, required | optional)}"
    for argument in sorted(required - part.arguments.keys()):
        yield part.keys, f"the {part.kind} '{part.name}' has no '{argument}'"


def _used_twice(resources: list[Part]) -> Iterator[Flaw]:
    """Yield a flaw for each resource that is the same thing as one before it, under another name."""
    first: dict[tuple[object, ...], Part] = {}
    for part in resources:
        same = first.setdefault(_identity(part), part)
        if same is not part:
            what = f"'{part.name}' and '{same.name}' are both {_address(part)}; each needs one of its own"
            yield part.keys, what


_WHERE = {
    "VisaInstrument": ("resource",),
    "ModbusTCPCoil": ("host", "coil"),
    "NetworkSerialPort": ("host", "port"),
    "RawSerialPort": ("port",),
}
"""Which arguments tell where a resource is; of others all but the name do."""


def _identity(part: Part) -> tuple[object, ...]:
    where = _WHERE.get(part.kind) or sorted(part.arguments.keys() - {"name"})
    if not where:
        return (part.kind, part.name)
    return (part.kind, *((name, _same_words(part.kind, name, str(part.arguments.get(name)))) for name in where))


def _same_words(kind: str, name: str, value: str) -> str:
    """Return the one spelling of an address that may be written in several ways."""
    if kind == "VisaInstrument" and name == "resource":
        return canonical(value)
    words = value if name == "port" else value.casefold()
    if kind == "ModbusTCPCoil" and name == "host" and ":" not in words:
        return f"{words}:{MODBUS_PORT}"
    return words


def _address(part: Part) -> str:
    where = _WHERE.get(part.kind) or sorted(part.arguments.keys() - {"name"})
    return f"{part.kind} {', '.join(f'{name} {part.arguments.get(name)}' for name in where)}"


def _wrong_bindings(resources: list[Part], drivers: list[Part]) -> Iterator[Flaw]:
    """Yield a flaw for what drivers bind to and there is not, and for what two drivers bind to."""
    known = {part.name for part in (*resources, *drivers)}
    complete = not any(part.kind in HOLDERS for part in resources)
    bound: dict[tuple[str, str], tuple[Part, str]] = {}
    for driver in drivers:
        bindings = driver.arguments.get("bindings")
        for key, target in (bindings if isinstance(bindings, Mapping) else {}).items():
            keys = (*driver.keys, "bindings", key)
            if complete and str(target) not in known:
                yield (
                    keys,
                    f"the {driver.kind} '{driver.name}' binds to '{target}', which is not there"
                    + nearest(str(target), known),
                )
                continue
            # a strategy binds one target under each of its keys; the others are bound as the same thing by their key
            group = driver.kind if driver.kind.endswith("Strategy") else key
            other, as_key = bound.setdefault((group, str(target)), (driver, key))
            if (other, as_key) != (driver, key):
                first = f"'{other.name}' as {as_key}"
                yield keys, f"'{target}' is bound twice, by {first} and by '{driver.name}' as {key}"


def _visa(value: object) -> str:
    return visa_flaw(str(value))


BACKENDS = ("py", "ivi", "sim")
"""Of pyvisa: pyvisa-py, the library of an instrument's maker, pyvisa-sim; others are packages ``pyvisa_NAME``."""


def _backend(value: object) -> str:
    found = re.fullmatch(r".*@(\w+)", value) if isinstance(value, str) else None
    if found is not None and (found[1] in BACKENDS or find_spec(f"pyvisa_{found[1]}") is not None):
        return ""
    return f"'{value}' is no VISA backend: @py, @ivi or @sim, after the path of a library or file if need be"


def _timeout(value: object) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool) and SHORTEST_WAIT_S <= value <= LONGEST_WAIT_S:
        return ""
    return f"timeout {value!r} is none: a number of seconds from {SHORTEST_WAIT_S:g} to {LONGEST_WAIT_S:g}"


def _host_and_port(value: object) -> str:
    host, colon, port = str(value).rpartition(":")
    return (host_flaw(host) or port_flaw(port)) if colon else host_flaw(str(value))


def _host(value: object) -> str:
    return host_flaw(str(value))


def _coil(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= HIGHEST_COIL:
        return ""
    return f"coil {value!r} is none of Modbus: 0 to {HIGHEST_COIL}"


def _protocol(value: object) -> str:
    return "" if value in PROTOCOLS else f"'{value}' is no protocol of a line{nearest(str(value), PROTOCOLS)}"


def _speed(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return ""
    return f"speed {value!r} is none: bits a second, above 0"


CHECKS: Mapping[str, Mapping[str, Callable[[object], str]]] = {
    "VisaInstrument": {"resource": _visa, "backend": _backend, "timeout": _timeout},
    "ModbusTCPCoil": {"host": _host_and_port, "coil": _coil},
    "NetworkSerialPort": {"host": _host, "port": port_flaw, "protocol": _protocol, "speed": _speed},
    "RawSerialPort": {"speed": _speed},
}
"""What is looked at, by class and argument; each returns what is wrong, or ``""``."""
