"""``hil live``: the live page of a run, served from its folder by a process of its own."""

from __future__ import annotations

import argparse
import os
import threading
from pathlib import Path
from typing import Any

from hil.cli.laboratory import laboratory, shown
from hil.errors import ConfigurationError, ExitCode

LOOK_EVERY_S = 1.0

NICENESS = 5
"""The page gives way to the run on a busy machine."""


def add_live_command(commands: Any) -> None:
    """Add ``live`` to argparse's ``commands``."""
    text = "serve a page that shows what a run does at this moment"
    live = commands.add_parser("live", help=text, description=f"{text}; Ctrl-C ends it")
    live.add_argument("run", nargs="?", help="run folder (default: the newest, also one that begins later)")
    live.add_argument("--port", type=int, default=0, help="loopback port (default: a free one)")
    live.add_argument(
        "--end-after",
        type=float,
        metavar="SECONDS",
        help="end so long after the run has ended and the last viewer has gone (default: at Ctrl-C only)",
    )
    live.set_defaults(act=_live)


def _live(options: argparse.Namespace, _: list[str]) -> int:
    from hil.evidence.run_folder.files import RUN_FILE
    from hil.live.server import serve

    runs = laboratory().root / "reports/runs"
    run = Path(options.run).resolve() if options.run else None
    if run is not None and not (run / RUN_FILE).is_file():
        what = f"this is no run folder (it has no {RUN_FILE})"
        raise ConfigurationError(what, place=options.run, remedy=f"Run folders are in {shown(runs)}.")
    try:
        page = serve(runs, run, options.port)
    except (OSError, OverflowError) as error:
        raise ConfigurationError(f"cannot be listened on: {error}", place=f"--port {options.port}") from None
    os.nice(NICENESS)
    threading.Thread(target=page.serve_forever, name="web server", daemon=True).start()
    print(f"live page: {page.url}", flush=True)
    never = threading.Event()
    try:
        while not never.wait(LOOK_EVERY_S) and not page.hub.closed:
            if options.end_after is not None and page.hub.unviewed_s() > options.end_after and page.hub.is_over():
                break
    except KeyboardInterrupt:
        pass
    page.hub.close()
    page.shutdown()
    return ExitCode.PASS
