"""The server of the live page, asked by a real HTTP client."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hil.evidence.documents import Verdict
from hil.live import server as live_server
from hil.live.questions import Question, posted_answer
from hil.live.server import LivePage
from hil.tests.live.run_folders import RunInTheMaking, Viewer, ask, in_the_making, reading, served

QUESTION = Question.new("the lamp is lit", 3.0, 120.0)


@pytest.fixture
def run(tmp_path: Path) -> Iterator[RunInTheMaking]:
    with in_the_making(tmp_path / "runs/20261130T100000Z-abc", "a toast", "a kettle") as made:
        yield made


@pytest.fixture
def page(run: RunInTheMaking) -> Iterator[LivePage]:
    with served(run.folder.parent) as page:
        yield page


def own(page: LivePage) -> dict[str, str]:
    return {"Origin": f"http://{page.hosts[0]}", "Content-Type": "application/json"}


def token_of(page: LivePage) -> str:
    viewer = Viewer(page)
    (bench,) = viewer.wait_for("benches")
    viewer.close()
    return str(bench["question"]["token"])


@pytest.mark.parametrize("name", ["", "live.css", "live.js", "plot.js", "plot.css"])
def test_the_page_and_its_parts_are_served_behind_the_random_path(page: LivePage, name: str) -> None:
    status, text = ask(page, "GET", f"/{page.secret}/{name}")

    assert status == 200
    assert len(text) > 500


def test_the_page_may_load_only_what_is_its_own(page: LivePage) -> None:
    viewer = Viewer(page)
    headers = viewer.response.headers
    viewer.close()

    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Access-Control-Allow-Origin"] is None


@pytest.mark.parametrize(
    "path", ["/", "/events", "/x/", "/{0}", "/{0}x/", "/{0}/../live.py", "/{0}/live.py", "/{0}/run.json"]
)
def test_another_path_is_not_found(page: LivePage, path: str) -> None:
    assert ask(page, "GET", path.format(page.secret))[0] == 404


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "localhost:1", "evil.example:{0}", ""])
def test_a_name_that_was_rebound_to_this_machine_is_refused(page: LivePage, host: str) -> None:
    headers = {"Host": host.format(page.server_port)}

    assert ask(page, "GET", f"/{page.secret}/", headers)[0] == 421


def test_it_listens_on_the_loopback_only(page: LivePage) -> None:
    assert page.server_address[0] == "127.0.0.1"


def test_two_viewers_see_the_same_and_one_that_comes_later_sees_all(run: RunInTheMaking, page: LivePage) -> None:
    run.begin(1)
    first = Viewer(page)
    assert [row["name"] for row in first.wait_for("rows")] == ["a toast", "a kettle"]
    run.end(1, Verdict.FAIL, "too late")
    changed = first.wait_for("rows")
    second = Viewer(page)
    anew = second.wait_for("rows")

    assert [(row["number"], row["verdict"]) for row in changed] == [(1, "fail")]
    assert [row["verdict"] for row in anew] == ["fail", ""]
    first.close()
    second.close()


def test_a_viewer_that_does_not_read_does_not_delay_the_others(run: RunInTheMaking, page: LivePage) -> None:
    asleep = socket.create_connection(("127.0.0.1", page.server_port))
    asleep.sendall(f"GET /{page.secret}/events HTTP/1.1\r\nHost: {page.hosts[0]}\r\n\r\n".encode())
    run.begin(1)
    awake = Viewer(page)
    awake.wait_for("rows")
    for second in range(20):
        run.write(1, *(reading(second + n / 100, 1300.0, 0.0) for n in range(100)))
        while awake.wait_for("benches")[0]["now"] < second:
            pass
    asleep.close()
    awake.close()


def test_however_fast_the_run_is_the_updates_come_a_few_times_a_second(run: RunInTheMaking, page: LivePage) -> None:
    run.begin(1)
    viewer = Viewer(page)
    viewer.wait_for("rows")
    updates = 0
    for second in range(500):
        run.write(1, reading(float(second), 1300.0, 0.0))
    while viewer.wait_for("benches")[0]["now"] < 499:
        updates += 1

    assert updates <= 10
    viewer.close()


def test_a_newer_run_takes_the_place_of_the_one_that_was_shown(run: RunInTheMaking, page: LivePage) -> None:
    viewer = Viewer(page)
    before = viewer.update()
    with in_the_making(run.folder.parent / "20261130T110000Z-abc", "another"):
        after = viewer.update_with("rows", lambda rows: [row["name"] for row in rows] == ["another"])

    assert (before["headline"]["run"], after["headline"]["run"]) == ("20261130T100000Z-abc", "20261130T110000Z-abc")
    assert after["generation"] == before["generation"] + 1
    viewer.close()


def test_before_there_is_any_run_the_page_waits_for_one(tmp_path: Path) -> None:
    with served(tmp_path / "runs") as page:
        viewer = Viewer(page)
        assert "headline" not in viewer.update()
        with in_the_making(tmp_path / "runs/20261130T100000Z-abc", "a toast"):
            viewer.wait_for("headline", lambda headline: headline["scenarios"] == 1)
        viewer.close()


def test_the_report_is_there_when_the_run_has_ended(run: RunInTheMaking, page: LivePage) -> None:
    viewer = Viewer(page)
    viewer.update()
    assert ask(page, "GET", f"/{page.secret}/report.html")[0] == 404
    run.finish()
    viewer.close()

    status, text = ask(page, "GET", f"/{page.secret}/report.html")
    assert (status, "the report" in text) == (200, True)


def test_more_viewers_than_the_page_bears_are_refused(page: LivePage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_server, "MOST_VIEWERS", 1)
    viewer = Viewer(page)
    viewer.update()

    assert ask(page, "GET", f"/{page.secret}/events")[0] == 503
    viewer.close()


# --- answers ---------------------------------------------------------------------------------------------------


def answer(token: str, **changes: Any) -> dict[str, Any]:
    return {"token": token, "answer": "yes", "remark": "a bit dim", "who": "Anna", **changes}


def test_an_answer_is_put_where_the_run_looks_for_it_and_the_first_one_counts(
    run: RunInTheMaking, page: LivePage
) -> None:
    run.begin(1, question=QUESTION.document())
    token = token_of(page)

    assert ask(page, "POST", f"/{page.secret}/answer", own(page), answer(token)) == (200, "taken")
    again = ask(page, "POST", f"/{page.secret}/answer", own(page), answer(token, answer="no"))

    assert again == (409, "it was answered already")
    taken = posted_answer(run.folder, QUESTION.id)
    assert taken is not None
    assert (taken.answer, taken.remark, taken.who, taken.where) == ("yes", "a bit dim", "Anna", "page")


def test_nothing_is_taken_while_nothing_is_asked(run: RunInTheMaking, page: LivePage) -> None:
    run.begin(1, question=QUESTION.document())
    token = token_of(page)
    run.say(scenario=1, question=None)

    assert ask(page, "POST", f"/{page.secret}/answer", own(page), answer(token)) == (409, "it is asked no more")
    assert posted_answer(run.folder, QUESTION.id) is None


@pytest.mark.parametrize(
    ("changes", "headers", "status"),
    [
        ({"token": "x"}, {}, 409),
        ({"token": QUESTION.id}, {}, 409),
        ({"answer": "perhaps"}, {}, 400),
        ({"who": "  "}, {}, 400),
        ({"who": "x" * 81}, {}, 400),
        ({"remark": "x" * 501}, {}, 400),
        ({"remark": ["x"]}, {}, 400),
        ({"remark": "x" * 10_000}, {}, 400),
        ({}, {"Origin": "http://evil.example"}, 403),
        ({}, {"Origin": "null"}, 403),
        ({}, {"Content-Type": "text/plain"}, 403),
        ({}, {"Host": "evil.example"}, 421),
        ({}, {"Content-Length": "-1"}, 400),
    ],
)
def test_what_is_no_answer_of_this_page_is_refused(
    run: RunInTheMaking, page: LivePage, changes: dict[str, Any], headers: dict[str, str], status: int
) -> None:
    run.begin(1, question=QUESTION.document())
    token = token_of(page)

    told = ask(page, "POST", f"/{page.secret}/answer", own(page) | headers, answer(token) | changes)

    assert told[0] == status, told
    assert posted_answer(run.folder, QUESTION.id) is None


@pytest.mark.parametrize("text", ["", "{", "[]", json.dumps({"answer": "yes", "who": "x", "remark": "\ud800"})])
def test_an_answer_that_a_stranger_put_there_is_none(run: RunInTheMaking, text: str) -> None:
    (run.folder / f"live/answer-{QUESTION.id}.json").write_text(text)

    assert posted_answer(run.folder, QUESTION.id) is None
