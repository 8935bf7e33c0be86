"""``hil vbench up``: the virtual bench alone, as a program of its own."""

from __future__ import annotations

import json

from hil.tests.acceptance.standing_plans import StandingBench


def test_the_bench_prints_one_line_of_json_with_its_ports(standing_bench: StandingBench) -> None:
    ready = json.loads(standing_bench.ready)

    assert ready["ready"] is True
    assert ready["ports"]["meter"] == 5025
    assert set(ready["ports"]) >= {"load", "relays", "control", "socket-link", "cable-console"}


def test_ctrl_c_ends_the_bench_quietly(standing_bench: StandingBench) -> None:
    assert standing_bench.code == 0
    assert standing_bench.rest == ""
    assert standing_bench.busy == []
