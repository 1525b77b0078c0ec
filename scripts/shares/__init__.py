# SPDX-License-Identifier: BSD-2-Clause
"""Long work in shares, on a cluster of Dask `distributed`: who asks, who works, and what is kept.

    with shares(scheduler) as work:
        for task, result in work.results(function, tasks, what="seeds"):
            ...

The one who asks (`work.py`) hands out tasks, and keeps their results by content (`kept.py`). A
worker (`worker.py`) has each done by a process of its own (`task.py`). Without a cluster one over
the cores at hand is started (`local.py`). What travels is in `parcels.py`.
"""

from .work import Shares, shares

__all__ = ["Shares", "shares"]
