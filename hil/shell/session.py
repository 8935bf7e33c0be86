"""The conversation at the prompt: lines in, steps done, outcomes told. What goes wrong with a step does not end it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hil.bdd.check import preflight, rig_problems
from hil.bdd.language import naming
from hil.bdd.pytest_internals import build_feature, last_step
from hil.bdd.pytest_plugin import execution
from hil.bdd.pytest_plugin.keys import LIVE, SCENARIO
from hil.bdd.pytest_plugin.outcome import blame
from hil.bdd.pytest_plugin.scenarios import record_step
from hil.errors import ConfigurationError
from hil.evidence.documents import Verdict
from hil.evidence.verdicts import worst
from hil.report.scenario.recent_events import account
from hil.report.text_format import MARKS
from hil.scenario.scenario import unwatched
from hil.scenario.status import status
from hil.shell.commands import COMMANDS, help_lines, step_lines
from hil.shell.completion import KEYWORDS, candidates
from hil.shell.interrupt import StepInterrupted, interruptible
from hil.shell.prompt import say
from hil.shell.transcript import Entry

if TYPE_CHECKING:
    import pytest

    from hil.bdd.language.catalogue import Catalogue
    from hil.bdd.language.document import Document
    from hil.scenario.run import Run
    from hil.scenario.scenario import ScenarioRun
    from hil.shell.completion import Candidate
    from hil.shell.prompt import Prompt, Serve
    from hil.shell.transcript import Transcript

PROMPT, CONTINUED = "hil> ", "...  "
IDLE_TURN_S = 0.05
"""How long a rig in real time is served before the keyboard is looked at again."""


@dataclass(frozen=True)
class Checked:
    """A step that can be done, and the feature of which it is the last: what pytest-bdd needs to run it."""

    entry: Entry
    document: Document
    scenario: str


class Session:
    """One shell: what it knows between two lines.

    :param tags: the names that may stand as tags; None: any may.
    """

    def __init__(self, run: Run, catalogue: Catalogue, transcript: Transcript, tags: set[str] | None) -> None:
        self.run = run
        self.catalogue = catalogue
        self.transcript = transcript
        self.known_tags = tags
        self.tags: list[str] = []
        """For the next scenario."""
        self.refused = 0
        """Lines that could not be carried out because of what they say."""
        self.scenario: ScenarioRun | None = None
        self.verdicts: list[tuple[Verdict, str]] = []
        """Of the steps of this scenario."""
        self.prompt: Prompt
        self._kind = "given"
        self._ended = False

    # --- between scenarios -----------------------------------------------------------------------------------------

    def next_step(self) -> Checked | None:
        """Read lines until there is a step that can be done; None at the end of the session, or of the scenario.

        Other lines are dealt with. Between two scenarios the step begins another part of the transcript.
        """
        while True:
            try:
                line = self.prompt.read(PROMPT, self._serve()).strip()
            except EOFError:
                return None
            except KeyboardInterrupt as interrupt:
                if interrupt.args:  # a signal, not a key: the session is to end
                    raise
                continue
            if not line or line.startswith("#"):
                continue
            if line.startswith(":"):
                if self._command(*line.split(maxsplit=1)):
                    return None
            elif line.startswith("@"):
                self._take_tags(line)
            elif (step := self._checked(self._entry(line))) is not None:
                return step

    def converse(self, request: pytest.FixtureRequest, first: Checked) -> bool:
        """Do ``first`` and the steps that follow, on the bench that the scenario has; return whether to go on after it.

        The scenario ends with ``:safe``, with the session, and when the bench fails.
        """
        self.scenario = request.node.stash[SCENARIO].run
        self.scenario.on_progress = unwatched
        self.verdicts, self._ended = [], False
        step: Checked | None = first
        try:
            while step is not None and not self._ended:
                self._do(request, step)
                if any(verdict is Verdict.RIG_FAULT for verdict, _ in self.verdicts):
                    return True
                step = self.next_step()
            return self._ended
        finally:
            self.scenario = None

    def outcome(self) -> tuple[Verdict, str]:
        """Return the verdict of the scenario, by its worst step, and the reason."""
        if not self.verdicts:
            return Verdict.NOT_RUN, "no step was carried out"
        verdict = worst([Verdict.PASS, *(verdict for verdict, _ in self.verdicts)])
        if verdict is Verdict.PASS:
            unfinished = [reason for verdict, reason in self.verdicts if verdict is Verdict.NOT_RUN]
            return (Verdict.NOT_RUN, unfinished[0]) if unfinished else (Verdict.PASS, "")
        return next(each for each in self.verdicts if each[0] is verdict)

    def complete(self, line: str) -> list[Candidate]:
        """Return the ways to go on with ``line``."""
        return candidates(self.catalogue, line, self._kind, COMMANDS)

    def toolbar(self) -> str:
        """Return what stands at the foot of the screen."""
        if self.scenario is None:
            return " bench safe · Tab completes · :help · Ctrl-D ends"
        watch = self.scenario.observer.watch
        figures = f"{self.scenario.clock.now():.1f} s · {watch.power_w:.1f} W · {watch.energy_wh:.2f} Wh"
        return f" {figures} · Ctrl-D makes the bench safe and ends"

    # --- lines -----------------------------------------------------------------------------------------------------

    def _command(self, name: str, rest: str = "") -> bool:
        """Carry out a command; return whether the scenario, or the session, ends."""
        if name == ":quit":
            return True
        if name == ":safe":
            self._ended = self.scenario is not None
            if not self._ended:
                tell("the bench is safe already")
            return self._ended
        if name == ":help":
            tell(*help_lines())
        elif name == ":steps":
            tell(*step_lines(self.catalogue, rest))
        elif name == ":status":
            tell(
                *(
                    status(self.scenario)
                    if self.scenario is not None
                    else ["the bench is safe; no scenario is under way"]
                )
            )
        elif name == ":undo":
            step = self.transcript.undo()
            tell(f"not saved: {step}; the bench stays as it is" if step else "there is no step to take back")
        elif name == ":save":
            self._save(rest)
        else:
            self._refuse(f"there is no command '{name}'; :help lists all")
        return False

    def _save(self, name: str) -> None:
        if not name:
            self._refuse("where to? For example :save features/mine.feature")
            return
        try:
            path = self.transcript.save(Path(name))
        except ConfigurationError as error:
            self._refuse(str(error))
            return
        tell(f"saved; run it again: hil run {path}")

    def _take_tags(self, line: str) -> None:
        tags = [word.removeprefix("@") for word in line.split()]
        unknown = [tag for tag in tags if self.known_tags is not None and tag not in self.known_tags]
        if self.scenario is not None:
            self._refuse("tags stand before the first step; :safe ends this scenario")
        elif unknown:
            self._refuse(f"'@{unknown[0]}' is not a known tag; known: {', '.join(sorted(self.known_tags or ()))}")
        else:
            self.tags += tags

    def _entry(self, line: str) -> Entry:
        """Return the step, with a keyword if it has none, and read what stands below it."""
        word, _, text = line.partition(" ")
        if word not in KEYWORDS:
            meant = {definition.keyword for definition in self.catalogue.find_any(line)}
            if len(meant) == 1:
                text, line = line, f"{meant.pop().capitalize()} {line}"
        below: list[str] = []
        found = self.catalogue.find_any(text)
        if text.endswith(":") or any(any(definition.below.values()) for definition in found):
            in_doc_string = False
            with contextlib.suppress(EOFError):
                while (more := self.prompt.read(CONTINUED)).strip() or in_doc_string:
                    in_doc_string ^= more.strip().startswith('"""')
                    below.append(more)
        return Entry((line, *below))

    def _checked(self, entry: Entry) -> Checked | None:
        """Return the step as it stands in the feature; None if it cannot be done, and then tell what is wrong."""
        begins = self.scenario is None
        if begins:
            self.transcript.begin(self.tags)
            self._kind = "given"
        document = self.transcript.with_step(entry)
        problems = document.problems or tuple(preflight.check([document], self.catalogue, whole=False))
        told = [each.message for each in problems]
        if not told:
            case = naming.cases(document)[-1]
            unmet = rig_problems.problems(document, case, self.catalogue, self.run.rig_file)
            unmet = [problem for problem in unmet if problem.rule != "doubtful"]
            if not unmet:
                self._kind = case.scenario.steps[-1].kind or self._kind
                return Checked(entry, document, case.scenario.name)
            told = [problem.message for problem in unmet]
        if begins:
            self.transcript.parts.pop()
        self._refuse(*told)
        return None

    def _do(self, request: pytest.FixtureRequest, checked: Checked) -> None:
        item, running = request.node, request.node.stash[SCENARIO].run
        live = request.config.stash[LIVE]
        document, entry = checked.document, checked.entry
        scenario, step = last_step(build_feature(document.path, document.raw), checked.scenario)
        began, taken = running.clock.now(), len(running.findings.taken)
        running.on_progress = live.show
        error: BaseException | None = None
        try:
            with interruptible(running.clock):
                execution.run_step(request, scenario, step, execution.definition_of(step, self.catalogue))
        except StepInterrupted as interrupt:
            record_step(item, step, "not run", interrupt)
            error = interrupt
        except Exception as failure:
            error = failure
        finally:
            running.on_progress = unwatched
            running.observer.watch.awaited = ""
            live.clear()
        took = f"{running.clock.now() - began:.3f} s on the bench, it is {running.clock.now():.3f} s there now"
        findings = [str(finding) for finding in running.findings.taken[taken:]]
        if error is None:
            tell(f"{MARKS[Verdict.PASS]} {took}", *findings)
            self.verdicts.append((Verdict.PASS, ""))
            self.transcript.accept(entry)
        elif isinstance(error, StepInterrupted):
            tell(f"{MARKS[Verdict.NOT_RUN]} interrupted: {took}", *status(running))
            self.verdicts.append((Verdict.NOT_RUN, "a step was interrupted"))
            self.transcript.accept(entry)
        else:
            self._tell_failure(running, entry, error)

    def _tell_failure(self, scenario: ScenarioRun, entry: Entry, error: BaseException) -> None:
        verdict, words = blame(error)
        if verdict is Verdict.AUTHOR_ERROR:
            self._refuse(words)
            return
        tell(f"{MARKS[verdict]} {verdict}: {words}")
        tell(*account(scenario.recorder.events).lines())
        self.verdicts.append((verdict, words))
        self.transcript.accept(entry)

    def _refuse(self, *lines: str) -> None:
        self.refused += 1
        tell(*(f"{MARKS[Verdict.AUTHOR_ERROR]} {line}" for line in lines))

    def _serve(self) -> Serve:
        """Return what keeps a rig in real time going; None where time stands still."""
        if self.scenario is None or not self.run.rig_file.real_time:
            return None
        clock = self.scenario.clock

        def serve(typed: Callable[[], bool]) -> None:
            while not typed():
                clock.sleep(IDLE_TURN_S)

        return serve


def tell(*lines: str) -> None:
    """Print lines, set off from what is typed."""
    say("".join(f"  {line}\n" for line in lines))
