"""Two jobs of two Unix users on one fleet: they share no place, and neither can reach what is the other's."""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from hil.errors import ExitCode
from hil.tests.acceptance.commands import Finished, poll
from hil.tests.fleet.campaign import FEATURE
from hil.tests.fleet.struck_fleet import StruckFleet, struck_fleet
from hil.tests.fleet.test_place_runs import uses
from hil.tests.fleet.users import unix_users
from hil.tests.fleet.users.unix_users import UnixUser, command_lines_of, listens_of

WORDS = ("run", "short.feature:12", "--place", "rig=*", "--place-wait", "4 min", "--live")


@dataclass
class Seen:
    """What one user saw of the other's job while it ran and after it."""

    files: set[str] = field(default_factory=set)
    command_lines: str = ""
    answers: dict[tuple[str, int], int] = field(default_factory=dict)
    """What the other's programs answered to somebody without a password or token, by address: the HTTP status."""
    secrets: set[str] = field(default_factory=set)
    """What must not be seen, as root reads it."""


@dataclass
class TwoJobs:
    """What came of both jobs, in the order in which they were started."""

    finished: list[Finished]
    seen: list[Seen]


@pytest.fixture(scope="module")
def jobs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwoJobs | str]:
    """Run both; a text that says why not if this machine gives no users."""
    if why := unix_users.why_not():
        yield why
        return
    with (
        tempfile.TemporaryDirectory(prefix="hil-homes-") as folder,  # pytest's folders are root's alone
        struck_fleet(tmp_path_factory.mktemp("fleet") / "laboratory", 1) as fleet,
        _open_to_all(Path(folder)) as homes,
        UnixUser.made(f"hil-a{os.getpid() % 100000}", homes) as alice,
        UnixUser.made(f"hil-b{os.getpid() % 100000}", homes) as bob,
    ):
        yield _two_jobs(fleet, alice, bob)


@contextlib.contextmanager
def _open_to_all(folder: Path) -> Iterator[Path]:
    """Let every user enter the folder with the homes, as ``/home``."""
    folder.chmod(0o755)
    yield folder


def _two_jobs(fleet: StruckFleet, alice: UnixUser, bob: UnixUser) -> TwoJobs:
    seen, running = [Seen(), Seen()], []
    for user in (alice, bob):
        (user.project.folder / "short.feature").write_text(FEATURE, encoding="utf-8")
    for user, other in ((alice, bob), (bob, alice)):
        user.before = other.reaches(user)
    for user in (alice, bob):
        running.append(user.start(*WORDS, environment={"LG_COORDINATOR": fleet.fleet.coordinator}))
        poll(lambda: fleet.client.places()["virtual-1"].owner or running[0].process.poll() is not None, "a job's place")

    def looked_until_both_ended() -> bool:
        ended = all(each.process.poll() is not None for each in running)
        for one, (user, other) in zip(seen, ((alice, bob), (bob, alice)), strict=True):
            one.files |= other.reaches(user)
            one.command_lines += command_lines_of(user)
            one.secrets |= _secrets(user)
            for address in listens_of(user) - one.answers.keys():
                one.answers[address] = _status(address)
        return ended

    poll(looked_until_both_ended, "both jobs", timeout=300.0)
    return TwoJobs([each.finish() for each in running], seen)


def _secrets(user: UnixUser) -> set[str]:
    """Return the passwords of a user's nodes and the token of his live page."""
    found = set()
    for cookie in Path("/dev/shm").glob("*/**/.cookie"):  # noqa: S108 - looked at
        with contextlib.suppress(OSError):
            if cookie.stat().st_uid == user.uid:
                found.add(cookie.read_text().partition(":")[2])
    said = user.project.folder / "said.txt"
    if said.exists():
        found |= set(re.findall(r"http://127\S*[/?#=]([\w-]{20,})", said.read_text(errors="replace")))
    return found


def _status(address: tuple[str, int]) -> int:
    """Ask for the root page without any token; 0: what listens speaks no HTTP."""
    connection = http.client.HTTPConnection(*address, timeout=3.0)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def test_both_jobs_come_to_their_end_one_after_the_other(jobs: TwoJobs | str) -> None:
    if isinstance(jobs, str):
        assert jobs
        return
    first, second = jobs.finished

    assert [first.code, second.code] == [ExitCode.PASS] * 2, first.said + second.said
    (_, _, ended), (_, began, _) = uses(first.record)[-1], uses(second.record)[0]
    assert ended <= began


def test_neither_can_reach_a_file_a_folder_or_a_socket_that_the_other_s_job_made(jobs: TwoJobs | str) -> None:
    if isinstance(jobs, str):
        assert jobs
        return
    assert [sorted(each.files) for each in jobs.seen] == [[], []]
    for each in jobs.finished:
        assert (each.folder / "report.html").is_file()
        assert {path.name for path in each.project.glob("reports/*")} >= {"runs", "places", "index.html", ".index.json"}


def test_no_command_line_tells_a_password_or_a_token(jobs: TwoJobs | str) -> None:
    if isinstance(jobs, str):
        assert jobs
        return
    for each in jobs.seen:
        assert "bitcoin" in each.command_lines
        assert len(each.secrets) >= 2
        assert not [secret for secret in each.secrets if secret in each.command_lines]


def test_what_listens_answers_nobody_without_its_password_or_token(jobs: TwoJobs | str) -> None:
    if isinstance(jobs, str):
        assert jobs
        return
    for each in jobs.seen:
        assert each.answers
        assert 200 not in each.answers.values(), each.answers


def test_who_is_not_root_is_told_so_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)

    assert unix_users.why_not() == "only root can make users"
