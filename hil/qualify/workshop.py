"""A project of its own for one trial: features and fixtures are the real ones, rig file and device hold the defect."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hil import yaml_file
from hil.errors import ConfigurationError
from hil.qualify.catalogue import patched

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hil.qualify.catalogue import Defect, Target

SHARED = ("conftest.py", "pyproject.toml", "features", "fixtures")

BUILD_TIMEOUT_S = 120.0

PATCH = "hil.qualify.patched_module"

C_FLAGS = ("-std=c11", "-O1", "-lsecp256k1", "-lcrypto")


@dataclass(frozen=True)
class Workshop:
    """Where one defect is tried.

    :ivar folder: of the project.
    :ivar root: of the real project.
    :ivar program: how ``hil`` is started there; with a defect that both sides share it has that too.
    """

    folder: Path
    root: Path
    program: tuple[str, ...]
    defective: bool = False
    """Whether ``program`` has the defect."""

    @property
    def newest_run(self) -> Path:
        """The folder of the newest run."""
        return (self.folder / "reports/runs/latest").resolve()


def open_workshop(folder: Path, root: Path, target: Target, defect: Defect | None) -> Workshop:
    """Make the project; raises ConfigurationError if the defect does not compile.

    :param defect: None: the device is as it should be.
    """
    folder.mkdir(parents=True)
    for name in SHARED:
        (folder / name).symlink_to(root / name)
    for name in ("rigs", "reports"):
        (folder / name).mkdir()
    (folder / "reports/acceptance.yaml").symlink_to(root / "reports/acceptance.yaml")
    program: tuple[str, ...] = (sys.executable, "-m", "hil.cli.main")
    patch: tuple[str, ...] = ()
    if target.language == "python":
        if defect is not None:
            patch = ("-m", PATCH, f"{_module(defect.file)}={_write(folder, defect, root)}", "hil.cli.main")
        command = [
            "env",
            f"PYTHONPATH={root}",
            sys.executable,
            *(patch or ("-m", "hil.cli.main")),
            "device",
            "lockstep",
        ]
        if target.role == "both" and patch:
            program = (sys.executable, *patch)
    else:
        command = _foreign(folder, root, target, defect)
    roles = ("socket", "cable") if target.role == "both" else (target.role,)
    _write_rig(root / "rigs/virtual.yaml", folder / "rigs/virtual.yaml", dict.fromkeys(roles, command))
    return Workshop(folder, root, program, target.role == "both" and bool(patch))


def _module(file: str) -> str:
    return file.removesuffix(".py").replace("/", ".")


def _write(folder: Path, defect: Defect, root: Path) -> Path:
    path = folder / "patched" / Path(defect.file).name  # beside the project, its name could be that of a library
    path.parent.mkdir()
    path.write_text(patched(defect, root), encoding="utf-8")
    if path.suffix == ".py":
        try:
            compile(path.read_text(encoding="utf-8"), str(path), "exec")
        except SyntaxError as error:
            raise ConfigurationError(f"{defect.id}: does not compile: {error}") from None
    return path


def _foreign(folder: Path, root: Path, target: Target, defect: Defect | None) -> list[str]:
    """Return the command of a device in another language, built if it must be."""
    source = root / target.defects[0].file if defect is None else _write(folder, defect, root)
    if target.language == "javascript":
        return ["node", str(source)]
    built = folder / "device"
    result = subprocess.run(
        ["cc", "-o", str(built), str(source), *C_FLAGS],  # noqa: S607 - whichever compiler this machine has
        capture_output=True,
        text=True,
        timeout=BUILD_TIMEOUT_S,
        check=False,
    )
    if result.returncode:
        what = f"{defect.id if defect else source.name}: does not compile: {result.stderr[:400]}"
        raise ConfigurationError(what, remedy="Install a C compiler, libsecp256k1-dev and libssl-dev; mend the defect.")
    return [str(built)]


def _write_rig(original: Path, path: Path, commands: dict[str, Sequence[str]]) -> None:
    document: Any = yaml_file.load(original)
    for role, command in commands.items():
        document["options"]["rig"]["devices"][role]["command"] = list(command)
    yaml_file.write(document, path)
