"""A run folder that a test fills as a run does, and a page that is served from it."""

from __future__ import annotations

import contextlib
import http.client
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hil.evidence.documents import Event, Json, Kind, Verdict
from hil.evidence.store import RunWriter
from hil.live.folder import Presence, begin_live, bench_file, end_live, write_live
from hil.live.hub import Hub
from hil.live.server import LivePage

HOSTILE = '<img src=x onerror="document.title=1"></script><script>document.title=2</script>\u202e\u2066\x1b[31m&amp;'


@dataclass
class RunInTheMaking:
    """A run with one bench, or more, and scenarios that begin and end as the test says."""

    folder: Path
    names: list[str]
    writer: RunWriter = field(init=False)
    open: dict[int, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        document: dict[str, Json] = {"id": self.folder.name, "seed": "7", "rig": {"name": "virtual", "virtual": True}}
        self.writer = RunWriter.create(self.folder, document, {"started": "2026-11-30T10:00:00+00:00"})
        self.presence = Presence(self.folder)
        listed: list[Json] = [
            {"number": n, "name": name, "feature": "a.feature", "line": n} for n, name in enumerate(self.names, 1)
        ]
        assert begin_live(self.folder, {"scenarios": listed})

    def begin(self, number: int, bench: int = 1, **told: Any) -> None:
        self.open[number] = self.writer.scenario(number, self.names[number - 1])
        start: dict[str, Json] = {"name": self.names[number - 1], "feature": "a.feature", "line": number}
        self.open[number].write(Event(Kind.START, 0.0, "bench", start))
        self.say(bench, scenario=number, **told)

    def say(self, bench: int = 1, **told: Any) -> None:
        assert write_live(self.folder, bench_file(bench), {"bench": bench, **told})

    def write(self, number: int, *events: Event) -> None:
        for event in events:
            self.open[number].write(event)
        self.step(number, events[-1].t if events else 0.0)  # a step is not held back

    def step(self, number: int, t: float, text: str = "time passes") -> None:
        told: dict[str, Json] = {"keyword": "When", "text": text, "line": 1, "outcome": "passed", "started": t}
        self.open[number].write(Event(Kind.STEP, t, "bench", told))

    def end(self, number: int, verdict: Verdict = Verdict.PASS, reason: str = "") -> None:
        writer = self.open.pop(number)
        writer.write(Event(Kind.STOP, 60.0, "bench", {"verdict": verdict.value, "reason": reason}))
        self.writer.scenario_done(writer)

    def finish(self, verdict: Verdict = Verdict.PASS) -> None:
        end_live(self.folder)
        self.writer.finish(verdict)
        (self.folder / "report.html").write_text("<!doctype html><title>the report</title>")
        self.presence.close()

    def die(self) -> None:
        """As after ``kill -9``."""
        self.presence.close()
        for writer in self.open.values():
            writer.close()
        self.open.clear()


def reading(t: float, power: float, energy: float) -> Event:
    return Event(Kind.READING, t, "meter", {"power_W": power, "voltage_V": 230.0, "energy_Wh": energy})


@contextlib.contextmanager
def in_the_making(folder: Path, *names: str) -> Iterator[RunInTheMaking]:
    run = RunInTheMaking(folder, list(names))
    try:
        yield run
    finally:
        run.die()


@contextlib.contextmanager
def served(runs: Path, run: Path | None = None) -> Iterator[LivePage]:
    page = LivePage(Hub(runs, run))
    thread = threading.Thread(target=page.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield page
    finally:
        page.hub.close()
        page.shutdown()
        page.server_close()


@dataclass
class Viewer:
    """A client that reads the updates of a page as they come."""

    page: LivePage

    def __post_init__(self) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", self.page.server_port, timeout=10)
        self._connection.request("GET", f"/{self.page.secret}/events")
        self.response = self._connection.getresponse()

    def update(self) -> dict[str, Any]:
        while True:
            line = self.response.readline()
            assert line, "the page has let the viewer go"
            if line.startswith(b"data: "):
                update: dict[str, Any] = json.loads(line.removeprefix(b"data: "))
                return update

    def wait_for(self, key: str, fits: Callable[[Any], bool] = lambda value: True) -> Any:
        """Return ``key`` of the next update that has it with a value that fits."""
        return self.update_with(key, fits)[key]

    def update_with(self, key: str, fits: Callable[[Any], bool] = lambda value: True) -> dict[str, Any]:
        """Return the next update that has ``key`` with a value that fits; what a run writes is seen in pieces."""
        while key not in (update := self.update()) or not fits(update[key]):
            pass
        return update

    def close(self) -> None:
        self._connection.close()


def ask(page: LivePage, method: str, path: str, headers: Mapping[str, str] = {}, body: Any = None) -> tuple[int, str]:
    """Return status and text of what the page answers."""
    connection = http.client.HTTPConnection("127.0.0.1", page.server_port, timeout=10)
    try:
        connection.request(method, path, None if body is None else json.dumps(body), dict(headers))
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()
