"""Fresh nodes in a quarter of a second: a chain mined once, kept in the cache, copied for each node.

For one seed the chain in a snapshot is the same bytes whatever the provider (its blocks are built here,
:mod:`hil.chain.funding.blocks`); the node's databases beside it hold random obfuscation keys of their own.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

from hil.chain.client.rpc import LedgerUnavailable, RpcClient
from hil.chain.funding.regtest_ledger import PREMINED, RegtestLedger
from hil.chain.node import container
from hil.chain.node.base import OPTIONS, REGTEST, stop_cleanly
from hil.chain.node.container import ContainerNode
from hil.chain.node.folders import cache_folder, lock
from hil.chain.node.image import ensure_image, image_name
from hil.chain.node.native import NativeNode, command_for
from hil.chain.node.providers import decide
from hil.clock import stopwatch, utc_now
from hil.errors import ConfigurationError, RigFault
from hil.protocol.payment.signing import Key
from hil.units import Satoshi, Second

if TYPE_CHECKING:
    from collections.abc import Sequence

OwnNode: TypeAlias = NativeNode | ContainerNode
"""A node that this process has started and may therefore break."""

KEPT: Final = 8
"""Snapshots kept in the cache, about 1.1 MB each; the least recently used go first."""

_FORMAT: Final = "1"
_IN_USE_S: Final = 3600.0
_LEFT_OUT: Final = shutil.ignore_patterns(
    "*.log.tmp", "debug.log", "node.log", "*.pid", ".cookie", ".lock", "LOCK", "notifications", "settings.json",
    "peers.dat", "mempool.dat", "fee_estimates.dat", "banlist.json", "wallets",
)  # fmt: skip
"""What a node makes again by itself: it would cost time to copy, or belongs to the run that made it."""


def fresh_node(
    seed: int,
    preference: str | None = None,
    *,
    options: Sequence[str] = (),
    peers: bool = False,
    chain: str = REGTEST,
) -> OwnNode:
    """Return a node of its own for one scenario, not started yet, whose chain holds the wallet's money of ``seed``.

    For scenarios that change policy, mempool or history, or break the node. ``RegtestLedger.prepare`` finds the
    money there; it takes a few milliseconds instead of fifty.

    :param preference: as in :func:`hil.chain.node.providers.choose`.
    :param options: of bitcoind, after the usual ones, e.g. ``-maxmempool=5``.
    :param peers: listen for other nodes of ours, see :mod:`hil.chain.attacks.partition`.
    :param chain: another than regtest plays the wrong network; its chain is empty.

    Raises ConfigurationError if no node can be had, or if it is an external one, which is not ours to renew.
    """
    choice = decide(preference)
    if choice.provider == "external":
        raise ConfigurationError(
            "a scenario with @fresh_node needs a node that the bench starts itself; NODE is external",
            remedy="Use NODE=docker, native or auto",
        )
    copied = snapshot(choice.provider, seed) if chain == REGTEST else None
    why = (choice.why, *(() if copied or chain != REGTEST else ("the daemon does not see our files: no snapshot",)))
    if choice.provider == "docker":
        return ContainerNode(extra_options=options, snapshot=copied, peers=peers, chain=chain, why=why)
    return NativeNode(extra_options=options, snapshot=copied, peers=peers, chain=chain, why=why)


def snapshot(provider: str, seed: int) -> Path | None:
    """Return the folder of the chain of ``seed`` for ``docker`` or ``native``, made first if it is absent.

    None if the Docker daemon does not see the files of this machine.
    """
    identity = "/".join((_FORMAT, _identity(provider, image_name()), *OPTIONS, str(PREMINED), str(seed)))
    target = _home() / hashlib.sha256(identity.encode()).hexdigest()[:20]
    if not target.is_dir():
        with lock("snapshots"):
            if not target.is_dir() and not _make(provider, seed, target):
                return None
            _prune()
    target.touch()
    return target


def measure_fresh(provider: str) -> Second:
    """Return the seconds from nothing to a fresh node that has paid out its first confirmed coin (``make perf``).

    The snapshot should be there already: measure twice and forget the first.
    """
    elapsed = stopwatch()
    with fresh_node(0, provider) as node:
        client = RpcClient(node.endpoint)
        ledger = RegtestLedger(client, seed=0, now=lambda: 0.0)
        ledger.prepare()
        ledger.fund(Key(b"\1" * 32).p2wpkh_script, Satoshi(100_000))
        seconds = elapsed()
        client.close()
    return seconds


def _make(provider: str, seed: int, target: Path) -> bool:
    try:
        # the blocks as they are, not under a random key
        return _make_with(provider, seed, target, ("-blocksxor=0",))
    except LedgerUnavailable as error:
        if "-blocksxor" not in str(error):
            raise
        return _make_with(provider, seed, target, ())  # a bitcoind before version 28 has no such key


def _make_with(provider: str, seed: int, target: Path, plain: tuple[str, ...]) -> bool:
    with tempfile.TemporaryDirectory(dir=_home()) as work:
        empty = Path(work, "empty")
        empty.mkdir()
        node: OwnNode
        if provider == "docker":
            node = ContainerNode(extra_options=plain, snapshot=empty)
        else:
            node = NativeNode(extra_options=plain)
        try:
            with node:
                client = RpcClient(node.endpoint)
                RegtestLedger(client, seed=seed, now=lambda: 0.0).prepare()
                client.close()
                stop_cleanly(node)
                if node.folder is None:
                    raise RigFault("the node has no data folder", place=provider)
                shutil.copytree(node.folder, Path(work, "done"), ignore=_LEFT_OUT)
        except RigFault as error:
            if provider == "docker" and "bind source path does not exist" in str(error):
                return False
            raise
        Path(work, "done").rename(target)
    return True


@lru_cache
def _identity(provider: str, image: str) -> str:
    """Tell one bitcoind from another without starting it."""
    if provider == "docker":
        client = container.connect(container.BUILD_TIMEOUT)
        try:
            return str(ensure_image(client, image)[0].id)
        finally:
            client.close()
    program = Path(command_for("bitcoind")[0][-1])
    stat = program.stat()
    return f"{program}/{stat.st_size}/{stat.st_mtime_ns}"


def _home() -> Path:
    folder = cache_folder() / "snapshots"
    folder.mkdir(exist_ok=True)
    return folder


def _prune() -> None:
    """Remove the oldest snapshots above the number kept, but none that a run may be copying right now."""
    folders = sorted(_home().iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
    now = utc_now().timestamp()
    for folder in folders[KEPT:]:
        if now - folder.stat().st_mtime > _IN_USE_S:
            shutil.rmtree(folder, ignore_errors=True)
