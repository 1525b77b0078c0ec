# SPDX-License-Identifier: BSD-2-Clause
"""The proofs, by name."""

from .cores import CORES
from .lemmas import LEMMAS
from .proofs import Proof

PROOFS: dict[str, Proof] = {proof.name: proof for proof in (*LEMMAS, *CORES)}
