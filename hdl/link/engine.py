# SPDX-License-Identifier: BSD-2-Clause
"""The Engine, which executes the requests in the PacketFifo and sends the responses."""

from collections.abc import Iterator
from types import SimpleNamespace

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import enum, stream, wiring
from amaranth.lib.wiring import In, Out

from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.core.ports import CoreSignature
from firstspike.hdl.flash.weight_port_arbiter import WEIGHT_STATUS
from firstspike.hdl.lib.block import Block, assign_members, join, tap
from firstspike.hdl.lib.memories import Memory, inside

from .framing.packet_fifo import ENTRY
from .framing.receiver import CAUSE_BITS
from .framing.transmitter import RESPONSE_BYTE
from .handlers.control import ControlHandler
from .handlers.handler import WORD_BITS, Handler, core_ports
from .handlers.identity import IdentityHandler
from .handlers.images import ImageHandler, image_ports
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
    EXECUTE = 3  # the handler executes the request
    TYPE = 4  # send the type of the response
    NUMBER = 5  # send the sequence number of the request
    BODY = 6  # send the payload of the response
    RELEASE = 7  # release the request in the PacketFifo


class Engine(Block):
    """Execute one request at a time, from its first byte to the end of its response.

    The Engine reads the header, dispatches the payload to the handler of the request type (see
    `handlers.handler`), and frames the response. To add a request type, add an entry to
    `formats.Request`, its length to `messages.lengths_of`, a handler that lists the type in its
    `requests`, and an entry in `_handlers`. docs/architecture/blocks.md lists tests and pages.

    While no request is pending, the board also starts requests itself (`internal`). A notice of
    dropped frames is an internal STATUS. To show the stored image, the Engine executes an INPUTS
    whose payload is in the ROM, and sends no response.

    Latency: from a decision to the first word of the next pending image, 10 cycles per byte of the
    response and about 30 more. A serial line takes longer to send the response.

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
        self._config, self._digit, self._flashed = config, digit, flashed
        self._bitmap = 0 if config.bitmap is None else bitmap_bytes(config.layers[0].folding.n_in)
        # Range of a byte index; handlers with longer payloads have their own counters.
        numbers = STORE_FORMAT.size if bench_images else 1
        index = range(max(1 << 6, identity_bytes + 2, numbers + self._bitmap + 1))
        self._identity = IdentityHandler(index, identity_bytes, flashed)
        self._status = StatusHandler(index)
        self._weights = WeightHandler(index, config)
        self._images = ImageHandler(index, config)
        self._control = ControlHandler(index, config)
        self._playing = PlayingHandler(index, config, bench_images) if bench_images else None
        super().__init__(
            #: The read side of the PacketFifo, which describes these four ports.
            get=In(stream.Signature(ENTRY)),
            every_cycle=Out(1),
            prefetched=In(1),
            release=Out(1),
            #: Responses, to the Transmitter.
            response=Out(stream.Signature(RESPONSE_BYTE)),
            #: A frame that the Receiver has dropped.
            fault=In(tap(cause=CAUSE_BITS)),
            #: The sequence number of the next request, from the Receiver.
            expected=In(8),
            #: Read side of the BoardRom, which describes these four ports.
            rom_enable=Out(1),
            rom_index=Out(index),
            rom_digit=Out(1),
            rom_bytes=In(stream.Signature(8)),
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
            #: Whether the core lacks weights.
            weight_status=In(WEIGHT_STATUS) if flashed else None,
        )

    @staticmethod
    def memories(config: CoreConfig, bench_images: int) -> Iterator[Memory]:
        """Yield the memories of the handlers."""
        yield from inside("images", ImageHandler.memories(config))
        if bench_images:
            yield from inside("playing.player", Player.memories(config, bench_images))

    @property
    def _handlers(self) -> dict[str, Handler]:
        """The handlers by the names of their submodules."""
        handlers = {
            "identity": self._identity,
            "status": self._status,
            "weights": self._weights,
            "images": self._images,
            "control": self._control,
        }
        return handlers | ({"playing": self._playing} if self._playing else {})

    def build(self, m: Module) -> None:
        r = SimpleNamespace(  # registers of the current request
            state=Signal(State),
            kind=Signal(Request),
            sequence=Signal(8),
            index=Signal.like(self.rom_index),
            word=Signal(WORD_BITS),
            internal=Signal(),
            refused=Signal(),
            show_pending=Signal(),
        )
        lacks_weights = self._lacks_weights(m, r)
        payload, complete = self._read_payload(m, r)
        result = self._dispatch(m, r, payload, lacks_weights)
        cause = Mux(lacks_weights, Const(Cause.WEIGHTS, 8), Const(Cause.RANGE, 8))
        self._respond(m, r, result, cause)
        self._sequence(m, r, payload, complete, result)
        self._connect(m, r)

    def _lacks_weights(self, m: Module, r: SimpleNamespace) -> Value:
        """Return whether the request decides images, and the core has no weights."""
        shows, lacks = self.show, Const(0)
        if self._flashed:
            missing = self.weight_status.missing
            decide = [*self._images.requests, *([Request.PLAY] if self._playing else [])]
            lacks = missing & Cat(r.kind == one for one in decide).any()
            shows = shows & ~missing
        with m.If(shows):
            m.d.sync += r.show_pending.eq(1)
        return lacks

    def _read_payload(self, m: Module, r: SimpleNamespace) -> tuple[stream.Interface, Signal]:
        """Return the payload, and whether it is complete.

        The payload is read from the PacketFifo, or for an internal INPUTS from the ROM.
        """
        payload, complete = stream.Signature(8).create(), Signal()
        entry, stored = self.get.payload, self.rom_bytes
        m.d.comb += [
            payload.payload.eq(entry.data),
            payload.valid.eq(self.get.valid & ~entry.mark),
            complete.eq(self.get.valid & entry.mark),
            self.rom_enable.eq(r.state == State.BODY),
            self.rom_index.eq(r.index),
            stored.ready.eq(self._identity.stored.ready),
        ]
        if self._digit:
            with m.If(r.internal):
                m.d.comb += [
                    payload.payload.eq(stored.payload),
                    payload.valid.eq(stored.valid),
                    complete.eq(r.index == 1 + self._bitmap),
                    self.rom_enable.eq(r.state == State.PAYLOAD),
                    self.rom_digit.eq(1),
                    stored.ready.eq(payload.ready),
                ]
        accepted = (r.state == State.PAYLOAD) & payload.valid & payload.ready
        with m.If(accepted):
            m.d.sync += r.word.eq(Cat(r.word[8:], payload.payload))
        sent = self.response.valid & self.response.ready
        with m.If(accepted | (sent & (r.state == State.BODY))):
            m.d.sync += r.index.eq(r.index + 1)
        return payload, complete

    def _dispatch(
        self, m: Module, r: SimpleNamespace, payload: stream.Interface, lacks_weights: Value
    ) -> SimpleNamespace:
        """Connect the payload to the handler of the request; return the results of this handler.

        Requests that decide images do not reach a handler while the core has no weights.
        """
        result = SimpleNamespace(
            done=Signal(), refused=Signal(), response=stream.Signature(RESPONSE_BYTE).create()
        )
        for name, handler in self._handlers.items():
            m.submodules[name] = handler
            request = handler.request
            active = Cat(r.kind == one for one in handler.requests).any() & ~lacks_weights
            m.d.comb += [
                request.active.eq(active),
                assign_members(request, r, "kind", "internal", "index", "word"),
                request.payload.payload.eq(payload.payload),
                request.payload.valid.eq(active & (r.state == State.PAYLOAD) & payload.valid),
                request.execute.eq(active & (r.state == State.EXECUTE)),
                request.response.ready.eq(active & (r.state == State.BODY) & self.response.ready),
                request.release.eq(active & (r.state == State.RELEASE)),
            ]
        with m.Switch(r.kind):
            for handler in self._handlers.values():
                request = handler.request
                with m.Case(*handler.requests):
                    m.d.comb += [
                        payload.ready.eq(request.payload.ready),
                        result.done.eq(request.done),
                        result.refused.eq(request.refused),
                        result.response.valid.eq(request.response.valid),
                        result.response.payload.eq(request.response.payload),
                    ]
        with m.If(lacks_weights):
            m.d.comb += [payload.ready.eq(1), result.done.eq(1), result.refused.eq(1)]
        return result

    def _respond(
        self, m: Module, r: SimpleNamespace, result: SimpleNamespace, cause: Value
    ) -> None:
        """Drive the response: type, sequence number, and the payload of the handler."""
        response = self.response
        notice = Mux(r.internal, Notice.ERROR, Mux(r.refused, Notice.REFUSED, r.kind | ANSWER))
        with m.Switch(r.state):
            with m.Case(State.TYPE):
                m.d.comb += [response.valid.eq(1), response.payload.data.eq(notice)]
            with m.Case(State.NUMBER):
                m.d.comb += [response.valid.eq(1), response.payload.data.eq(r.sequence)]
            with m.Case(State.BODY):
                m.d.comb += [
                    response.valid.eq(result.response.valid),
                    response.payload.eq(result.response.payload),
                ]
                with m.If(r.refused):
                    m.d.comb += [
                        response.valid.eq(1),
                        response.payload.data.eq(cause),
                        response.payload.end.eq(r.index != 0),
                    ]

    def _sequence(
        self,
        m: Module,
        r: SimpleNamespace,
        payload: stream.Interface,
        complete: Signal,
        result: SimpleNamespace,
    ) -> None:
        """Add the state machine of a request."""
        get, images, state = self.get, self._images, r.state
        sent = self.response.valid & self.response.ready
        with m.Switch(state):
            with m.Case(State.IDLE):
                m.d.comb += get.ready.eq(1)
                m.d.sync += [r.kind.eq(get.payload.data), r.index.eq(0)]
                m.d.sync += r.sequence.eq(self.expected)  # for an ERROR
                with m.If(get.valid):
                    m.d.sync += state.eq(State.SEQUENCE)
                with m.Elif(self._status.unreported):
                    m.d.sync += [
                        r.kind.eq(Request.STATUS),
                        r.internal.eq(1),
                        state.eq(State.EXECUTE),
                    ]
                if self._digit:
                    with m.Elif(r.show_pending):
                        m.d.sync += [r.kind.eq(Request.INPUTS), r.internal.eq(1)]
                        m.d.sync += [r.show_pending.eq(0), state.eq(State.PAYLOAD)]
            with m.Case(State.SEQUENCE):
                # An image may start while the core is busy; other requests stall until it is idle.
                m.d.comb += get.ready.eq(images.request.active | ~self.core.busy)
                m.d.sync += r.sequence.eq(get.payload.data)
                with m.If(get.valid & get.ready):
                    m.d.sync += state.eq(State.PAYLOAD)
            with m.Case(State.PAYLOAD):
                m.d.comb += get.ready.eq(payload.ready & ~get.payload.mark & ~r.internal)
                with m.If(complete):
                    m.d.sync += state.eq(State.EXECUTE)
            with m.Case(State.EXECUTE):
                m.d.sync += [r.refused.eq(result.refused), r.index.eq(0)]
                with m.If(result.done):
                    m.d.sync += state.eq(State.TYPE)
                    if self._digit:
                        with m.If(r.internal & images.request.active):
                            m.d.sync += state.eq(State.RELEASE)
            with m.Case(State.TYPE), m.If(sent):
                m.d.sync += state.eq(State.NUMBER)
            with m.Case(State.NUMBER), m.If(sent):
                m.d.sync += state.eq(State.BODY)
            with m.Case(State.BODY), m.If(sent & self.response.payload.end):
                m.d.sync += state.eq(State.RELEASE)
            with m.Case(State.RELEASE):
                m.d.comb += [get.ready.eq(~r.internal), self.release.eq(~r.internal)]
                m.d.sync += [r.internal.eq(0), r.refused.eq(0), state.eq(State.IDLE)]

    def _connect(self, m: Module, r: SimpleNamespace) -> None:
        """Connect the other ports of the handlers."""
        outside, core = wiring.flipped(self), wiring.flipped(self.core)
        identity, images = self._identity, self._images
        join(m, outside, self._status, "fault")
        join(m, outside, images, "shown", "shown_valid")
        join(m, outside, self._control, "reset_core")
        m.d.comb += [
            identity.stored.valid.eq(self.rom_bytes.valid),
            identity.stored.payload.eq(self.rom_bytes.payload),
            images.prefetched.eq(self.prefetched | r.internal),
            self.every_cycle.eq(images.every_cycle & ~r.internal),
        ]
        if self._flashed:
            join(m, outside, identity, "weight_status")
        join(m, core, self._weights, "weights", "weights_read")
        join(m, core, images, *image_ports(self._config))
        join(m, core, self._control, *core_ports(self._config, "settings"))
        if self._playing:
            with m.If(self._playing.request.active):
                join(m, core, self._playing, "words", "decision")
