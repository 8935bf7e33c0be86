"""A bitcoind from the machine's own Debian mirror, unpacked into the cache without root.

Debian packages Bitcoin Knots (``bitcoind`` and ``bitcoin-cli``) in its newer suites; Bitcoin Core itself is not
packaged. apt resolves and verifies the packages in a private root of its own, ``dpkg-deb`` unpacks them, and the
programs run through the dynamic loader that came with them, so the machine's Debian may be older. The same tree is
the base of the Docker image where no registry can be reached.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from hil.chain.node.folders import cache_folder, lock
from hil.errors import ConfigurationError

SUITE = "forky"
PACKAGES = ("bitcoin-knots", "dash", "base-files")
"""``dash`` gives the Docker image its ``sh``; ``base-files`` the links ``/lib`` and ``/bin`` of a merged ``/usr``."""

_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_TOOLS = ("apt-get", "apt-config", "dpkg-deb")
_NOTES = "NOTES"
_DOWNLOAD_TIMEOUT = 600.0

_APT_CONF = """\
Dir "{root}";
Dir::State "{root}/state";
Dir::State::status "{root}/status";
Dir::Cache "{root}/cache";
Dir::Etc "{root}/etc";
Dir::Etc::sourcelist "{root}/etc/sources.list";
Dir::Etc::sourceparts "-";
Debug::NoLocking "1";
APT::Install-Recommends "0";
APT::Sandbox::User "";
Acquire::Languages "none";
Acquire::Retries "3";
APT::Update::Error-Mode "any";
"""


@dataclass(frozen=True)
class Tree:
    """An unpacked root file system with bitcoind in it.

    :param notes: what a reader of the evidence should know of how it came about.
    """

    root: Path
    notes: tuple[str, ...]

    def command(self, program: str) -> list[str]:
        """Return the command that runs ``program`` (``bitcoind``, ``bitcoin-cli``) with the tree's own libraries."""
        loader = next(iter(sorted(self.root.glob("usr/lib/*/ld-linux*.so.*")) or self.root.glob("usr/lib/ld-linux*")))
        libraries = ":".join(str(folder) for folder in (loader.parent, self.root / "usr/lib"))
        return [str(loader), "--library-path", libraries, str(self.root / "usr/bin" / program)]


def mirror() -> str | None:
    """Return the address of the Debian mirror that this machine's own apt uses, None if it has none."""
    chosen = os.environ.get("HIL_DEBIAN_MIRROR")
    if chosen:
        return chosen
    if any(shutil.which(tool) is None for tool in _TOOLS) or not _KEYRING.is_file():
        return None
    # says what it would fetch, and fetches nothing; it needs no lists, which images of Debian come without
    return mirror_in(_run(["apt-get", "update", "--print-uris"], timeout=30).stdout)


def mirror_in(uris: str) -> str | None:
    """Find the Debian archive in what ``apt-get update --print-uris`` says; security and other archives don't count."""
    found = re.search(r"^'(\S+/debian/)dists/[^/']+/(?:InRelease|Release)'", uris, re.MULTILINE)
    return found[1] if found else None


def unpacked() -> Tree | None:
    """Return the tree in the cache if it is there already."""
    root = cache_folder() / f"debian-{SUITE}"
    if not root.is_dir():
        return None
    notes = root.with_suffix(f".{_NOTES}")
    return Tree(root, tuple(notes.read_text().splitlines()) if notes.is_file() else ())


def unpack() -> Tree:
    """Return the tree in the cache; download and unpack it first if it is not there (about 10 s, 40 MB).

    Several processes may ask at once: one works, the others wait for it. Raises ConfigurationError if this machine
    has no Debian mirror, or if the mirror does not give what is needed.
    """
    if (tree := unpacked()) is not None:
        return tree
    with lock(f"debian-{SUITE}"):
        if (tree := unpacked()) is not None:
            return tree
        address = mirror()
        if address is None:
            raise ConfigurationError("this machine has no Debian mirror in its apt sources to unpack a bitcoind from")
        cache = cache_folder()
        with tempfile.TemporaryDirectory(prefix="debian-", dir=cache, ignore_cleanup_errors=True) as work:
            notes = _download(Path(work), address)
            root = Path(work, "root")
            for package in sorted(Path(work, "cache/archives").glob("*.deb")):
                _checked(["dpkg-deb", "-x", str(package), str(root)])
            target = cache / f"debian-{SUITE}"
            target.with_suffix(f".{_NOTES}").write_text("\n".join(notes))
            root.rename(target)
    return Tree(target, notes)


def is_expired(apt_output: str) -> bool:
    """Tell whether apt refused the mirror only because its Release file is past its Valid-Until date.

    That is what a frozen mirror (a snapshot) looks like. Any other complaint, such as a bad signature, in the same
    output means no.
    """
    errors = [line for line in apt_output.splitlines() if line.startswith("E:")]
    return bool(errors) and all(re.search(r"Release file for .* is expired", line) for line in errors)


def _download(work: Path, address: str) -> tuple[str, ...]:
    """Fetch the packages into ``work/cache/archives``; return notes."""
    for folder in ("etc/apt.conf.d", "etc/preferences.d", "state/lists/partial", "cache/archives/partial", "root"):
        (work / folder).mkdir(parents=True)
    (work / "status").touch()
    (work / "etc/sources.list").write_text(f"deb [signed-by={_KEYRING}] {address} {SUITE} main\n")
    configuration = work / "apt.conf"
    configuration.write_text(_APT_CONF.format(root=work) + _network_settings())
    environment = {**os.environ, "APT_CONFIG": str(configuration), "LC_ALL": "C"}
    notes: tuple[str, ...] = ()
    update = _run(["apt-get", "update", "-q"], environment)
    if update.returncode != 0 and is_expired(update.stderr):
        notes = (f"the Debian mirror's Release file for {SUITE} is past its Valid-Until date; signatures were checked",)
        with configuration.open("a") as file:
            file.write('Acquire::Check-Valid-Until "0";\n')
        update = _run(["apt-get", "update", "-q"], environment)
    if update.returncode != 0:
        raise _failure("apt-get update", update)
    _checked(["apt-get", "install", "-q", "-y", "--download-only", *PACKAGES], environment)
    return notes


def _network_settings() -> str:
    """Return the machine's own apt settings for HTTP (proxies and the like), which a private root would lose."""
    lines = _run(["apt-config", "dump"], timeout=30).stdout.splitlines()
    return "\n".join(line for line in lines if re.match(r"Acquire::https?::[\w:-]+ ", line)) + "\n"


def _run(
    command: list[str], environment: dict[str, str] | None = None, timeout: float = _DOWNLOAD_TIMEOUT
) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            command, env=environment, timeout=timeout, capture_output=True, text=True, check=False, errors="replace"
        )
    except subprocess.TimeoutExpired as error:
        raise ConfigurationError(f"waited {timeout:g} s for '{' '.join(command[:2])}' in vain") from error
    except OSError as error:
        raise ConfigurationError(f"'{command[0]}' cannot be run ({error.strerror})") from error


def _checked(command: list[str], environment: dict[str, str] | None = None) -> None:
    result = _run(command, environment)
    if result.returncode != 0:
        raise _failure(" ".join(command[:2]), result)


def _failure(what: str, result: subprocess.CompletedProcess[str]) -> ConfigurationError:
    last = [line for line in result.stderr.splitlines() if line.startswith("E:")] or result.stderr.splitlines()
    return ConfigurationError(f"{what} failed while unpacking a bitcoind: {' '.join(last[:3]) or result.returncode}")
