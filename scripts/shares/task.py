# SPDX-License-Identifier: BSD-2-Clause
"""The process of a task: reads the task from standard input, and writes its result.

A separate process can be ended during compiled code, does not block the communication of the worker
with its scheduler, and shares its memory with no other task.
"""

import os
import sys
import traceback

import click

from firstspike.scripts.errors import VerbError
from firstspike.scripts.main import find_commands, is_for_people

from .parcels import Failure, named, packed, unpacked


def main() -> None:
    """Run the task."""
    answer = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # printed text must not mix with the result
    find_commands()
    with answer:
        answer.write(packed(_outcome(sys.stdin.buffer.read())))


def _outcome(parcel: bytes) -> object:
    try:
        name, task = unpacked(parcel)
        return named(name)(task)
    except click.ClickException as error:
        return Failure(VerbError(error.format_message()))
    except Exception as error:
        if is_for_people(error):
            return Failure(error)
        return Failure(None, traceback.format_exc())


if __name__ == "__main__":
    main()
