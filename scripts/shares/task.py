# SPDX-License-Identifier: BSD-2-Clause
"""The process of a task: `python -m firstspike.scripts.shares.task TASK RESULT`.

TASK is a file with a pickled function and its task, and with the versions of the client. RESULT is
the file for the pickled result. A separate process can be ended during compiled code, does not
block the communication of the worker with its scheduler, and shares its memory with no other task.
It imports the sources of now, so it checks that they are still the client's.
"""

import pickle
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from firstspike.scripts.errors import VerbError
from firstspike.scripts.main import find_commands, is_for_people
from firstspike.scripts.shares.versions import Unstored, check_versions, current_versions


def _outcome(pickled: bytes, versions: Mapping[str, str]) -> Any:
    """Return the result of a task for a client of these versions, or an error for it to raise."""
    try:
        check_versions(versions)
        function, task = pickle.loads(pickled)
        result = function(task)
        return result if current_versions() == versions else Unstored(result)
    except click.ClickException as error:
        return VerbError(error.format_message())
    except Exception as error:
        if is_for_people(error):
            return error
        return RuntimeError(f"a share fails\n{traceback.format_exc()}")


if __name__ == "__main__":
    find_commands()
    source, result = map(Path, sys.argv[1:])
    result.write_bytes(pickle.dumps(_outcome(*pickle.loads(source.read_bytes()))))
