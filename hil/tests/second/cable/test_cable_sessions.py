"""The cable plays every session of the vectors, its own restarts included, to the byte and the millisecond."""

from __future__ import annotations

from typing import Any

import pytest
from bitcoin.core import Hash160
from embit.util import secp256k1

from hil.second.cable import Cable
from hil.second.codes import Mode, Network
from hil.second.terms import Limits, Policy
from hil.tests.second.replay import SESSIONS, Event, Recorder, expected, play
from hil.tests.second.vectors import coins

POLICY_OF_CABLE = {
    "unpaid_energy_mwh", "reply_s", "silent_peer_s", "hello_s", "call_again_s", "cable_meter_s", "appliance_idle_s",
    "idle_power_w",
}  # fmt: skip


def keys_of(secrets: list[str]) -> dict[bytes, bytes]:
    """Return the secret of each script, of both kinds, that the keys of the vectors can spend."""
    keys = {}
    for secret in map(bytes.fromhex, secrets):
        key_hash = Hash160(secp256k1.ec_pubkey_serialize(secp256k1.ec_pubkey_create(secret)))
        keys[b"\x00\x14" + key_hash] = keys[b"\x76\xa9\x14" + key_hash + b"\x88\xac"] = secret
    return keys


class RecordedCable:
    """A cable whose inputs stand in a vector."""

    def __init__(self, setup: dict[str, Any], recorder: Recorder) -> None:
        limits = dict(setup["limits"])
        self._recorder = recorder
        self._ended = 0
        self._change_scripts = iter(setup["change_scripts"])
        self._mwh, self._power_w, self._live = 0, 0.0, False
        session_ids = map(bytes.fromhex, setup["session_ids"])
        self._cable = Cable(
            coins=coins(setup["coins"]),
            keys=keys_of(setup["secrets"]),
            change_script=b"",
            session_id=lambda: next(session_ids),
            write=recorder.write,
            energy_wh=lambda: self._mwh / 1000,
            power_w=lambda: self._power_w,
            live=lambda: self._live,
            max_payments=limits.pop("max_payments"),
            network=Network[limits.pop("network")],
            modes=[Mode[each] for each in limits.pop("modes")],
            limits=Limits(**limits),
            policy=Policy(**{name: setup["policy"][name] for name in POLICY_OF_CABLE}),
        )

    def power_on(self, now: float) -> None:
        self._mwh, self._power_w, self._live = 0, 0.0, False
        self._cable.change_script = bytes.fromhex(next(self._change_scripts))
        self._cable.plug(now)

    def on_bytes(self, data: bytes, now: float) -> None:
        self._cable.on_bytes(data, now)
        self._tell_ends()

    def on_input(self, event: Event, now: float) -> None:
        self._mwh, self._power_w, self._live = event["energy_mwh"], event["power_w"], event["live"]
        self._cable.read_meter(now)

    def on_time(self, now: float) -> None:
        self._cable.on_time(now)
        self._tell_ends()

    def next_deadline(self) -> float | None:
        return self._cable.next_deadline()

    def _tell_ends(self) -> None:
        for end in self._cable.ended[self._ended :]:
            values = {"session": end.session.hex(), "reason": end.reason.name, "payments": end.payments}
            self._recorder.add("session ended", values)
        self._ended = len(self._cable.ended)


@pytest.mark.parametrize("session", SESSIONS, ids=lambda session: session["name"])
def test_a_cable_does_what_the_vector_says(session: dict[str, Any]) -> None:
    recorder = Recorder()

    play(session, "cable", RecordedCable(session["cable"], recorder), recorder, session["stop_s"])

    assert recorder.seen == expected(session, "cable", session["stop_s"])
