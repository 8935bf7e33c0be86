"""What can happen to a node of the bench's own: stopped, killed, restarted, out of disk, on the wrong network, behind.

What an honest device must do is the same for all of them: a socket that can no longer ask its node sells nothing
more, keeps the newest payment, and settles when the node is back (SPEC). The run says *rig fault* only if the bench
lost its node without having been asked to.
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hil.chain.attacks.partition import wait_until
from hil.chain.client.rpc import LedgerUnavailable, RpcClient
from hil.chain.funding.blocks import EPOCH
from hil.chain.node.base import stop_cleanly
from hil.chain.node.native import NativeNode
from hil.errors import ConfigurationError

if TYPE_CHECKING:
    from hil.chain.node.snapshot import OwnNode

STILL_DOWNLOADING: Final = ("-maxtipage=3600", f"-mocktime={EPOCH + 30 * 86_400}")
"""Options of a node whose newest block is 30 days old, so that it says it is in initial download, until it gets a
block of the present. An honest socket does not trust it: ``LedgerView.ready()`` is false."""

_END_TIMEOUT: Final = 10.0
_FLUSH_TIMEOUT: Final = 2.0


def pause(node: OwnNode) -> None:
    """Stop the node's process where it is (SIGSTOP, or Docker's freezer, 12 ms).

    It takes connections and never answers: an honest caller gives up at its own time-out.
    """
    if isinstance(node, NativeNode):
        os.kill(node.pid, signal.SIGSTOP)
        # the signal takes its time: until then the node may still answer
        wait_until(lambda: _state(node.pid) == "T", _END_TIMEOUT, "the node to stop", lambda: _state(node.pid))
    else:
        node.container.pause()


def resume(node: OwnNode) -> None:
    """Let a paused node go on: it then answers what waited."""
    if isinstance(node, NativeNode):
        os.kill(node.pid, signal.SIGCONT)
    else:
        node.container.unpause()


def kill(node: OwnNode, *, keep_blocks: bool = True) -> None:
    """End the node at once (SIGKILL), as a power cut does: connections are refused from now on.

    What it had not written is lost: its mempool always.

    :param keep_blocks: let it write its blocks first, as a node does from time to time; else it goes back to the
        blocks of its last writing, and the bench's ledger must be made and prepared anew.
    """
    if keep_blocks:
        _write_blocks(node)
    if isinstance(node, NativeNode):
        os.kill(node.pid, signal.SIGKILL)
    else:
        node.container.kill()
    node.wait_ended(_END_TIMEOUT)


def shut_down(node: OwnNode) -> None:
    """End the node in order: it writes everything, its mempool too, and refuses connections from now on."""
    stop_cleanly(node)


def restart(node: OwnNode) -> None:
    """Start an ended node again on its data, address and credentials, and wait until it answers.

    Its mock time is that of its options again: set it (``RegtestLedger.mine`` and ``follow_time`` do as soon as the
    bench's time has moved). After :func:`kill` an honest socket must broadcast again: the mempool is empty.

    Raises ConfigurationError for a container whose data were in its own memory: use ``snapshot.fresh_node``.
    """
    node.run_again()


def fill_disk(node: OwnNode) -> None:
    """Let every further write of the node fail, as on a full disk (RLIMIT_FSIZE 0, so nothing else is touched).

    It ends itself at the next block, which it cannot store, if nothing else makes it write before; until then it
    answers from memory. :func:`free_disk` before :func:`restart` where the process still lives; a new process starts
    without the limit.

    Raises ConfigurationError if the container's process cannot be seen from here, or belongs to somebody else.
    """
    _write_blocks(node)
    _limit_writes(node, 0)


def free_disk(node: OwnNode) -> None:
    """Let the node write again."""
    _limit_writes(node, resource.RLIM_INFINITY)


def _write_blocks(node: OwnNode) -> None:
    """Let the node write its blocks and coins to disk, if it answers."""
    client = RpcClient(node.endpoint, timeout=_FLUSH_TIMEOUT)
    with contextlib.suppress(LedgerUnavailable):
        client.call("syncwithvalidationinterfacequeue")  # the transaction index too has what there is to write
        client.call("gettxoutsetinfo", "none")  # writes everything before it counts
    client.close()


def _limit_writes(node: OwnNode, size: int) -> None:
    pid = _pid(node)
    try:
        _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, hard))
    except PermissionError as error:
        raise ConfigurationError(
            f"the limits of process {pid} cannot be changed from here ({error.strerror})", remedy="Use NODE=native"
        ) from error


def _state(pid: int) -> str:
    """Return the process's state as proc(5) names it: ``T`` is stopped."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][:1]


def _pid(node: OwnNode) -> int:
    """Return the process id of bitcoind as it is seen from here; never that of some other process."""
    if isinstance(node, NativeNode):
        return node.pid
    node.container.reload()
    pid = int(node.container.attrs["State"]["Pid"])
    mark = f"-rpcport={node.endpoint.port}".encode()
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0") if pid else []
    except OSError:
        command = []
    if mark not in command:
        raise ConfigurationError("the process in the container cannot be seen from here", remedy="Use NODE=native")
    return pid
