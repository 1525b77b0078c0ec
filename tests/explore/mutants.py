# SPDX-License-Identifier: BSD-2-Clause
"""Makes mutants of the journals of searches, as tests/support/mutants.py does of other files."""

import json
from random import Random

from tests.support.mutants import of_bytes, of_json, of_value


def of_journal(rng: Random, content: bytes) -> bytes:
    """A journal, of which a line is another, missing, there twice, or no end."""
    lines = content.splitlines()
    at = rng.randrange(len(lines))
    match rng.randrange(6):
        case 0:
            return of_bytes(rng, content)
        case 1:
            del lines[at]
        case 2:
            lines.insert(at, lines[rng.randrange(len(lines))])
        case 3:
            lines[at] = rng.choice((b"\xff\xfe", b"[]", b"{}", b"1", b"null", b"[" * 5000))
        case 4:
            lines[at] = json.dumps(of_value(rng, json.loads(lines[at]))).encode()
        case _:
            return of_json(rng, content) + b"\n"
    return b"\n".join(lines) + b"\n"
