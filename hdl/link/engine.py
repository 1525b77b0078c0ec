"""The engine: carries out the requests of the ring, one after the other, and answers."""

import struct

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import data, enum, stream, wiring
from amaranth.lib.crc.catalog import CRC32_ISO_HDLC
from amaranth.lib.wiring import In, Out

from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.core.layouts import Kind, input_layout
from firstspike.hdl.core.ports import CYCLES_BITS, decision_layout, label_layout, weights_layout
from firstspike.hdl.core.words import CHUNK_BITS
from firstspike.hdl.learner.learner import settings_layout
from firstspike.hdl.lib.layouts import fields

from .protocol import ANSWER, SETTINGS_FORMAT, UNLABELLED, Cause, Notice, Request
from .receiver import CAUSE_BITS
from .requests import WORD_BYTES, bitmap_bytes
from .ring import ENTRY
from .transmitter import ANSWER_BYTE
from .word_walk import WordWalk

CHUNK = data.StructLayout({"data": CHUNK_BITS, "error": 1})
FAULT_BITS = 16

NOTICE, SHOW = 0, 11
"""What the engine does besides requests, as numbers that no request has."""

DECISION = "decision"
IMAGES = (Request.PIXELS, Request.INPUTS, Request.EVENTS)


class State(enum.Enum):
    """What the engine is at."""

    IDLE = 0
    SEQUENCE = 1
    LABEL = 2
    BITMAP = 3
    GATHER = 4  # four bytes
    GATHERED = 5
    COUNT = 6  # of words to read
    CHECK = 7  # whether all of them are there
    JUDGE = 8  # whether all is there that is to be written
    END = 9  # of an image that comes as events
    SKIP = 10  # what is left of the request, up to its mark
    DO = 11
    ASK = 12  # for a chunk of a weight word
    TAKE = 13
    SUM = 14
    FACT = 15  # is being read
    FACT_READ = 16
    SHOW = 17  # eight pixels of the stored image
    ANSWER = 18  # its first bytes, by name
    BYTES = 19  # bytes of `word`
    FINISH = 20
    RELEASE = 21  # the request, and the decision


class Engine(wiring.Component):
    """One request at a time, from its first byte in the ring to the end of its answer.

    Ports
    -----
    get, fast, two, release, rewind : of the Ring.
    answer : to the Transmitter.
    fault : of the Receiver, whose next request has the sequence `expected`.
    fact_index, fact_digit, fact : of Facts; while `fact_busy` its other reader has it.
    show : high for a cycle: put the stored image through the core when there is nothing else to do.
    shown, shown_valid : the class of the latest decision, and whether there has been one.
    reset_core : high for a cycle.
    busy, words, events, labels, settings, weights, weights_read, decision, learned : of the Core.

    A request that reads or writes weights is gone through twice: at first only to see whether all
    of it is there.

    The words of an image are offered as fast as the core takes them, so that its cycles are those
    of the core alone. An event takes 9 cycles, which may be more than the core would need.
    Between a decision and the first word of an image that waits there are a cycle for every byte of
    the answer, and some 15 more.

    Parameters: `facts`, bytes of the identity; `digit`, whether there is a stored image.
    """

    def __init__(self, config: CoreConfig, facts: int, digit: bool):
        self._config = config
        self._facts = facts
        self._digit = digit
        self._bitmap = 0 if config.bitmap is None else bitmap_bytes(config.n_inputs)
        self._count = range(max(1 << 8, facts + 1, self._bitmap + 1))
        first, last = config.layers[0].folding, config.layers[-1].folding
        members = {
            "get": In(stream.Signature(ENTRY)),
            "fast": Out(1),
            "two": In(1),
            "release": Out(1),
            "rewind": Out(1),
            "answer": Out(stream.Signature(ANSWER_BYTE)),
            "fault": In(wiring.Signature({"valid": Out(1), "cause": Out(CAUSE_BITS)})),
            "expected": In(8),
            "fact_index": Out(self._count),
            "fact_digit": Out(1),
            "fact": In(8),
            "fact_busy": In(1),
            "show": In(1),
            "shown": Out(range(last.n_out)),
            "shown_valid": Out(1),
            "reset_core": Out(1),
            "busy": In(1),
            "events": Out(stream.Signature(input_layout(first.n_in, config.deadline))),
            "weights": Out(stream.Signature(weights_layout(config))),
            "weights_read": In(stream.Signature(CHUNK)),
            "decision": In(stream.Signature(decision_layout(config))),
        }
        if self._bitmap:
            members["words"] = Out(stream.Signature(config.bitmap))
        if config.learns:
            members["labels"] = Out(stream.Signature(label_layout(config)))
            members["settings"] = Out(stream.Signature(settings_layout()))
            members["learned"] = In(
                wiring.Signature({"valid": Out(1), "updated": Out(1), "cycles": Out(CYCLES_BITS)})
            )
        super().__init__(members)

    def elaborate(self, platform):
        m = Module()
        config, get, answer = self._config, self.get, self.answer
        byte, mark = get.payload.data, get.payload.mark
        state = Signal(State)
        kind, sequence = Signal(4), Signal(8)
        word, place = Signal(CHUNK_BITS), Signal(range(WORD_BYTES))  # of its byte that is next
        count = Signal(self._count)
        index = Signal(range(64))  # of the answer's byte
        bit = Signal(range(8))
        dry = Signal(init=1)  # nothing is done yet
        addressed, bad = Signal(), Signal()
        shift = Signal()
        with m.If(shift):
            m.d.sync += [word.eq(Cat(word[8:], byte)), place.eq(place + 1)]

        m.submodules.walk = walk = WordWalk(config)
        request = self.weights.payload
        m.d.comb += [
            walk.place.eq(word),
            walk.everything.eq(kind == Request.CHECKSUM),
            request.write.eq(kind == Request.WRITE),
            request.layer.eq(walk.layer),
            request.address.eq(walk.address),
            request.data.eq(word),
        ]
        m.submodules.sum = crc = CRC32_ISO_HDLC(data_width=1).create()
        m.d.comb += crc.data.eq(word[:8].bit_select(bit, 1))

        # An image.
        event = self.events.payload
        m.d.comb += [
            event.kind.eq(Mux(state == State.END, Kind.END, Kind.SPIKE)),
            event.tick.eq(_saturated(word[:16], len(event.tick))),
            event.address.eq(_saturated(word[16:], len(event.address))),
        ]
        if self._bitmap:
            m.d.comb += self.words.payload.eq(Mux(kind == SHOW, word, byte))
        labelled, settled = Signal(), Signal()  # an image is to begin; its end has been waited for
        m.d.comb += settled.eq(self.decision.valid)
        learned = self._learned(m, labelled, kind, byte, settled) if config.learns else None
        settings = Signal(8 * (SETTINGS_FORMAT.size + 1))  # and a byte of the checksum
        if config.learns:
            m.d.comb += _settings(self.settings.payload, settings)
        answered = Signal()
        is_image = Cat(kind == one for one in IMAGES).any()
        with m.If(answered):
            m.d.sync += [self.shown.eq(self.decision.payload["class"]), self.shown_valid.eq(1)]
        m.d.comb += self.decision.ready.eq(answered)

        # Frames that were dropped, and who wants to see the stored image.
        cause, dropped, untold = Signal(CAUSE_BITS), Signal(FAULT_BITS), Signal()
        status = Cat(cause, Const(0, 8 - CAUSE_BITS), dropped)
        wanted = Signal()

        # The bytes of the answers, and where they go on.
        heads, sources = self._sources(kind, sequence, byte, crc.crc, learned)

        m.d.sync += self.reset_core.eq(0)
        with m.Switch(state):
            with m.Case(State.IDLE):
                m.d.comb += get.ready.eq(1)
                m.d.sync += [place.eq(0), addressed.eq(0), bad.eq(0), count.eq(0)]
                m.d.sync += index.eq(heads[ANSWER])
                with m.If(get.valid):
                    m.d.sync += [kind.eq(byte), state.eq(State.SEQUENCE)]
                with m.Elif(untold & dry):
                    m.d.sync += [kind.eq(NOTICE), untold.eq(0), index.eq(heads[Notice.ERROR])]
                    m.d.sync += [word.eq(status), place.eq(1), state.eq(State.ANSWER)]
                if self._digit:
                    with m.Elif(wanted & dry):
                        m.d.comb += labelled.eq(1)
                        m.d.sync += [kind.eq(SHOW), wanted.eq(0), state.eq(State.FACT)]
            with m.Case(State.SEQUENCE):
                m.d.comb += get.ready.eq(is_image | ~self.busy)
                m.d.sync += sequence.eq(byte)
                with m.If(get.valid & get.ready):
                    with m.If(is_image):
                        m.d.sync += state.eq(State.LABEL)
                    with m.Elif((kind == Request.READ) | (kind == Request.WRITE)):
                        m.d.sync += state.eq(State.GATHER)
                    with m.Else():
                        m.d.sync += state.eq(State.SKIP)
            with m.Case(State.LABEL):
                m.d.comb += [get.ready.eq(1), labelled.eq(get.valid)]
                with m.If(get.valid):
                    m.d.sync += state.eq(State.GATHER)
                    if self._bitmap:
                        with m.If(kind != Request.EVENTS):
                            m.d.sync += state.eq(State.BITMAP)
            if self._bitmap:
                with m.Case(State.BITMAP):
                    # Not before the ring can follow the core, so that none of its cycles is ours.
                    m.d.comb += [
                        self.fast.eq(1),
                        self.words.valid.eq(get.valid & (self.two | (count != 0))),
                        get.ready.eq(self.words.valid & self.words.ready),
                    ]
                    with m.If(get.ready):
                        m.d.sync += count.eq(count + 1)
                        with m.If(count == self._bitmap - 1):
                            m.d.sync += state.eq(State.SKIP)
            with m.Case(State.GATHER):
                m.d.comb += [get.ready.eq(~mark), shift.eq(get.valid & ~mark)]
                with m.If(get.valid & mark):
                    m.d.sync += state.eq(Mux(is_image, State.END, State.JUDGE))
                with m.Elif(shift & (place == WORD_BYTES - 1)):
                    m.d.sync += state.eq(State.GATHERED)
            with m.Case(State.GATHERED):
                with m.If(is_image):
                    m.d.comb += self.events.valid.eq(1)
                    with m.If(self.events.ready):
                        m.d.sync += state.eq(State.GATHER)
                with m.Elif(~addressed):
                    m.d.comb += walk.start.eq(1)
                    m.d.sync += [
                        addressed.eq(1),
                        state.eq(Mux(kind == Request.WRITE, State.GATHER, State.COUNT)),
                    ]
                with m.Else():
                    m.d.comb += [
                        self.weights.valid.eq(~dry),
                        walk.advance.eq(dry | self.weights.ready),
                    ]
                    with m.If(walk.advance):
                        m.d.sync += state.eq(State.GATHER)
            with m.Case(State.JUDGE):
                with m.If(walk.outside | walk.begun):
                    m.d.sync += [index.eq(heads[Notice.REFUSED]), state.eq(State.ANSWER)]
                with m.Elif(dry):
                    m.d.comb += self.rewind.eq(1)
                    m.d.sync += [dry.eq(0), state.eq(State.IDLE)]
                with m.Else():
                    m.d.sync += state.eq(State.ANSWER)
            with m.Case(State.COUNT):
                m.d.comb += get.ready.eq(1)
                m.d.sync += count.eq(byte)
                with m.If(get.valid):
                    m.d.sync += [
                        bad.eq(byte == 0),
                        state.eq(Mux(dry & (byte != 0), State.CHECK, State.SKIP)),
                    ]
            with m.Case(State.CHECK):
                m.d.comb += walk.advance.eq(count != 0)
                with m.If(walk.whole):
                    m.d.sync += count.eq(count - 1)
                with m.If(count == 0):
                    m.d.sync += [bad.eq(walk.outside), state.eq(State.SKIP)]
                    with m.If(~walk.outside):
                        m.d.comb += self.rewind.eq(1)
                        m.d.sync += [dry.eq(0), state.eq(State.IDLE)]
            with m.Case(State.SKIP):
                m.d.comb += get.ready.eq(~mark)
                with m.If(get.valid):
                    with m.If(mark):
                        m.d.sync += state.eq(State.DO)
                    if config.learns:
                        with m.Elif(kind == Request.SETTINGS):
                            m.d.sync += settings.eq(Cat(settings[8:], byte))
            with m.Case(State.END):
                m.d.comb += self.events.valid.eq(1)
                with m.If(self.events.ready):
                    m.d.sync += state.eq(State.DO)
            with m.Case(State.DO):
                m.d.sync += [state.eq(State.ANSWER), place.eq(0)]
                with m.Switch(kind):
                    with m.Case(Request.READ), m.If(bad):
                        m.d.sync += index.eq(heads[Notice.REFUSED])
                    with m.Case(Request.CHECKSUM):
                        m.d.comb += [walk.start.eq(1), crc.start.eq(1)]
                        m.d.sync += state.eq(State.ASK)
                    with m.Case(Request.STATUS):
                        m.d.sync += [word.eq(status), place.eq(1)]
                    with m.Case(Request.RESET):
                        m.d.sync += self.reset_core.eq(1)
                    if config.learns:
                        with m.Case(Request.SETTINGS):
                            m.d.comb += self.settings.valid.eq(1)
                            with m.If(~self.settings.ready):
                                m.d.sync += state.eq(State.DO)
                    with m.Case(*IMAGES), m.If(~settled):
                        m.d.sync += state.eq(State.DO)
                    if self._digit:
                        with m.Case(SHOW):
                            m.d.comb += answered.eq(settled)
                            m.d.sync += state.eq(Mux(settled, State.IDLE, State.DO))
            with m.Case(State.ASK):
                m.d.comb += self.weights.valid.eq(1)
                with m.If(self.weights.ready):
                    m.d.sync += state.eq(State.TAKE)
            with m.Case(State.TAKE):
                m.d.comb += self.weights_read.ready.eq(1)
                m.d.sync += word.eq(self.weights_read.payload.data)
                with m.If(self.weights_read.valid):
                    m.d.sync += state.eq(Mux(kind == Request.CHECKSUM, State.SUM, State.BYTES))
            with m.Case(State.SUM):
                m.d.comb += [crc.valid.eq(1), shift.eq(bit == 7)]
                m.d.sync += bit.eq(bit + 1)
                with m.If(shift & (place == WORD_BYTES - 1)):
                    m.d.comb += walk.advance.eq(1)
                    m.d.sync += state.eq(Mux(walk.whole & walk.last, State.ANSWER, State.ASK))
            with m.Case(State.FACT), m.If(~self.fact_busy):
                m.d.sync += state.eq(State.FACT_READ)
            with m.Case(State.FACT_READ):
                m.d.sync += [
                    word[:8].eq(self.fact),
                    count.eq(count + 1),
                    place.eq(WORD_BYTES - 1),
                    state.eq(State.BYTES),
                ]
                if self._digit:
                    with m.If(kind == SHOW):
                        m.d.sync += state.eq(State.SHOW)
            if self._digit:
                with m.Case(State.SHOW):
                    m.d.comb += self.words.valid.eq(1)
                    with m.If(self.words.ready):
                        m.d.sync += state.eq(Mux(count == self._bitmap, State.DO, State.FACT))
            with m.Case(State.ANSWER):
                m.d.comb += answer.valid.eq(1)
                with m.Switch(index):
                    for number, (source, then) in enumerate(sources):
                        with m.Case(number):
                            m.d.comb += answer.payload.data.eq(source)
                            with m.If(answer.ready):
                                m.d.sync += index.eq(number + 1)
                                if then is not None:
                                    m.d.sync += state.eq(then)
                                if number == heads[ANSWER] + 1:
                                    self._after_head(m, kind, state, index, heads)
            with m.Case(State.BYTES):
                m.d.comb += [
                    answer.valid.eq(1),
                    answer.payload.data.eq(word[:8]),
                    shift.eq(answer.ready),
                ]
                with m.If(shift & (place == WORD_BYTES - 1)):
                    m.d.sync += state.eq(State.FINISH)
                    with m.If((kind == Request.HELLO) & (count != self._facts)):
                        m.d.sync += state.eq(State.FACT)
                    with m.Elif(kind == Request.READ):
                        m.d.comb += walk.advance.eq(1)
                        m.d.sync += state.eq(State.ASK)
                        with m.If(walk.whole):
                            m.d.sync += count.eq(count - 1)
                            with m.If(count == 1):
                                m.d.sync += state.eq(State.FINISH)
            with m.Case(State.FINISH):
                m.d.comb += [answer.valid.eq(1), answer.payload.end.eq(1)]
                with m.If(answer.ready):
                    m.d.sync += state.eq(Mux(kind == NOTICE, State.IDLE, State.RELEASE))
            with m.Case(State.RELEASE):
                m.d.comb += [answered.eq(is_image), get.ready.eq(1), self.release.eq(1)]
                m.d.sync += [dry.eq(1), state.eq(State.IDLE)]

        m.d.comb += [self.fact_index.eq(count), self.fact_digit.eq(kind == SHOW)]
        with m.If(self.fault.valid):
            m.d.sync += [cause.eq(self.fault.cause), dropped.eq(dropped + 1), untold.eq(1)]
        with m.If(self.show):
            m.d.sync += wanted.eq(1)
        return m

    def _learned(self, m, labelled, kind, byte, settled):
        """Give the labels, and keep what comes of the images.

        `settled` waits for it. Returns (updated, cycles).
        """
        label, learn = self.labels.payload.label, self.labels.payload.learn
        offered, here, updated = Signal(), Signal(), Signal()
        cycles = Signal(CYCLES_BITS)
        m.d.comb += [self.labels.valid.eq(offered), settled.eq(self.decision.valid & here)]
        with m.If(self.labels.ready):
            m.d.sync += offered.eq(0)
        with m.If(labelled):
            m.d.sync += [
                offered.eq(1),
                here.eq(0),
                label.eq(_saturated(byte, len(label))),
                learn.eq((byte != UNLABELLED) & (kind != SHOW)),
            ]
        with m.If(self.learned.valid):
            m.d.sync += [
                here.eq(1),
                updated.eq(self.learned.updated),
                cycles.eq(self.learned.cycles),
            ]
        return updated, cycles

    def _sources(self, kind, sequence, byte, checksum, learned):
        """The bytes by which answers begin, or of which they are.

        Returns the index at which each kind of them begins, and (value, state after it) of all;
        without a state the next index comes next.
        """
        said = self.decision.payload
        flags = [said.forced, *(said.causes[name] for name, _ in said.causes.shape())]
        spikes = [said.spikes[name] for name, _ in said.spikes.shape()]
        decision = [*_bytes(said.tick, 2), *_bytes(said.cycles, 4)]
        decision += [byte for count in spikes for byte in _bytes(count, 2)]
        if learned is not None:
            updated, cycles = learned
            flags.append(updated)
            decision += _bytes(cycles, 4)
        heads, sources = {}, []
        for name, values, then in (
            (ANSWER, [Cat(kind, Const(ANSWER >> 4, 4)), sequence], None),
            (Notice.ERROR, [Notice.ERROR.value, self.expected], State.BYTES),
            (Notice.REFUSED, [Notice.REFUSED.value, sequence, Cause.RANGE.value], State.FINISH),
            (Request.HELLO, [byte], State.FACT),
            (Request.CHECKSUM, _bytes(checksum, 4), State.FINISH),
            (DECISION, [said["class"], Cat(flags), *decision], State.FINISH),
        ):
            heads[name] = len(sources)
            sources += [(value, None) for value in values[:-1]] + [(values[-1], then)]
        return heads, sources

    def _after_head(self, m, kind, state, index, heads):
        """What follows type and sequence."""
        with m.Switch(kind):
            with m.Case(Request.HELLO):
                m.d.sync += index.eq(heads[Request.HELLO])
            with m.Case(Request.CHECKSUM):
                m.d.sync += index.eq(heads[Request.CHECKSUM])
            with m.Case(*IMAGES):
                m.d.sync += index.eq(heads[DECISION])
            with m.Case(Request.STATUS):
                m.d.sync += state.eq(State.BYTES)
            with m.Case(Request.READ):
                m.d.sync += state.eq(State.ASK)
            with m.Default():
                m.d.sync += state.eq(State.FINISH)


def _bytes(value, count: int):
    """`value` in so many bytes, the lowest first."""
    padded = Cat(value, Const(0, 8 * count))
    return [padded[8 * i :][:8] for i in range(count)]


def _saturated(value, width: int):
    """`value` in so many bits; all ones where it does not fit."""
    return value[:width] | (value[width:].any()).replicate(width)


def _settings(registers, content):
    """Statements that take the registers of the learning rule from SETTINGS_FORMAT, in order."""
    places = fields(registers.shape())
    place = 0
    for (_, offset, width), code in zip(places, SETTINGS_FORMAT.format[1:], strict=True):
        yield registers.as_value()[offset:][:width].eq(content[place:])
        place += 8 * struct.calcsize(code)
