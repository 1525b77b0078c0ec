# SPDX-License-Identifier: BSD-2-Clause
"""The announcement of what is compiled before its first use: once, and only without a cache."""

import importlib.util
import subprocess
import sys

import pytest

from firstspike.golden.system import kernels
from firstspike.hdl.flow import toolchain

pytestmark = pytest.mark.fast

KERNEL = """
from firstspike.golden.system.kernels import njit
@njit(cache=True)
def inner(z):
    return z + {step}
@njit(cache=True)
def outer(z):
    return inner(z) * 2
"""


def called(path, name):
    """Call a compiled function of a new module, which has only the cache in its folder."""
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.outer(1)


@pytest.fixture
def listener(monkeypatch):
    """The listener as in a new process."""
    monkeypatch.setattr(kernels.COMPILATIONS, "announced", False)
    return kernels.COMPILATIONS


def test_kernels_are_announced_once_and_only_without_a_cache(tmp_path, listener, caplog):
    for number, (name, step, announced) in enumerate(
        [
            ("someone.kernels", 1, 0),  # not ours
            ("firstspike.kernels", 2, 1),
            ("firstspike.kernels", 3, 0),  # in the same process
        ]
    ):
        path = tmp_path / f"kernels{number}.py"
        path.write_text(KERNEL.format(step=step))
        caplog.clear()
        assert called(path, name) == 2 * (1 + step)
        assert [one.message for one in caplog.records] == announced * [
            "compiling numerical code before the first use: this takes up to half a minute, and "
            "the result is kept."
        ]
    caplog.clear()
    listener.announced = False
    called(path, "firstspike.kernels")  # it is in the cache
    assert not caplog.records


@pytest.mark.parametrize("printed", ["Preparing to run yosys. This might take a while...", ""])
def test_a_tool_that_is_compiled_is_announced(printed, tmp_path, caplog, monkeypatch):
    code = f"import sys; print({printed!r}, file=sys.stderr)"
    monkeypatch.setattr(toolchain, "_command", lambda *_: [sys.executable, "-c", code])
    toolchain.run_yosys(tmp_path, [])
    assert [one.message for one in caplog.records] == bool(printed) * [
        "compiling yosys before the first use: this takes up to a minute, and the result is kept."
    ]


@pytest.mark.parametrize(
    ("before", "printed"),
    [
        ("", "a before the first use: this takes b, and the result is kept.\n"),
        ("logging.getLogger('firstspike').setLevel('ERROR')", ""),
        ("logging.basicConfig(format='%(name)s', stream=sys.stderr)", "firstspike\n"),
    ],
)
def test_the_announcement_is_on_standard_error(before, printed):
    code = (
        f"import logging, sys; {before}\n"
        "from firstspike.golden.system.compilation import announce_compilation\n"
        "announce_compilation('a', 'b')"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (ended.stdout, ended.stderr) == ("", printed)
