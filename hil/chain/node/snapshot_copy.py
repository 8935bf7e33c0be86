"""A folder in memory for the data of a node in a container, filled from a snapshot."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import Final

from hil.chain.node.folders import memory_folder
from hil.chain.node.process_identity import this_process

PREFIX: Final = "micropay-hil-node."
"""Of every data folder of a node; then comes its owner, so that it is removed when its owner is dead."""


def new_folder() -> Path:
    """Return a new, private data folder in memory that belongs to this process."""
    return Path(tempfile.mkdtemp(prefix=f"{PREFIX}{this_process()}.", dir=memory_folder()))


def data_folder(snapshot: Path) -> tuple[Path, str]:
    """Return a copy of ``snapshot`` and the ``uid:gid`` as which a container may write to it.

    That is this process's own user, also if it is root: it has no capability inside, and a process may change the
    limits of its own user's processes only (:func:`hil.chain.attacks.node.fill_disk`).
    """
    folder = new_folder()
    shutil.copytree(snapshot, folder, dirs_exist_ok=True)
    folder.chmod(0o700)
    return folder, f"{os.getuid()}:{os.getgid()}"
