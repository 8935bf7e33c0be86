"""A good socket that boots in no time: SPEC says how long a boot takes at most, and nothing of the least."""

from __future__ import annotations

from hil.evidence.documents import Verdict
from hil.tests.acceptance.commands import Finished


def test_a_socket_without_a_boot_passes_where_the_cable_is_pulled_right_after_power_on(quick_socket: Finished) -> None:
    assert quick_socket.code == 0, quick_socket.said
    assert [scenario.verdict for scenario in quick_socket.record.scenarios] == [Verdict.PASS] * 4
