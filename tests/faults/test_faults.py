# SPDX-License-Identifier: BSD-2-Clause
"""`make faults` draws the faults that it names, and reports which of them the tests catch."""

import json
import py_compile
import re
import shutil
import subprocess
import sys
from collections import Counter
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.faults import survivors
from tests.faults.__main__ import Campaign, locked, report, tried
from tests.faults.operators import SourceFile, draw
from tests.faults.reach import Reach
from tests.faults.records import record_file
from tests.faults.sandbox import Sandbox
from tests.faults.scripts import Script, is_script

ROOT = Path(__file__).parents[2]

FAULTS = (
    ("a = b < c", ["a = b <= c"]),
    ("a = b is not c", ["a = b is c"]),
    ("a = b and c", ["a = b or c"]),
    ("a = b + c", ["a = b - c"]),
    ("a //= b % c", ["a //= b // c"]),
    ("a += 1", ["a -= 1", "a += 2"]),
    ("a = 0.5", ["a = 1.0"]),
    ("a = not b", ["a = b"]),
    ("a = -b", ["a = b"]),
    ("def f(a: int = 3): ...", ["def f(a: int = 4): ..."]),
    ("def f(a=True): ...", ["def f(a=False): ..."]),
    ("f(a)", ["..."]),
    ("a = f(b, c, c)", ["a = f(c, b, c)"]),
    ("a = max(b, c)", []),
    ("a = f(b, strict=True)", []),
    ("import a.b", []),
    ("a: int | None", []),
    ("'text'", []),
)  # fmt: skip


@pytest.mark.fast
@pytest.mark.parametrize(("line", "after"), FAULTS)
def test_the_faults_of_a_line(line, after):
    source = SourceFile("a.py", f"# comment\n{line}\nz = 0\n")
    faults = [source.fault(2, number) for number in range(source.counts()[2])]
    assert sorted(one.after for one in faults) == sorted(after)
    for one in faults:
        assert (one.line, one.before) == (2, line)
        assert one.text == f"# comment\n{one.after}\nz = 0\n"


@pytest.mark.fast
def test_a_fault_of_several_lines_is_one_line_of_the_report():
    source = SourceFile("a.py", "f(\n    a,\n    b,\n)\ng = 1\n")
    dropped = source.fault(1, 0)
    assert str(dropped) == "a.py:1\n    - f( a, b, )\n    + ..."
    assert dropped.text == "...\ng = 1\n"


SCRIPT_FAULTS = (
    ("if (a < b) return;", ["if (a <= b) return;"]),
    ("if (!a === b && c) return;", [
        "if (a === b && c) return;", "if (!a !== b && c) return;", "if (!a === b || c) return;",
    ]),
    ("const a = b ? 2 : 0.5;", ["const a = b ? 3 : 0.5;", "const a = b ? 2 : 1.0;"]),
    ("const f = (a, b) => true;", ["const f = (a, b) => false;"]),
    ("  pen.f(`${a + 1}`, '1');", [";"]),
    ("a1 = f(b, c, b) ?? g(b, b);", ["a1 = f(c, b, b) ?? g(b, b);"]),
    ("push(a, b) {", []),
    ("a = Math.max(b, c);", []),
    ('a = "b + 1"; // 1 + 2', []),
    ('a = `b + ${c && ` ${c}s`} + 1`; /* 1', []),
)  # fmt: skip


@pytest.mark.fast
@pytest.mark.parametrize(("line", "after"), SCRIPT_FAULTS)
def test_the_faults_of_a_line_of_a_script(line, after):
    source = Script("a.js", f"// comment\n{line}\n/* 0 */\n")
    faults = [source.fault(2, number) for number in range(source.counts()[2])]
    assert sorted(one.after for one in faults) == sorted(after)
    assert source.counts().total() == len(after)


@pytest.mark.fast
def test_a_fault_that_makes_a_script_invalid_is_not_drawn(tmp_path):
    (tmp_path / "a.js").write_text("const a =\n  f(b);\nconst c = 1;\n")
    every = draw(tmp_path, ("a.js",), 9, 1, Script)
    assert {fault.after for fault in every} == {";", "const c = 2;"}
    (valid,) = draw(tmp_path, ("a.js",), 9, 1, Script, is_script)
    assert valid.after == "const c = 2;"


@pytest.mark.fast
def test_a_greater_count_continues_the_sequence(tmp_path):
    (tmp_path / "a.py").write_text('"""Text."""\n# comment\n\n' + "a = 1 + 2\n" * 30)
    (tmp_path / "b.py").write_text("b = 3\n" * 30)
    few, many = (draw(tmp_path, ("b.py", "a.py"), count, 1) for count in (10, 40))
    assert many[:10] == few
    assert len({(one.path, one.line) for one in many}) == 40
    assert draw(tmp_path, ("b.py", "a.py"), 10, 2) != few
    assert len(draw(tmp_path, ("a.py",), 100, 1)) == 30


SOURCE = """\
from firstspike.golden.system.kernels import njit

SCALE = 3
UNUSED = 4


@njit(cache=True)
def compiled(a):
    return a + 1


def used(
    a=1,
):
    if a:
        return compiled(a) * SCALE
    return 0


def shared():
    return 1
"""


@pytest.mark.fast
def test_the_tests_that_reach_a_line(tmp_path):
    """Of two tests, only the second one calls `used`, and a fixture of both calls `shared`.

    One of another file imports the module, and runs the source of `compiled`.
    """
    first, second = "tests/x/test_x.py::first", "tests/x/test_x.py::second"
    near, imported = "tests/y/test_y.py::near", {"1": [1, 3, 4, 7, 8, 12, 20, 21]}
    for file, text in {
        "golden/a.py": SOURCE,
        "tests/y/test_y.py": "from firstspike.golden import a",
    }.items():
        (tmp_path / file).parent.mkdir(parents=True)
        (tmp_path / file).write_text(text)
    for file, seconds, lines in (
        ("tests/x/test_x.py", {first: 0.2, second: 0.1}, imported | {"4": [15, 16]}),
        ("tests/y/test_y.py", {near: 0.3}, {"2": [9]}),
    ):
        known = {"seconds": seconds, "failed": ["third"], "reached": {"golden/a.py": lines}}
        record_file(tmp_path, file).write_text(json.dumps(known))
    reach = Reach(tmp_path, tmp_path, ("tests/x/test_x.py", "tests/y/test_y.py"))
    by_line = {line: reach.tests("golden/a.py", line) for line in (3, 4, 9, 13, 16, 17, 21)}
    assert by_line == {
        3: ([second], [first]),  # the value is used where `used` multiplies
        4: ([], [second, first]),  # nothing uses it, and both tests import it
        9: ([near, second], []),  # coverage cannot see the latter in it, but at its call
        13: ([second], [first]),  # a default of what the test calls
        16: ([second], []),
        17: ([], []),
        21: ([], [second, first]),
    }
    assert reach.is_compiled("golden/a.py")
    assert reach.failed == ["third", "third"]
    assert reach.tests("scripts/page/web/a.js", 1) == ([second, first, near], [])


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A repository with two functions, of which the tests call one, and the plugin."""
    monkeypatch.setenv("FIRSTSPIKE_CACHE", str(tmp_path / "cache"))
    root = tmp_path / "repository"
    for folder in ("boards", "golden", "scripts", "tests/some", "tests/faults"):
        (root / folder).mkdir(parents=True)
        (root / folder / "__init__.py").touch()
    (root / "tests/__init__.py").touch()
    shutil.copy(ROOT / "tests/faults/plugin.py", root / "tests/faults")
    (root / "golden/a.py").write_text(
        "def called(a):\n    b = a + 2\n    c = max(a, 0)\n    c = c - 1\n    return b\n\n\n"
        "def other(a):\n    return a + 2\n\n\n"
        "def named(a: str) -> str:\n    return a + a\n"
    )
    (root / "mypy.ini").write_text("[mypy]\nfiles = golden\n")
    (root / "tests/some/test_a.py").write_text(
        "from golden.a import called\n\n\ndef test_sum():\n    assert called(3) == 5\n\n\n"
        "def test_that_always_fails():\n    assert called(3) == 4\n"
    )
    (root / ".gitignore").write_text("/build/\n__pycache__/\n")
    for words in (("init", "-q"), ("add", "-A"), ("commit", "-q", "-m", "first")):
        author = ("-c", "user.name=a", "-c", "user.email=a@example.com")
        subprocess.run(("git", *author, *words), cwd=root, check=True)
    return root


def test_outcomes_and_resumption(repository, capsys, monkeypatch):
    faults = draw(repository, ("golden/a.py",), 10, 1)
    first = Campaign(repository, 2, 60)
    results = first.results(faults[:2]) | first.results(faults)
    outcomes = {fault.line: results[fault]["outcome"] for fault in faults}
    assert outcomes == {
        2: "caught",
        3: "survived",
        4: "survived",
        9: "not reached",
        13: "caught",
    }
    by = {fault.line: results[fault]["by"] for fault in faults}
    assert (by[2], by[13]) == ("tests/some/test_a.py::test_sum", "mypy")
    assert report(results) == 2
    printed, warned = capsys.readouterr()
    assert "1 tests do not pass without a fault: tests/some/test_a.py::test_that" in warned
    assert "survived, 1 of 1 tests: golden/a.py:4\n    - c = c - 1\n    + c = c" in printed
    assert "not reached, 0 of 0 tests: golden/a.py:9\n    - return a +" in printed
    assert "2 survived" in printed
    assert "2 caught" in printed

    again = Campaign(repository, 1, 60)
    monkeypatch.setattr(again, "reach", None)  # nothing runs again
    assert again.results(faults) == results
    assert subprocess.check_output(("git", "status", "--short"), cwd=repository) == b""


@pytest.mark.fast
def test_what_caught_faults_of_the_file_runs_first():
    fault = SourceFile("a.py", "a = 1\n").fault(1, 0)
    selected = []
    sandbox = SimpleNamespace(
        changed=lambda *_: nullcontext(),
        select=lambda tests, *_, fresh: selected.append(tests) or (1, f"FAILED {tests[0]} - it"),
    )
    reach = SimpleNamespace(
        tests=lambda *_: (["a", "b"], []), seconds={"a": 6, "b": 6}, is_compiled=lambda _: False
    )
    for catches, first in (({}, "a"), ({"a": 1, "b": 2}, "b")):
        assert tried(sandbox, fault, reach, 60, Counter(catches))["by"] == first
    assert selected == [["a"], ["b"]]


@pytest.mark.fast
@pytest.mark.parametrize("without", [0, 4])
def test_a_run_without_a_failed_test_is_repeated_without_the_fault(without):
    statuses = [4, without]
    sandbox = SimpleNamespace(
        changed=lambda *_: nullcontext(), select=lambda *_, **__: (statuses.pop(0), "no module")
    )
    reach = SimpleNamespace(
        tests=lambda *_: (["a"], []), seconds={"a": 6}, is_compiled=lambda _: False
    )
    words = (sandbox, SourceFile("a.py", "a = 1\n").fault(1, 0), reach, 60, Counter())
    if without:
        with pytest.raises(SystemExit, match="do not run without a fault, either:\nno module"):
            tried(*words)
    else:
        assert tried(*words)["by"] == "pytest's status 4"


def test_a_commit_with_a_wrong_type_is_refused(repository):
    with (repository / "golden/a.py").open("a") as file:
        file.write("\n\ndef wrong(a: str) -> int:\n    return a\n")
    author = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    words = ("git", *author, "commit", "-q", "-a", "-m", "second")
    subprocess.run(words, cwd=repository, check=True)
    campaign = Campaign(repository, 1, 60)
    with pytest.raises(SystemExit, match="mypy does not pass"):
        campaign.results(draw(repository, ("golden/a.py",), 1, 1))


def test_a_changed_file_is_compiled_anew(repository, tmp_path):
    """Although its compiled form is of the same second and length."""
    commit = subprocess.check_output(("git", "rev-parse", "HEAD"), cwd=repository, text=True)
    sandbox = Sandbox(repository, tmp_path / "sandbox", commit.strip())
    (sandbox.checkout / "golden/a.py").touch()
    command = (sys.executable, "-c", "import golden.a; print(golden.a.called(3))")
    text = (repository / "golden/a.py").read_text()

    def printed():
        return subprocess.check_output(command, cwd=sandbox.checkout, text=True)

    py_compile.compile(str(sandbox.checkout / "golden/a.py"))
    with sandbox.changed("golden/a.py", text.replace("b = a + 2", "b = a + 4")):
        assert printed() == "7\n"
    assert printed() == "5\n"


@pytest.mark.fast
def test_an_explained_fault_does_not_count(capsys, monkeypatch):
    explained = SourceFile("golden/a.py", "a = 1 + 2\n").fault(1, 0)
    pattern = re.escape(explained.after)
    monkeypatch.setattr(survivors, "SURVIVORS", ((pattern, "It changes nothing."),))
    survived = {"outcome": "survived", "ran": 3, "tests": 3, "others": 0, "by": ""}
    assert report({explained: survived}) == 0
    assert "1 explained" in capsys.readouterr().out
    assert report({explained._replace(after="another"): survived}) == 1


@pytest.mark.fast
def test_two_runs_do_not_share_a_folder(tmp_path):
    with locked(tmp_path), pytest.raises(SystemExit, match="wait for its end"), locked(tmp_path):
        pass
