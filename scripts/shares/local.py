# SPDX-License-Identifier: BSD-2-Clause
"""A cluster over the cores at hand: `python -m firstspike.scripts.shares.local [WORKERS]`.

It says the address of its scheduler, and goes on until it is ended. It is a process of its own, in
a group of its own: so Ctrl-C does not reach the workers, and they all end with the group.
"""

import signal
import sys

import click
import dask
from distributed import LocalCluster


def main(workers: int | None) -> None:
    """Run a cluster of so many workers, None for one a core; this machine alone can reach it."""
    dask.config.set({"distributed.worker.profile.enabled": False})  # which would cost some per cent
    with LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None) as cluster:
        click.echo(cluster.scheduler_address)
        signal.pause()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else None)
