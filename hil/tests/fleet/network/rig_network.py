"""One rig in a network namespace of its own, behind a cable that can be pulled; Linux only, and for root only.

::

    laboratory (coordinator, runs)          switch                      rig (bench, exporter)
      lab ───────────────────── toward-lab ─bridge─ toward-rig ───────────────────── rig

Loopback addresses are routed over the cable, since the programs listen on nothing else. The namespace of the
laboratory is this process' own, so that the machine's network stays as it is. A cut takes the link between switch and
rig away: the laboratory's end stays up, and packets vanish without an answer.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ENTERED = "HIL_CAMPAIGN_NAMESPACE"
"""In the environment of a process that has a network namespace of its own: its process id."""

ROUTES_LOOPBACK = "/proc/sys/net/ipv4/conf/{}/route_localnet"
"""Whether an interface carries packets to and from loopback addresses, which the kernel else drops."""

PROGRAMS = {"ip": "iproute2", "unshare": "util-linux"}
"""What is needed, and the Debian package that has it."""


def why_not() -> str:
    """Return in one sentence why this machine gives no network namespaces; empty: it does."""
    if os.geteuid() != 0:
        return "only root can make network namespaces"
    if missing := [name for name in PROGRAMS if shutil.which(name) is None]:
        return f"the command {missing[0]} is missing: apt install {PROGRAMS[missing[0]]}"
    # what is tried here is made and gone within one process
    trial = (
        f"ip netns add hil-trial-{os.getpid()} && ip netns delete hil-trial-{os.getpid()}",
        "ip link add name lab type veth peer name rig",
        "ip link add name switch type bridge",
    )
    try:
        _run("unshare", "--net", "sh", "-c", " && ".join(trial))
    except subprocess.CalledProcessError as error:
        return f"the kernel refuses a network namespace: {error.stderr.decode(errors='replace').strip()}"
    return ""


def enter() -> None:
    """Begin this program anew in a network namespace of its own, unless it is in one; return there."""
    if os.environ.get(ENTERED) == str(os.getpid()):
        _run("ip", "link", "set", "lo", "up")
        return
    os.environ[ENTERED] = str(os.getpid())
    words = ["unshare", "--net", sys.executable, *sys.orig_argv[1:]]
    os.execvp("unshare", words)  # noqa: S606, S607 - found on the path, like all that tests start


@dataclass(frozen=True)
class RigNetwork:
    """The network of one rig.

    :param address: loopback address on which the rig listens.
    :param rig: name of its namespace; ``switch`` of that in between.
    """

    address: str
    rig: str
    switch: str

    @classmethod
    @contextlib.contextmanager
    def made(cls, address: str) -> Iterator[RigNetwork]:
        """Lay the cable to a rig that listens on ``address``; this process must be in a namespace of its own."""
        network = cls(address, f"hil-rig-{os.getpid()}", f"hil-switch-{os.getpid()}")
        try:
            network._make()
            yield network
        finally:
            made = [("netns", network.rig), ("netns", network.switch), ("link", "lab")]
            for kind, name in made:
                with contextlib.suppress(subprocess.CalledProcessError):  # it was never made
                    _run("ip", kind, "delete", name)

    def inside(self, words: Sequence[str]) -> list[str]:
        """Return the command line that runs ``words`` at the rig."""
        return ["ip", "netns", "exec", self.rig, *words]

    def cut(self) -> None:
        """Pull the cable."""
        _run("ip", "-n", self.switch, "link", "set", "toward-rig", "down")

    def join(self) -> None:
        """Put the cable back."""
        _run("ip", "-n", self.switch, "link", "set", "toward-rig", "up")

    def _make(self) -> None:
        at_switch = ("ip", "-n", self.switch)
        at_rig = ("ip", "-n", self.rig)
        for name in (self.rig, self.switch):
            _run("ip", "netns", "add", name)
        _run(*at_switch, "link", "add", "bridge", "type", "bridge")
        _run("ip", "link", "add", "lab", "type", "veth", "peer", "name", "toward-lab", "netns", self.switch)
        _run(*at_rig, "link", "add", "rig", "type", "veth", "peer", "name", "toward-rig", "netns", self.switch)
        for port in ("toward-lab", "toward-rig"):
            _run(*at_switch, "link", "set", port, "master", "bridge", "up")
        _run(*at_switch, "link", "set", "bridge", "up")
        # the rig has its own address only: all others, that of the node among them, are behind the cable
        _run(*at_rig, "address", "add", f"{self.address}/32", "dev", "lo")
        _run(*at_rig, "link", "set", "lo", "up")
        _run(*at_rig, "address", "delete", "127.0.0.1/8", "dev", "lo")
        _run(*at_rig, "link", "set", "rig", "up")
        _run(*self.inside(["sh", "-c", f"echo 1 > {ROUTES_LOOPBACK.format('rig')}"]))
        _run(*at_rig, "route", "add", "127.0.0.0/8", "dev", "rig", "src", self.address)
        _run("ip", "link", "set", "lab", "up")
        # bitcoind binds no loopback address on a machine that has no other address and no way out
        _run("ip", "address", "add", "10.200.0.1/24", "dev", "lab")
        _run("ip", "route", "add", "default", "dev", "lab")
        Path(ROUTES_LOOPBACK.format("lab")).write_text("1")
        _run("ip", "route", "add", f"{self.address}/32", "dev", "lab", "src", "127.0.0.1", "table", "local")


def _run(*words: str) -> None:
    subprocess.run(words, capture_output=True, check=True)
