# SPDX-License-Identifier: BSD-2-Clause
"""Why the quick bench of a design does not find some automatic faults in it.

No result in shares depends on this file: it explains results afterwards (`scripts/shares`).
"""

SURVIVORS: tuple[tuple[str, str, str], ...] = (
    (
        "watcher",
        r"cnot1 sensor watcher events__payload\[4\] by \[1\]",
        "Bit 1 is set only in an END, which has neither tick nor row.",
    ),
    (
        "watcher",
        r"cnot1 sensor \\\$n15 Y\[19\] by \[25\]",
        "The fault shows in the count of samples from sample number 2^25 on.",
    ),
    (
        "bus",
        r"cnot1 decisions first i__payload\[31\] by \[53\]",
        "Bit 53 is bit 28 of the cycles of a decision, which only an image of 2^28 cycles sets.",
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
        "watcher",
        r"inv sensor\.part \\\$n418 A\[2\]",
        "The silence is 4 cycles shorter. The bench of the Lsm6dso checks its length.",
    ),
    (
        "watcher",
        r"inv sensor part samples__ready\[0\]",
        "A value is taken a cycle before Frames adds it, when it is still in the shift register.",
    ),
    (
        "lsm6dso",
        r"cnot0 Lsm6dso \\\$n419 Y\[3\] by \[5\]",
        "The number of remaining bits takes its values in another order, in as many steps from 16, "
        "and from 8, to 0.",
    ),
    (
        "lsm6dso",
        r"cnot1 Lsm6dso .* (D\[10\] by \[8\]|Y\[13\] by \[5\]) .*\(motion/lsm6dso\.py:build\)",
        "The counter of the silence takes its values in another order, in as many cycles from 0 to "
        "its last value, the only one that matters.",
    ),
    (
        "layer",
        r"const1 sequencer\.row_list \\\$n180 B\[0\]",
        "The length of the list would not be cleared in a cycle in which the decided image is "
        "stale, and an event of the next image stalls. The END of the decided image, which begins "
        "nothing, has passed before, and has cleared the length.",
    ),
    (
        "core",
        r"const0 layer_0\.store \\\$n148 Y\[0\]",
        "A host reads a word of the weights later, when the lanes are ready; the ports do not "
        "state the cycle.",
    ),
    (
        "core",
        r"const1 layer_0\.emitter \\\$n80 Y\[0\]",
        "An entry of the divider that is not valid, or is of a decided image, would enter the "
        "queue if it has a hit. One that is not valid has none. While the last ones of a decided "
        "image leave the divider, the queue is being cleared, because the END of this image comes "
        "behind them, and the next image behind the END.",
    ),
    (
        "core",
        r"layer_0\.emitter\.queue \\\$n(638 A|463 A|598 B)\[0\]",
        "The fault shows if an item is pushed in the cycle in which the queue selects the last "
        "item of a list. The emitter pushes no spike while it releases the queue, because the "
        "Sequencer advances again after `done` only.",
    ),
    (
        "link",
        r"const1 engine\.identity \\\$n7 B\[0\] to stored__valid\[0\]",
        "The BoardRom takes 2 cycles for a byte, the Transmitter 10, so a byte is there in time.",
    ),
    (
        "uart",
        r"inv transmitter \\\$n362 Y\[0\] to \\\$n152\[0\]",
        "In the state OPEN, `first` and `code` get the same values a cycle earlier: `write` moves "
        "only afterwards, and the delimiter in front of `first` is in the buffer.",
    ),
    (
        "saving_core",
        r"const0 board\.reporter \\\$n305 A\[0\]",
        "The fault shows if a hundreds digit of 1 is doubled. The deadline is 150, so this digit "
        "is 0 until the last bit of the tick is converted.",
    ),
    (
        "saving_core",
        r"cnot0 board core cycles\[6\] by \[18\] to decision__payload\[31\]",
        "A standalone core does not use the cycles of a decision, which only a view of the bench "
        "has.",
    ),
    (
        "listener",
        r"const0 listener\.filters \\\$n282 Y\[2\]",
        "The fault clears bit 2 of a difference of y or x. The lowest 6 bits of that of x are 0, "
        "and all filters of the bench shift that of y by 3 bits to the right.",
    ),
    (
        "saver",
        r"cnot0 saver \\\$n665 D\[25\] by \[16\]",
        "A bit is in place 25 for two cycles, in which bit 16 is the same, so it is inverted twice "
        "or not at all; for a third cycle only between two statuses, when the flash ignores MOSI.",
    ),
)
"""Names of designs, patterns of the descriptions of their faults, and the reasons."""
