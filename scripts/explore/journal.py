# SPDX-License-Identifier: BSD-2-Clause
"""Opens the journal of a search, which Optuna writes, and refuses content that no search writes.

Without these checks Optuna would fail with an unspecified error, or much later.
"""

from pathlib import Path

from optuna import Study, create_study
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState

from firstspike.golden.foreign.json_text import check_json
from firstspike.golden.system.files import replace_file
from firstspike.golden.system.temporary import check_own
from firstspike.scripts.errors import VerbError

from .halving import SHARES

_BEGIN = b'{"op_code"'
"""The first bytes of a journal of Optuna; another file stays as it is."""

NUMBER = (float, range(-(1 << 62), 1 << 62))

_STUDY = {"seconds?": NUMBER, "run?": {}}
"""Attributes that a search stores for itself."""

_TRIAL = {f"rung_{number}?": [NUMBER, (None, NUMBER)] for number in range(len(SHARES))}
"""Attributes that a search stores for a training."""


def open_journal(path: Path) -> Study:
    """Return the study of a journal, or of a new one. Raises `VerbError` for other content.

    A crash may leave an incomplete last line, which is removed.
    """
    check_own(path)
    if path.exists():
        content = path.read_bytes()
        if content.startswith(_BEGIN) and not content.endswith(b"\n"):
            replace_file(path, content[: content.rfind(b"\n") + 1])
    try:
        study = create_study(
            storage=JournalStorage(JournalFileBackend(str(path))),
            study_name="explore",
            directions=["maximize", "minimize"],  # `Figures`
            load_if_exists=True,
        )
        check_json(study.user_attrs, _STUDY, "it")
        check_json(list(map(int, study.directions)), [range(2, 3), range(1, 2)], "it")
        for trial in study.get_trials():
            check_json(trial.user_attrs, _TRIAL, "it")
            check_json(trial.system_attrs, {"fixed_params?": {str: NUMBER}}, "it")
            if trial.state == TrialState.COMPLETE:
                check_json(trial.values, [NUMBER, NUMBER], "it")
            for name, distribution in trial.distributions.items():
                distribution.to_internal_repr(trial.params[name])
    except Exception as error:
        reason = str(error).split("\n")[0].rstrip(".") or type(error).__name__
        raise VerbError(
            f"{path} is no journal of a search ({reason:.200}): remove it to begin anew, or name "
            "another folder by -o."
        ) from None
    return study
