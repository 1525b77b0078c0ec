# SPDX-License-Identifier: BSD-2-Clause
"""Validates the journal of a search, which Optuna writes, line by line before the search continues.

A crash may leave an incomplete last line, which is removed. Any other line that a search does not
write is refused. Optuna itself would fail with an unspecified error, or much later.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from optuna.distributions import json_to_distribution
from optuna.storages import JournalStorage
from optuna.storages.journal import BaseJournalBackend
from optuna.trial import TrialState

from firstspike.golden.foreign.json_text import JsonError, check_json
from firstspike.golden.system.files import replace_file
from firstspike.scripts.errors import VerbError

from .halving import SHARES

NUMBER = (float, range(-(1 << 62), 1 << 62))

_ATTRIBUTES = {
    "run?": {},
    "seconds?": NUMBER,
    **{f"rung_{number}?": [NUMBER, (None, NUMBER)] for number in range(len(SHARES))},
}
"""Attributes that a search stores for itself, and for a training."""

_SYSTEM = {"fixed_params?": {str: NUMBER}}
"""Attributes that Optuna stores for a training with given choices."""

_LINE = {
    "op_code": int,
    "worker_id": str,
    "user_attr?": _ATTRIBUTES,
    "user_attrs?": _ATTRIBUTES,
    "system_attr?": _SYSTEM,
    "system_attrs?": _SYSTEM,
    "values?": (None, [NUMBER, NUMBER]),
    "directions?": [2, 1],
    "state?": range(5),
    "param_value_internal?": NUMBER,
}
"""One operation. The two goals are maximised and minimised, see `Figures`."""


class _Lines(BaseJournalBackend):
    """The first lines of a journal, read-only."""

    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []

    def read_logs(self, log_number_from: int) -> Iterator[dict[str, Any]]:
        return iter(self.lines[log_number_from:])

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        raise NotImplementedError


def check_journal(path: Path) -> None:
    """Remove an incomplete last line. Raise `VerbError` for a line that no search writes."""
    content = path.read_bytes()
    complete = content[: content.rfind(b"\n") + 1]
    if complete != content:
        replace_file(path, complete)
    shown = _Lines()
    storage = JournalStorage(shown)
    for number, text in enumerate(complete.splitlines(), 1):
        try:
            line = json.loads(text)
            check_json(line, _LINE, "it")
            if line.get("state") == TrialState.COMPLETE:
                check_json(line, {"values": [NUMBER, NUMBER]}, "it")
            if "distribution" in line:
                distribution = json_to_distribution(line["distribution"])
                value = distribution.to_external_repr(line["param_value_internal"])
                distribution.to_internal_repr(value)  # refuses further values
            shown.lines.append(line)
            storage.get_all_studies()  # reads one more line
        except Exception as error:
            reason = str(error) if isinstance(error, JsonError) else "Optuna cannot read it"
            raise VerbError(
                f"{path}, line {number}, is no line of a search's journal ({reason}): remove the "
                "journal to begin anew, or name another folder by -o."
            ) from None
