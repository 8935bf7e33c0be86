"""A timer socket: told `on SECONDS`, it answers `ok`, closes its contact for that time, and says `off` at its end.

It speaks the lockstep device protocol (docs/reference/lockstep-device.md).
"""

from __future__ import annotations

import sys

NEVER_OPENS = False
"""Set by sticky.py, a timer that is broken."""


def run() -> None:
    """Answer each event with what the timer does, and when it wants to be woken."""
    heard, ends = b"", None
    for line in sys.stdin:
        words = line.split()
        if words[0] != "at":
            continue  # role, seed, storage, profile: a timer needs none of them
        now, event = int(words[1]), words[8]
        if event == "power-on":
            print("identity timer-socket 1.0")
        elif event == "link":
            *lines, heard = (heard + bytes.fromhex(words[9])).split(b"\n")
            for command in lines:
                answer, ends = _carry_out(command.decode(), now, ends)
                print("link", f"{answer}\n".encode().hex())
        if ends is not None and now >= ends:
            ends = None
            print("link", b"off\n".hex())
            if not NEVER_OPENS:
                print("contact open")
        print("until", "never" if ends is None else ends, flush=True)


def _carry_out(command: str, now: int, ends: int | None) -> tuple[str, int | None]:
    word, _, seconds = command.partition(" ")
    if word != "on" or not seconds.isdigit():
        return "?", ends
    print("contact closed")
    return "ok", now + int(seconds) * 1_000_000


if __name__ == "__main__":
    run()
