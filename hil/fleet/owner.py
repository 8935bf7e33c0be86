"""Who holds a place: the coordinator knows a holder as ``host/user``, and each job has a user part of its own.

Two jobs of one person on one machine would otherwise be one holder, and each could release the places of the other.
"""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from getpass import getuser
from socket import gethostname
from typing import Self

HOST_VARIABLE = "LG_HOSTNAME"
USER_VARIABLE = "LG_USERNAME"
"""Environment variables from which labgrid's client takes the two parts of a holder's name."""

_MARK = ".job-"


@dataclass(frozen=True)
class Owner:
    """The holder of places, as the coordinator names it.

    :param host: name of the machine. :param user: the person, and the job if it is one of ours.
    """

    host: str
    user: str

    def __str__(self) -> str:
        return f"{self.host}/{self.user}"

    @classmethod
    def person(cls) -> Self:
        """Return the person at this machine, as ``labgrid-client`` names them."""
        return cls(os.environ.get(HOST_VARIABLE) or gethostname(), os.environ.get(USER_VARIABLE) or getuser())

    @classmethod
    def new_job(cls) -> Self:
        """Return the owner for a job that begins now; no other job has the same."""
        person = cls.person()
        name = person.user.partition(_MARK)[0].replace("/", "-")
        return cls(person.host.replace("/", "-"), f"{name}{_MARK}{secrets.token_hex(4)}")

    def part(self, number: int) -> Self:
        """Return the owner for process ``number`` of this job: of two processes, neither can be given the place of the
        other, also after a restart of the coordinator.
        """
        return type(self)(self.host, f"{self.user}.{number}")

    @property
    def environment(self) -> dict[str, str]:
        """The environment in which labgrid's client acts for this owner."""
        return {HOST_VARIABLE: self.host, USER_VARIABLE: self.user}


def is_job(owner: str) -> bool:
    """Tell whether a holder, as the coordinator names it, is a job of this framework and not a person."""
    return _MARK in owner
