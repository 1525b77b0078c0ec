# SPDX-License-Identifier: BSD-2-Clause
"""The soak counts, goes on where a case fails, keeps that, and ends where it is interrupted."""

from tests.soak.cases import KINDS
from tests.soak.run import in_turn, numbers, soak


def fails(number: int) -> None:
    raise AssertionError(f"number {number} is wrong")


def interrupted(number: int) -> None:
    raise KeyboardInterrupt


def passes(number: int) -> None:
    """Nothing is wrong."""


def test_what_fails_is_kept_and_the_rest_goes_on(tmp_path, capfd):
    kinds = {"fails": fails, "passes": passes}
    failed = soak(kinds, in_turn(kinds, numbers(17, 0)), 17, tmp_path / "kept")
    assert failed == {"fails": 1}
    assert "number 17 is wrong" in (tmp_path / "kept" / "fails-17.txt").read_text()
    assert "from number 17 on: 1 fails (1 failed), 1 passes (0 failed)" in capfd.readouterr().out


def test_an_interrupt_ends_it_and_says_how_much_was_tried(tmp_path, capfd):
    kinds = {"passes": passes, "interrupted": interrupted}
    assert not soak(kinds, in_turn(kinds, numbers(3, 1)), 3, tmp_path)
    assert "1 passes (0 failed), 0 interrupted (0 failed)" in capfd.readouterr().out
    assert not list(tmp_path.iterdir())


def test_a_case_can_be_tried_alone():
    KINDS["overlap"](1000)
