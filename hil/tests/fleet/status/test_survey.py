"""What is told of a place: owner, queue, health with its reason, last verdict, calibration and lock."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from hil.fleet.marks import LEASE_OWNER, LEASE_UNTIL, verdict_tags
from hil.fleet.states import NO_MATCH, PlaceState, ReservationState
from hil.fleet.status.survey import Health, PlaceStatus, place_status
from hil.rig.safety.lock import Lock

NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
T = NOW.timestamp()
JOB = "host/anna.job-0a1b2c3d"
FREE = PlaceState("bench-1", {"rig": "bench", "setup_pair": "yes"}, changed=T - 60)
LOCK = Lock("bench-1", "bench.yaml", "K1 is welded shut", "2026-11-30T11:00:00+00:00")


def told(place: PlaceState, *queue: ReservationState, lock: Lock | None = None) -> PlaceStatus:
    return place_status(place, queue, [lock] if lock else [], NOW)


def reservation(place: str = "", **filters: str) -> ReservationState:
    return ReservationState("token", JOB, "allocated" if place else "waiting", place, filters, 0.0, T)


def test_a_free_place_is_ok_and_has_no_owner() -> None:
    status = told(FREE)
    assert (status.owner, status.since, status.health, status.reason) == ("", None, Health.OK, "")
    assert (status.rig, status.last_verdict, status.calibration_due, status.lock) == ("bench", "", None, "")


def test_an_owner_has_a_place_since_it_was_acquired() -> None:
    status = told(replace(FREE, owner="host/anna"))
    assert (status.owner, status.since) == ("host/anna", datetime(2026, 11, 30, 11, 59, tzinfo=UTC))
    assert status.health is Health.OK


@pytest.mark.parametrize(
    ("wanted", "waiting"),
    [
        (reservation(rig="bench"), 1),
        (reservation(rig="bench", setup_pair="yes"), 1),
        (reservation(name="bench-1"), 1),
        (reservation(rig="other"), 0),
        (reservation(rig="bench", meter="wt310e"), 0),
        (reservation(place="bench-2", rig="bench"), 0),
    ],
)
def test_a_job_waits_for_a_place_that_has_all_tags_that_it_wants(wanted: ReservationState, waiting: int) -> None:
    assert told(FREE, wanted).waiting == waiting


def test_a_place_out_of_service_tells_the_reason_of_its_comment() -> None:
    out = replace(FREE, tags={"service": "out"}, comment="out of service: K2 does not open")
    status = told(out)
    assert (status.health, status.reason) == (Health.OUT, "K2 does not open")


def test_a_place_whose_exporter_offers_nothing_is_away_and_names_what_is_missing() -> None:
    status = told(replace(FREE, absent=("a/b/c/1", "a/b/c/2", "a/b/c/3", "a/b/c/4")))
    assert (status.health, status.reason) == (Health.AWAY, "not offered: a/b/c/1, a/b/c/2, a/b/c/3 and 1 more")


def test_a_place_whose_exporter_is_back_is_ok_although_no_job_has_said_so_yet() -> None:
    assert told(replace(FREE, tags={"service": "away"})).health is Health.OK


def test_a_place_to_which_no_exporter_was_matched_is_not_ok() -> None:
    status = told(replace(FREE, absent=(NO_MATCH,)))
    assert (status.health, status.reason) == (Health.AWAY, "not offered: any part (no exporter is matched to it)")


def test_a_job_that_does_not_renew_its_lease_is_silent() -> None:
    tags = {LEASE_OWNER: JOB, LEASE_UNTIL: f"{T - 5:.0f}"}
    status = told(replace(FREE, owner=JOB, tags=tags))
    assert status.health is Health.SILENT
    assert status.reason == f"{JOB} has not renewed its lease, which ended at 11:59:55 UTC"


def test_a_person_who_acquired_a_place_by_hand_is_never_called_silent() -> None:
    assert told(replace(FREE, owner="host/anna", changed=0.0)).health is Health.OK


def test_a_place_that_is_locked_may_be_out_of_service_too() -> None:
    status = told(replace(FREE, tags={"service": "out"}), lock=LOCK)
    assert (status.health, status.out_of_service) == (Health.LOCKED, True)


def test_a_lock_of_this_laboratory_counts_most() -> None:
    status = told(replace(FREE, absent=("a/b/c",)), lock=LOCK)
    assert (status.health, status.lock, status.locked_since) == (Health.LOCKED, LOCK.reason, LOCK.since)


@pytest.mark.parametrize(
    ("tag", "due", "expired"), [("2026_11_30", date(2026, 11, 30), False), ("2026_11_29", date(2026, 11, 29), True)]
)
def test_a_calibration_holds_on_its_last_day_and_not_on_the_next(tag: str, due: date, expired: bool) -> None:
    status = told(replace(FREE, tags={"calibration_due": tag}))
    assert (status.calibration_due, status.calibration_expired) == (due, expired)


def test_the_verdict_that_a_job_left_is_told_with_its_time() -> None:
    status = told(replace(FREE, tags=verdict_tags("rig fault", T)))
    assert (status.last_verdict, status.last_run) == ("rig fault", NOW)


@pytest.mark.parametrize("tags", [{"last_run": "x"}, {"last_run": "9" * 400}, {"calibration_due": "soon"}])
def test_tags_that_somebody_set_by_hand_and_that_say_nothing_are_not_told(tags: dict[str, str]) -> None:
    status = told(replace(FREE, tags=tags))
    assert (status.last_run, status.calibration_due) == (None, None)
