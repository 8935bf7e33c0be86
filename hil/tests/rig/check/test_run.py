"""``hil rig check``: findings about real processes and sockets, all at once."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date, timedelta
from pathlib import Path

import pytest

from hil.chain.client.rpc import RpcClient
from hil.chain.node.native import NativeNode
from hil.cli.rig import power_limits
from hil.clock import stopwatch, utc_now
from hil.errors import ConfigurationError, ExitCode, RigFault
from hil.rig.check.calibration import calibration, refuse_expired
from hil.rig.check.clocks import Drift, TimingLimit, node_skew, skew
from hil.rig.check.findings import Level, note, table
from hil.rig.check.run import check_rig
from hil.rig.config.rig_file import RigFile
from hil.rig.safety.lock import write_lock
from hil.tests.rig.labgrid.boards import Board, served

ROOT = Path(__file__).parents[4]
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


def load_is(facts: str) -> tuple[str, str]:
    return ("load: {calibration: 'none: virtual'}", f"load: {facts}")


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
    ],
)
def test_a_calibration_holds_to_the_end_of_its_last_day(tmp_path: Path, due: str, level: Level, words: str) -> None:
    meter, load = calibration(calibrated(tmp_path, due), TODAY)
    assert (meter.level, load.level) == (level, Level.NOTE)
    assert words in meter.what


def test_an_expired_calibration_gives_no_acceptance(tmp_path: Path) -> None:
    with pytest.raises(RigFault, match=r"meter calibration: No\. 7.*expired on 2001-01-01"):
        refuse_expired(calibrated(tmp_path, "2001-01-01"))


@pytest.mark.parametrize(
    ("meter", "load", "words"),
    [
        (
            "{calibration: 'No. 7'}",
            "{calibration: 'none: it sets'}",
            "meter calibration: No. 7, U not given; no due date",
        ),
        (
            "{calibration: 'No. 7', due: 2999-01-01, uncertainty: '0.03 %'}",
            "{calibration: 'No. 8', uncertainty: '0.1 % (k = 3)'}",
            "load calibration: No. 8, U 0.1 % (k = 3); no due date",
        ),
        (
            "{calibration: 'none: lost'}",
            "{calibration: 'none: it sets'}",
            r"meter calibration: no certificate (none: lost)",
        ),
    ],
)
def test_a_calibration_of_which_nobody_knows_whether_it_holds_gives_no_acceptance(
    tmp_path: Path, meter: str, load: str, words: str
) -> None:
    rig = rig_file(tmp_path, ("meter: {calibration: 'none: virtual'}", f"meter: {meter}"), load_is(load))
    with pytest.raises(RigFault, match=re.escape(words)):
        refuse_expired(rig)


def test_a_calibration_that_holds_and_a_simulated_bench_give_an_acceptance(tmp_path: Path) -> None:
    refuse_expired(rig_file(tmp_path), virtual=True)
    held = "{calibration: 'No. 7', due: 2999-01-01, uncertainty: '0.03 % + 0.2 W', k: 2}"
    rig = rig_file(tmp_path, ("meter: {calibration: 'none: virtual'}", f"meter: {held}"))
    refuse_expired(rig)
    assert "U 0.03 % + 0.2 W (k = 2)" in calibration(rig, TODAY)[0].what


def test_a_due_date_that_is_no_date_is_the_fault_of_who_wrote_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"bench\.yaml:58:37: .*there is no such day; .*'soon'"):
        refuse_expired(calibrated(tmp_path, "soon"))


def test_the_limits_are_those_of_the_features() -> None:
    limits = power_limits([str(ROOT / "features")], ["hil.steps"])
    assert [limit.seconds for limit in limits] == sorted({limit.seconds for limit in limits})
    (half,) = (limit for limit in limits if limit.seconds == 0.5)
    file, _, line = half.place.rpartition(":")
    assert "within 500 ms" in (ROOT / file).read_text(encoding="utf-8").splitlines()[int(line) - 1]


def test_all_that_is_wrong_is_found_at_once(tmp_path: Path) -> None:
    limits = [TimingLimit(0.5, "a.feature:3"), TimingLimit(0.05, "a.feature:4"), TimingLimit(0.2, "a.feature:5")]
    with served(Board(stuck={1})) as board, echo(spoils=False) as whole, echo(spoils=True) as spoiled:
        rig = rig_file(
            tmp_path,
            ("K2, host: !template '$LG_HIL_BENCH:5020'", f"K2, host: '127.0.0.1:{board.port}'"),
            ("host: !template '$LG_HIL_BENCH', port: 7001", f"host: 127.0.0.1, port: {whole}"),
            ("host: !template '$LG_HIL_BENCH', port: 7002", f"host: 127.0.0.1, port: {spoiled}"),
            ("port: 7003", "port: 1"),
            ("'TCPIP::$LG_HIL_BENCH::30000::SOCKET'", "'TCPIP::${LG_HIL_BENCH}::5025::SOCKET'"),
            ("    devices:\n", "    loop_back: [socket-link, cable-link]\n    devices:\n"),
        )
        findings = check_rig(rig, limits=limits, node="no such provider", locks=tmp_path / "locks")

    faults = {finding.part: finding for finding in findings if finding.level is Level.FAULT}
    assert set(faults) == {"load", "limit", "relay K2", "line cable-link", "line socket-console", "safe state", "node"}
    assert "is not a load with a driver" in faults["load"].what
    assert "cannot decide a 50 ms limit (a.feature:4) at 10 Hz with this clock bound" in faults["limit"].what
    assert faults["limit"].code is ExitCode.INCONCLUSIVE
    assert "told to close and reads back open" in faults["relay K2"].what
    assert "loop-back: sent" in faults["line cable-link"].what
    fine = {finding.part: finding.what for finding in findings if finding.level is Level.OK}
    assert "firmware 01.403" in fine["meter"]
    assert fine["line socket-link"] == "loops back"
    assert "can decide a 500 ms limit" in fine["limit"]
    (vague,) = (finding.what for finding in findings if finding.part == "limit" and finding.level is Level.NOTE)
    assert "might not decide a 200 ms limit (a.feature:5)" in vague
    assert table(findings).endswith("7 faults")


def test_a_locked_rig_is_looked_at_without_being_switched(tmp_path: Path) -> None:
    rig = rig_file(tmp_path)
    write_lock(tmp_path / "locks", rig, "K1 is welded shut")
    findings = check_rig(rig, limits=[], node="no such provider", locks=tmp_path / "locks")

    assert "K1 is welded shut" in findings[0].what
    assert "relays" in {finding.part for finding in findings}
    assert "relay K1" not in {finding.part for finding in findings}


def test_every_part_is_held_against_the_suite_of_its_port_and_the_differences_are_told(tmp_path: Path) -> None:
    with echo(spoils=True) as spoiled:
        rig = rig_file(
            tmp_path,
            ("host: !template '$LG_HIL_BENCH', port: 7003", f"host: 127.0.0.1, port: {spoiled}"),
            (
                "    devices:\n",
                "    loop_back: [socket-console]\n    crossed: [[socket-link, cable-link]]\n    devices:\n",
            ),
            ("    limits:\n", "    limits:\n      load: {power: 1500 W}\n      current: 10 A\n"),
        )
        findings = check_rig(rig, limits=[], node="no such provider", locks=tmp_path / "locks", conforms=True)

    fine = {finding.part: finding.what for finding in findings if finding.level is Level.OK}
    assert fine["load protection"] == "1500 W: armed, read back"
    assert note("load protection", "10 A: left to the load's own rating of 7.826 A") in findings
    assert fine["line socket-link"] == "comes back on cable-link"
    conforming = {part for part in fine if part.endswith(" conformance")}
    parts = ("load", "meter", "relay K1", "relay K2", "relay K3", "relay K4", "line socket-link")
    assert conforming == {f"{part} conformance" for part in parts}
    assert "ms in" in fine["bench clock"]
    wrong = [finding for finding in findings if finding.part == "line socket-console conformance"]
    assert any(finding.what.startswith("every byte comes through unchanged: from byte 0 on") for finding in wrong)
    assert {finding.code for finding in wrong} == {ExitCode.RIG_FAULT}
    skipped = {finding.part for finding in findings if finding.level is Level.NOTE}
    assert "line cable-console conformance" in skipped


def test_a_bench_that_does_not_obey_is_not_switched_for_its_conformance(tmp_path: Path) -> None:
    with served(Board(coils=[False, True, False, False], stuck={1})) as board:
        rig = rig_file(tmp_path, ("K2, host: !template '$LG_HIL_BENCH:5020'", f"K2, host: '127.0.0.1:{board.port}'"))
        findings = check_rig(rig, limits=[], node="no such provider", locks=tmp_path / "locks", conforms=True)

    told = {finding.part: finding.what for finding in findings}
    assert "told to open and reads back closed" in told["relay K2"]
    assert told["relays"] == "none was closed: one does not open"
    assert told["conformance"] == "not tested: first mend the faults of load and relays"
    assert "relay K1" not in told


def test_a_clock_that_is_wrong_is_found_and_one_that_tells_nothing_is_noted() -> None:
    right = skew("node clock", lambda: utc_now().replace(microsecond=0))
    assert right.level is Level.OK
    late = skew("node clock", lambda: utc_now() - timedelta(seconds=60))
    assert late.level is Level.FAULT
    assert late.what.startswith("-60.0 to -59.0 s of this machine's")
    assert skew("node clock", lambda: None).level is Level.NOTE


def test_a_bench_whose_time_runs_fast_is_found() -> None:
    instants = iter([0.0, 1.0])
    assert Drift(lambda: next(instants)).finding().level is Level.FAULT
    elapsed = stopwatch()
    assert Drift(elapsed).finding().level is Level.OK


def test_the_node_tells_its_own_time_whatever_it_takes_for_the_time_of_blocks() -> None:
    with NativeNode() as node:
        client = RpcClient(node.endpoint)
        client.call("setmocktime", 1_500_000_000)
        client.close()
        finding = node_skew(node)
    assert finding.level is Level.OK, finding
