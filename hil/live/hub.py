"""Between the run folder and the viewers: one thread looks at the folder while there are viewers, and wakes them.

It looks a few times a second, and a viewer gets all that has changed since as one update. So neither a fast run nor a
slow viewer costs more than that, and without viewers nothing is read.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from hil.clock import stopwatch
from hil.live.folder import newest_run, news_age, run_state
from hil.live.model import RunModel
from hil.live.questions import Answer, post_answer
from hil.units import Second

LOOK_EVERY_S: Final = 0.2

BEAT_EVERY_S: Final = 2.0
"""How often a viewer is told that the server is there, and how old the newest news are."""


class Gone(Exception):
    """The question is asked no more, or was answered already."""


class Hub:
    """Follows one run folder, or whichever is the newest.

    :param runs: the folder of run folders.
    :param run: the run folder; None: the newest one, also one that begins later.
    """

    def __init__(self, runs: Path, run: Path | None) -> None:
        self._runs, self._run = runs, run
        self._changed = threading.Condition()
        self._model: RunModel | None = None
        self._generation = 0
        """How many runs there were."""
        self._viewers = 0
        self._closed = False
        self._tokens: dict[str, str] = {}
        """Of the questions that are asked, by their ids: who posts an answer must have seen the question."""
        self._since_viewed: Callable[[], Second] = stopwatch()
        threading.Thread(target=self._work, name="live page", daemon=True).start()

    # --- for the server ----------------------------------------------------------------------------------------

    def arrive(self) -> None:
        """A viewer has come."""
        with self._changed:
            self._viewers += 1
            self._look()
            self._changed.notify_all()

    def leave(self) -> None:
        """A viewer has gone."""
        with self._changed:
            self._viewers -= 1
            self._since_viewed = stopwatch()

    def next_update(self, generation: int, version: int) -> dict[str, Any]:
        """Wait for what a viewer lacks, ``BEAT_EVERY_S`` at most; return it with the age of the news."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._has_news(generation, version), BEAT_EVERY_S)
            model = self._model
            told: dict[str, Any] = {"generation": self._generation}
            if model is None:
                return {**told, "version": 0}
            told |= model.since(version if generation == self._generation else 0)
            for bench in told.get("benches", ()):
                if (question := bench["question"]) is not None:
                    question["token"] = self._token(question.pop("id"))
            return {**told, "news_age_s": round(news_age(model.folder), 1)}

    def take_answer(self, token: str, answer: Answer) -> None:
        """Put the answer to the question with this token beside it.

        Raises Gone if it is not asked, or was answered; OSError if it cannot be put there.
        """
        with self._changed:
            self._look()
            model = self._model
            asked = {question["id"] for bench in self._benches() if (question := bench.question()) is not None}
            found = [each for each in asked if secrets.compare_digest(self._token(each).encode(), token.encode())]
        if model is None or not found:
            raise Gone("it is asked no more")
        if not post_answer(model.folder, found[0], answer):
            raise Gone("it was answered already")

    @property
    def folder(self) -> Path | None:
        """The run folder that is shown; None: there is none yet."""
        with self._changed:
            return self._model.folder if self._model is not None else None

    def is_over(self) -> bool:
        """Tell whether the run has ended, or broken off."""
        folder = self._run or newest_run(self._runs)
        return folder is not None and run_state(folder) != "running"

    def unviewed_s(self) -> float:
        """Return for how long the page has had no viewer."""
        with self._changed:
            return 0.0 if self._viewers else self._since_viewed()

    def close(self) -> None:
        """Let every viewer go."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    @property
    def closed(self) -> bool:
        """Whether the page is to end."""
        return self._closed

    # --- inside ------------------------------------------------------------------------------------------------

    def _work(self) -> None:
        try:
            with self._changed:
                while not self._closed:
                    if self._viewers:
                        self._look()
                        self._changed.notify_all()
                    self._changed.wait(LOOK_EVERY_S if self._viewers else None)
        finally:  # after a mistake of ours, too: a page that shows nothing new must not look as if nothing happened
            self.close()

    def _look(self) -> None:
        folder = self._run or newest_run(self._runs)
        if folder is None:
            return
        if self._model is None or self._model.folder != folder:
            self._model = RunModel(folder)
            self._generation += 1
        self._model.look()

    def _has_news(self, generation: int, version: int) -> bool:
        model = self._model
        return model is not None and (generation != self._generation or bool(model.since(version).keys() - {"version"}))

    def _benches(self) -> list[Any]:
        return [] if self._model is None else list(self._model.benches.values())

    def _token(self, question: str) -> str:
        return self._tokens.setdefault(question, secrets.token_urlsafe(24))
