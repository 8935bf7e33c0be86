"""The state of a fleet as aligned text for people, as JSON for programs, and as a page."""

from __future__ import annotations

import dataclasses
import json
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final

from hil.fleet.status.survey import Health
from hil.history.page import render
from hil.report.text_format import on_a_line
from hil.rig.config.held_place import PLACE_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hil.fleet.status.survey import FleetStatus, PlaceStatus

DOCUMENT_VERSION: Final = 1
"""Of the JSON document; a later one may have more keys under the same number, and fewer under a higher one only."""

HEADER: Final = ("place", "health", "owner", "since", "waiting", "last verdict", "calibration due")

EVERY_S: Final = 2.0
"""How often a watcher looks anew; the page asks to be loaded again so often."""


def text(status: FleetStatus) -> str:
    """Return a line for each place, then a line for each thing that is the matter, then the jobs that wait."""
    rows = [HEADER, *(_row(place) for place in status.places)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADER))]
    lines = [f"coordinator {status.coordinator} at {_moment(status.at)}: {summary(status)}"]
    if status.places:
        padded = [[f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)] for row in rows]
        lines += ["  ".join(row).rstrip() for row in padded]
    for place in status.places:
        lines += [f"{_line(place.name)}: {each}" for each in matters(place, status.coordinator)]
    lines += [
        f"waiting since {_moment(job.since)}: {_line(job.owner)} for {_line(wants(job.wants))}"
        + (f"; it may have {_line(job.place)}" if job.place else "")
        for job in status.queue
    ]
    return "\n".join(lines)


def document(status: FleetStatus) -> str:
    """Return it as JSON; instants are ISO 8601 in UTC."""
    content = {"version": DOCUMENT_VERSION, **dataclasses.asdict(status)}
    return json.dumps(content, indent=2, ensure_ascii=False, default=_plain)


def page(status: FleetStatus, *, watched: bool = False) -> str:
    """Return it as a page. :param watched: the page is written anew all the time, and loads itself anew."""
    return render(
        "fleet.html.j2",
        package="hil.fleet",
        status=status,
        summary=summary(status),
        look_at=[(place.name, each) for place in status.places for each in matters(place, status.coordinator)],
        wants=wants,
        moment=_moment,
        seconds=int(EVERY_S) if watched else 0,
    )


def summary(status: FleetStatus) -> str:
    """Return how many places there are, and how many are used, and fail, and jobs wait."""
    used = sum(bool(place.owner) for place in status.places)
    failing = sum(place.health is not Health.OK for place in status.places)
    waiting = sum(not job.place for job in status.queue)
    words = [_counted(len(status.places), "place"), f"{used} in use", f"{failing} not ok"]
    return ", ".join([*words, f"{_counted(waiting, 'job')} waiting"])


def matters(place: PlaceStatus, coordinator: str) -> Sequence[str]:
    """Return what is the matter with a place, a sentence each, with what to do about it."""
    found = []
    if place.health is Health.OUT:
        reason = on_a_line(place.reason).rstrip(".")
        found.append(f"out of service: {reason}. Look at the bench, mend it, then: {_back(place, coordinator)}")
    elif place.health is Health.LOCKED:
        found.append(
            f"locked since {on_a_line(place.locked_since)}: {on_a_line(place.lock).rstrip('.')}. Look at the bench,"
            f" mend it, then: {PLACE_VARIABLE}={on_a_line(place.name)} hil rig clear rigs/{on_a_line(place.rig)}.yaml"
            + (f"; {_back(place, coordinator)}" if place.out_of_service else "")
        )
    elif place.health is Health.AWAY:
        found.append(f"{on_a_line(place.reason)}. Look at its exporter, and at its matches: labgrid-client show")
    elif place.health is Health.SILENT:
        found.append(f"{on_a_line(place.reason)}. The next job makes it safe and takes it over")
    if place.calibration_expired:
        found.append(f"a calibration was due on {place.calibration_due}")
    return found


def wants(filters: Mapping[str, str]) -> str:
    """Return the tags that a job asks for, as ``--place`` takes them."""
    return ",".join(f"{key}={value}" for key, value in sorted(filters.items()))


def _row(place: PlaceStatus) -> tuple[str, ...]:
    since = "" if place.since is None else _moment(place.since)
    ran = "" if place.last_run is None else f" ({_moment(place.last_run)})"
    due = "" if place.calibration_due is None else f"{place.calibration_due}"
    verdict = f"{_line(place.last_verdict)}{ran}" if place.last_verdict else ""
    cells = (_line(place.name), place.health.value, _line(place.owner), since, str(place.waiting), verdict, due)
    return tuple(cell or "-" for cell in cells)


def _back(place: PlaceStatus, coordinator: str) -> str:
    return f"labgrid-client -x {on_a_line(coordinator)} -p {on_a_line(place.name)} set-tags service=in"


def _line(foreign: str) -> str:
    return on_a_line(foreign)


def _moment(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M:%S} UTC"


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} is not told as JSON")
