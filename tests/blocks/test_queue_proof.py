# SPDX-License-Identifier: BSD-2-Clause
"""The proof of the SpikeQueue (`firstspike check proofs queue`) notices what is broken."""

import pytest

from firstspike.sim.formal.circuit import compile_circuit
from firstspike.sim.formal.queue import QueueProof
from firstspike.sim.formal.sat import RefutedError, check_bounded
from tests.support.broken_queues import BROKEN


def test_queue_is_right_from_its_start():
    check_bounded(compile_circuit(QueueProof(2, 2, 3)), 12)


@pytest.mark.parametrize("broken", BROKEN)
def test_proof_fails_for_a_broken_queue(broken):
    proof = type("BrokenProof", (QueueProof, broken), {})
    with pytest.raises(RefutedError, match="failed assertion"):
        check_bounded(compile_circuit(proof(2, 1, 3)), 8)
