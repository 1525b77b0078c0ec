"""The parameters of a whole core, and the payloads of its ports."""

from dataclasses import dataclass

from amaranth.lib import data
from amaranth.utils import bits_for

from firstspike.golden.network import Network, NetworkError
from firstspike.golden.timing.folding import Folding
from firstspike.golden.widths import state_widths

from .events import causes_layout, tick_shape
from .layer_config import LayerConfig, Learning
from .weights import CHUNK_BITS

CYCLES_BITS = 32
"""Width of the cycle counter."""


@dataclass(frozen=True)
class CoreConfig:
    """All parameters of a core but its weights: networks of one shape share the hardware.

    `inputs` and `unit` matter to the Encoder alone, so they are None without a bitmap.
    """

    layers: tuple[LayerConfig, ...]
    deadline: int
    bitmap: int | None
    n_inputs: int | None
    inputs: tuple[int, ...] | None
    unit: int | None

    @classmethod
    def of(
        cls,
        network: Network,
        folding: Folding,
        any_weights: bool = False,
        stored_bits: int | None = None,
    ) -> "CoreConfig":
        """The shape of a core for `network`.

        S and M are as wide as its weights need, or with `any_weights` as any weights of their
        bits could need. With `stored_bits` the core learns, and weights have so many bits, of
        which the layers use the top ones. Raises NetworkError for a network that only the golden
        model runs, or learns.
        """
        learning = None
        if stored_bits is not None:
            _check_learning(network, stored_bits)
            learning = Learning(stored_bits=stored_bits, unit=network.unit)
            any_weights = True
        if network.max_spikes != 1:
            raise NetworkError(
                f"the hardware's neurons spike once an image, this network's up to "
                f"{network.max_spikes} times; set max_spikes to 1"
            )
        sizes = [weights.shape[0] for weights in network.weights]
        widths = state_widths(network, any_weights)
        layers = tuple(
            LayerConfig(
                folding=layer,
                weight_bits=network.weight_bits[i],
                threshold=network.thresholds[i],
                deadline=network.deadline,
                widths=widths[i],
                counted=tuple(sizes[: i + 1]),
                learning=learning,
            )
            for i, layer in enumerate(folding.layers)
        )
        encodes = folding.bitmap is not None
        return cls(
            layers=layers,
            deadline=network.deadline,
            bitmap=folding.bitmap,
            n_inputs=network.n_inputs if encodes else None,
            inputs=tuple(network.inputs.tolist()) if encodes else None,
            unit=network.unit if encodes else None,
        )

    @property
    def host_layout(self):
        """Layout of the weight port: a chunk to write, or the request to read one."""
        return data.StructLayout(
            {
                "write": 1,
                "layer": range(len(self.layers) + 1),
                "address": range(max(layer.words for layer in self.layers) + 1),
                "data": CHUNK_BITS,
            }
        )

    @property
    def learns(self):
        """Whether the core has a Learner."""
        return self.layers[-1].learns

    @property
    def label_layout(self):
        """Layout of the labels port: whether to learn an image, and the class it is to have."""
        return data.StructLayout({"learn": 1, "label": bits_for(self.layers[-1].folding.n_out)})

    @property
    def decision_layout(self):
        """Layout of the decision port (DESIGN section 3 defines the figures)."""
        last = self.layers[-1]
        return data.StructLayout(
            {
                "class": range(last.folding.n_out),
                "tick": range(self.deadline + 1),
                "forced": 1,
                "error": 1,
                "causes": causes_layout(self.learns),
                "spikes": data.StructLayout(
                    {str(i): range(n + 1) for i, n in enumerate(last.counted)}
                ),
                "cycles": CYCLES_BITS,
            }
        )

    def log_layout(self, layer):
        """Layout of the spike log of hidden layer `layer`."""
        return data.StructLayout(
            {
                "image": 1,
                "tick": tick_shape(self.deadline),
                "neuron": range(self.layers[layer].folding.n_out),
            }
        )


def _check_learning(network: Network, stored_bits: int) -> None:
    """Raise NetworkError for a network that the hardware cannot learn."""
    if network.n_layers != 2:
        raise NetworkError(
            f"the hardware learns networks with one hidden layer, not {network.n_layers - 1}"
        )
    if network.levels != 2 or network.late != -1:
        raise NetworkError(
            "the hardware learns networks whose inputs all spike at one tick: binary encoding and "
            "silent dark pixels"
        )
    if not max(network.weight_bits) <= stored_bits <= 16:
        raise NetworkError(
            f"stored weights have {max(network.weight_bits)} bits, those in use, to 16, "
            f"not {stored_bits}"
        )
