"""What the page is told of a run folder: all of it to who comes anew, and what has changed to who was there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hil.evidence.documents import Event, Kind, Verdict
from hil.evidence.repeated import Repeated
from hil.live import folder as live_folder
from hil.live.bench import MOST_POINTS
from hil.live.folder import Presence, is_present, newest_run
from hil.live.model import LOG_LINES, RunModel
from hil.report.html.page import REPORT_FILE
from hil.tests.live.run_folders import HOSTILE, RunInTheMaking, in_the_making, reading


@pytest.fixture
def run(tmp_path: Path) -> Iterator[RunInTheMaking]:
    with in_the_making(tmp_path / "20261130T100000Z-abc", "a toast", "a kettle", "a lamp") as made:
        yield made


def told(model: RunModel, version: int = 0) -> dict[str, Any]:
    model.look()
    return model.since(version)


def test_before_the_first_scenario_the_list_is_there_and_nothing_is_on_the_bench(run: RunInTheMaking) -> None:
    found = told(RunModel(run.folder))

    assert [(row["name"], row["verdict"], row["bench"]) for row in found["rows"]] == [
        ("a toast", "", 0),
        ("a kettle", "", 0),
        ("a lamp", "", 0),
    ]
    assert found["headline"]["state"] == "running"
    assert found["headline"]["rig"] == "virtual"
    assert "benches" not in found


def test_relays_power_and_credit_come_from_the_evidence(run: RunInTheMaking) -> None:
    run.begin(1)
    run.write(
        1,
        Event(Kind.RELAY, 1.0, "K1", {"closed": True}),
        Event(Kind.READING, 2.0, "counterpart", {"credited_Wh": 8.0}),
        reading(3.0, 1300.0, 2.5),
        Event(Kind.FRAME, 3.0, "socket-link", {"direction": "to cable", "message": "RECEIPT", "bytes": ""}),
    )
    (bench,) = told(RunModel(run.folder))["benches"]

    assert bench["relays"] == {"K1": True, "K2": False, "K3": False, "K4": False}
    assert (bench["power_W"], bench["energy_Wh"], bench["credit_Wh"], bench["link"]) == (
        1300.0,
        2.5,
        5.5,
        "RECEIPT to cable",
    )


def test_the_step_under_way_and_what_it_waits_for_come_from_the_bench_itself(run: RunInTheMaking) -> None:
    run.begin(1, step="When x", since=3.0, now=4.5, awaited="the end", until=9.0, power_W=7.0, last_seen="HELLO")
    (bench,) = told(RunModel(run.folder))["benches"]

    assert (bench["step"], bench["since"], bench["now"], bench["awaited"], bench["until"], bench["power_W"]) == (
        "When x",
        3.0,
        4.5,
        "the end",
        9.0,
        7.0,
    )


def test_the_first_attempt_at_a_scenario_that_ran_again_is_not_counted(run: RunInTheMaking) -> None:
    for number, verdict in ((1, Verdict.RIG_FAULT), (2, Verdict.PASS), (3, Verdict.PASS)):
        run.begin(number)
        run.end(number, verdict)
    run.writer.document["repeated"] = [Repeated(1, 3, "bench-1", "relay K1 sticks").document()]
    run.finish()

    head = told(RunModel(run.folder))["headline"]

    assert (head["scenarios"], head["counts"]) == (2, {"pass": 2})


def test_who_was_there_is_told_what_changed_and_nothing_twice(run: RunInTheMaking) -> None:
    run.begin(1)
    model = RunModel(run.folder)
    seen = told(model)["version"]
    assert told(model, seen).keys() == {"version"}

    run.write(1, reading(1.0, 10.0, 0.0))
    found = told(model, seen)

    assert found["plots"] == {1: {"anew": False, "points": [(1.0, 10.0, 0.0)]}}
    assert [line["text"] for line in found["log"]] == ["When time passes: passed"]
    assert "rows" not in found


def test_a_scenario_that_ended_has_its_verdict_and_the_next_one_is_on_the_bench(run: RunInTheMaking) -> None:
    run.begin(1)
    model = RunModel(run.folder)
    seen = told(model)["version"]
    run.end(1, Verdict.FAIL, "too late")
    run.begin(2)
    found = told(model, seen)

    rows = {row["number"]: row for row in found["rows"]}
    assert (rows[1]["verdict"], rows[1]["mark"], rows[1]["reason"], rows[1]["bench"]) == ("fail", "✗", "too late", 0)
    assert rows[2]["bench"] == 1
    assert found["headline"]["counts"] == {"fail": 1}
    assert found["plots"][1] == {"anew": True, "points": []}


def test_scenarios_that_ended_between_two_looks_are_listed_without_reading_all_of_them(run: RunInTheMaking) -> None:
    model = RunModel(run.folder)
    model.look()
    for number in (1, 2):
        run.begin(number)
        run.write(number, *(reading(float(t), 1300.0, 0.0) for t in range(50)))
        run.end(number)

    assert [row["verdict"] for row in told(model)["rows"]] == ["pass", "pass", ""]
    assert len(model.log) == 2 + 1  # the ends, and the step of the one that the bench still names


def test_two_benches_are_told_apart(run: RunInTheMaking) -> None:
    run.begin(1, bench=1, step="When x")
    run.begin(2, bench=2, step="When y")
    found = told(RunModel(run.folder))

    assert [(bench["bench"], bench["scenario"], bench["step"]) for bench in found["benches"]] == [
        (1, 1, "When x"),
        (2, 2, "When y"),
    ]


def test_a_run_that_tells_nothing_of_itself_is_followed_by_its_evidence(run: RunInTheMaking) -> None:
    live_folder.end_live(run.folder)
    run.names.append("another")
    run.open[4] = run.writer.scenario(4, "another")
    run.open[4].write(Event(Kind.START, 0.0, "bench", {"name": "another"}))
    run.write(4, reading(1.0, 5.0, 0.0))

    (bench,) = told(RunModel(run.folder))["benches"]
    assert (bench["scenario"], bench["power_W"]) == (4, 5.0)


def test_the_end_of_a_run_is_told_with_its_verdict_and_report(run: RunInTheMaking) -> None:
    run.begin(1)
    run.end(1)
    model = RunModel(run.folder)
    model.look()
    run.finish()
    head = told(model)["headline"]

    assert (head["state"], head["verdict"], head["report"]) == ("ended", "pass", True)
    assert not (run.folder / "live").exists()


def test_a_run_whose_process_is_gone_has_broken_off(run: RunInTheMaking, monkeypatch: pytest.MonkeyPatch) -> None:
    run.begin(1)
    model = RunModel(run.folder)
    assert told(model)["headline"]["state"] == "running"

    run.die()
    assert told(model)["headline"]["state"] == "running"  # it may be about to say that it has ended
    monkeypatch.setattr(live_folder, "LOST_AFTER_S", 0.0)

    assert told(model)["headline"]["state"] == "broken off"


def test_memory_stays_bounded_in_a_scenario_of_hours(run: RunInTheMaking) -> None:
    run.begin(1)
    model = RunModel(run.folder)
    for hour in range(5):
        run.write(1, *(reading(hour * 1000.0 + t, 1300.0, 0.0) for t in range(1000)))
        for _ in range(100):
            run.step(1, hour * 1000.0)
        model.look()
    found = model.since(0)

    points = found["plots"][1]["points"]
    assert len(points) < MOST_POINTS
    assert points[0][0] < 10
    assert points[-1][0] > 4900
    assert len(found["log"]) == LOG_LINES


def test_foreign_text_is_made_visible_and_cut(tmp_path: Path) -> None:
    with in_the_making(tmp_path / "r", HOSTILE, "x" * 10_000) as run:
        run.begin(1, step=HOSTILE)
        found = told(RunModel(run.folder))

    assert "\u202e" not in found["rows"][0]["name"]
    assert "⟨U+202E⟩" in found["benches"][0]["step"]
    assert len(found["rows"][1]["name"]) == 400


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{", '{"scenario": "x"}', '{"scenario": 1e400}', '{"bench": 7, "until": []}', '{"scenario": 1e300}'],
)
def test_what_the_bench_tells_may_be_anything(run: RunInTheMaking, text: str) -> None:
    run.begin(1)
    (run.folder / "live/bench-1.json").write_text(text)

    assert told(RunModel(run.folder))["headline"]["state"] == "running"


def test_a_question_whose_id_could_name_another_file_is_none(run: RunInTheMaking) -> None:
    run.begin(1, question={"id": "../../../etc/x", "text": "?", "until": 9.0})

    (bench,) = told(RunModel(run.folder))["benches"]
    assert bench["question"] is None


def test_the_presence_of_a_run_ends_with_its_process(tmp_path: Path) -> None:
    assert not is_present(tmp_path)
    presence = Presence(tmp_path)
    assert is_present(tmp_path)
    presence.close()
    presence.close()
    assert not is_present(tmp_path)


def test_the_report_is_looked_for_where_it_is_written() -> None:
    assert live_folder.REPORT_FILE == REPORT_FILE


def test_the_newest_run_is_the_one_that_began_last(tmp_path: Path) -> None:
    assert newest_run(tmp_path / "runs") is None
    for name in ("20261130T100000Z-fff", "20261130T110000Z-aaa"):
        with in_the_making(tmp_path / "runs" / name):
            pass
    (tmp_path / "runs/latest").symlink_to("20261130T100000Z-fff")

    newest = newest_run(tmp_path / "runs")
    assert newest is not None
    assert newest.name == "20261130T110000Z-aaa"
