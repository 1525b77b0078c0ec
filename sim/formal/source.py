# SPDX-License-Identifier: BSD-2-Clause
"""Sources of images for proofs: every order and every pause that docs/design.md allows."""

from typing import Any

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for

from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.layer.events import Kind, input_layout, spikes_of
from firstspike.hdl.lib.find import lowest_set

PREFIX = "harness_"
"""The names of all registers that are not part of the design that is proven begin so."""


def register(shape: object, name: str, init: int | None = None) -> Signal:
    """Return a register of a harness, 0 at first unless `init` says otherwise."""
    return Signal(shape, name=PREFIX + name, init=init)


class EventSource(wiring.Component):
    """Offers the spikes of images in order of time, then END: ties in any order, pauses anywhere.

    Spikes of a tick that go to different banks may come in one event. With `extra` an event comes
    in between that changes nothing: ADVANCE at a tick that the promise allows, or a bad event.
    END has the fields of `end_event`, of any value, which the core ignores.
    """

    def __init__(self, config: CoreConfig, images: int) -> None:
        first = config.layers[0].folding
        self._rows, self._n_in, self._images = first.rows, first.n_in, images
        self._deadline = config.deadline
        self.tick_bits = bits_for(config.deadline)
        layout = input_layout(first.n_in, config.deadline, first.rows)
        super().__init__(
            {
                #: Image by image the tick of each input, 0 for none.
                "ticks": In(self.tick_bits * first.n_in * images),
                "events": Out(stream.Signature(layout)),
                #: Offer an event in the next cycle, if none is waiting.
                "offer": In(1),
                #: The inputs to prefer among those that come next in time.
                "pick": In(first.n_in),
                "end_event": In(layout),
                "extra": In(1),
                "extra_event": In(layout),
                #: The image that is open ends here, and the next event is of the next image.
                "give_up": In(1),
                #: Inputs of the open image whose spikes have been accepted.
                "sent": Out(first.n_in),
                #: The core accepts the first part of an image.
                "begins": Out(1),
                #: Images whose last part has been accepted, and those that have begun.
                "number": Out(range(images + 1)),
                "begun": Out(range(images + 1)),
                "is_open": Out(1),
                #: The source offers nothing, though images are left.
                "pauses": Out(1),
                #: The extra event is allowed where one is offered.
                "valid": Out(1),
                #: The causes for which an accepted event is bad: address, tick, order.
                "bad": Out(3),
                "accepts_extra": Out(1),
                #: END is accepted.
                "ends_now": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        inputs, size = range(self._n_in), self.tick_bits
        number = register(self.number.shape(), "number")
        begun = register(self.begun.shape(), "begun")
        accepted, image_ends, following = Signal(), Signal(), Signal.like(number, name="following")
        waiting, payload = register(1, "waiting"), register(self.events.payload.shape(), "event")
        is_extra = register(1, "is_extra")
        ends = accepted & ~is_extra & (payload.kind == Kind.END)
        m.d.comb += [
            self.events.valid.eq(waiting),
            self.events.payload.eq(payload),
            accepted.eq(waiting & self.events.ready),
            image_ends.eq(ends | (self.give_up & self.is_open)),
            following.eq(number + image_ends),  # `number` in the next cycle
            self.begins.eq(accepted & ~self.is_open),
            self.number.eq(number),
            self.begun.eq(begun),
            self.is_open.eq(number != begun),
            self.ends_now.eq(ends),
            self.accepts_extra.eq(accepted & is_extra),
        ]
        m.d.sync += [number.eq(following), begun.eq(begun + self.begins)]

        before_next, sent_next = self._remember(m, image_ends, payload, accepted, is_extra)
        # The next event: a spike of the earliest tick that is left, or the end.
        ticks = [Signal(size, name=f"tick_{i}") for i in inputs]
        for i in inputs:
            with m.Switch(following):
                for k in range(self._images):
                    with m.Case(k):
                        start = (k * self._n_in + i) * size
                        m.d.comb += ticks[i].eq(self.ticks[start : start + size])
        left = [(ticks[i] != 0) & (image_ends | ~sent_next[i]) for i in inputs]
        is_next = Cat(
            left[i] & Cat(~left[j] | (ticks[i] <= ticks[j]) for j in inputs).all() for i in inputs
        )
        options = Signal(self._n_in)
        m.d.comb += options.eq(Mux((is_next & self.pick).any(), is_next & self.pick, is_next))
        load = Signal()
        any_left = Cat(left).any()
        m.d.comb += [
            load.eq((~waiting | accepted | image_ends) & self.offer),
            self.pauses.eq(~waiting & (number != self._images)),
            self.valid.eq(1),
        ]
        m.d.sync += waiting.eq((waiting & ~accepted & ~image_ends) | load)
        with m.If(following == self._images):
            m.d.sync += waiting.eq(0)
        with m.If(load & self.extra):
            m.d.sync += [payload.eq(self.extra_event), is_extra.eq(1)]
            promised = Mux(image_ends, 0, before_next)
            m.d.comb += self.valid.eq(self._is_harmless(left, ticks, promised))
        with m.Elif(load):
            m.d.sync += is_extra.eq(0)
            self._load(m, payload, options, ticks, any_left)
        return m

    def _remember(
        self, m: Module, image_ends: Value, payload: Any, accepted: Value, is_extra: Value
    ) -> tuple[Value, Value]:
        """Return the latest good tick and the inputs sent, as they are after this cycle."""
        inputs, size = range(self._n_in), self.tick_bits
        before, sent = register(size, "before"), register(self._n_in, "sent")
        before_next, sent_next = Signal(size), Signal(self._n_in)
        self._judge(m, payload, before, self.is_open)
        m.d.comb += self.sent.eq(sent_next)
        spikes = spikes_of(payload, self._rows)
        named = Cat(
            spikes[i % self._rows][0] & (spikes[i % self._rows][1] == i // self._rows)
            for i in inputs
        )
        is_good = ~self.bad.any()
        m.d.comb += [before_next.eq(before), sent_next.eq(sent)]
        with m.If(accepted & is_good & (payload.kind != Kind.END)):
            m.d.comb += before_next.eq(payload.tick)
        with m.If(accepted & ~is_extra):
            m.d.comb += sent_next.eq(sent | named)
        m.d.sync += [before.eq(before_next), sent.eq(sent_next)]
        with m.If(image_ends):
            m.d.sync += [before.eq(0), sent.eq(0)]
        return before_next, sent_next

    def _load(
        self, m: Module, payload: Signal, options: Signal, ticks: list[Signal], any_left: Value
    ) -> None:
        """Offer a spike of each bank that has one among `options`."""
        m.d.sync += [
            Value.cast(payload).eq(Mux(any_left, 0, self.end_event.as_value())),
            payload.kind.eq(Mux(any_left, Kind.SPIKE, Kind.END)),
        ]
        for bank in range(self._rows):
            chosen = lowest_set(options[bank :: self._rows])
            for index in range(len(chosen)):
                with m.If(chosen[index]):
                    m.d.sync += payload.tick.eq(ticks[index * self._rows + bank])
                    if self._rows == 1:
                        m.d.sync += payload.address.eq(index)
                    else:
                        m.d.sync += [
                            payload.banks[str(bank)].present.eq(1),
                            payload.banks[str(bank)].index.eq(index),
                        ]

    def _is_harmless(self, left: list[Value], ticks: list[Signal], promised: Value) -> Value:
        """Whether the extra event is one that the design drops, or an ADVANCE that holds."""
        event = self.extra_event
        in_order = Cat(
            ~one | (event.tick <= tick) for one, tick in zip(left, ticks, strict=True)
        ).all()
        bad_tick = (event.tick == 0) | (event.tick > self._deadline)
        bad = bad_tick | (event.tick < promised)
        spikes = event.kind == Kind.SPIKE
        if self._rows == 1:
            bad |= spikes & (event.address >= self._n_in)
        return (spikes & bad) | ((event.kind == Kind.ADVANCE) & (bad | in_order))

    def _judge(self, m: Module, event: Signal, before: Signal, is_open: Value) -> None:
        """Say what is wrong with the event that is offered (design: bad events)."""
        not_end = event.kind != Kind.END
        address: Value = Const(0)
        if self._rows == 1:
            address = (event.kind == Kind.SPIKE) & (event.address >= self._n_in)
        m.d.comb += self.bad.eq(
            Cat(
                address,
                not_end & ((event.tick == 0) | (event.tick > self._deadline)),
                not_end & is_open & (event.tick < before),
            )
        )


class WordSource(wiring.Component):
    """Offers the words of bitmaps, with pauses anywhere."""

    def __init__(self, config: CoreConfig, images: int) -> None:
        assert config.bitmap is not None
        assert config.n_inputs is not None
        self._images, self._width = images, config.bitmap
        self.words_per_image = -(-config.n_inputs // config.bitmap)
        super().__init__(
            {
                #: Image by image all bits of its words.
                "bits": In(config.bitmap * self.words_per_image * images),
                "words": Out(stream.Signature(config.bitmap)),
                "offer": In(1),
                "begins": Out(1),
                "number": Out(range(images + 1)),
                "begun": Out(range(images + 1)),
                "is_open": Out(1),
                "pauses": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        total = self.words_per_image * self._images
        waiting, word = register(1, "waiting"), register(range(total + 1), "word")
        begun = register(self.begun.shape(), "begun")
        accepted, following = Signal(), Signal(range(total + 1))
        number = Signal(self.number.shape())
        m.d.comb += [
            self.words.valid.eq(waiting),
            accepted.eq(waiting & self.words.ready),
            following.eq(word + accepted),
            self.begins.eq(accepted & (begun == number)),
            self.number.eq(number),
            self.begun.eq(begun),
            self.is_open.eq(begun != number),
            self.pauses.eq(~waiting & (word != total)),
        ]
        for k in range(1, self._images + 1):
            with m.If(word >= k * self.words_per_image):
                m.d.comb += number.eq(k)
        for one in range(total):
            with m.If(word == one):
                m.d.comb += self.words.payload.eq(self.bits[one * self._width :][: self._width])
        m.d.sync += [
            word.eq(following),
            begun.eq(begun + self.begins),
            waiting.eq(((waiting & ~accepted) | self.offer) & (following != total)),
        ]
        return m
