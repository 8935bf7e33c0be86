"""From nothing to a funded node: ours, and side by side with it what others use for the same.

pyln-testing's ``BitcoinD`` (Core Lightning's test bench) runs in an environment of its own, which ``make reference``
sets up: it brings another build of coincurve, which must not replace ours. It starts the same bitcoind as our native
provider, on a disk as it does by default, and its tries take turns with ours. Bitcoin Core's own functional test
framework is part of its source, which no index that this bench may use carries; see docs/decisions.
"""

from __future__ import annotations

import shlex
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from hil.chain.node.folders import cache_folder
from hil.chain.node.native import command_for
from hil.chain.node.snapshot import measure_fresh
from hil.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

TRIES: Final = 9
REFERENCE: Final = "pyln/bin/python"
"""Interpreter with pyln-testing, in the cache folder."""

_TIMEOUT: Final = 120.0
_PROGRAM: Final = """\
import sys, time
from pyln.testing.utils import BitcoinD
began = time.perf_counter()
node = BitcoinD(bitcoin_dir=sys.argv[1])
node.start()
node.generate_block(101)
node.rpc.sendtoaddress(node.rpc.getnewaddress(), 0.001)
node.generate_block(1, wait_for_mempool=1)
seconds = time.perf_counter() - began
node.stop()
print(seconds)
"""
"""What its fixture ``bitcoind`` does, and the same payment that ends our own measurement."""


def measure() -> Mapping[str, Any]:
    """Return the figures for ``reports/perf.json``; null for what this machine does not have."""
    ready: dict[str, float | None] = {}
    reference = []
    for provider in ("native", "docker"):
        try:
            measure_fresh(provider)  # the first one may build the image
            tries = []
            for _ in range(TRIES):
                tries.append(measure_fresh(provider))
                if provider == "native" and (seconds := _pyln()) is not None:
                    reference.append(seconds)
            ready[provider] = round(statistics.median(tries), 4)
        except ConfigurationError as error:
            sys.stderr.write(f"  {provider}: {error}\n")
            ready[provider] = None
    pyln = round(statistics.median(reference), 4) if reference else None
    return {"node_ready_s": ready, "node_ready_reference_s": {"pyln_testing": pyln, "bitcoin_core_framework": None}}


def _pyln() -> float | None:
    """Return the seconds of one try, None without ``make reference``; ConfigurationError if it does not work."""
    python = cache_folder() / REFERENCE
    if not python.is_file():
        return None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "bin")
        path.mkdir()
        for name in ("bitcoind", "bitcoin-cli"):
            program = path / name
            program.write_text(f'#!/bin/sh\nexec {shlex.join(command_for(name)[0])} "$@"\n')
            program.chmod(0o755)
        done = subprocess.run(
            [python, "-c", _PROGRAM, f"{folder}/node"],
            env={"PATH": f"{path}:/usr/bin:/bin", "HOME": folder},
            capture_output=True,
            text=True,
            timeout=_TIMEOUT,
            check=False,
        )
    if done.returncode != 0:
        raise ConfigurationError(f"pyln-testing failed: {done.stderr.strip()[-300:]}", remedy="make reference")
    return float(done.stdout.split()[-1])
