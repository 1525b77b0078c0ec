# SPDX-License-Identifier: BSD-2-Clause
"""Distributes long work over a cluster of Dask `distributed`, and caches the results.

    with shares(scheduler) as work:
        for task, result in work.results(function, tasks, what="seeds"):
            ...

The client (`work.py`) submits tasks, and caches their results by content. A worker (`worker.py`)
runs each in a separate process (`task.py`). Without a cluster, the client starts one on this
machine (`local.py`).
"""
