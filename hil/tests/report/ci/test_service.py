"""Which service is told, and what it has of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from hil.errors import ConfigurationError
from hil.report.ci.gitlab import CODE_QUALITY_FILE
from hil.report.ci.service import Service, service_of, tell
from hil.tests.report.conftest import view


@pytest.mark.parametrize(
    ("asked", "environment", "service"),
    [
        (None, {}, Service.NONE),
        ("auto", {"GITHUB_ACTIONS": "true"}, Service.GITHUB),
        (None, {"GITLAB_CI": "true"}, Service.GITLAB),
        ("none", {"GITHUB_ACTIONS": "true"}, Service.NONE),
        ("gitlab", {"GITHUB_ACTIONS": "true"}, Service.GITLAB),
    ],
)
def test_an_option_comes_before_the_environment(
    asked: str | None, environment: dict[str, str], service: Service
) -> None:
    assert service_of(asked, environment) is service


def test_a_service_that_is_not_known_is_refused_with_the_nearest() -> None:
    with pytest.raises(ConfigurationError, match=r"'githib' is no service; known: .*Did you mean 'github'\?"):
        service_of("githib", {})


def test_places_are_relative_to_the_repository_in_which_the_laboratory_is(finished_run: Path, tmp_path: Path) -> None:
    environment = {"GITHUB_WORKSPACE": str(tmp_path), "GITHUB_STEP_SUMMARY": str(tmp_path / "summary")}

    below = tell(view(finished_run), Service.GITHUB, tmp_path / "labs/one", environment)
    at_root = tell(view(finished_run), Service.GITHUB, tmp_path, environment)

    assert below[0].startswith("::error file=labs/one/features/underpayment.feature,line=10,")
    assert at_root[0].startswith("::error file=features/underpayment.feature,line=10,")
    assert (tmp_path / "summary").read_text(encoding="utf-8").count("## Acceptance report") == 2


def test_a_summary_that_cannot_be_written_is_told_in_the_log(finished_run: Path, tmp_path: Path) -> None:
    lines = tell(view(finished_run), Service.GITHUB, tmp_path, {"GITHUB_STEP_SUMMARY": str(tmp_path)})

    assert len(lines) == 3
    assert lines[-1].startswith(f"{tmp_path}: evidence cannot be written: Is a directory")


def test_gitlab_has_the_file_in_the_laboratory(finished_run: Path, tmp_path: Path) -> None:
    tell(view(finished_run), Service.GITLAB, tmp_path, {})

    assert (tmp_path / CODE_QUALITY_FILE).is_file()


def test_without_a_service_nothing_is_told(finished_run: Path, tmp_path: Path) -> None:
    assert tell(view(finished_run), Service.NONE, tmp_path, {"GITHUB_STEP_SUMMARY": str(tmp_path / "s")}) == []
    assert list(tmp_path.iterdir()) == []
