"""The state of a fleet as text, JSON and page: what is the matter is told with what to do, foreign text is shown."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime

from hil.fleet.status.formats import document, page, text
from hil.fleet.status.survey import FleetStatus, Health, PlaceStatus, WaitingJob

NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
FREE = PlaceStatus("bench-1", "bench", "", None, 0, Health.OK, "", "", None, None, False, "", "")
USED = replace(FREE, name="bench-2", owner="host/anna", since=NOW, waiting=1, last_verdict="pass", last_run=NOW)
OUT = replace(FREE, name="bench-3", health=Health.OUT, reason="<b>K2</b>\x1b[31m does not open")
EXPIRED = replace(FREE, name="bench-4", calibration_due=date(2026, 1, 31), calibration_expired=True)
LOCKED = replace(FREE, name="bench-5", health=Health.LOCKED, reason="welded", lock="welded", locked_since="today")
JOB = WaitingJob("host/bert", NOW, {"setup_pair": "yes", "rig": "bench"}, "")
FLEET = FleetStatus("127.0.0.1:20408", NOW, [FREE, USED, OUT, EXPIRED, LOCKED], [JOB])


def test_the_text_has_a_line_for_each_place_and_one_for_each_thing_to_look_at() -> None:
    first, header, *lines = text(FLEET).splitlines()
    assert first.endswith("5 places, 1 in use, 2 not ok, 1 job waiting")
    assert header.split() == ["place", "health", "owner", "since", "waiting", "last", "verdict", "calibration", "due"]
    assert lines[0].split() == ["bench-1", "ok", "-", "-", "0", "-", "-"]
    assert lines[1].startswith("bench-2  ok              host/anna  2026-11-30 12:00:00 UTC  1        pass (2026-11-30")
    assert lines[5].endswith("then: labgrid-client -x 127.0.0.1:20408 -p bench-3 set-tags service=in")
    assert lines[6] == "bench-4: a calibration was due on 2026-01-31"
    assert lines[7].startswith("bench-5: locked since today: welded. Look at the bench")
    assert lines[8] == "waiting since 2026-11-30 12:00:00 UTC: host/bert for rig=bench,setup_pair=yes"
    assert len(lines) == 9


def test_a_place_that_is_locked_and_out_of_service_is_told_with_both_commands() -> None:
    both = replace(LOCKED, out_of_service=True)

    told = text(replace(FLEET, places=[both])).splitlines()[3]

    assert "then: LG_HIL_PLACE=bench-5 hil rig clear rigs/bench.yaml; labgrid-client " in told
    assert told.endswith("-p bench-5 set-tags service=in")


def test_what_others_wrote_cannot_act_on_the_terminal() -> None:
    assert "\x1b" not in text(FLEET)
    assert "⟨U+001B⟩[31m does not open" in text(FLEET)


def test_the_json_document_has_a_version_and_instants_in_iso_8601() -> None:
    read = json.loads(document(FLEET))
    assert (read["version"], read["at"]) == (1, "2026-11-30T12:00:00+00:00")
    assert read["places"][3]["calibration_due"] == "2026-01-31"
    assert read["places"][2]["health"] == "out of service"
    assert read["queue"] == [
        {
            "owner": "host/bert",
            "since": "2026-11-30T12:00:00+00:00",
            "wants": {"setup_pair": "yes", "rig": "bench"},
            "place": "",
        }
    ]


def test_the_page_shows_all_of_it_and_escapes_what_others_wrote() -> None:
    shown = page(FLEET)
    for word in ("bench-1", "host/anna", "2026-01-31, past", "host/bert", "out of service", "locked since today"):
        assert word in shown
    assert "<b>K2" not in shown
    assert "&lt;b&gt;K2&lt;/b&gt;" in shown
    assert 'http-equiv="refresh"' not in shown


def test_a_page_that_is_watched_loads_itself_anew() -> None:
    assert '<meta http-equiv="refresh" content="2">' in page(FLEET, watched=True)


def test_a_coordinator_without_places_is_told_as_one() -> None:
    empty = FleetStatus("127.0.0.1:20408", NOW, [], [])
    assert (
        text(empty)
        == "coordinator 127.0.0.1:20408 at 2026-11-30 12:00:00 UTC: 0 places, 0 in use, 0 not ok, 0 jobs waiting"
    )
    assert "The coordinator has no place." in page(empty)
