"""Run folders: what is written survives a crash, and nobody changes it unseen."""

from __future__ import annotations

import gzip
import json
import math
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hil.errors import RigFault
from hil.evidence.documents import Event, Json, Kind, Verdict, encode
from hil.evidence.record import RunRecord, read_scenario, scenario_text
from hil.evidence.run_folder.files import MANIFEST_FILE, RUN_FILE, SCENARIOS, slug
from hil.evidence.run_folder.scenario_writer import BATCH, FLUSH_EVERY_S, ScenarioWriter, Unencodable
from hil.evidence.store import RunWriter
from hil.tests.acceptance.commands import poll


def reading(number: int, **host: Json) -> Event:
    return Event(Kind.READING, number / 10, "meter", {"power_W": float(number)}, host=host or None)


def start() -> Event:
    return Event(Kind.START, 0.0, "bench", {"name": "toast ☕"})


def stop(verdict: Verdict = Verdict.PASS) -> Event:
    return Event(Kind.STOP, 99.0, "bench", {"verdict": verdict.value})


def write_run(folder: Path, *, events: list[Event], host: dict[str, Json] | None = None) -> str:
    """Write a run of one scenario; return its evidence digest."""
    run = RunWriter.create(folder, {"seed": "1"}, host or {"folder": str(folder)})
    scenario = run.scenario(1, "One slice")
    for event in events:
        scenario.write(event)
    run.scenario_done(scenario)
    return run.finish(Verdict.PASS)


def _digest_of(folder: Path, events: list[Event]) -> str:
    """Return the digest of a run whose one scenario is called x."""
    run = RunWriter.create(folder, {}, {})
    writer = run.scenario(1, "x")
    for event in events:
        writer.write(event)
    run.scenario_done(writer)
    return run.observations_digest()


def scenario_file(folder: Path) -> Path:
    return next((folder / SCENARIOS).iterdir())


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond ``size`` bytes: to a writer that is a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_run_reads_back_as_it_was_written(tmp_path: Path) -> None:
    events = [start(), *(reading(number) for number in range(3 * BATCH)), stop()]

    digest = write_run(tmp_path / "run", events=events)

    record = RunRecord.load(tmp_path / "run")
    assert record.scenarios[0].events == events
    assert record.scenarios[0].verdict is Verdict.PASS
    assert record.scenarios[0].damage is None
    assert record.document["finished"] is True
    assert record.document["evidence_digest"] == digest
    assert record.altered_files() == []


def test_the_digest_covers_the_events_and_not_the_host(tmp_path: Path) -> None:
    one = write_run(tmp_path / "one", events=[start(), reading(1, wall="10:00"), stop()], host={"port": 1})
    same = write_run(tmp_path / "two", events=[start(), reading(1, wall="11:00"), stop()], host={"port": 2})
    without = write_run(tmp_path / "three", events=[start(), reading(1), stop()])

    assert one == same == without


@pytest.mark.parametrize(
    "events",
    [
        [start(), reading(2), stop()],
        [start(), stop()],
        [start(), reading(1), stop(Verdict.FAIL)],
        [start(), stop(), reading(1)],
        [start(), Event(Kind.READING, 0.1, "meter", {"power_W": 1.0}, before=0.1), stop()],
        [start(), Event(Kind.READING, 0.1, "load", {"power_W": 1.0}), stop()],
    ],
)
def test_the_digest_changes_with_anything_that_was_observed(tmp_path: Path, events: list[Event]) -> None:
    assert write_run(tmp_path / "one", events=[start(), reading(1), stop()]) != write_run(
        tmp_path / "two", events=events
    )


def test_the_digest_does_not_depend_on_the_order_in_which_scenarios_end(tmp_path: Path) -> None:
    digests = []
    for name, order in (("one", [0, 1]), ("two", [1, 0])):
        run = RunWriter.create(tmp_path / name, {}, {})
        writers = [run.scenario(number, "slice") for number in (1, 2)]
        for number, writer in enumerate(writers):
            writer.write(reading(number))
        for number in order:
            run.scenario_done(writers[number])
        digests.append(run.finish(Verdict.PASS))

    assert digests[0] == digests[1]


@given(cut=st.integers(0, 1000))
@settings(max_examples=60)
def test_a_file_cut_off_anywhere_still_reads_up_to_the_cut(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    folder = tmp_path_factory.mktemp("run")
    events = [start(), *(reading(number, wall="ten past ☕") for number in range(20)), stop()]
    write_run(folder / "run", events=events)
    path = scenario_file(folder / "run")
    whole = path.read_bytes()
    path.write_bytes(whole[:cut])

    record = read_scenario(path)

    assert record.events == events[: len(record.events)]
    complete = len(record.events) == len(events)
    assert record.verdict is (Verdict.PASS if complete else Verdict.NOT_RUN)
    assert (record.damage is None) is (cut >= len(whole))


def test_garbage_in_the_middle_ends_the_reading_and_is_told(tmp_path: Path) -> None:
    write_run(tmp_path / "run", events=[start(), reading(1), stop()])
    path = scenario_file(tmp_path / "run")
    lines = scenario_text(path)[0].splitlines()
    path.write_bytes(gzip.compress(b"\n".join([lines[0], b"\xff\x00{", *lines[1:]])))

    record = read_scenario(path)

    assert record.events == [start()]
    assert record.damage == "line 2 is no event (JSONDecodeError)"


def test_an_empty_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "0001-x.jsonl"
    path.touch()

    assert read_scenario(path).damage == "the file is empty"


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("1267650600228229401496703205376", 2**100),
        ("[1, -18446744073709551617]", [1, -(2**64) - 1]),
        ("-9223372036854775809", -(2**63) - 1),
        ("Infinity", math.inf),
        ("1e400", math.inf),
        ('"half a pair \\ud83d"', "half a pair \ud83d"),
        ('"a digit 1234567890123456789012"', "a digit 1234567890123456789012"),
    ],
)
def test_foreign_evidence_is_read_as_it_is_written(tmp_path: Path, value: str, read: object) -> None:
    path = tmp_path / "0001-x.jsonl"
    path.write_bytes(
        encode(start().canonical()) + b"\n" + encode(stop().canonical()).replace(b'"pass"', value.encode())
    )

    scenario = read_scenario(path)

    assert scenario.damage is None
    assert scenario.events[1].data["verdict"] == read
    assert type(scenario.events[1].data["verdict"]) is type(read)


@pytest.mark.parametrize(
    ("line", "error"),
    [
        (b"3", "TypeError"),
        (b'"text"', "TypeError"),
        (b"{}", "KeyError"),
        (
            b'{"bounds":[0,0],"clock":"virtual","data":{},"kind":"stop","source":"bench","t":1%s}' % (b"0" * 400),
            "OverflowError",
        ),
        (b'{"bounds":[0,0],"clock":"virtual","data":{},"kind":"rumour","source":"bench","t":1}', "ValueError"),
        (b'{"bounds":[0],"clock":"virtual","data":{},"kind":"stop","source":"bench","t":1}', "TypeError"),
        (b"[" * 100_000, "RecursionError"),
        (b"\xff", "JSONDecodeError"),
    ],
)
def test_a_line_that_is_no_event_ends_the_reading_and_its_error_is_told(
    tmp_path: Path, line: bytes, error: str
) -> None:
    path = tmp_path / "0001-x.jsonl"
    path.write_bytes(encode(start().canonical()) + b"\n" + line + b"\n" + encode(stop().canonical()) + b"\n")

    scenario = read_scenario(path)

    assert scenario.events == [start()]
    assert scenario.damage == f"line 2 is no event ({error})"


def change(path: Path) -> None:
    path.write_bytes(gzip.compress(scenario_text(path)[0].replace(b"1.0", b"1.1")))


def remove(path: Path) -> None:
    path.unlink()


@pytest.mark.parametrize("tamper", [change, remove])
def test_a_scenario_that_was_altered_or_removed_is_found(tmp_path: Path, tamper: Callable[[Path], None]) -> None:
    folder = tmp_path / "run"
    write_run(folder, events=[start(), reading(1), stop()])
    path = scenario_file(folder)

    tamper(path)

    assert RunRecord.load(folder).altered_files() == [f"{SCENARIOS}/{path.name}"]


def test_an_altered_run_document_is_found(tmp_path: Path) -> None:
    write_run(tmp_path / "run", events=[start(), stop()])
    path = tmp_path / "run" / RUN_FILE

    document = json.loads(path.read_text())
    path.write_text(json.dumps({**document, "verdict": "pass", "seed": "2"}))

    assert RunRecord.load(tmp_path / "run").altered_files() == [RUN_FILE]


def test_a_missing_manifest_is_told(tmp_path: Path) -> None:
    write_run(tmp_path / "run", events=[start(), stop()])
    (tmp_path / "run" / MANIFEST_FILE).unlink()

    assert RunRecord.load(tmp_path / "run").altered_files() == [MANIFEST_FILE]


def test_a_run_that_never_ended_reads_as_not_finished(tmp_path: Path) -> None:
    run = RunWriter.create(tmp_path / "run", {"seed": "1"}, {})
    scenario = run.scenario(1, "slice")
    scenario.write(start())
    for number in range(BATCH + 5):
        scenario.write(reading(number))
    scenario.write(Event(Kind.STEP, 1.0, "bench"))

    record = RunRecord.load(tmp_path / "run")

    assert record.document["finished"] is False
    assert len(record.scenarios[0].events) >= BATCH
    assert record.scenarios[0].verdict is Verdict.NOT_RUN
    scenario.close()


@pytest.mark.parametrize("kind", [Kind.START, Kind.STEP, Kind.VERDICT, Kind.STOP])
def test_the_last_word_of_a_step_or_verdict_is_on_disk_at_once(tmp_path: Path, kind: Kind) -> None:
    writer = ScenarioWriter(tmp_path / "x.jsonl.gz")
    writer.write(reading(1))
    writer.write(Event(kind, 0.0, "bench", {"verdict": "pass"}))

    assert len(read_scenario(writer.path).events) == 2
    writer.close()


def test_what_was_recorded_reaches_the_disk_without_another_event(tmp_path: Path) -> None:
    writer = ScenarioWriter(tmp_path / "x.jsonl.gz")
    for number in range(BATCH - 1):
        writer.write(reading(number))

    poll(lambda: len(read_scenario(writer.path).events) == BATCH - 1, "all readings in the file")
    writer.close()


KILLED = """
import os, signal, sys
from pathlib import Path
from hil.evidence.documents import Event, Kind
from hil.evidence.run_folder.scenario_writer import FLUSH_EVERY_S, ScenarioWriter
from hil.clock import stopwatch
writer, watch, number = ScenarioWriter(Path(sys.argv[1])), stopwatch(), 0
while (t := watch()) < 10 * FLUSH_EVERY_S:
    writer.write(Event(Kind.READING, float(t), "meter", {"power_W": float(number)}))
    number += 1
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_process_loses_little_of_what_it_recorded(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl.gz"

    code = subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False).returncode

    record = read_scenario(path)
    assert code == -signal.SIGKILL
    assert [event.data["power_W"] for event in record.events] == list(range(len(record.events)))
    assert record.events[-1].t > 5 * FLUSH_EVERY_S
    assert record.verdict is Verdict.NOT_RUN


def test_the_digest_does_not_depend_on_when_events_are_encoded(tmp_path: Path) -> None:
    events = [Event(Kind.READING, number / 10, "meter", {"power_W": number}) for number in range(5)]
    digests = set()
    for eager in (False, True):
        writer = ScenarioWriter(tmp_path / f"{eager}.jsonl.gz")
        for event in events:
            writer.write(event)
            if eager:
                writer.encode_waiting()
        digests.add((writer.close(), scenario_text(writer.path)[0]))

    assert len(digests) == 1


def test_a_disk_that_takes_no_more_is_a_rig_fault_that_names_the_file(tmp_path: Path) -> None:
    writer = ScenarioWriter(tmp_path / "x.jsonl.gz")

    def fill() -> None:
        for number in range(10 * BATCH):
            writer.write(reading(number))

    with room_for(4096), pytest.raises(RigFault, match=r"x\.jsonl\.gz: evidence cannot be written") as caught:
        fill()

    assert caught.value.remedy
    writer.close()


def test_a_disk_that_is_full_when_it_is_flushed_is_told_with_the_next_event(tmp_path: Path) -> None:
    writer = ScenarioWriter(tmp_path / "x.jsonl.gz")
    with room_for(0):
        writer.write(reading(1))
        poll(lambda: writer._refused, "the flush was refused")
        with pytest.raises(RigFault, match="evidence cannot be written"):
            writer.write(reading(2))
    writer.write(reading(3))
    writer.close()

    assert [event.t for event in read_scenario(writer.path).events] == [0.1, 0.2, 0.3]


@pytest.mark.parametrize(
    "data",
    [
        {"high": math.inf},
        {"low": [0.0, {"high": math.nan}]},
        {"count": 2**70},
        {"text": "half a pair \ud83d"},
        {"bytes": b"x"},
        {"what": object()},
        {1: 1.0},
    ],
)
@pytest.mark.parametrize("kind", [Kind.READING, Kind.FRAME, Kind.VERDICT, Kind.STOP])
def test_an_event_that_cannot_be_encoded_is_refused_and_those_after_it_are_written(
    tmp_path: Path, kind: Kind, data: Any
) -> None:
    run = RunWriter.create(tmp_path / "run", {}, {})
    writer = run.scenario(1, "x")
    wanted = [start(), reading(1), reading(2)]
    for event in wanted:
        writer.write(event)

    with pytest.raises(Unencodable, match=f"the event '{kind}' of meter at 1 s cannot be written down"):
        writer.write(Event(kind, 1.0, "meter", data))
    for event in (more := [reading(3), stop()]):
        writer.write(event)
    run.scenario_done(writer)

    assert writer.events == wanted + more
    assert read_scenario(writer.path).events == wanted + more
    assert run.observations_digest() == _digest_of(tmp_path / "other", wanted + more)


@pytest.mark.parametrize("bad", [math.inf, -math.inf, math.nan])
@pytest.mark.parametrize("where", ["power_W", "t", "before", "after", "host"])
def test_a_reading_that_is_no_number_is_refused_when_it_is_written_and_not_when_it_reaches_the_disk(
    tmp_path: Path, bad: float, where: str
) -> None:
    writer = ScenarioWriter(tmp_path / "x.jsonl.gz")
    for number in range(3):
        writer.write(reading(number))
    event = Event(
        Kind.READING,
        bad if where == "t" else 1.0,
        "meter",
        {"power_W": bad if where == "power_W" else 1.0},
        before=bad if where == "before" else 0.0,
        after=bad if where == "after" else 0.0,
        host={"wall": bad} if where == "host" else None,
    )

    with pytest.raises(Unencodable):
        writer.write(event)
    writer.close()

    assert [event.t for event in read_scenario(writer.path).events] == [0.0, 0.1, 0.2]


def test_what_a_full_disk_did_not_take_follows_when_there_is_room_again(tmp_path: Path) -> None:
    writer = ScenarioWriter(tmp_path / "x.jsonl.gz")
    writer.write(start())
    console = [Event(Kind.CONSOLE, 1.0, "socket", {"text": f"{number * 7919} amperes"}) for number in range(BATCH)]

    def fill() -> None:
        for event in [*console, start()]:
            writer.write(event)

    with room_for(writer.path.stat().st_size + 1000), pytest.raises(RigFault, match="evidence cannot be written"):
        fill()
    kept = read_scenario(writer.path)
    assert kept.damage is not None
    assert kept.events == [start(), *console][: len(kept.events)]
    assert len(kept.events) > 10
    writer.write(stop())
    writer.close()

    record = read_scenario(writer.path)
    assert record.damage is None
    assert record.events == writer.events
    assert record.events[-1] == stop()


def test_a_run_folder_that_is_removed_while_the_run_goes_on_is_the_laboratorys_fault(tmp_path: Path) -> None:
    run = RunWriter.create(tmp_path / "run", {}, {})
    writer = run.scenario(1, "x")
    writer.write(start())
    shutil.rmtree(tmp_path / "run")

    with pytest.raises(RigFault, match="removed while it was written"):
        writer.write(stop())
    with pytest.raises(RigFault, match="evidence cannot be written"):
        run.scenario(2, "y")
    with pytest.raises(RigFault, match="evidence cannot be written"):
        run.finish(Verdict.PASS)
    with pytest.raises(RigFault):
        writer.close()


def test_a_run_folder_is_never_written_over(tmp_path: Path) -> None:
    write_run(tmp_path / "run", events=[start(), stop()])

    with pytest.raises(RigFault, match="File exists"):
        RunWriter.create(tmp_path / "run", {}, {})


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("One slice, sold by the socket", "one-slice-sold-by-the-socket"),
        ("../../etc/passwd", "etc-passwd"),
        ("☕", "scenario"),
        ("x" * 200, "x" * 60),
    ],
)
def test_a_scenario_name_becomes_a_harmless_file_name(name: str, file: str) -> None:
    assert slug(name) == file


def test_a_folder_without_run_document_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        RunRecord.load(tmp_path)
    (tmp_path / RUN_FILE).write_text("{")
    with pytest.raises(ValueError, match="Expecting"):
        RunRecord.load(tmp_path)


def test_documents_hold_what_the_run_is_given(tmp_path: Path) -> None:
    write_run(tmp_path / "run", events=[stop()], host={"wall_s": 1.5})

    document: dict[str, Any] = json.loads((tmp_path / "run" / RUN_FILE).read_text())

    assert document["host"] == {"wall_s": 1.5}
    assert document["seed"] == "1"
    assert document["verdict"] == "pass"
