# SPDX-License-Identifier: BSD-2-Clause
"""Runs the command `firstspike` in a separate process, and reports its time and memory.

python -m tests.support.measured RUN IMAGES ...      prints memory and time, as JSON
"""

import json
import os
import subprocess
import sys
from typing import NamedTuple

MOST_BYTES = 1 << 30
"""Memory that the command may take for a foreign file."""

SECONDS = 20
"""Processor time that it may take."""

_COMMAND = (sys.executable, "-c", "from firstspike.scripts.main import main; main()")


class Measured(NamedTuple):
    """Time and memory of a command line and the processes that it started."""

    status: int
    stderr: str
    """Text on standard error."""
    seconds: float
    """Processor time."""
    bytes: int
    """Most memory that one process held."""


def measured(*words: object) -> Measured:
    """Run one command line; `words` are turned into strings."""
    # A process counts the memory of the one that starts it, so that is a small one.
    command = [sys.executable, "-m", "tests.support.measured", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return Measured(stderr=done.stderr, **json.loads(done.stdout))


def main() -> None:
    """Run the command line that is given, and print what it took."""
    quiet = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    words = [*_COMMAND, *sys.argv[1:]]
    process = os.posix_spawn(sys.executable, words, os.environ, file_actions=quiet)
    _, status, usage = os.wait4(process, 0)
    usage_record = {
        "status": os.waitstatus_to_exitcode(status),
        "seconds": usage.ru_utime + usage.ru_stime,
        "bytes": usage.ru_maxrss * 1024,
    }
    print(json.dumps(usage_record))


if __name__ == "__main__":
    main()
