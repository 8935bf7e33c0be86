"""One scenario as the report tells it: what befell the link, and what the tap on it added."""

from __future__ import annotations

from hil.evidence.documents import Event, Kind
from hil.evidence.record import ScenarioRecord
from hil.report.scenario.from_events import view_scenario
from hil.report.scenario.rows import FaultRow


def test_what_befell_many_messages_alike_is_one_row_and_what_befell_the_link_is_told_each_time() -> None:
    events = [
        Event(Kind.FAULT, t, "link", {"what": what, "who": "bench", **more})
        for t, what, more in (
            (1.0, "METER to the cable dropped", {"fault": "dropped"}),
            (2.0, "link dead for 1 s", {}),
            (3.0, "METER to the cable dropped", {"fault": "dropped"}),
            (4.0, "link dead for 1 s", {}),
        )
    ]
    assert view_scenario(1, ScenarioRecord("lossy", events)).faults == [
        FaultRow(1.0, "bench", "METER to the cable dropped", 2, 3.0),
        FaultRow(2.0, "bench", "link dead for 1 s", 1, 2.0),
        FaultRow(4.0, "bench", "link dead for 1 s", 1, 4.0),
    ]


def test_a_deceit_in_each_payment_is_one_row() -> None:
    what = "underpays by 1 sat from payment 2 on"
    events = [Event(Kind.FAULT, t, "counterpart", {"what": what, "who": "cable"}) for t in (49.2, 71.4, 93.6)]
    assert view_scenario(1, ScenarioRecord("underpaid", events)).faults == [FaultRow(49.2, "cable", what, 3, 93.6)]


def test_what_the_tap_added_is_told_in_words() -> None:
    data = {"chunks": 1790, "bytes": 4000, "sent_again_median_s": 0.0019, "sent_again_largest_s": 0.03}
    host = {"forwarding_median_s": 0.00002, "forwarding_largest_s": 0.003}
    view = view_scenario(1, ScenarioRecord("pair", [Event(Kind.READING, 9.0, "tap", data, host=host)]))
    assert view.tap == (
        "carried 1 790 chunks between the devices. Each crosses two serial lines instead of one, which adds up to"
        " 1.9 ms (median), at most 30 ms; passing it on took 0.02 ms (median), at most 3 ms"
        " of wall time"
    )
    assert view_scenario(1, ScenarioRecord("alone", [])).tap is None
