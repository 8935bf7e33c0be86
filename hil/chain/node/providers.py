"""Which bitcoind to take."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from hil.chain.client.rpc import RpcClient
from hil.chain.funding.regtest_ledger import RegtestLedger
from hil.chain.node import container, native
from hil.chain.node.base import WAYS_OUT
from hil.chain.node.container import ContainerNode
from hil.chain.node.external import ExternalNode
from hil.chain.node.image import ensure_image, image_name
from hil.chain.node.native import NativeNode
from hil.clock import stopwatch
from hil.errors import ConfigurationError, nearest
from hil.protocol.payment.signing import Key
from hil.units import Satoshi, Second

if TYPE_CHECKING:
    from hil.chain.node.base import Node

PREFERENCES: Final = ("auto", "docker", "native", "external")


@dataclass(frozen=True)
class Choice:
    """A provider (``docker``, ``native`` or ``external``) and why it was taken."""

    provider: str
    why: str


def choose(preference: str | None = None) -> Node:
    """Return a node, not started yet, of the provider that is wished for; its description says why this one.

    :param preference: ``auto``, ``docker``, ``native`` or ``external``; default: what ``NODE`` says, else ``auto``:
        Docker if a daemon answers and the image can be had, else native.

    Raises ConfigurationError with the ways out if there is none.
    """
    choice = decide(preference)
    why = (choice.why,)
    if choice.provider == "docker":
        return ContainerNode(why=why)
    return NativeNode(why=why) if choice.provider == "native" else ExternalNode(why=why)


def decide(preference: str | None = None) -> Choice:
    """Decide as ``choose`` does; with ``auto`` and a Docker daemon this builds the image if it is absent."""
    wish = preference or os.environ.get("NODE") or "auto"
    if wish not in PREFERENCES:
        raise ConfigurationError(f"'{wish}' is no provider of a node{nearest(wish, PREFERENCES)}", place="NODE")
    if wish != "auto":
        return Choice(wish, f"{wish} was asked for")
    no_docker = _why_not_docker()
    if not no_docker:
        return Choice("docker", "a Docker daemon answers")
    source = native.available()
    if source is None:
        raise ConfigurationError(
            f"there is no bitcoind to be had: {no_docker}; no bitcoind is on PATH; and apt has no Debian mirror",
            place="NODE=auto",
            remedy=WAYS_OUT,
        )
    return Choice("native", f"{source}, because {no_docker}")


def measure_ready(provider: str) -> Second:
    """Return the seconds from nothing to a node that is ready and has paid out its first confirmed coin.

    For a figure of the framework (``make perf``): the image or the unpacked bitcoind should be there already.
    """
    node = choose(provider)
    elapsed = stopwatch()
    with node:
        client = RpcClient(node.endpoint)
        ledger = RegtestLedger(client, seed=0, now=lambda: 0.0)
        ledger.prepare()
        ledger.fund(Key(b"\1" * 32).p2wpkh_script, Satoshi(100_000))
        seconds = elapsed()
        client.close()
    return seconds


def _why_not_docker() -> str:
    """Return the reason in words why Docker can't be used, empty if it can."""
    try:
        client = container.connect()
        client.close()
        client = container.connect(container.BUILD_TIMEOUT)
    except ConfigurationError as error:
        return error.what
    try:
        ensure_image(client, image_name())
    except ConfigurationError as error:
        return error.what
    finally:
        client.close()
    return ""
