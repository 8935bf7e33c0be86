"""What the bench is asked about itself before a scenario's result stands: a failing part must not look like a device's.

Parts that are not spoken to while the devices trade (the load, the relays, a console, the miner) can fail unseen in the
middle of a session; the device then gets the blame, or a pass that it did not earn. So after the last step each part is
held against what it was told, what passed over it, or what it must be able to do
(docs/decisions/0008-what-the-rig-observes-of-itself.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.errors import RigFault
from hil.evidence.documents import Kind
from hil.rig.config.rig_file import PAIR
from hil.rig.recorder import LINK, sent_by
from hil.rig.safety.contacts import CONTACT_S

LOAD_REMEDY = "Nothing is said about the device. See limits.load in the rig file."

if TYPE_CHECKING:
    from hil.rig.recorder import Recorder
    from hil.rig.rig import Rig


def as_told(rig: Rig) -> None:
    """Raise RigFault if load or relays are not as the scenario left them; asked before the bench is made safe."""
    load_as_told(rig)
    if errors := "; ".join(rig.load.errors()):
        raise RigFault(f"errors in its queue: {errors}", place="load", remedy="Look them up in its manual.")
    for name, closed in rig.strategy.told.items():
        if rig.strategy.is_closed(name) is not closed:
            raise RigFault(
                f"reads back {'open' if closed else 'closed'} and was told to {'close' if closed else 'open'}",
                place=f"relay {name}",
                remedy="Check the relay board, its supply, and who else has access to it.",
            )
    mirrors_as_told(rig)


def load_as_told(rig: Rig) -> None:
    """Raise RigFault for a load whose protection tripped: it must not look like a device that cut its power."""
    rig.watchdog.look()
    if why := rig.load.opened_by_itself():
        raise RigFault(f"its own protection opened its input, error queue: {why}", place="load", remedy=LOAD_REMEDY)


def mirrors_as_told(rig: Rig) -> None:
    """Raise RigFault if a mirror contact does not follow its coil; a contact that is moving yet is given its time."""
    waited = False
    for name, contact in rig.mirror_contacts.items():
        told = rig.strategy.told.get(name, False)
        if contact.is_closed() is told:
            continue
        if not waited:
            rig.clock.sleep(CONTACT_S)
            waited = True
        if contact.is_closed() is not told:
            raise contact.refuse(told=told)


def under_way(rig: Rig) -> None:
    """Raise RigFault if a line changed bytes, the node does not answer, or the meter was reset by somebody else.

    Cheap, and called from time to time during a session.

    Without it a scenario would wait until its deadline for something that can no longer happen.
    """
    lines(rig, settled=False)
    rig.chain.refuse_silence()
    if rig.lockstep:  # on the wall clock the thread that reads the meter looks
        rig.meter.verify()


def at_rest(rig: Rig) -> None:
    """Raise RigFault if the meter does not measure as prepared, a line lost or changed bytes, or the node is behind.

    Asked when the bench is safe: it takes time to find out that a part does not answer.
    """
    if rig.meter_watch is not None and rig.meter_watch.began:
        rig.meter_watch.prove(rig.clock)
        rig.meter.verify()
    lines(rig)
    rig.chain.refuse_stale()


def wire_in_doubt(rig: Rig, recorder: Recorder, setup: str) -> None:
    """Raise RigFault if a device's frames arrived broken, nobody asked for that, and the rig cannot tell why.

    For scenarios that failed on the wall clock: nobody counts bytes at the far end there, so a damaged line and a
    device that sends nonsense look the same, and a failure of the device is not proven.
    """
    if rig.lockstep:
        return
    frames = [event for event in recorder.events if event.kind is Kind.FRAME]
    devices = ("socket", "cable") if setup == PAIR else (setup.partition(" ")[0],)
    ways = {sent_by(device) for device in devices}
    broken = [event for event in frames if "error" in event.data and event.data["direction"] in ways]
    asked = any(event.kind is Kind.FAULT and event.source == LINK for event in recorder.events)
    if broken and not asked:
        first = broken[0]
        raise RigFault(
            f"{len(broken)} of {len(frames)} frames cannot be read, the first one at {first.t:.3f} s"
            f" ({first.data['error']}): it may be the line or the device",
            place=f"line {first.source}",
            remedy="Test the line with a loop-back plug (hil rig check); if it is whole, ask the device's maker.",
        )


def lines(rig: Rig, *, settled: bool = True) -> None:
    """Raise RigFault for a line on which not all arrived as it was sent, or that is lost and nobody has noticed.

    Only a virtual bench in lockstep can tell what was sent at the far end, down to the byte; on the wall clock the loop
    that serves the lines sees at once when one ends.

    :param settled: time has passed since the last byte was sent from this side, so that it must have arrived.
    """
    if rig.bench is None or not rig.lockstep:
        return
    for line in rig.lines.values():
        line.inspect()
    totals = rig.bench.line_totals()
    for name, line in rig.lines.items():
        far = totals[name]
        ways = [("from", far["sent"], line.bytes_received, far["checksum_sent"], line.checksum_received)]
        if settled:
            ways.append(("to", line.bytes_sent, far["received"], line.checksum_sent, far["checksum_received"]))
        for way, sent, arrived, sum_sent, sum_arrived in ways:
            if (sent, sum_sent) != (arrived, sum_arrived):
                how = f"{sent} bytes were sent {way} the device and {arrived} arrived"
                raise RigFault(
                    how if sent != arrived else f"the {sent} bytes that arrived {way} the device are not those sent",
                    place=f"line {name}",
                    remedy="Check cable, adapter and termination; hil rig check with a loop-back plug tests the line.",
                )
