# SPDX-License-Identifier: BSD-2-Clause
"""Clones of the checkout in which tests run; outside of them the root file system is read-only.

FOLDER/checkout    the clone
FOLDER/cache       a copy of the user's cache of compiled simulations
FOLDER/numba       numba's cache of compiled functions
FOLDER/run         temporary folder of one run
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from subprocess import PIPE, STDOUT

from firstspike.golden.system.programs import run
from firstspike.golden.system.temporary import PREFIX
from firstspike.sim.harness.cache import cache_folder

_ISOLATED = (
    'mount --bind "$1" "$1" && mount -o remount,bind,ro / && cd "$2" && shift 2 && exec "$@"'
)
"""Shell commands that make the root file system read-only but for a folder, and start a program."""

DAY = 86_400
"""Seconds."""

TORCH = "tests/torch"
"""Folder of the tests that run with the environment of `make torch`."""

PYTEST = (
    *("-m", "pytest", "-q", "-rfE", "-p", "tests.faults.plugin"),
    *("-p", "no:cacheprovider", "--hypothesis-seed=1", "-m", "not long and not thorough"),
)


class Sandbox:
    """A clone of a repository at a commit.

    Parameters
    ----------
    root
        The repository.
    folder
        Folder of the sandbox, which is filled at its first use and updated at each further one.
    commit
        Commit of the clone.
    """

    def __init__(self, root: Path, folder: Path, commit: str) -> None:
        self.folder, self.checkout, self.run = folder, folder / "checkout", folder / "run"
        self._torch = root / ".venv-torch/bin/python"
        if not self.checkout.exists():
            shutil.rmtree(folder, ignore_errors=True)
            (folder / "cache").mkdir(parents=True)
            with suppress(FileNotFoundError, shutil.Error):  # other processes may use the cache
                ignored = shutil.ignore_patterns(f"{PREFIX}*")
                shutil.copytree(
                    cache_folder(), folder / "cache", ignore=ignored, dirs_exist_ok=True
                )
            subprocess.run(("git", "clone", "-q", "--shared", root, self.checkout), check=True)
        self._git("fetch", "-q", "origin", commit)
        self._git("checkout", "-q", "--force", "--detach", commit)
        self.clean()

    def _git(self, *words: str) -> None:
        subprocess.run(("git", *words), cwd=self.checkout, check=True)

    def clean(self) -> None:
        """Remove what tests have left, but not the compiled modules."""
        shutil.rmtree(self.run, ignore_errors=True)
        self._git("checkout", "-q", "--force", "--detach")
        self._git("clean", "-fdxq", "-e", "__pycache__")

    @contextmanager
    def changed(self, path: str, text: str) -> Iterator[None]:
        """Replace a file within the block.

        Python identifies a compiled form by the length of its source and by its time in whole
        seconds. The changed file therefore gets a time one day later, the restored file its own.
        """
        file = self.checkout / path
        before, times = file.read_bytes(), file.stat()
        try:
            file.write_text(text)
            os.utime(file, (times.st_atime + DAY, times.st_mtime + DAY))
            yield
        finally:
            file.write_bytes(before)
            os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
            self.clean()

    def select(
        self, tests: Iterable[str], seconds: float, *, fresh: bool
    ) -> tuple[int | None, str]:
        """Run some tests in their order until one fails; returns what `test` returns.

        The caches stay as they are. With `fresh`, numba compiles all functions anew.
        """
        shutil.rmtree(self.run, ignore_errors=True)
        self.run.mkdir()
        listed, stored = self.run / "tests", self.run / "cache"
        listed.write_text("\n".join(tests))
        shutil.copytree(self.folder / "cache", stored, copy_function=os.link)
        env = {"FAULTS_TESTS": listed, "FIRSTSPIKE_CACHE": stored, "PYTHONDONTWRITEBYTECODE": "1"}
        if fresh:
            env["NUMBA_CACHE_DIR"] = self.run / "numba"
        files = dict.fromkeys(test.partition("::")[0] for test in tests)
        return self.test("-x", *files, seconds=seconds, env=env)

    def passes_mypy(self) -> bool:
        """Return whether mypy finds no wrong type, as in `make check`; it exits if mypy fails."""
        words = ("-m", "mypy", "--cache-dir", self.folder / "mypy")
        environment = os.environ | {"PYTHONPATH": str(self.checkout)}
        command = (sys.executable, *words)
        done = run(command, cwd=self.checkout, env=environment, stdout=PIPE, text=True)
        if done.returncode and ": error: " not in done.stdout:
            sys.exit(f"mypy ended with status {done.returncode}.")
        return done.returncode == 0

    def test(
        self, *words: str, seconds: float | None = None, env: Mapping[str, object]
    ) -> tuple[int | None, str]:
        """Run pytest in the clone; returns its exit status (None after `seconds`) and output."""
        self.run.mkdir(exist_ok=True)
        environment = {
            "PYTHONPATH": self.checkout,
            "FIRSTSPIKE_CACHE": self.folder / "cache",
            "NUMBA_CACHE_DIR": self.folder / "numba",
            "TMPDIR": self.run,
            **env,
        }
        assigned = (f"{name}={value}" for name, value in environment.items())
        torch = any(word.startswith(TORCH) for word in words)
        words = (
            self.folder,
            self.checkout,
            "env",
            "-u",
            "PYTHONSAFEPATH",
            *assigned,
            self._torch if torch else sys.executable,
            *PYTEST,
            *words,
        )
        command = (*_isolation(self.folder), *words)
        try:
            done = run(command, timeout=seconds, stdout=PIPE, stderr=STDOUT, errors="replace")
        except subprocess.TimeoutExpired:
            return None, ""
        return done.returncode, done.stdout


@cache
def _isolation(folder: Path) -> tuple[str, ...]:
    """Return a command that isolates another one, whose words are a folder, and a place to start.

    A program with a fault may end, or overwrite, what it should not.
    """
    words = ("--mount", "--pid", "--fork", "--kill-child", "--mount-proc")
    for user in ((), ("--map-root-user",)):
        isolated = ("unshare", *user, *words, "sh", "-c", _ISOLATED, "sh")
        done = shutil.which("unshare") and subprocess.run(
            (*isolated, folder, folder, "true"), stderr=subprocess.DEVNULL
        )
        if done and done.returncode == 0:
            return isolated
    print("Faults run without isolation: unshare is missing, or not permitted.", file=sys.stderr)
    return "sh", "-c", 'cd "$2" && shift 2 && exec "$@"', "sh"
