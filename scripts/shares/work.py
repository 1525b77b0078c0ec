# SPDX-License-Identifier: BSD-2-Clause
"""Submits tasks to a cluster, yields their results as they are done, and caches them."""

import gc
import pickle
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Sized
from contextlib import ExitStack, contextmanager, suppress
from subprocess import DEVNULL, PIPE
from typing import TYPE_CHECKING, Any, TypeVar

from firstspike.golden.system import programs
from firstspike.golden.system.extras import needed
from firstspike.golden.system.progress import bar
from firstspike.scripts.errors import VerbError
from firstspike.scripts.output import note
from firstspike.scripts.progress import shown
from firstspike.sim.harness.cache import store, stored

from .versions import Unstored, versions
from .worker import EndedError, perform

if TYPE_CHECKING:
    from distributed import Client, Future  # slow imports
    from tqdm import tqdm

Task = TypeVar("Task")
Result = TypeVar("Result")

ANSWERS_IN = 10
"""Seconds within which a scheduler must answer."""

LOOKED_EVERY = 2
"""Seconds between two checks for more workers."""

TRIES = 4
"""Largest number of tries of a task whose worker, or process, is ended from outside."""

_NO_MORE: Any = object()


@contextmanager
def shares(scheduler: str | None, workers: int | None = None) -> Iterator["Shares"]:
    """Yield a `Shares` for the cluster of a scheduler, by its address, or for a local cluster.

    The local cluster, for None, has `workers` workers, None for one per core. It starts with the
    first task and ends with the block. Raises MissingPackageError without Dask, and VerbError
    if no scheduler answers.
    """
    with needed():
        import dask.config

        # Its own messages on lost workers would mix with ours.
        dask.config.set({"logging": {"distributed": "critical", "distributed.client": "critical"}})
        import distributed  # noqa: F401
    with ExitStack() as stack:
        work = Shares(stack, scheduler, workers)
        if scheduler is not None:
            work.connect()
        yield work


class Shares:
    """Distributes work; use `shares` to create an instance."""

    def __init__(self, stack: ExitStack, scheduler: str | None, workers: int | None) -> None:
        """Started processes end with `stack`."""
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
        shown: "tqdm | None" = None,
    ) -> Iterator[tuple[Task, Result]]:
        """Run `function` for each task; yield task and result as they are done.

        `function` must be at the top level of a module that workers have, too, and depend only on
        its task: plain data, or a frozen dataclass of plain data. Tasks are taken from `tasks` only
        when a worker is free. A cached result is yielded at once, and a message at the end reports
        how many were cached; `what` is the plural noun for the tasks. Tasks under way are cancelled
        when the caller leaves. An error of the function is raised here, and ends the other tasks.

        A bar counts the tasks, unless the caller gives a bar, `shown`, which it updates and closes.
        """
        waiting = iter(tasks)
        running: dict[Future, tuple[Task, Any]] = {}
        own = shown is None
        if shown is None:
            total = len(tasks) if isinstance(tasks, Sized) else None
            settings = {"unit": "task", "leave": None, "delay": 1e-9, "disable": total == 0}
            shown = bar(total=total, desc=what, **settings)
        done, skipped, more = 0, 0, True
        try:
            while more or running:
                while more and (not running or len(running) < self._capacity()):
                    task = next(waiting, _NO_MORE)
                    if task is _NO_MORE:
                        more = False
                        break
                    content = content_of(function, task) if keep else None
                    pickled = stored(content) if content else None
                    if pickled is None:
                        running[self._handed_out(function, task)] = task, content
                    else:
                        done, skipped = done + 1, skipped + 1
                        shown.update(own)
                        yield task, pickle.loads(pickled)
                for future in self._done(list(running)):
                    task, content = running.pop(future)
                    result = pickle.loads(pickled := self._result_of(future))
                    if isinstance(result, Exception):
                        raise result
                    if isinstance(result, Unstored):
                        result = result.result
                    elif content:
                        store(content, pickled)
                    done += 1
                    shown.update(own)
                    yield task, result
                shown.update(0)  # updates the elapsed time
        finally:
            if own:
                shown.close()
            if skipped:
                with shown.external_write_mode():
                    note(f"{skipped} of the {done} {what} were there already.")
            if running and self._client is not None:
                with suppress(OSError, RuntimeError):  # from a scheduler that has ended
                    self._client.cancel(list(running))

    def connect(self) -> "Client":
        """Return the connection to the cluster, which the first call creates."""
        if self._client is None:
            if self._scheduler is None:
                with shown("a cluster over the cores at hand"):
                    self._scheduler = self._stack.enter_context(_local(self._workers))
            self._client = self._stack.enter_context(_client(self._scheduler))
        return self._client

    def _capacity(self) -> int:
        """Return how many tasks can be under way; wait for the first worker."""
        client = self.connect()
        with self._answered():
            if not client.nthreads():
                what = f"the scheduler at {self._scheduler} has no worker yet: waiting for one"
                with shown(what):
                    client.wait_for_workers(1)
            return sum(client.nthreads().values())

    def _handed_out(self, function: Callable[[Task], Any], task: Task) -> "Future":
        pickled = pickle.dumps((function, task))
        return self.connect().submit(perform, pickled, versions(), pure=False, retries=TRIES - 1)

    def _done(self, running: list["Future"]) -> Iterable["Future"]:
        """Return the tasks that are done, after a limited wait."""
        from distributed import wait

        if not running:
            return []
        try:
            with self._answered():
                return wait(running, timeout=LOOKED_EVERY, return_when="FIRST_COMPLETED").done
        except TimeoutError:
            return []

    def _result_of(self, future: "Future") -> bytes:
        """Return the pickled result of a task that is done."""
        from distributed import KilledWorker

        try:
            with self._answered():
                return bytes(future.result())
        except (KilledWorker, EndedError):
            raise VerbError(
                f"a share was ended from outside, {TRIES} times: workers may have too little "
                "memory; start fewer on a machine, and run the same again."
            ) from None
        except (ImportError, AttributeError, RuntimeError):  # before any FirstSpike code runs
            raise VerbError(
                "the scheduler or a worker has no firstspike, or another: install the same there, "
                "and start it again."
            ) from None

    @contextmanager
    def _answered(self) -> Iterator[None]:
        """Raise VerbError if the scheduler has ended."""
        from distributed import CancelledError
        from distributed.comm import CommClosedError

        try:
            yield
        except (CancelledError, CommClosedError):
            raise VerbError(
                f"the scheduler at {self._scheduler} no longer answers: start it, and run the same "
                "again; what was done is kept."
            ) from None


def content_of(function: Callable[..., Any], task: Any) -> list[str]:
    """Return the texts on which a result depends: function, task and versions.

    Raises `TokenizationError`, of Dask, for a task that is not plain data: numbers, texts, arrays,
    tuples, dataclasses.
    """
    import dask
    from dask.tokenize import tokenize

    with dask.config.set({"tokenize.ensure-deterministic": True}):
        name = f"{function.__module__}:{function.__qualname__}"
        return [name, tokenize(task), *map(str, sorted(versions().items()))]


@contextmanager
def _local(workers: int | None) -> Iterator[str]:
    """Yield the scheduler's address of a local cluster."""
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
    """Yield a connection to a scheduler."""
    from distributed import Client

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about versions, which workers check; about large tasks
        try:
            client = Client(scheduler, timeout=ANSWERS_IN)
        except (OSError, ValueError):
            failure = VerbError(
                f"no scheduler answers at {scheduler!r}: give the address that `dask scheduler` "
                "says."
            )
        except Exception as error:  # a missing protocol can raise almost any error
            reason = str(error).split("\n")[0].rstrip(".") or type(error).__name__
            failure = VerbError(
                f"Dask cannot use the protocol of {scheduler!r} here ({reason:.200}): set it up in "
                "Dask's configuration, or give an address as tcp://HOST:8786."
            )
        else:
            with client:
                yield client
            return
        # The client closes when it is deleted. If the garbage collector did this while another one
        # starts, Dask would wait for itself.
        gc.collect()
        raise failure
