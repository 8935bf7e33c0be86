"""What ``make perf`` says about the views of the ledger, at heights small enough for a test."""

from __future__ import annotations

from hil.perf.ledger import MAINNET_HEIGHT, measure

HEADER = 80


def test_costs_are_measured_for_each_view_and_carried_on_in_a_straight_line() -> None:
    found = measure((20, 60), tries=1)["ledger_views"]
    low, high = found["measured"]
    assert [row["spv"]["storage_bytes"] for row in (low, high)] == [21 * HEADER, 61 * HEADER]
    assert found["mainnet_june_2017"]["spv"]["storage_bytes"] == (MAINNET_HEIGHT + 1) * HEADER
    for row in (low, high):
        assert row["api"]["storage_bytes"] == 0
        assert row["node"]["storage_bytes"] > 100 * row["spv"]["storage_bytes"]
        assert row["spv"]["warm_wire_bytes"] == row["api"]["wire_bytes"], "a warm start asks for the tip only"
        assert row["spv"]["wire_bytes"] > row["spv"]["storage_bytes"], "headers come in hex"
        assert min(row[kind][name] for kind in ("node", "spv", "api") for name in ("cold_s", "warm_s")) > 0
    assert high["node"]["wire_bytes"] - low["node"]["wire_bytes"] > 40 * HEADER
