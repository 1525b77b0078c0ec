# SPDX-License-Identifier: BSD-2-Clause
"""Faults in what is around a core: buses, the link, sensors, the flash and standalone designs."""

OUTER_FAULTS: dict[str, dict[str, tuple[str, str]]] = {
    "standalone.core": {
        "gates-open-on-a-fault": (
            "return loader.ready",
            "return loader.ready | (loader.fault != 0)",
        ),
        "gates-always-open": ("return loader.ready", "return Const(1)"),
        "forced-decisions-are-said": (
            "sensor.reportable & ~decision.payload.forced",
            "sensor.reportable",
        ),
        "said-whatever-the-sensor-tells": ("sensor.reportable & ~decision", "~decision"),
        "fault-of-the-sensor-not-reported": ("+ sensor.fault", "+ (sensor.fault & 0)"),
        "fault-of-the-flash-not-reported": ("eq(loader.fault)", "eq(loader.fault & 0)"),
    },
    "standalone.text_reporter": {
        "leading-zeros-sent": ("(top == 0) & ~digit_sent", "(top != top)"),
        "digits-not-corrected": ("digit > 4, digit + 3", "digit > 5, digit + 3"),
        "condition-of-before": ("self._classes + self.condition", "self._classes + reported"),
        "ten-as-a-figure": ("digit > BEFORE_LETTERS", "digit > BEFORE_LETTERS + 1"),
        "same-nibble-again": ("numbers << DIGIT_BITS", "numbers"),
        "cycles-stand-still": ("cycles.eq(cycles + 1)", "cycles.eq(cycles)"),
    },
    "flash.loader": {
        "flash-checksum-not-checked": (
            "m.If(m.submodules.crc.complement == _RIGHT_SUM)",
            "m.If(1)",
        ),
        "identity-not-checked": (
            "m.If(word != expected[number])",
            "m.If(first & (word != expected[0]))",
        ),
        "ready-before-the-checksum": (
            "m.d.sync += state.eq(State.SUM)",
            "m.d.sync += [state.eq(State.SUM), self.ready.eq(1)]",
        ),
        "ready-with-a-fault": ("self.fault.eq(fault)]", "self.fault.eq(fault), self.ready.eq(1)]"),
        "command-in-the-checksum": (
            "(state != State.WAKE) & (state != State.COMMAND)",
            "state != State.WAKE",
        ),
        "weights-a-bit-off": ("request.data.eq(word)", "request.data.eq(word << 1)"),
        "empty-flash-is-foreign": ("(word == 0) | word.all()", "(word == 0)"),
        "address-off-by-one": (
            "Command.READ << ADDRESS_BITS | self._flash_address",
            "Command.READ << ADDRESS_BITS | 1",
        ),
    },
    "flash.saver": {
        "old-header-not-cleared": ("step.eq(Step.CLEAR)", "step.eq(Step.ERASE)"),
        "protection-not-checked": ("(status & PROTECTED).any()", "(status & 0).any()"),
        "change-not-awaited": ("(status & BUSY).any()", "(status & 0).any()"),
        "first-sector-erased-only": ("page == (self._sectors - 1) * SECTOR_PAGES", "page == page"),
        "header-not-in-the-checksum": ("initial_crc=crc(header) ^", "initial_crc="),
        "flash-not-deselected-long-enough": ("rest_left.eq(self._rest)", "rest_left.eq(0)"),
        "second-save-without-words": ("counter.restart.eq(1)", "counter.restart.eq(0)"),
        "checksum-ends-no-page": ("self._index.all() | self._is_sum", "self._index.all()"),
    },
    "flash.weight_port_arbiter": {
        "missing-weights-not-reported": ("~loader.ready & ~written", "~loader.ready & written"),
    },
    "standalone.saving_core": {
        "saved-during-passes": ("& ~sensor.labels.valid & ~sensor.learning", ""),
        "images-during-a-save": ("return usable & ~saver.busy", "return usable"),
        "damaged-words-used": ("loaded & (loader.fault != Fault.DAMAGED)", "loaded"),
        "damaged-words-saved": ("is_byte & self._usable &", "is_byte &"),
        "damaged-words-not-forgotten": ("is_byte & loaded &", "is_byte & self._usable &"),
        "protection-not-reported": ("saver.failed & ~was_failed", "saver.failed & was_failed"),
        "saved-words-not-reported": ("m.If(loader.ready & ~was_usable)", "m.If(0)"),
    },
    "link.framing.receiver": {
        "damaged-frames-accepted": ("(~crc.complement).any() | ~frame.has_crc", "~frame.has_crc"),
        "sequence-not-checked": ("ordered.eq((byte == self.expected) | hello)", "ordered.eq(1)"),
        "length-not-checked": ("partial_word, excess | (bytes_due != 0)", "0, 0"),
        "chunks-not-counted": ("counted.eq(length.counted)", "counted.eq(0)"),
        "type-not-checked": ("known.eq(byte == low)", "known.eq(1)"),
        "broken-bytes-accepted": ("return broken | ~at_code", "return ~at_code"),
        "overrun-not-checked": (
            "{Cause.OVERRUN: overrun | self.full}",
            "{Cause.OVERRUN: overrun & 0}",
        ),
        "zeros-lost": ("decoded.eq(~at_code | zero_due)", "decoded.eq(~at_code)"),
    },
    "link.framing.packet_fifo": {
        "full-an-entry-late": (
            "self.full.eq(following == addresses.oldest)",
            "self.full.eq(write == addresses.oldest)",
        ),
        "dropped-bytes-kept": ("Mux(discard, committed, following)", "following"),
        "not-released": ("addresses.oldest.eq(read)", "addresses.oldest.eq(addresses.oldest)"),
    },
    "link.engine": {
        "refusal-not-sent": ("r.refused.eq(result.refused)", "r.refused.eq(0)"),
        "sequence-of-the-answer": (
            "response.payload.data.eq(r.sequence)",
            "response.payload.data.eq(self.expected)",
        ),
    },
    "link.handlers.weights": {
        "range-not-checked": ("with m.If(fails):", "with m.If(0):"),
        "words-cut": ("~counter.ends_word, counter.ends_layer", "0, counter.ends_layer"),
        "layer-left": ("~counter.ends_word, counter.ends_layer", "~counter.ends_word, 0"),
    },
    "link.handlers.images": {
        "marks-not-cleared": ("sweeps | ((state == State.EVENT)", "((state == State.EVENT)"),
    },
    "core.weight_address": {
        "layer-number-cut": (
            "saturated(self.new_layer, len(layer))",
            "self.new_layer[: len(layer)]",
        ),
        "every-address-exists": ("self.exists.eq(below(address, one.words))", "self.exists.eq(1)"),
    },
    "link.framing.spi": {
        "bits-of-a-cut-byte-kept": (
            "[bit_index.eq(0), self.miso",
            "[bit_index.eq(bit_index), self.miso",
        ),
        "cut-byte-lost": ("rises & last, ~sending)", "rises & last, 1)"),
        "lowest-bit-first": (
            "received.eq(Cat(mosi, received))",
            "received.eq(Cat(received[1:], mosi))",
        ),
        "reset-amid-a-byte": ("synchronised.eq(synchronised | ~select)", "synchronised.eq(1)"),
    },
    "link.framing.uart": {
        "missing-stop-bit-accepted": ("received.broken.eq(~rx)", "received.broken.eq(0)"),
        "sampled-at-the-end": ("self._divisor // 2 - 1", "self._divisor - 1"),
        "no-stop-bit": ("bits.eq(Cat(self.sent.payload, 1))", "bits.eq(self.sent.payload)"),
    },
    "link.handlers.player": {
        "tick-not-compared": ("| (decision.tick != expected.tick)", "| 0"),
        "rounds-not-counted": ("sending.eq(~counter.last)", "sending.eq(0)"),
        "count-kept-from-before": (
            "self.running.eq(1), counts.decisions.eq(0)",
            "self.running.eq(1)",
        ),
        "first-round-only": (
            "ends = self.image + 1 == self.count",
            "ends = self.image == self.count",
        ),
    },
    "link.handlers.playing": {
        "one-round": ("player.rounds.eq(rounds)", "player.rounds.eq(1)"),
    },
    "link.handlers.identity": {
        "sequence-number-not-returned": (
            "Mux(request.index == 0, request.payload.payload, stored)",
            "stored",
        ),
    },
    "link.handlers.status": {
        "lost-frame-not-counted": ("dropped.eq(dropped + 1)", "dropped.eq(dropped)"),
    },
    "link.handlers.control": {
        "reset-without-an-end": ("request.done.eq(1)]", "request.done.eq(0)]"),
    },
    "lib.checksum": {
        "polynomial-always": ("Mux(divides, self._polynomial, 0)", "self._polynomial"),
    },
    "bus.axi_lite": {
        "refusal-answered-okay": ("Response.SLVERR, Response.OKAY", "Response.OKAY, Response.OKAY"),
        "some-bytes-are-all": ("data.strobe.all()", "data.strobe.any()"),
        "data-of-a-refused-read": ("Mux(access.refused, 0, access.answer)", "access.answer"),
        "writes-without-data": (
            'held["write_address"] & held["write_data"]',
            'held["write_address"]',
        ),
    },
    "bus.register_file": {
        "written-bits-not-cleared": ("& ~clears)", ")"),
        "constants-written": ("access.refused.eq(wrong)", "access.refused.eq(0)"),
    },
    "bus.decision_output": {
        "words-of-a-decision-cut": ("last = number == len(words) - 1", "last = number != 0"),
        "tag-of-the-next-image": ("eq(self.tag)", "eq(self.tag + 1)"),
        "taken-by-registers-at-once": ("Mux(registers, self.take |", "Mux(registers, 1 |"),
    },
    "bus.event_unpacker": {
        "end-left-out": ("entry.last & ~none", "0"),
        "empty-image-advances": ("ending | only_end, Kind.END", "ending, Kind.END"),
    },
    "bus.weight_port": {
        "read-in-the-middle-of-a-write": (
            "& self.within_word & was_read)",
            "& self.within_word & ~was_read)",
        ),
        "address-stays": ("counter.advance.eq(accepted)", "counter.advance.eq(0)"),
    },
    "bus.pixel_encoder": {
        "cut-image-not-forgotten": ("waits.eq(1), pixel.eq(0)", "waits.eq(1)"),
        "cut-image-not-aborted": ("abort_image.eq(is_started)", "abort_image.eq(0)"),
    },
    "bus.learning_ports": {
        "seed-not-sent": ("settings.payload.seed.eq(seed)", "settings.payload.seed.eq(0)"),
        "unlabelled-images-learn": ("payload.learn.eq(current.learn)", "payload.learn.eq(1)"),
    },
    "bus.bitmap_unpacker": {
        "surplus-is-the-next-image": ("surplus.eq(self.long)", "surplus.eq(0)"),
    },
    "sound.filters": {
        "not-rounded": ("Cat(1, D).as_signed()", "Cat(0, D).as_signed()"),
        "sums-not-cleared": ("clears.eq(moves)", "clears.eq(moves & ~second)"),
        "last-shift-left-out": ("D.eq(D >> 1), left.eq(0)", "left.eq(0)"),
        "older-sample": ("n.eq(~n)", "n.eq(n)"),
    },
    "sound.levels": {
        "negative-off-by-one": ("replicate(len(z) - 1)) + negative", "replicate(len(z) - 1))"),
        "slot-a-sample-short": ("sample == front.slot - 1", "sample == front.slot - 2"),
        "level-256-not-limited": ("Mux(level > MOST_LEVEL, ", "Mux(level > MOST_LEVEL + 1, "),
        "level-below-0-not-limited": ("Mux(level < 0, 0, ", "Mux(level < -1, 0, "),
        "small-sums-as-one": ("E[-1] | (e == 0)", "E[-1] | (e == 1)"),
    },
    "sound.words": {
        "drop-off-by-one": ("first + front.drop >= top", "first + front.drop > top"),
        "peak-of-two-slots": ("state.highest.eq(0),", "state.highest.eq(state.highest),"),
        "levels-of-two-pixels": ("[state.total.eq(0), part", "[state.total.eq(state.total), part"),
        "quiet-not-looked-at": ("m.If(quiet & (state.around < P))", "m.If(quiet & 0)"),
    },
    "sound.decimator": {
        "sample-written-over": ("m.If(~self.lost)", "m.If(1)"),
        "limit-of-the-other-sign": ("Cat((~sums[-1]).replicate", "Cat(sums[-1].replicate"),
        "constant-for-ever": ("(constant | (count == 0)) & ~", "constant & ~"),
    },
    "sound.i2s": {
        "a-bit-late": (
            "(position >= DELAY) & (position < DELAY",
            "(position > DELAY) & (position <= DELAY",
        ),
    },
    "sound.bit_clock": {
        "sampled-at-the-other-edge": (
            "ends & ~self.clock, SYNCHRONISED",
            "ends & self.clock, SYNCHRONISED",
        ),
    },
    "motion.frames": {
        "change-over-a-gap": ("Mux(new.first, 0, before.data.x)", "before.data.x"),
        "mean-not-limited": ("~above.any() | above.all()", "~above.any() | above.any()"),
        "gap-inside-a-frame": ("number = Mux(new.first, 0, sample)", "number = sample"),
    },
    "motion.windows": {
        "equal-means-once": ("least.eq(lowest + 1)", "least.eq((lowest | front.frames) + 1)"),
        "window-over-a-gap": ("Mux(new.first, front.frames - 1, wait)", "wait"),
        "changes-of-every-rank": ("m.If(rank == 0)", "m.If(rank <= 1)"),
    },
    "motion.lsm6dso": {
        "bytes-swapped": ("Cat(word[BYTE:], word[:BYTE])", "word"),
        "part-not-configured-again": (
            "m.d.sync += [self.stopped.eq(0), gap.eq(1), configured.eq(0)]",
            "m.d.sync += [self.stopped.eq(0), gap.eq(1)]",
        ),
        "gap-not-reported": ("first.eq(gap), ", "first.eq(0), "),
        "never-stopped": ("silent.eq(silent + 1)", "silent.eq(silent)"),
    },
}
"""By module and name what is replaced, and by what."""

OUTER_CHECKS = {
    "standalone": "standalone",
    "flash": "standalone",
    "flash.saver": "saver",
    "flash.weight_port_arbiter": "flashed_link",
    "standalone.saving_core": "saving_core",
    "bus": "bus",
    "bus.bitmap_unpacker": "bus_bitmaps",
    "bus.learning_ports": "bus_learning",
    "bus.pixel_encoder": "pixel_encoder",
    "lib.checksum": "link",
    "link": "link",
    "link.framing.spi": "spi",
    "link.framing.uart": "uart",
    "link.handlers.player": "player",
    "link.handlers.playing": "played",
    "motion.frames": "frames",
    "motion.lsm6dso": "lsm6dso",
    "motion.windows": "windows",
    "sound.bit_clock": "pdm",
    "sound.decimator": "pdm",
    "sound.filters": "filters",
    "sound.i2s": "i2s",
    "sound.levels": "levels",
    "sound.words": "words",
}
"""By module or folder the check that has to find its faults, as `faults.CHECKS`."""
