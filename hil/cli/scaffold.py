"""New features and step modules to begin with: sound as they stand, so that the first check finds nothing."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from hil.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

FEATURE = """\
Feature: {title}
  What a reader of the report must know. Tags say which requirements the scenarios show: features/requirements.yaml.
  `hil steps WORD` finds steps.

  Scenario: {title}, as it should be
    Given the socket is under test in single-fee mode
    And the load draws 1300 W
    And the cable pays for at most 1 payments
    When the devices are switched on
    And the session has ended
    Then the energy delivered is 8 Wh within 2 %
"""

STEPS = '''\
"""{title}: what these steps are about."""

from __future__ import annotations

from hil.testing import Check, Limit, Observer, Second, Source, WattHour, sampled, then, when
from hil.testing.measurements import energy


@when("{words} lasts for {{duration}}")
def {name}_lasts(duration: Second, /, observer: Observer) -> None:
    """What happens, with units, and where its numbers come from."""
    observer.sleep(float(duration))


@then("at most {{energy}} flowed in all while {words} lasted")
def {name}_costs(most: WattHour, /) -> Check:
    """What is measured, from when to when. A Then step returns its check: name, limit, how it is observed, by whom."""
    return sampled("energy of {words}", Limit("Wh", high=float(most)), energy.delivered, Source.LAB_METER)
'''


def new_feature(name: str, folder: Path) -> Path:
    """Write a feature that can run, named after ``name``; see :func:`_write`."""
    title = _title(name)
    return _write(folder / f"{_words(name).replace(' ', '-')}.feature", FEATURE.format(title=title))


def new_steps(name: str, folder: Path) -> Path:
    """Write a step module with one step, named after ``name``; see :func:`_write`."""
    words = _words(name)
    identifier = words.replace(" ", "_")
    text = STEPS.format(title=_title(name), words=words, name=identifier)
    return _write(folder / f"{identifier}.py", text)


def _write(path: Path, text: str) -> Path:
    """Write a new file and return its path; raises ConfigurationError if there is one already, or no such folder."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise ConfigurationError("there is such a file already", place=str(path), remedy="Take another name.") from None
    except OSError as error:
        raise ConfigurationError(f"cannot be written: {error.strerror}", place=str(path)) from None
    return path


def _words(name: str) -> str:
    """Return the name in small letters and digits, one space between words; ConfigurationError if none is left.

    A letter with a mark counts as the letter: ``Ä`` is ``a``.
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    words = " ".join(re.findall(r"[a-z0-9]+", plain.lower()))
    if not words or not words[0].isalpha():
        raise ConfigurationError(f"'{name}' is no name", remedy="Begin it with a letter from a to z, e.g. 'kettle'.")
    return words


def _title(name: str) -> str:
    text = " ".join(name.replace("-", " ").replace("_", " ").split())
    return text[:1].upper() + text[1:]
