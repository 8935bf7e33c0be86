"""``python -m hil.vbench``: the virtual bench as a program of its own.

Prints one line of JSON on stdout when it is ready, and ends quietly on SIGTERM, SIGINT or, with ``--with-parent``,
when its stdin closes.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hil.errors import ConfigurationError, ExitCode, HilError, RigFault
from hil.vbench.bench import Bench
from hil.vbench.instruments.registry import Instruments
from hil.vbench.io.fast_path import FastLaneLoop
from hil.vbench.io.lan import LAN_PORTS
from hil.vbench.model_builder import PROGRAMS, find_factory
from hil.vbench.model_request import LINES, ModelRequest
from hil.vbench.plant.terminals import ElectronicLoadState
from hil.vbench.server import STANDARD_PORTS, Endpoints, start


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the bench until it is told to end; return the exit code (see hil.errors.ExitCode)."""
    options = _parser().parse_args(arguments)
    last_actions: list[Callable[[], None]] = []
    if options.with_parent:
        # A thread, because the loop may be inside a device program when the parent dies.
        threading.Thread(target=_end_with_parent, args=(last_actions,), daemon=True).start()
    try:
        endpoints, model, instruments = _configuration(options)
        with asyncio.Runner(loop_factory=FastLaneLoop) as runner:
            terminals = (*instruments.on_serial, *options.pty)
            runner.run(_serve(endpoints, model, instruments, terminals, options, last_actions))
    except HilError as error:
        sys.stderr.write(f"hil vbench: {error}\n")
        return error.exit_code
    except KeyboardInterrupt:
        pass
    return ExitCode.PASS


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="hil vbench", description="The virtual bench, on loopback.")
    parser.add_argument("--address", help="loopback address to listen on (default 127.0.0.1)")
    parser.add_argument(
        "--port",
        action="append",
        default=[],
        metavar="NAME=PORT",
        help=f"another port than the standard one, 0 for any; names: {', '.join((*STANDARD_PORTS, *LAN_PORTS))}",
    )
    parser.add_argument("--meter", metavar="NAME", help="power meter; hil plugins lists hil.virtual_meters")
    parser.add_argument("--load", metavar="NAME", help="electronic load; hil plugins lists hil.virtual_loads")
    parser.add_argument(
        "--pty",
        action="append",
        default=[],
        choices=("meter", "load", *LINES),
        metavar="NAME",
        help=f"gets a PTY too, see terminals in the ready line; names: meter, load, {', '.join(LINES)}",
    )
    parser.add_argument(
        "--plug",
        action="append",
        default=[],
        metavar="LINE[=LINE]",
        help="what a line ends in while no device is fitted: a loop-back plug, or a crossed cable to another line",
    )
    parser.add_argument(
        "--config", metavar="FILE", help="JSON: address, ports, meter, load, and world (as in a reset request)"
    )
    parser.add_argument("--programs", default=PROGRAMS, metavar="MODULE:CALLABLE", help="factory of device programs")
    parser.add_argument(
        "--lan", action="store_true", help="VXI-11 (portmapper at port 111) and HiSLIP (port 4880) reach them too"
    )
    parser.add_argument(
        "--inst0", choices=("meter", "load"), default="meter", help="which of them inst0 and hislip0 are there"
    )
    parser.add_argument("--with-parent", action="store_true", help="end when stdin closes")
    return parser


def _configuration(options: argparse.Namespace) -> tuple[Endpoints, ModelRequest, Instruments]:
    settings = {} if options.config is None else _read_settings(options.config)
    ports = _as_mapping(settings.get("ports", {}), "ports", options.config)
    for text in options.port:
        name, _, number = text.partition("=")
        ports[name] = int(number) if number.isdecimal() else number
    for name, number in ports.items():
        if type(number) is not int or not 0 <= number <= 65535:
            raise ConfigurationError(f"port '{name}': '{number}' is not a number from 0 to 65535")
    wanted = _as_mapping(settings.get("world", {}), "world", options.config)
    if options.plug:
        wanted["plugs"] = _plugs(options.plug)
    model = ModelRequest.of(wanted)
    address = settings.get("address", Endpoints.address) if options.address is None else options.address
    chosen = {role: getattr(options, role) or settings.get(role) for role in ("meter", "load")}
    instruments = Instruments(**{role: str(name) for role, name in chosen.items() if name is not None})
    return Endpoints(str(address), ports), model, instruments


def _plugs(texts: Sequence[str]) -> dict[str, str]:
    """Return for each line where what it sends comes back, from ``line`` and ``line=line``."""
    plugs: dict[str, str] = {}
    for text in texts:
        one, _, other = text.partition("=")
        plugs |= {one: other or one, (other or one): one}
    return plugs


def _read_settings(path: str) -> dict[str, Any]:
    try:
        settings: object = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"cannot be read as JSON: {error}", place=path) from None
    if isinstance(settings, dict) and not set(settings) - {"address", "ports", "meter", "load", "world"}:
        return settings
    raise ConfigurationError("must be an object of address, ports, meter, load and world", place=path)


def _as_mapping(value: object, name: str, place: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise ConfigurationError(f"'{name}' must be an object", place=place)
    return dict(value)


async def _serve(
    endpoints: Endpoints,
    model: ModelRequest,
    instruments: Instruments,
    terminals: Sequence[str],
    options: argparse.Namespace,
    last_actions: list[Callable[[], None]],
) -> None:
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(_complain)
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    load_state = ElectronicLoadState()
    bench: Bench

    def now() -> float:
        return bench.now()

    meter, load = instruments.build(load_state, now)
    bench = Bench(meter, load, load_state, programs=options.programs, first_model=model)
    find_factory(options.programs)  # imported before anybody waits for an answer
    # what is loaded by now stays for good: no collection need look at it again (it took 35 ms at each reset)
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000)  # events come and go without cycles
    running = await start(bench, endpoints, serial=terminals, lan=options.lan, inst0=options.inst0)
    last_actions.append(bench.abandon)
    ready = {
        "ready": True,
        "address": running.address,
        "ports": {**running.ports, **(running.lan.ports if running.lan else {})},
        "terminals": {name: terminal.path for name, terminal in running.terminals.items()},
    }
    _tell(f"{json.dumps(ready)}\n")
    await ended.wait()
    await running.close()


def _tell(line: str) -> None:
    """Write a line to standard output; raises RigFault if it cannot be written."""
    try:
        os.write(1, line.encode())
    except OSError as error:
        remedy = "Free space, or let it go elsewhere; then rerun."
        raise RigFault(f"it cannot be written ({error.strerror})", place="standard output", remedy=remedy) from None


def _complain(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    sys.stderr.write(f"hil vbench: {context.get('message')}: {context.get('exception')!r}\n")


def _end_with_parent(last_actions: list[Callable[[], None]]) -> None:
    while os.read(0, 4096):
        pass
    for action in last_actions:
        action()
    os._exit(ExitCode.PASS)


if __name__ == "__main__":
    sys.exit(main())
