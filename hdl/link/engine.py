# SPDX-License-Identifier: BSD-2-Clause
"""The Engine, which executes the requests in the Ring one after another and sends the answers."""

from collections.abc import Iterator

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import enum, stream, wiring
from amaranth.lib.wiring import In, Out

from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.core.ports import CoreSignature
from firstspike.hdl.lib.block import Block, join, tap
from firstspike.hdl.lib.memories import Memory, inside

from .board_rom import RomReader
from .framing.receiver import CAUSE_BITS
from .framing.ring import ENTRY
from .framing.transmitter import ANSWER_BIT
from .handlers.control import ControlHandler
from .handlers.handler import WORD_BITS
from .handlers.identity import LACK, IdentityHandler
from .handlers.images import ImageHandler
from .handlers.player import Player
from .handlers.playing import PlayingHandler
from .handlers.status import StatusHandler
from .handlers.weights import WeightHandler
from .protocol.formats import ANSWER, STORE_FORMAT, Cause, Notice, Request
from .protocol.messages import bitmap_bytes


class State(enum.Enum):
    """States of the Engine."""

    IDLE = 0  # wait for the type of a request
    SEQUENCE = 1  # read the sequence number
    PAYLOAD = 2  # read the payload, up to the mark
    DO = 3  # the handler executes the request
    TYPE = 4  # send the type of the answer
    ANSWERED = 5  # send the sequence number of the request
    BODY = 6  # send the payload of the answer
    RELEASE = 7  # release the request in the Ring


class Engine(Block):
    """Execute one request at a time, from its first byte in the Ring to the end of its answer.

    The Engine reads the header, dispatches the payload to the handler of the request type (see
    `handlers.handler`), and frames the answer. To add a request type, add an entry to
    `formats.Request`, its length to `messages.lengths_of`, and a handler that lists the type in its
    `requests`.

    While no request is pending, the board also starts requests internally (`unasked`). A notice of
    dropped frames is an internal STATUS. To show the stored image, the Engine executes an INPUTS
    whose payload is in the ROM, and sends no answer.

    Latency: from a decision to the first word of the next pending image, 9 cycles per byte of the
    answer and about 30 more. A serial line takes longer to send the answer.

    Parameters: `config` of the core; `identity_bytes`, bytes of the identity; `digit`, whether the
    ROM has an image to show; `bench_images`, the number of images that the Player stores;
    `flashed`, whether the first weights are from a flash. With `flashed`, all requests stall until
    the flash has been read, and images are refused while the core has no weights.
    """

    def __init__(
        self,
        config: CoreConfig,
        identity_bytes: int,
        digit: bool,
        bench_images: int = 0,
        flashed: bool = False,
    ) -> None:
        self._digit, self._flashed = digit, flashed
        self._bitmap = 0 if config.bitmap is None else bitmap_bytes(config.layers[0].folding.n_in)
        # Range of a byte index; handlers with longer payloads have their own counters.
        numbers = STORE_FORMAT.size if bench_images else 1
        index = range(max(1 << 6, identity_bytes + 2, numbers + self._bitmap + 1))
        self._handlers = {
            "identity": IdentityHandler(index, identity_bytes, flashed),
            "status": StatusHandler(index),
            "weights": WeightHandler(index, config),
            "images": ImageHandler(index, config),
            "control": ControlHandler(index, config),
        }
        if bench_images:
            self._handlers["playing"] = PlayingHandler(index, config, bench_images)
        super().__init__(
            #: The read side of the Ring; see Ring for these five ports.
            get=In(stream.Signature(ENTRY)),
            every_cycle=Out(1),
            follows=In(1),
            release=Out(1),
            rewind=Out(1),
            #: Answers, to the Transmitter.
            answer=Out(stream.Signature(ANSWER_BIT)),
            #: A frame that the Receiver has dropped.
            fault=In(tap(cause=CAUSE_BITS)),
            #: The sequence number of the next request, from the Receiver.
            expected=In(8),
            #: Address for the BoardRom: the byte, and whether it is of the image to show.
            rom_index=Out(index),
            rom_digit=Out(1),
            #: The byte at the address of the previous cycle.
            rom_data=In(8),
            #: The Receiver uses the BoardRom in this cycle.
            rom_busy=In(1),
            #: High for a cycle: process the stored image when no request is pending.
            show=In(1),
            #: The class of the latest decision.
            shown=Out(range(config.layers[-1].folding.n_out)),
            #: `shown` is valid: at least one image has been decided.
            shown_valid=Out(1),
            #: Reset the core; high for a cycle.
            reset_core=Out(1),
            #: The ports of the Core; `abort_image` is never used.
            core=In(CoreSignature(config)),
            #: Whether the core lacks weights, from FirstWeights.
            lack=In(LACK) if flashed else None,
        )

    @staticmethod
    def memories(config: CoreConfig, bench_images: int) -> Iterator[Memory]:
        """Yield the memories of the handlers."""
        yield from inside("images", ImageHandler.memories(config))
        if bench_images:
            yield from inside("playing.player", Player.memories(config, bench_images))

    def build(self, m: Module) -> None:
        identity, status, _, images, control, *playing = self._handlers.values()
        get, answer = self.get, self.answer
        byte, mark = get.payload.data, get.payload.mark
        state = Signal(State)
        kind, sequence = Signal(Request), Signal(8)
        index = Signal.like(self.rom_index)
        word = Signal(WORD_BITS)
        bit = Signal(3, init=7)  # index of the bit in a byte of the answer
        unasked, second, refused = Signal(), Signal(), Signal()
        wanted = Signal()  # the stored image is to be shown

        # The payload is read from the Ring, or for an internal request from the ROM.
        m.submodules.reader = reader = RomReader()
        stored = reader.bytes
        payload = stream.Signature(8).create()
        m.d.comb += [
            payload.payload.eq(byte),
            payload.valid.eq(get.valid & ~mark),
            reader.wanted.eq(state == State.BODY),
            stored.ready.eq(identity.stored.ready),
            reader.busy.eq(self.rom_busy),
            reader.data.eq(self.rom_data),
            self.rom_index.eq(index),
        ]
        complete = Signal()
        m.d.comb += complete.eq(get.valid & mark)
        if self._digit:
            with m.If(unasked):
                m.d.comb += [
                    payload.payload.eq(stored.payload),
                    payload.valid.eq(stored.valid),
                    complete.eq(index == 1 + self._bitmap),
                    reader.wanted.eq(state == State.PAYLOAD),
                    self.rom_digit.eq(1),
                    stored.ready.eq(payload.ready),
                ]

        # Without weights, requests that decide images are refused before they reach a handler.
        shows, cause = self.show, Const(Cause.RANGE, 8)
        lacking = Signal()
        if self._flashed:
            decide = [*images.requests, *([Request.PLAY] if playing else [])]
            m.d.comb += lacking.eq(self.lack.missing & Cat(kind == one for one in decide).any())
            cause = Mux(lacking, Const(Cause.WEIGHTS, 8), cause)
            shows = shows & ~self.lack.missing

        # The handler of the current request.
        done, again, refuses = Signal(), Signal(), Signal()
        body = stream.Signature(ANSWER_BIT).create()
        for name, handler in self._handlers.items():
            m.submodules[name] = handler
            request = handler.request
            active = Cat(kind == one for one in handler.requests).any()
            if self._flashed:
                active &= ~lacking
            m.d.comb += [
                request.active.eq(active),
                request.kind.eq(kind),
                request.unasked.eq(unasked),
                request.second.eq(second),
                request.index.eq(index),
                request.bit.eq(bit),
                request.word.eq(word),
                request.payload.payload.eq(payload.payload),
                request.payload.valid.eq(active & (state == State.PAYLOAD) & payload.valid),
                request.do.eq(active & (state == State.DO)),
                request.answer.ready.eq(active & (state == State.BODY) & answer.ready),
                request.release.eq(active & (state == State.RELEASE)),
            ]
            with m.If(active):
                m.d.comb += [
                    payload.ready.eq(request.payload.ready),
                    done.eq(request.done),
                    again.eq(request.again),
                    refuses.eq(request.refused),
                    body.valid.eq(request.answer.valid),
                    body.payload.eq(request.answer.payload),
                ]
        if self._flashed:
            with m.If(lacking):
                m.d.comb += [payload.ready.eq(1), done.eq(1), refuses.eq(1)]
        with m.If(refused):
            m.d.comb += [
                body.valid.eq(1),
                body.payload.data.eq(cause.bit_select(bit, 1)),
                body.payload.end.eq(index != 0),
            ]

        # The latest four bytes, and the index of the next byte.
        taken = (state == State.PAYLOAD) & payload.valid & payload.ready
        with m.If(taken):
            m.d.sync += word.eq(Cat(word[8:], payload.payload))
        answered = Signal()  # the last bit of a byte is sent
        with m.If(taken | (answered & (state == State.BODY))):
            m.d.sync += index.eq(index + 1)
        # The answer is serialised, because its checksum accepts one bit per cycle.
        m.d.comb += answered.eq(answer.valid & answer.ready & (bit == 0))
        with m.If(answer.valid & answer.ready & ~answer.payload.end):
            m.d.sync += bit.eq(bit - 1)

        # The state machine of a request.
        notice = Mux(unasked, Notice.ERROR, Mux(refused, Notice.REFUSED, kind | ANSWER))
        of_sequence = Mux(unasked, self.expected.bit_select(bit, 1), sequence.bit_select(bit, 1))
        with m.Switch(state):
            with m.Case(State.IDLE):
                m.d.comb += get.ready.eq(1)
                m.d.sync += [kind.eq(byte), index.eq(0)]
                with m.If(get.valid):
                    m.d.sync += state.eq(State.SEQUENCE)
                with m.Elif(status.untold & ~second):
                    m.d.sync += [kind.eq(Request.STATUS), unasked.eq(1), state.eq(State.DO)]
                if self._digit:
                    with m.Elif(wanted & ~second):
                        m.d.sync += [kind.eq(Request.INPUTS), unasked.eq(1), wanted.eq(0)]
                        m.d.sync += state.eq(State.PAYLOAD)
            with m.Case(State.SEQUENCE):
                # An image may start while the core is busy; other requests stall until it is idle.
                m.d.comb += get.ready.eq(images.request.active | ~self.core.busy)
                m.d.sync += sequence.eq(byte)
                with m.If(get.valid & get.ready):
                    m.d.sync += state.eq(State.PAYLOAD)
            with m.Case(State.PAYLOAD):
                m.d.comb += get.ready.eq(payload.ready & ~mark & ~unasked)
                with m.If(complete):
                    m.d.sync += state.eq(State.DO)
            with m.Case(State.DO):
                m.d.sync += [refused.eq(refuses), index.eq(0)]
                with m.If(done):
                    m.d.sync += state.eq(State.TYPE)
                    with m.If(again & ~refuses):
                        m.d.comb += self.rewind.eq(1)
                        m.d.sync += [second.eq(1), state.eq(State.IDLE)]
                    if self._digit:
                        with m.If(unasked & images.request.active):
                            m.d.sync += state.eq(State.RELEASE)
            with m.Case(State.TYPE):
                m.d.comb += [answer.valid.eq(1), answer.payload.data.eq(notice.bit_select(bit, 1))]
                with m.If(answered):
                    m.d.sync += state.eq(State.ANSWERED)
            with m.Case(State.ANSWERED):
                m.d.comb += [
                    answer.valid.eq(1),
                    answer.payload.data.eq(of_sequence),
                ]
                with m.If(answered):
                    m.d.sync += state.eq(State.BODY)
            with m.Case(State.BODY):
                m.d.comb += [answer.valid.eq(body.valid), answer.payload.eq(body.payload)]
                with m.If(answer.valid & answer.ready & answer.payload.end):
                    m.d.sync += state.eq(State.RELEASE)
            with m.Case(State.RELEASE):
                m.d.comb += [get.ready.eq(~unasked), self.release.eq(~unasked)]
                m.d.sync += [unasked.eq(0), second.eq(0), refused.eq(0), state.eq(State.IDLE)]

        # The other ports of the handlers.
        with m.If(shows):
            m.d.sync += wanted.eq(1)
        outside = wiring.flipped(self)
        join(m, outside, status, "fault")
        m.d.comb += [
            identity.stored.valid.eq(stored.valid),
            identity.stored.payload.eq(stored.payload),
            images.follows.eq(self.follows | unasked),
            self.every_cycle.eq(images.every_cycle & ~unasked),
        ]
        join(m, outside, images, "shown", "shown_valid")
        join(m, outside, control, "reset_core")
        if self._flashed:
            join(m, outside, identity, "lack")
        core = wiring.flipped(self.core)
        for handler in self._handlers.values():
            its = handler.signature.members
            shared = [name for name in its if name in core.signature.members]
            if handler in playing:  # the Player takes over the ports of the ImageHandler
                with m.If(handler.request.active):
                    join(m, core, handler, *shared)
            else:
                join(m, core, handler, *shared)
