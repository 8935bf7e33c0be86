"""Which service for continuous integration a command runs in, and what that is told of a run."""

from __future__ import annotations

import contextlib
import enum
import os
from collections.abc import Callable, Mapping
from pathlib import Path

from hil.clock import utc_now
from hil.errors import ConfigurationError, RigFault, nearest
from hil.evidence.run_folder.files import on_disk
from hil.report.ci import github, gitlab
from hil.report.run_view import RunView


class Service(enum.StrEnum):
    """A service that the framework can tell of a run; the value is what ``--ci`` takes."""

    NONE = "none"
    GITHUB = "github"
    GITLAB = "gitlab"


AUTO = "auto"
"""Take the service from the environment."""

_WORKSPACES = {Service.GITHUB: "GITHUB_WORKSPACE", Service.GITLAB: "CI_PROJECT_DIR"}
"""The variable that names the folder of the repository."""


def service_of(asked: str | None, environment: Mapping[str, str]) -> Service:
    """Return the service that an option names, or that of the environment; raises ConfigurationError for no service."""
    if asked not in (None, AUTO):
        with contextlib.suppress(ValueError):
            return Service(asked)
        raise ConfigurationError(f"--ci: '{asked}' is no service{nearest(asked, [AUTO, *Service])}")
    for service, variable in ((Service.GITHUB, "GITHUB_ACTIONS"), (Service.GITLAB, "GITLAB_CI")):
        if environment.get(variable) == "true":
            return service
    return Service.NONE


def tell(run: RunView, service: Service, root: Path, environment: Mapping[str, str]) -> list[str]:
    """Tell ``service`` of ``run``; return the lines for its log, to be written as they are.

    :param root: of the laboratory: what the places of scenarios are relative to.
    """
    prefix = _prefix(root, environment.get(_WORKSPACES.get(service, ""), ""))
    if service is Service.GITHUB:
        lines = github.workflow_commands(run, prefix)
        if summary := environment.get("GITHUB_STEP_SUMMARY"):
            lines += _tried(lambda: _append(Path(summary), github.step_summary(run)))
        return lines
    if service is Service.GITLAB:
        lines = gitlab.log_sections(run, int(utc_now().timestamp()))
        return lines + _tried(lambda: gitlab.write_code_quality(run, prefix, root))
    return []


def _append(path: Path, text: str) -> None:
    with on_disk(path), path.open("a", encoding="utf-8", newline="\n") as file:
        file.write(text)


def _tried(write: Callable[[], object]) -> list[str]:
    """Write what is only told to the service; return what kept it from that: no result of the run depends on it."""
    try:
        write()
    except RigFault as error:
        return [str(error)]
    return []


def _prefix(root: Path, workspace: str) -> str:
    """Return the path of the laboratory in the repository, with a slash at its end; empty at its root or outside."""
    if not workspace or not root.is_relative_to(workspace):
        return ""
    relative = os.path.relpath(root, workspace)
    return "" if relative == "." else f"{relative}/"
