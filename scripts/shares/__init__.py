# SPDX-License-Identifier: BSD-2-Clause
"""Long work in shares, on a cluster of Dask `distributed`: who asks for it, who does it, what stays.

    with shares(scheduler) as work:
        for task, result in work.results(function, tasks, what="seeds"):
            ...

The one who asks (`work.py`) hands out tasks and keeps their results by content (`kept.py`). A worker
(`worker.py`) does each in a process of its own (`task.py`). Without a cluster one over the cores at
hand is started (`local.py`). A task and what came of it travel as `parcels.py` says.
"""

from .work import Shares, shares

__all__ = ["Shares", "shares"]
