# SPDX-License-Identifier: BSD-2-Clause
"""The process of a task: it reads that from standard input, and writes what came of it.

A process of its own can be ended in the midst of compiled code, does not keep the worker from
answering its scheduler, and has no neighbours in its memory.
"""

import os
import sys
import traceback

import click

from firstspike.scripts.errors import VerbError
from firstspike.scripts.main import find_commands, is_for_people

from .parcels import Failure, named, packed, unpacked


def main() -> None:
    """Do the task."""
    answer = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what is printed is no answer
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
