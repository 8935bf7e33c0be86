"""Scenarios that a device violates by a seeded defect: no honest device can be made to from outside."""

from __future__ import annotations

from dataclasses import dataclass

SOCKET = "Given the socket is under test in single-fee mode\nAnd the load draws 1300 W"
CABLE = "Given the cable is under test in single-fee mode\nAnd the load draws 1300 W"
ON = "When the devices are switched on\nAnd the first payment has been accepted\nAnd 5 s have passed"
TWO = "And the cable pays for at most 2 payments\nWhen the devices are switched on\nAnd the session has ended"
ANOTHER = (
    "And the cable pays for at most 1 payments\nWhen the devices are switched on\nAnd the session has ended\n"
    "And the cable is pulled out of the socket\nAnd another cable is plugged in\nAnd power flows again"
)


@dataclass(frozen=True)
class Seeded:
    """A scenario whose device under test violates its step by a seeded defect (hil/devices/defects.py)."""

    step: str
    device: str
    defect: str
    scenario: str


SEEDED = (
    Seeded(
        "the socket billed at most {energy} more than it delivered",
        "socket",
        "bills-what-flows-back",
        f"{SOCKET.partition(chr(10))[0]}\nAnd a solar inverter of 400 W is plugged into the cable\n{ON}\n"
        "And 30 s have passed\nThen the socket billed at most 0.1 Wh more than it delivered",
    ),
    Seeded(
        "the meter of the device under test agrees with the lab's within {percent}",
        "socket",
        "bills-apparent-power",
        f"{SOCKET.replace('1300 W', '800 W at power factor 0.5')}\n{TWO}\n"
        "Then the meter of the device under test agrees with the lab's within 2 %",
    ),
    Seeded(
        "the power was cut within {duration} of the refused request",
        "cable",
        "signs-anything",
        f"{CABLE}\nAnd the socket asks for 1 sat too much from the second payment on\n"
        "When the devices are switched on\nAnd the session has ended\n"
        "Then the power was cut within 500 ms of the refused request",
    ),
    Seeded(
        "the settlement was broadcast within {duration} of the unplugging",
        "socket",
        "abandons-the-unplugged",
        f"{SOCKET}\n{ON}\nAnd the cable is pulled out of the socket\n"
        "Then the settlement was broadcast within 2 s of the unplugging",
    ),
    Seeded(
        "no power flowed before the first payment was accepted",
        "socket",
        "closes-before-payment",
        f"{SOCKET}\nAnd every FUNDING to the socket is delayed by 1 s\n{ON}\n"
        "Then no power flowed before the first payment was accepted",
    ),
    Seeded(
        "no receiving address was offered twice",
        "socket",
        "offers-one-address",
        f"{SOCKET}\n{ANOTHER}\nThen no receiving address was offered twice",
    ),
    Seeded(
        "no change address was declared twice",
        "cable",
        "declares-one-change",
        f"{CABLE}\nAnd the cable pays for at most 1 payments\nWhen the devices are switched on\n"
        "And the session has ended\nAnd 1 s have passed\nAnd a block is mined\n"
        "And the supply of the cable fails for 2 s\nAnd power flows again\n"
        "Then no change address was declared twice",
    ),
    Seeded(
        "no two signatures share a nonce",
        "cable",
        "signs-with-one-nonce",
        f"{CABLE}\n{TWO}\nThen no two signatures share a nonce",
    ),
    *(
        Seeded(
            "no secret of the {device} was told",
            device,
            "tells-its-seed",
            f"{given}\n{ON}\nThen no secret of the {device} was told",
        )
        for device, given in (("socket", SOCKET), ("cable", CABLE))
    ),
)
"""One for each such step; with a bench whose socket and cable have all defects of their kind each ends as a failure."""
