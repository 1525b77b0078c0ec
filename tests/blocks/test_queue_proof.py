# SPDX-License-Identifier: BSD-2-Clause
"""The SpikeQueue is proven, and its proof notices what is broken on purpose."""

import pytest

from firstspike.sim.formal.proof import ProofError, check
from firstspike.sim.formal.queue import QueueProof
from tests.support.broken_queues import BROKEN


@pytest.mark.parametrize(
    ("n_keys", "width", "capacity"),
    [(1, 1, 1), (2, 1, 1), (1, 2, 3), (3, 2, 4), pytest.param(4, 2, 6, marks=pytest.mark.long)],
)
def test_queue_is_proven_by_induction(n_keys, width, capacity):
    check(QueueProof(n_keys, width, capacity), "prove", depth=2)


def test_queue_is_right_from_its_start():
    check(QueueProof(2, 2, 3), "bmc", depth=12)


def test_proof_is_not_vacuous():
    check(QueueProof(2, 2, 3), "cover", depth=12)


@pytest.mark.parametrize("broken", BROKEN)
def test_proof_fails_for_a_broken_queue(broken):
    proof = type("BrokenProof", (QueueProof, broken), {})
    with pytest.raises(ProofError, match="failed assertion"):
        check(proof(2, 1, 3), "bmc", depth=8)
