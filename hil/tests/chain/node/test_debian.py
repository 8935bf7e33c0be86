from __future__ import annotations

import multiprocessing
import re
import socket
from typing import TYPE_CHECKING

import pytest

from hil.chain.node import debian
from hil.chain.node.debian import is_expired, mirror_in
from hil.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

EXPIRED = (
    "E: Release file for http://mirror.example/debian/dists/forky/InRelease is expired "
    "(invalid since 31d 2h 3min 4s). Updates for this repository will not be applied."
)


def test_the_mirror_is_the_debian_archive_and_not_its_neighbours() -> None:
    uris = (
        "'http://mirror.example/debian-security/dists/bookworm-security/InRelease' a_InRelease 0 \n"
        "'https://packages.example/apt/dists/stable/InRelease' b_InRelease 0 \n"
        "'http://mirror.example/debian/dists/bookworm/InRelease' c_InRelease 0 \n"
        "'http://mirror.example/debian/dists/bookworm/main/binary-amd64/Packages.xz' d_Packages 0 \n"
    )
    assert mirror_in(uris) == "http://mirror.example/debian/"
    assert mirror_in("'http://mirror.example/ubuntu/dists/noble/InRelease' e_InRelease 0 \n") is None
    assert mirror_in("") is None


def test_a_frozen_mirror_is_recognised_by_apts_complaint() -> None:
    assert is_expired(EXPIRED)
    assert is_expired(f"W: something else\n{EXPIRED}\n")


@pytest.mark.parametrize(
    "output",
    [
        "",
        "W: Release file is expired",
        f"{EXPIRED}\nE: The repository 'http://mirror.example/debian forky InRelease' is not signed.",
        "E: The repository 'http://mirror.example/debian forky InRelease' is not signed.",
        "E: Failed to fetch http://mirror.example/debian/dists/forky/InRelease  Could not connect",
    ],
)
def test_no_other_complaint_switches_the_check_of_dates_off(output: str) -> None:
    assert not is_expired(output)


def test_a_machine_without_debian_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HIL_CACHE", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("HIL_DEBIAN_MIRROR", raising=False)
    assert debian.mirror() is None
    with pytest.raises(ConfigurationError, match="no Debian mirror in its apt sources"):
        debian.unpack()


def test_a_mirror_that_gives_nothing_leaves_no_half_a_tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = tmp_path / "bin"
    fake.mkdir()
    for tool in ("apt-get", "apt-config", "dpkg-deb"):
        (fake / tool).write_text("#!/bin/sh\necho 'E: Could not resolve the mirror' >&2\nexit 100\n")
        (fake / tool).chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake}:/usr/bin:/bin")
    monkeypatch.setenv("HIL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HIL_DEBIAN_MIRROR", "http://mirror.example/debian")
    with pytest.raises(ConfigurationError, match=r"apt-get update failed .*: E: Could not resolve the mirror"):
        debian.unpack()
    assert debian.unpacked() is None
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [f"debian-{debian.SUITE}.lock"]


def test_a_mirror_that_does_not_answer_is_what_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the machine's own apt: without its errors it would go on, and miss the packages."""
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))  # and does not listen
        address = f"http://127.0.0.1:{deaf.getsockname()[1]}/debian/"
        monkeypatch.setenv("HIL_CACHE", str(tmp_path))
        monkeypatch.setenv("HIL_DEBIAN_MIRROR", address)
        with pytest.raises(ConfigurationError, match=r"apt-get update failed .*" + re.escape(address)):
            debian.unpack()


_SLOW_APT = """#!/bin/sh
case "$*" in
  *update*) if grep -q Check-Valid-Until "$APT_CONFIG"; then exit 0; fi
            echo 'E: Release file for http://mirror.example/x is expired (invalid since 1d).' >&2; exit 100;;
  *install*) echo run >> "$COUNT"; touch "$(dirname "$APT_CONFIG")/cache/archives/a.deb";;
esac
"""


def test_an_expired_mirror_is_used_with_a_note_and_only_one_of_two_processes_does_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = tmp_path / "bin"
    fake.mkdir()
    unpacker = '#!/bin/sh\nmkdir -p "$3/usr/bin" && touch "$3/usr/bin/bitcoind"\n'
    for tool, text in {"apt-get": _SLOW_APT, "apt-config": "#!/bin/sh\n", "dpkg-deb": unpacker}.items():
        (fake / tool).write_text(text)
        (fake / tool).chmod(0o755)
    count = tmp_path / "count"
    monkeypatch.setenv("COUNT", str(count))
    monkeypatch.setenv("PATH", f"{fake}:/usr/bin:/bin")
    monkeypatch.setenv("HIL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HIL_DEBIAN_MIRROR", "http://mirror.example/debian")
    with multiprocessing.get_context("fork").Pool(2) as pool:
        first, second = pool.map(_unpack, range(2), chunksize=1)
    assert first == second == debian.unpack()
    assert first.notes == (
        f"the Debian mirror's Release file for {debian.SUITE} is past its Valid-Until date; signatures were checked",
    )
    assert (first.root / "usr/bin/bitcoind").is_file()
    assert count.read_text().splitlines() == ["run"]


def _unpack(_: int) -> debian.Tree:
    return debian.unpack()
