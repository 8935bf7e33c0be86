"""Writes fixtures/data/vectors/*.json: ``make spec``, or ``python -m hil.tests.protocol.make_vectors`` alone.

The files are the contract with other implementations. They are written once for each protocol version; a change in
them is a change of the wire, or, in sessions.json, of when something is said.
"""

from __future__ import annotations

import functools
import json

from hil.tests.protocol.ending_vectors import endings, refusals_in_sessions
from hil.tests.protocol.key_vectors import keys
from hil.tests.protocol.message_vectors import frames, messages
from hil.tests.protocol.payment_vectors import transactions
from hil.tests.protocol.refusal_vectors import refusals
from hil.tests.protocol.restart_vectors import restarts
from hil.tests.protocol.session_bench import LINE_DELAY_S
from hil.tests.protocol.session_vectors import in_order
from hil.tests.protocol.transition_vectors import transitions
from hil.tests.protocol.vector_files import FOLDER, Json


@functools.cache
def documents() -> dict[str, Json]:
    """Return the content of each vector file by its name."""
    return {
        "frames": frames(),
        "messages": messages(),
        "transactions": transactions(),
        "keys": keys(),
        "refusals": refusals(),
        "sessions": sessions(),
    }


def sessions() -> Json:
    """Whole sessions, each with both sides' inputs and outputs; keys are test keys, worth nothing anywhere."""
    every = [*in_order(), *refusals_in_sessions(), *endings(), *restarts(), *transitions()]
    return {"line_delay_s": LINE_DELAY_S, "sessions": every}


def text(document: Json) -> str:
    """Return the text of a vector file; of a session each side's set-up and each event is one line."""
    if "sessions" not in document:
        return json.dumps(document, indent=1, ensure_ascii=False) + "\n"
    sessions = ",\n".join(_session_text(session) for session in document["sessions"])
    return f'{{"line_delay_s": {json.dumps(document["line_delay_s"])}, "sessions": [\n{sessions}\n]}}\n'


def _session_text(session: Json) -> str:
    head = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in session.items() if key != "events"]
    events = ",\n  ".join(json.dumps(event) for event in session["events"])
    return "{" + ",\n ".join([*head, f'"events": [\n  {events}\n ]']) + "}"


def main() -> None:
    """Write all vector files."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, document in documents().items():
        (FOLDER / f"{name}.json").write_text(text(document), encoding="utf-8")


if __name__ == "__main__":
    main()
