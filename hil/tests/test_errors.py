"""Errors say where, what, and what to do next; their kind decides the exit code."""

from __future__ import annotations

import inspect

import pytest

import hil.errors
from hil.errors import (
    AuthorError,
    ConfigurationError,
    DeadlineExceeded,
    ExitCode,
    HilError,
    PeerViolation,
    RigFault,
    nearest,
    together,
)


def test_an_error_tells_place_what_and_remedy() -> None:
    error = RigFault("no answer within 2 s", place="meter", remedy="Switch it on.")

    assert str(error) == "meter: no answer within 2 s. Switch it on."


@pytest.mark.parametrize("end", [".", "?", "!", "…"])
def test_a_remedy_stands_behind_one_mark(end: str) -> None:
    assert str(RigFault(f"the supply is off{end}", remedy="Switch it on.")) == f"the supply is off{end} Switch it on."


def test_place_and_remedy_may_be_absent() -> None:
    assert str(RigFault("no answer")) == "no answer"
    assert str(RigFault("no answer", remedy="Wait.")) == "no answer. Wait."


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (HilError, 3),
        (ConfigurationError, 4),
        (AuthorError, 4),
        (RigFault, 7),
        (PeerViolation, 1),
        (DeadlineExceeded, 1),
    ],
)
def test_each_kind_has_its_exit_code(kind: type[HilError], code: int) -> None:
    assert kind("x").exit_code == code


def test_every_error_here_has_the_one_root() -> None:
    kinds = [each for _, each in inspect.getmembers(hil.errors, inspect.isclass) if issubclass(each, Exception)]

    assert kinds
    assert all(issubclass(kind, HilError) for kind in kinds)


def test_codes_below_six_keep_the_meaning_of_pytest() -> None:
    codes = {"PASS": "OK", "INTERRUPTED": "INTERRUPTED", "INTERNAL_ERROR": "INTERNAL_ERROR"}
    codes |= {"DEVICE_FAILURE": "TESTS_FAILED", "AUTHOR_ERROR": "USAGE_ERROR", "NOTHING_RUN": "NO_TESTS_COLLECTED"}

    assert {name: int(ExitCode[name]) for name in codes} == {
        name: int(pytest.ExitCode[theirs]) for name, theirs in codes.items()
    }


def test_the_nearest_known_name_is_offered() -> None:
    assert nearest("hmc8051", ["hmc8015", "wt300e"]) == "; known: hmc8015, wt300e. Did you mean 'hmc8015'?"
    assert nearest("xyz", ["b", "a"]) == "; known: a, b"


def test_the_nearest_name_is_found_whatever_its_case() -> None:
    assert "Did you mean 'kW'?" in hil.errors.nearest("kw", ["W", "kW"])


def test_what_is_true_of_several_places_is_said_once_and_no_full_stop_is_doubled() -> None:
    relays = [RigFault("cannot be read", place=f"relay K{number}", remedy="Check its supply.") for number in (1, 2, 3)]
    load = RigFault("does not answer", place="load")

    told = together([relays[0], load, *relays[1:], relays[0]])

    assert told == "relay K1, relay K2, relay K3: cannot be read. Check its supply; load: does not answer"
    remedied = RigFault(told, place="safe state", remedy="Switch the mains off by hand.")
    assert str(remedied) == f"safe state: {told}. Switch the mains off by hand."
