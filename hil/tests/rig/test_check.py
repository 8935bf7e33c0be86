"""``hil rig check``: findings about real processes and sockets, all at once."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date
from pathlib import Path

import pytest

from hil.errors import ExitCode, RigFault
from hil.rig.check import Level, TimingLimit, calibration, check_rig, refuse_expired, table
from hil.rig.file import RigFile
from hil.rig.lock import write_lock
from hil.rig_cli import power_limits
from hil.tests.rig.boards import Board, served

ROOT = Path(__file__).parents[3]
TODAY = date(2026, 11, 23)


def rig_file(folder: Path, *changes: tuple[str, str]) -> RigFile:
    text = (ROOT / "rigs/realtime.yaml").read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    (folder / "bench.yaml").write_text(text, encoding="utf-8")
    return RigFile.load(folder / "bench.yaml")


def calibrated(folder: Path, due: str) -> RigFile:
    return rig_file(folder, ("meter: {calibration: 'none: virtual'}", f"meter: {{calibration: 'No. 7', due: '{due}'}}"))


@contextmanager
def echo(*, spoils: bool) -> Iterator[int]:
    """A line with a loop-back plug; one that spoils gives back something else."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with closing(server.accept()[0]) as line:
                while data := line.recv(100):
                    line.sendall(data[::-1] if spoils else data)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        thread.join(5)


@pytest.mark.parametrize(
    ("due", "level", "words"),
    [
        ("2026-11-23", Level.OK, "due 2026-11-23"),
        ("2026-11-22", Level.FAULT, "expired on 2026-11-22"),
        ("soon", Level.FAULT, "'soon' is no date"),
    ],
)
def test_a_calibration_holds_to_the_end_of_its_last_day(tmp_path: Path, due: str, level: Level, words: str) -> None:
    meter, load = calibration(calibrated(tmp_path, due).options, TODAY)
    assert (meter.level, load.level) == (level, Level.NOTE)
    assert words in meter.what


def test_an_expired_calibration_gives_no_acceptance(tmp_path: Path) -> None:
    with pytest.raises(RigFault, match=r"meter calibration: No\. 7.*expired on 2001-01-01"):
        refuse_expired(calibrated(tmp_path, "2001-01-01").options, "bench.yaml")


def test_the_limits_are_those_of_the_features() -> None:
    limits = power_limits([str(ROOT / "features")])
    assert limits[0].seconds == 0.5
    assert "overcharging.feature:" in limits[0].place


def test_all_that_is_wrong_is_found_at_once(tmp_path: Path) -> None:
    limits = [TimingLimit(0.5, "a.feature:3"), TimingLimit(0.2, "a.feature:4")]
    with served(Board(stuck={1})) as board, echo(spoils=False) as whole, echo(spoils=True) as spoiled:
        rig = rig_file(
            tmp_path,
            ("K2, host: !template '$LG_HIL_BENCH:5020'", f"K2, host: '127.0.0.1:{board.port}'"),
            ("host: !template '$LG_HIL_BENCH', port: 7001", f"host: 127.0.0.1, port: {whole}"),
            ("host: !template '$LG_HIL_BENCH', port: 7002", f"host: 127.0.0.1, port: {spoiled}"),
            ("port: 7003", "port: 1"),
            ("'TCPIP::$LG_HIL_BENCH::30000::SOCKET'", "'TCPIP::$LG_HIL_BENCH::5025::SOCKET'"),
            ("    devices:\n", "    loop_back: [socket-link, cable-link]\n    devices:\n"),
        )
        findings = check_rig(rig, limits=limits, node="no such provider", locks=tmp_path / "locks")

    faults = {finding.part: finding for finding in findings if finding.level is Level.FAULT}
    assert set(faults) == {"load", "limit", "relay K2", "line cable-link", "line socket-console", "safe state", "node"}
    assert "is not a load with a driver" in faults["load"].what
    assert "cannot decide a 200 ms limit (a.feature:4) at 10 Hz with this clock bound" in faults["limit"].what
    assert faults["limit"].code is ExitCode.INCONCLUSIVE
    assert "told to close and reads back open" in faults["relay K2"].what
    assert "loop-back: sent" in faults["line cable-link"].what
    fine = {finding.part: finding.what for finding in findings if finding.level is Level.OK}
    assert "firmware 01.403" in fine["meter"]
    assert fine["line socket-link"] == "loops back"
    assert "can decide a 500 ms limit" in fine["limit"]
    assert table(findings).endswith("7 faults")


def test_a_locked_rig_is_looked_at_without_being_switched(tmp_path: Path) -> None:
    rig = rig_file(tmp_path)
    write_lock(tmp_path / "locks", rig, "K1 is welded shut")
    findings = check_rig(rig, limits=[], node="no such provider", locks=tmp_path / "locks")

    assert "K1 is welded shut" in findings[0].what
    assert "relays" in {finding.part for finding in findings}
    assert "relay K1" not in {finding.part for finding in findings}
