"""Writes fixtures/data/vectors/*.json: ``make spec``, or ``python -m hil.tests.protocol.make_vectors`` alone.

The files are the contract with other implementations. They are written once for each protocol version; a change in
them is a change of the wire, or, in sessions.json, of when something is said.
"""

from __future__ import annotations

import json

from hil.tests.protocol.message_vectors import frames, messages
from hil.tests.protocol.payment_vectors import refusals, transactions
from hil.tests.protocol.session_vectors import sessions
from hil.tests.protocol.vector_files import FOLDER, Json


def documents() -> dict[str, Json]:
    """Return the content of each vector file by its name."""
    return {
        "frames": frames(),
        "messages": messages(),
        "transactions": transactions(),
        "refusals": refusals(),
        "sessions": sessions(),
    }


def text(document: Json) -> str:
    """Return the text of a vector file; an event of a session is one line."""
    lines = json.dumps(document, indent=1, ensure_ascii=False)
    for session in document.get("sessions", ()):
        events = session["events"]
        tall = json.dumps({"events": events}, indent=1, ensure_ascii=False).splitlines()[1:-1]
        flat = [f"    {json.dumps(event, ensure_ascii=False)}" for event in events]
        found = "\n".join(f"  {line}" for line in tall)
        assert found in lines, session["name"]
        lines = lines.replace(found, '   "events": [\n' + ",\n".join(flat) + "\n   ]", 1)
    return lines + "\n"


def main() -> None:
    """Write all vector files."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, document in documents().items():
        (FOLDER / f"{name}.json").write_text(text(document), encoding="utf-8")


if __name__ == "__main__":
    main()
