"""``python -m hil.qualify.patched_module MODULE=FILE PROGRAM [ARGUMENT ...]`` runs PROGRAM with MODULE read from FILE.

So a defect is put into a program without a change to any file of the product. Imports nothing of the product: whatever
was imported before could not be patched any more. The patched module itself is imported at once, since pytest finds the
modules of its plug-ins by a finder that it puts before all others.
"""

from __future__ import annotations

import importlib
import runpy
import sys
from importlib.abc import MetaPathFinder
from importlib.util import spec_from_file_location
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType


class OneModuleFinder(MetaPathFinder):
    """Finds one module in a file of one's own, and leaves all others to the finders behind it."""

    def __init__(self, module: str, file: str) -> None:
        self._module, self._file = module, file

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """See :class:`importlib.abc.MetaPathFinder`."""
        return spec_from_file_location(fullname, self._file) if fullname == self._module else None


def main() -> None:
    """Install the patch, then become the program."""
    (module, _, file), program, *arguments = sys.argv[1].partition("="), *sys.argv[2:]
    sys.meta_path.insert(0, OneModuleFinder(module, file))
    importlib.import_module(module)
    sys.argv = [program, *arguments]
    runpy.run_module(program, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
