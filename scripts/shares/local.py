# SPDX-License-Identifier: BSD-2-Clause
"""A cluster on this machine: `python -m firstspike.scripts.shares.local [WORKERS]`.

The program prints the address of its scheduler, and runs until it is ended. It is a separate
process in a separate process group: Ctrl-C does not reach the workers, and they all end with the
group.
"""

import signal
import sys

import click
import dask
from distributed import LocalCluster


def main(workers: int | None) -> None:
    """Run a cluster of `workers` workers, None for one per core, that is reachable only locally."""
    dask.config.set({"distributed.worker.profile.enabled": False})  # saves some per cent
    with LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None) as cluster:
        click.echo(cluster.scheduler_address)
        signal.pause()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else None)
