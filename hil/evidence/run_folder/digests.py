"""The two digests of a run, and what each covers (docs/reference/evidence.md).

The *observations digest* covers what was observed: the events of all scenarios. Two runs with one seed have the same
one, whatever node served them. The *evidence digest* covers ``run.json``, and by it the observations, their verdicts,
the rig, its identities and calibrations, the node, versions, commit, people and attached files.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Final

from hil.evidence.documents import encode
from hil.evidence.run_folder.files import PLAIN_SUFFIX, scenario_name

OBSERVATIONS_DIGEST: Final = "observations_digest"
EVIDENCE_DIGEST: Final = "evidence_digest"

NOT_COVERED: Final = frozenset({EVIDENCE_DIGEST, "host", "id"})
"""Keys of ``run.json`` that the evidence digest leaves out: itself, wall times and paths, and the id with the time of
the start. The manifest covers them."""


def observations_digest(digests: Mapping[str, str]) -> str:
    """Return the digest over the digests of these scenarios, by the names of their files.

    The names count without what tells how the file is stored, so that the digest is the same in each version.
    """
    plain = {f"{scenario_name(file)}{PLAIN_SUFFIX}": digest for file, digest in digests.items()}
    lines = "".join(f"{digest}  {name}\n" for name, digest in sorted(plain.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


def evidence_digest(document: Mapping[str, Any]) -> str | None:
    """Return the digest over ``run.json``; None if it holds what has no canonical form (only in foreign evidence)."""
    covered = {key: value for key, value in document.items() if key not in NOT_COVERED}
    try:
        return hashlib.sha256(encode(covered)).hexdigest()
    except (ValueError, TypeError, OverflowError, RecursionError):
        return None
