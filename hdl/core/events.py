"""The payloads that blocks exchange: events, operations and the context that travels with them."""

from amaranth.hdl import unsigned
from amaranth.lib import data, enum
from amaranth.utils import bits_for


class Kind(enum.Enum, shape=2):
    """What an event says (DESIGN: streams)."""

    #: The neuron at `address` spikes at `tick`; every spike before `tick` has been sent.
    SPIKE = 0
    #: Every spike before `tick` has been sent.
    ADVANCE = 1
    #: Every spike up to and including the deadline has been sent. Comes once, last.
    END = 2


def causes_layout(learns):
    """Why an image is flagged with an error: one bit for each kind of bad input."""
    causes = {
        "address": 1,  # an address that is no input of the core
        "tick": 1,  # tick 0 or a tick past the deadline
        "order": 1,  # a tick earlier than that of the event before
        "abort": 1,  # the image was aborted: decided on what had come until then
    }
    if learns:
        causes["label"] = 1  # a label that is no class: the image is not learned
    return data.StructLayout(causes)


def tick_shape(deadline):
    """Ticks 0 .. deadline, and at least one past it, so that a bad one can be expressed."""
    return unsigned(bits_for(deadline + 1))


def address_shape(n_in):
    """Addresses 0 .. n_in - 1, and at least one past them, so that a bad one can be expressed."""
    return unsigned(bits_for(n_in))


def context_layout(counted, learns):
    """What is known of the input before a tick: spikes into each layer, and errors.

    `counted` lists n_in of the layers whose input spikes are counted so far, the first layer
    first; `learns` says whether the core does. Carrying the counts along with the promise they
    belong to gives the statistics of a decision to the tick, however far the earlier layers have
    run ahead: a layer promises every tick at which it took spikes in, so between two promises its
    count does not change.
    """
    return data.StructLayout(
        {
            "spikes": data.StructLayout({str(i): bits_for(n) for i, n in enumerate(counted)}),
            "causes": causes_layout(learns),
        }
    )


def input_layout(n_in, deadline):
    """An event as it enters the core: the core itself adds the image bit."""
    return data.StructLayout(
        {"kind": Kind, "tick": tick_shape(deadline), "address": address_shape(n_in)}
    )


def event_layout(n_in, deadline, counted, learns):
    """An event between two blocks; `n_in` is the number of addresses of the taker."""
    return data.StructLayout(
        {
            "kind": Kind,
            "image": 1,
            "tick": tick_shape(deadline),
            "address": address_shape(n_in),
            "context": context_layout(counted, learns),
        }
    )


def operation_layout(groups, window, deadline, counted, learns):
    """One cycle of work for the lanes: start, advance and add a row to one group.

    `counted` and `learns` are as in `context_layout`, of the events that the layer sends.
    """
    return data.StructLayout(
        {
            "image": 1,
            "end": 1,  # the image's last operation, which does nothing else
            "start": 1,  # M = -threshold * tick, S = -threshold
            "advance": 1,  # M += S << shift
            "row": 1,  # S += the row's weights
            "first": 1,  # the first operation of its group in this walk
            "closes": 1,  # the last group: with it every neuron at `tick` is known
            "shift": range(window + 1),
            "group": range(groups),
            "tick": tick_shape(deadline),  # reached with this operation
            "context": context_layout(counted, learns),
        }
    )
