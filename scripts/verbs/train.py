"""`firstspike train`: trains a network, evaluates it once on the test images, writes its file."""

import resource
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import numpy as np
from tqdm import tqdm

from firstspike.golden.data.sets import PIXELS, Dataset, load_dataset
from firstspike.golden.encoding import encode
from firstspike.golden.files import replacing
from firstspike.golden.integer import infer
from firstspike.golden.network import Network
from firstspike.golden.training.epoch import Epoch
from firstspike.golden.training.recipes import RECIPES, recipe
from firstspike.golden.training.trainer import Trainer
from firstspike.scripts.means import means
from firstspike.scripts.options import (
    Sizes,
    data_option,
    dataset_option,
    network_option,
    number_option,
    seed_option,
)
from firstspike.scripts.output import command_line, json_option, json_result, say, table

_BATCH = 5000  # images of a data set run through the network at once: bounds the memory


@click.command()
@dataset_option()
@data_option
@click.option(
    "--recipe",
    "recipe_name",
    type=click.Choice(list(RECIPES)),
    default="sparse",
    help="Where all other parameters come from.",
)
@click.option("--hidden", type=Sizes(), help="Sizes of the hidden layers.  [default: the recipe's]")
@click.option("--encoding", default="binary", help="binary or levels-N.")
@number_option(
    "--weight-bits", type=click.IntRange(2, 8), metavar="BITS", default=8, help="Of every weight."
)
@number_option(
    "--inputs",
    "n_connected",
    type=click.IntRange(1, PIXELS),
    help="Inputs to connect.  [default: the recipe's]",
)
@click.option("--compact", is_flag=True, help="Drop hidden neurons that never take part.")
@seed_option("the weights and the order of the images")
@number_option(
    "--epochs", help="Epochs before those with quantised weights.  [default: the recipe's]"
)
@network_option
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    dataset: str,
    data: str | None,
    recipe_name: str,
    output: str,
    json_path: str | None,
    **changes: Any,
) -> None:
    """Train a network on a data set and write it to NET.

    The last 5,000 training images are not trained on but choose the best epoch; the test images
    are looked at once, at the end. Ctrl-C ends training and keeps the best network so far.

    Example: firstspike train --weight-bits 4 --inputs 400 --compact -o mnist-4bit.npz
    """
    parameters = recipe(recipe_name, **changes)
    if changes["epochs"]:
        parameters["fine_tuning_epochs"] = min(changes["epochs"], parameters["fine_tuning_epochs"])
    trainer = Trainer(**parameters)
    with replacing(output) as file, json_result(json_path) as write:
        images = load_dataset(dataset, data)
        _fit(trainer, images)
        result = _result(trainer, images)
        made = {
            "command": command_line(ctx),
            "dataset": dataset,
            "recipe": recipe_name,
            "seed": trainer.seed,
            **result,
        }
        network = replace(trainer.network_, meta=trainer.network_.meta | made)
        network.save(file)
        write(made | {"network": output, "digest": network.digest()})
    say(_report(output, network, result))


def _fit(trainer: Trainer, images: Dataset) -> None:
    """Train with a progress bar on standard error."""
    with tqdm(total=trainer.epochs + trainer.fine_tuning_epochs, unit="epoch") as bar:

        def progress(epoch: Epoch) -> None:
            accuracy = epoch.validation_accuracy or 0.0
            bar.set_postfix_str(
                f"loss {epoch.loss:.3f}, validation {100 * accuracy:.2f} %, "
                f"hidden spikes {epoch.hidden_spikes:.1f}",
                refresh=False,
            )
            bar.update()

        trainer.fit(images.train_images, images.train_labels, progress)
    if trainer.interrupted_:
        click.echo(f"Interrupted: keeping the network of epoch {trainer.best_.number}.", err=True)


def _result(trainer: Trainer, images: Dataset) -> dict[str, Any]:
    """What training came to: errors, and the figures of the test set (JSON can hold it)."""
    network = trainer.network_
    training = _decisions(network, images.train_images)
    right = training == images.train_labels
    ticks = encode(network, images.test_images)
    test = infer(network, ticks)
    result: dict[str, Any] = {
        "epochs": len(trainer.history_),
        "best_epoch": trainer.best_.number,
        "interrupted": trainer.interrupted_,
        "seconds": round(trainer.history_[-1].seconds, 1),
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "training_accuracy": float(right[~trainer.held_out_].mean()),
        "validation_accuracy": float(right[trainer.held_out_].mean()),
        **means(network, test, images.test_labels),
    }
    if trainer.compact:
        whole = trainer.uncompacted_
        changed = int((_decisions(whole, images.train_images) != training).sum())
        changed += int((_decisions(whole, images.test_images) != test.decision).sum())
        result["decisions_changed_by_compaction"] = changed
    return result


def _decisions(network: Network, images: np.ndarray) -> np.ndarray:
    batches = np.array_split(images, -(-len(images) // _BATCH))
    return np.concatenate([infer(network, encode(network, batch)).decision for batch in batches])


def _report(output: str, network: Network, result: dict[str, Any]) -> str:
    rows = [
        ("network", "-".join(map(str, network.shape))),
        ("connected inputs", len(network.inputs)),
        ("weight bits", ", ".join(map(str, network.weight_bits))),
        ("best epoch", f"{result['best_epoch']} of {result['epochs']}"),
        ("training time", f"{result['seconds'] / 60:.1f} min"),
        ("peak memory", f"{result['peak_memory_mb']} MB"),
        ("training error", f"{100 * (1 - result['training_accuracy']):.3f} %"),
        ("held-out accuracy", f"{100 * result['validation_accuracy']:.2f} %"),
        ("test accuracy", f"{100 * result['accuracy']:.2f} %"),
        ("input spikes until the decision", f"{result['input_spikes']:.1f}"),
        ("hidden spikes until the decision", f"{result['hidden_spikes']:.1f}"),
        ("look-ups a layer", ", ".join(f"{100 * part:.2f} %" for part in result["lookups"])),
        ("decision tick", f"{result['tick']:.1f}"),
        ("forced decisions", f"{100 * result['forced']:.2f} %"),
    ]
    if "decisions_changed_by_compaction" in result:
        rows.append(("decisions changed by compaction", result["decisions_changed_by_compaction"]))
    return f"{table(rows)}\nwritten to {Path(output)}"
