# SPDX-License-Identifier: BSD-2-Clause
"""The worked example of PyTorch runs, learns, and ends with a core that does not differ."""

from tests.examples.test_examples import check_example


def test_the_example(tmp_path):
    check_example("pytorch", tmp_path)
