# SPDX-License-Identifier: BSD-2-Clause
"""Why the quick bench of a design does not find some automatic faults in it.

No result in shares depends on this file: it explains results afterwards (`scripts/shares`).
"""

_STOPPED_LATER = (
    "The part counts as stopped after another time, from SILENT_SECONDS to 2.5 times as long."
)

SURVIVORS: tuple[tuple[str, str, str], ...] = (
    (
        "queue",
        r"const0 SpikeQueue \\\$n1572 A\[0\]",
        "The fault hides key 0 in the search for the second key. The first key is the lowest one "
        "with items, so key 0 is never the second.",
    ),
    (
        "watcher",
        r"cnot1 sensor watcher events__payload\[4\] by \[1\]",
        "Bit 1 is set only in an END, which has neither tick nor row.",
    ),
    (
        "watcher",
        r"cnot1 sensor \\\$n15 Y\[(12|19)\] by \[(8|25)\]",
        "The fault shows in the count of samples from the 256th or a later sample on; the bench "
        "gives 68.",
    ),
    (
        "pixel_encoder",
        r"cnot1 PixelEncoder \\\$n62 A\[4\] by \[2\]",
        "The fault numbers the pixels in another order, which has the same length and the same two "
        "lowest bits: no output depends on the other bits but the last number and 0.",
    ),
    (
        "pixel_encoder",
        r"const0 PixelEncoder \\\$n77 A\[4\]",
        "Without bit 4 only number 53 equals that of the last pixel, 37; no pixel has it.",
    ),
    (
        "encoder",
        r"const1 Encoder \\\$n338 B\[0\]",
        "A word without bright pixels is searched like any other. The Encoder then takes as many "
        "cycles, unless the taker of events waits just then.",
    ),
    (
        "frames",
        r"const0 Frames \\\$n186 A\[0\]",
        "Only `frame_ends` depends on this copy of the number. With frames of 4 samples the number "
        "of the sample returns to 0 by itself.",
    ),
    (
        "core",
        r"decision .*\(core/decision\.py:(_best|build)\)",
        "The fault shows for two outputs of nearly equal M, which the bench does not have. The "
        "lemma `decision` covers all M.",
    ),
    (
        "standalone",
        r"core\.loader .*\(flash/loader\.py:_select\)",
        "The flash rests for another time, which is still at least REST_SECONDS.",
    ),
    (
        "standalone",
        r"const0 core\.loader .* A\[24\] to complement\[24\]",
        "Only a checksum that differs in no other bit would be accepted; no damage of the bench "
        "has this effect.",
    ),
    (
        "lsm6dso",
        r"cnot1 Lsm6dso .* D\[10\] by \[8\] .*\(motion/lsm6dso\.py:build\)",
        _STOPPED_LATER,
    ),
    (
        "watcher",
        r"cnot1 sensor\.part .* A\[14\] by \[5\] .*\(motion/lsm6dso\.py:build\)",
        _STOPPED_LATER,
    ),
)
"""Names of designs, patterns of the descriptions of their faults, and the reasons."""
