# SPDX-License-Identifier: BSD-2-Clause
"""Hands out tasks to a cluster, takes their results as they are done, and keeps them."""

import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Sized
from contextlib import ExitStack, contextmanager, suppress
from subprocess import DEVNULL, PIPE
from typing import TYPE_CHECKING, Any, TypeVar

from tqdm import tqdm

from firstspike.golden.system import programs
from firstspike.scripts.errors import VerbError
from firstspike.scripts.output import note
from firstspike.scripts.progress import shown

from . import kept
from .parcels import Failure, name_of, packed, unpacked
from .versions import versions
from .worker import EndedError, perform

if TYPE_CHECKING:
    from distributed import Client, Future  # take a while to import

Task = TypeVar("Task")
Result = TypeVar("Result")

ANSWERS_IN = 10
"""Seconds within which a scheduler answers."""

LOOKED_EVERY = 2
"""Seconds between two looks for more workers."""

TRIES = 4
"""Tries of a task whose worker, or process, is ended from outside."""

_NO_MORE: Any = object()


@contextmanager
def shares(scheduler: str | None, workers: int | None = None) -> Iterator["Shares"]:
    """Give what shares out work: to the cluster of a scheduler, by its address, or to a local one.

    That is for None: a cluster of so many `workers`, None for one a core, which starts when there
    is something to do and ends with the block. Raises VerbError where Dask is missing, or no
    scheduler answers.
    """
    try:
        import dask.config

        # Its own words on lost workers would stand among ours.
        dask.config.set({"logging": {"distributed": "critical", "distributed.client": "critical"}})
        import distributed  # noqa: F401
    except ImportError:
        raise VerbError(
            "work in shares needs Dask: install it by pip install '.[cluster]'."
        ) from None
    kept.sweep()
    with ExitStack() as stack:
        work = Shares(stack, scheduler, workers)
        if scheduler is not None:
            work.connect()
        yield work


class Shares:
    """Work that is shared out; `shares` makes one."""

    def __init__(self, stack: ExitStack, scheduler: str | None, workers: int | None) -> None:
        """What is started ends with `stack`."""
        self._stack = stack
        self._scheduler = scheduler
        self._workers = workers
        self._client: Client | None = None

    def results(
        self,
        function: Callable[[Task], Result],
        tasks: Iterable[Task],
        what: str,
        *,
        keep: bool = True,
    ) -> Iterator[tuple[Task, Result]]:
        """Have `function` done for each task, and give task and result as they are done.

        `function` stands at the top of a module that workers have, too, and depends on its task
        alone: plain data, or a frozen dataclass of such. Tasks are taken from `tasks` only when a
        worker is free. A result that is kept is given at once, and where any was, that is said in
        the end; `what` names the tasks, in the plural. What is under way when the caller leaves is
        given up. An error of the function is raised here, and ends the rest.
        """
        waiting = iter(tasks)
        under_way: dict[Future, tuple[Task, Any]] = {}
        total = len(tasks) if isinstance(tasks, Sized) else None
        found, more = 0, True
        with tqdm(total=total, desc=what, unit="share", leave=None, delay=1e-9) as bar:
            try:
                while more or under_way:
                    while more and (not under_way or len(under_way) < self._places()):
                        task = next(waiting, _NO_MORE)
                        if task is _NO_MORE:
                            more = False
                            break
                        path = kept.place(function, task, versions()) if keep else None
                        parcel = kept.found(path) if path else None
                        if parcel is None:
                            under_way[self._handed_out(function, task)] = task, path
                        else:
                            found += 1
                            bar.update()
                            yield task, unpacked(parcel)
                    for future in self._done(list(under_way)):
                        task, path = under_way.pop(future)
                        result = unpacked(parcel := self._parcel_of(future))
                        if isinstance(result, Failure):
                            raise result.error or RuntimeError(f"a share fails\n{result.traceback}")
                        if path:
                            kept.keep(path, parcel)
                        bar.update()
                        yield task, result
                    if sys.stderr.isatty():
                        bar.refresh()  # the time goes on
            finally:
                bar.close()
                if found:
                    note(f"{found} of the {bar.n} {what} were there already.")
                if under_way and self._client is not None:
                    with suppress(OSError, RuntimeError):  # of a scheduler that is gone
                        self._client.cancel(list(under_way))

    def connect(self) -> "Client":
        """Return the connection to the cluster, which the first call makes."""
        if self._client is None:
            if self._scheduler is None:
                with shown("a cluster over the cores at hand"):
                    self._scheduler = self._stack.enter_context(_local(self._workers))
            self._client = self._stack.enter_context(_client(self._scheduler))
        return self._client

    def _places(self) -> int:
        """How many tasks can be under way; waits for the first worker."""
        client = self.connect()
        with self._answered():
            if not client.nthreads():
                what = f"the scheduler at {self._scheduler} has no worker yet: waiting for one"
                with shown(what):
                    client.wait_for_workers(1)
            return sum(client.nthreads().values())

    def _handed_out(self, function: Callable[[Task], Any], task: Task) -> "Future":
        parcel = packed((name_of(function), task))
        return self.connect().submit(perform, parcel, versions(), pure=False, retries=TRIES - 1)

    def _done(self, under_way: list["Future"]) -> Iterable["Future"]:
        """Those that are done, after some time at most."""
        from distributed import wait

        if not under_way:
            return []
        try:
            with self._answered():
                return wait(under_way, timeout=LOOKED_EVERY, return_when="FIRST_COMPLETED").done
        except TimeoutError:
            return []

    def _parcel_of(self, future: "Future") -> bytes:
        """What came of a task that is done."""
        from distributed import KilledWorker

        try:
            with self._answered():
                return bytes(future.result())
        except (KilledWorker, EndedError):
            raise VerbError(
                f"a share was ended from outside, {TRIES} times: workers may have too little "
                "memory; start fewer on a machine, and run the same again."
            ) from None
        except (ImportError, AttributeError, RuntimeError):  # before anything of ours runs
            raise VerbError(
                "the scheduler or a worker has no firstspike, or another: install the same there, "
                "and start it again."
            ) from None

    @contextmanager
    def _answered(self) -> Iterator[None]:
        """Say that the scheduler is gone where it is."""
        from distributed import CancelledError
        from distributed.comm import CommClosedError

        try:
            yield
        except (CancelledError, CommClosedError):
            raise VerbError(
                f"the scheduler at {self._scheduler} no longer answers: start it, and run the same "
                "again; what was done is kept."
            ) from None


@contextmanager
def _local(workers: int | None) -> Iterator[str]:
    """A local cluster, by the address of its scheduler."""
    command = [sys.executable, "-m", "firstspike.scripts.shares.local"]
    if workers is not None:
        command.append(str(workers))
    with programs.started(command, stdout=PIPE, stderr=DEVNULL, text=True) as process:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        if not address:
            raise VerbError(
                f"no cluster starts on this machine: `{' '.join(command)}` says why not."
            )
        yield address


@contextmanager
def _client(scheduler: str) -> Iterator["Client"]:
    """A connection to a scheduler."""
    from distributed import Client

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of versions, which workers look at; of large tasks
        try:
            client = Client(scheduler, timeout=ANSWERS_IN)
        except (OSError, ValueError, TimeoutError):
            raise VerbError(
                f"no scheduler answers at {scheduler!r}: give the address that `dask scheduler` "
                "says."
            ) from None
        except Exception as error:  # a protocol that is not set up raises almost anything
            said = str(error).split("\n")[0].rstrip(".") or type(error).__name__
            raise VerbError(
                f"Dask cannot use the protocol of {scheduler!r} here ({said:.200}): set it up in "
                "Dask's configuration, or give an address as tcp://HOST:8786."
            ) from None
        with client:
            yield client
