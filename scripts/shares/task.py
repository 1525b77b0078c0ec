# SPDX-License-Identifier: BSD-2-Clause
"""The process of a task: `python -m firstspike.scripts.shares.task TASK RESULT`.

TASK is a file with a pickled function and its task, and RESULT the file for the pickled result. A
separate process can be ended during compiled code, does not block the communication of the worker
with its scheduler, and shares its memory with no other task.
"""

import pickle
import sys
import traceback
from pathlib import Path
from typing import Any

import click

from firstspike.scripts.errors import VerbError
from firstspike.scripts.main import find_commands, is_for_people


def _outcome(pickled: bytes) -> Any:
    """Return the result of a task, or an error for the client to raise."""
    try:
        function, task = pickle.loads(pickled)
        return function(task)
    except click.ClickException as error:
        return VerbError(error.format_message())
    except Exception as error:
        if is_for_people(error):
            return error
        return RuntimeError(f"a share fails\n{traceback.format_exc()}")


if __name__ == "__main__":
    find_commands()
    source, result = map(Path, sys.argv[1:])
    result.write_bytes(pickle.dumps(_outcome(source.read_bytes())))
