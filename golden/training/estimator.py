# SPDX-License-Identifier: BSD-2-Clause
"""The network as a scikit-learn classifier: `fit` trains it, `predict` is the integer model."""

from dataclasses import replace
from numbers import Real
from typing import Any, Self

import numpy as np
from scipy.special import softmax
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import Tags, check_random_state
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets, unique_labels
from sklearn.utils.validation import check_is_fitted, validate_data

from firstspike.golden.encoding import encode
from firstspike.golden.encodings.features import FeatureOptions
from firstspike.golden.encodings.registry import encoding_of
from firstspike.golden.encodings.samples import EncodingError, SampleKind
from firstspike.golden.foreign.fields import flag
from firstspike.golden.integer import decisions, infer_samples, output_potentials
from firstspike.golden.learning.learn import learn_outputs
from firstspike.golden.learning.rule import Settings
from firstspike.golden.learning.start import at_random, binary_features
from firstspike.golden.learning.state import STORED_BITS, LearningState
from firstspike.golden.system.errors import quoted
from firstspike.golden.training.checkpoint import Epoch
from firstspike.golden.training.general_recipe import ENCODING, general_training
from firstspike.golden.training.recipes import GRADED
from firstspike.golden.training.specification import Training, TrainingError
from firstspike.golden.training.trainer import Names, Trainer

_BETA = GRADED["beta"]
_PATIENCE = 30  # epochs without improvement, if some samples are held out
_SETTINGS = Settings(output_draw=2)  # for `partial_fit`: the total number is unknown


def _print_epoch(epoch: Epoch) -> None:
    """Print the loss, and the accuracy on held-out samples if there are any."""
    accuracy = epoch.validation_accuracy
    held_out = "" if accuracy is None else f", accuracy on held-out samples {accuracy:.4f}"
    print(f"epoch {epoch.number}: loss {epoch.loss:.4f}{held_out}")


def _learns(estimator: "FirstSpikeClassifier") -> bool:
    """Whether the chip could learn with these parameters. Raises AttributeError with the reason."""
    estimator._check_parameters()
    hidden = estimator.hidden
    dense = len(hidden) == 1 and not isinstance(hidden[0], str)
    if encoding_of(estimator.encoding).levels != 2 or not dense:
        raise AttributeError(
            'partial_fit is learning on the chip, which needs encoding="binary" and one hidden '
            f"layer that is dense, not {estimator.encoding!r} and {hidden!r}."
        )
    return True


class FirstSpikeClassifier(ClassifierMixin, BaseEstimator):
    """Classifier whose first output neuron to spike names the class.

    `fit` trains an integer network, `network_`, whose results the core matches to the bit: it can
    be saved, compared with hardware and built. Features become spike times: a large value spikes
    early. Features need no scaling.

    Parameters
    ----------
    hidden : tuple of int or str, default=(100,)
        Sizes of the hidden layers, or filters of convolving layers, such as ("16c5s2", 64): 16
        filters of 5 x 5 inputs, with stride 2. They move over a picture, or along the steps of a
        time series. Networks with convolving layers have no constant input.
    encoding : str, default="levels-128"
        "levels-N" or "binary" for features [n, n_features]. In time series [n, channels, steps]
        each step of each channel is a feature; "crossings-L" needs fewer inputs for them. Pictures
        are uint8 [n, rows, columns]. "ticks" for spike ticks [n, n_inputs], 0 for silent.
    complement : bool, default=True
        Give every feature a second input that spikes early for a small value.
    constant : bool, default=True
        Add an input that always spikes: neurons have no bias.
    cutoff : float or None, default=None
        Smallest value of a feature that spikes in a binary encoding; None for the middle of its
        range.
    missing : {"refuse", "median"}, default="refuse"
        Refuse a missing value (NaN), or replace it by the median of its feature in the training
        samples of `fit`; of an even number of values the lower of the two in the middle. Only
        "levels-N" and "binary" features support medians.
    weight_bits : int, default=8
        Bits of every weight, 2 to 8; `partial_fit` takes only 8.
    weight_decay : float or None, default=None
        Penalty on large weights; a larger one gives simpler boundaries. The default is 0.3,
        and less for more than 1,000 samples.
    epochs : int or None, default=None
        Passes over the samples with real weights; a tenth as many with integer weights follow.
        The default is at least 3,000 steps and 20 passes.
    validation_fraction : float, default=0.0
        Share of the samples, stratified, that is held out to choose the best epoch; training ends
        after 30 epochs without improvement. 0 for none.
    random_state : int, RandomState or None, default=None
        Seed of the initial weights and of the order of the samples.
    verbose : int, default=0
        With 1 or more, `fit` prints a line after each epoch.

    Attributes
    ----------
    network_ : Network
    classes_ : ndarray of shape (n_classes,)
    n_features_in_ : int
        Features, channels of time series, or rows of pictures.
    feature_names_in_ : ndarray of shape (n_features,)
        Present if X has names that are all strings.
    n_iter_ : int
        Number of passes over the samples.

    Notes
    -----
    `decision_function` returns M of the outputs at the tick of the decision. The class is its
    argmax, also for ties and forced decisions. The core computes the same integers.

    References
    ----------
    H. Mostafa, "Supervised learning based on temporal coding in spiking neural networks", IEEE
    TNNLS 29(7), 2018.

    Examples
    --------
    >>> from firstspike import FirstSpikeClassifier
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> classifier = FirstSpikeClassifier(hidden=(20,), random_state=0).fit(X, y)
    >>> classifier.score(X, y) > 0.95
    True
    >>> classifier.network_.shape
    (9, 20, 3)
    """

    def __init__(
        self,
        hidden: tuple[int | str, ...] = (100,),
        *,
        encoding: str = ENCODING,
        complement: bool = True,
        constant: bool = True,
        cutoff: float | None = None,
        missing: str = "refuse",
        weight_bits: int = 8,
        weight_decay: float | None = None,
        epochs: int | None = None,
        validation_fraction: float = 0.0,
        random_state: int | np.random.RandomState | None = None,
        verbose: int = 0,
    ) -> None:
        self.hidden = hidden
        self.encoding = encoding
        self.complement = complement
        self.constant = constant
        self.cutoff = cutoff
        self.missing = missing
        self.weight_bits = weight_bits
        self.weight_decay = weight_decay
        self.epochs = epochs
        self.validation_fraction = validation_fraction
        self.random_state = random_state
        self.verbose = verbose

    def fit(self, X: Any, y: Any) -> Self:
        """Train a new network.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n_samples, channels, steps), or uint8
            (n_samples, rows, columns)
        y : array-like of shape (n_samples,)

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If samples, labels or parameters are invalid.
        """
        self._check_parameters()
        X, y = self._validated(X, y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        trainer = Trainer(self._training(X)).fit(
            X,
            codes,
            _print_epoch if self.verbose else None,
            names=Names(self._feature_names(), self._class_names()),
        )
        self.network_ = trainer.network_
        self.n_iter_ = len(trainer.history_)
        self._state: LearningState | None = None
        return self

    @available_if(_learns)
    def partial_fit(self, X: Any, y: Any, classes: Any = None) -> Self:
        """Learn from samples one after the other, in integers, as the core does.

        Continues with the network of `fit` or of an earlier call, or starts with a random network
        whose edges are fitted to the first samples. The encoding must be binary, and there must be
        one hidden layer.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
        classes : array-like of shape (n_classes,), default=None
            All classes that will occur; required in the first call.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If samples, labels or parameters are invalid.
        """
        first = not hasattr(self, "network_")
        X, y = self._validated(X, y, reset=first)
        if first:
            if classes is None:
                raise TrainingError("classes is None: name all there will be in the first call.")
            self.classes_ = unique_labels(classes)
        elif classes is not None and not np.array_equal(unique_labels(classes), self.classes_):
            raise TrainingError(
                f"classes is {quoted(classes)}: it was {quoted(self.classes_.tolist())} before."
            )
        if unknown := sorted({*np.unique(y).tolist()} - {*self.classes_.tolist()}):
            raise TrainingError(
                f"y has {quoted(unknown[0])}: give only the classes of the first call, "
                f"{quoted(self.classes_.tolist())}."
            )
        if first:
            self._state = self._random_state(X)
            self.n_iter_ = 0
        elif self._state is None:
            self._state = LearningState.of(self.network_)
        state = self._state
        outputs = np.searchsorted(self.classes_, y)
        learn_outputs(state, encode(state.template, X), outputs, _SETTINGS)
        self.network_ = state.network
        self.n_iter_ += 1
        return self

    def predict(self, X: Any) -> np.ndarray:
        """Return the class of each sample: the decision of the integer network.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n_samples, channels, steps), or uint8
            (n_samples, rows, columns)

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        check_is_fitted(self)
        return self.classes_[decisions(self.network_, self._validated(X, reset=False))]

    def decision_function(self, X: Any) -> np.ndarray:
        """Return the potential M of every output at the decision, with threshold and unit 1.

        M is at least 0 for the output that fires, and less for all others unless they fire in the
        same tick; in a forced decision M of all outputs is below 0.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n_samples, channels, steps), or uint8
            (n_samples, rows, columns)

        Returns
        -------
        ndarray of shape (n_samples, n_classes), or (n_samples,) for two classes
            For two classes, the second's potential minus the first's.
        """
        potentials = self._potentials(X)
        return potentials[:, 1] - potentials[:, 0] if len(self.classes_) == 2 else potentials

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the softmax of beta M, with M of every output at the tick of the decision.

        Training treats softmax(-beta z) of the outputs' spike times z as a probability; a silent
        output fires as long after the end as its M is below 0 at the end. This method applies the
        same formula with the decision as the end.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n_samples, channels, steps), or uint8
            (n_samples, rows, columns)

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
        """
        return softmax(_BETA * self._potentials(X), axis=1)

    def __sklearn_tags__(self) -> Tags:
        """Return scikit-learn's tags of the estimator: whether it accepts NaN."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = self._fills
        return tags

    @property
    def _fills(self) -> bool:
        """Whether medians replace missing values."""
        return isinstance(self.missing, str) and self.missing == "median"

    def _validated(self, *data: Any, reset: bool = True) -> Any:
        """Return X as float64 or pictures, and y if it is given, validated by scikit-learn.

        Raises ValueError.
        """
        pictures = isinstance(data[0], np.ndarray) and data[0].ndim == 3
        dtype = np.uint8 if pictures and data[0].dtype == np.uint8 else np.float64
        checked = validate_data(
            self,
            *data,
            dtype=dtype,
            allow_nd=True,
            reset=reset,
            ensure_all_finite="allow-nan",
        )
        if len(data) > 1:
            check_classification_targets(checked[1])
        missing = np.argwhere(np.isnan(checked[0] if len(data) > 1 else checked))
        if missing.size and not self._fills:
            sample, *feature = missing[0].tolist()
            raise EncodingError(
                f"Input X contains NaN, first in sample {sample} as its feature "
                f"{', '.join(map(str, feature))}: leave such samples out, or fit with "
                'missing="median", which replaces NaN by medians (levels-N and binary).'
            )
        return checked

    def _training(self, X: np.ndarray) -> Training:
        """Return the parameters of the trainer."""
        fraction = self.validation_fraction
        ticks = encoding_of(self.encoding).takes(None) is SampleKind.TICKS
        training = general_training(
            len(X),
            self.encoding,
            max(1, int(np.nan_to_num(X).max())) if ticks else None,
            hidden=self.hidden,
            cutoff=self.cutoff,
            medians=self._fills,
            weight_bits=self.weight_bits,
            weight_decay=self.weight_decay,
            epochs=self.epochs,
            held_out=float(fraction),
            patience=_PATIENCE if fraction else None,
            seed=self._seed(),
        )
        return replace(
            training,
            complement=training.complement and bool(self.complement),
            constant=training.constant and bool(self.constant),
        )

    def _check_parameters(self) -> None:
        """Raise ValueError for wrong parameters that no later check would report in a sentence."""
        Training(hidden=self.hidden)
        for name in ("complement", "constant"):
            flag(name, getattr(self, name))
        if not isinstance(self.missing, str) or self.missing not in ("refuse", "median"):
            raise TrainingError(
                f'missing is {quoted(self.missing)}: it must be "refuse" or "median".'
            )
        share = self.validation_fraction
        if isinstance(share, bool) or not (isinstance(share, Real) and 0 <= float(share) < 1):
            raise TrainingError(
                f"validation_fraction is {quoted(share)}: it must be from 0 to below 1."
            )

    def _random_state(self, X: np.ndarray) -> LearningState:
        """Return the state of a random network, whose neurons fire for samples like X."""
        if self.weight_bits != STORED_BITS:
            raise TrainingError(
                f"weight_bits is {self.weight_bits!r:.60}: partial_fit learns weights of "
                f"{STORED_BITS} bits; use fit for another number."
            )
        further = bool(self.complement), bool(self.constant), self.cutoff
        options = FeatureOptions(*further, self._feature_names(), medians=self._fills)
        features = binary_features(X, options)
        sizes = [*map(int, self.hidden), len(self.classes_)]
        return at_random(X, sizes, features, seed=self._seed(), classes=self._class_names())

    def _seed(self) -> int:
        return int(check_random_state(self.random_state).randint(1 << 31))

    def _feature_names(self) -> tuple[str, ...]:
        return _names(getattr(self, "feature_names_in_", ()))

    def _class_names(self) -> tuple[str, ...]:
        """Return the names of the classes; 0, 1, 2 and so on need none."""
        classes = self.classes_
        if classes.dtype.kind == "f" and np.array_equal(classes, np.rint(classes)):
            classes = classes.astype(np.int64)  # as in a file of arrays
        if classes.dtype.kind in "iu" and np.array_equal(classes, np.arange(len(classes))):
            return ()
        return _names(classes.tolist())

    def _potentials(self, X: Any) -> np.ndarray:
        """Return M of every output at the decision, threshold and unit 1: float64 [n, classes]."""
        check_is_fitted(self)
        parts = [
            output_potentials(self.network_, (ticks, *results.known_hidden())[-1], results.tick)
            for ticks, results in infer_samples(self.network_, self._validated(X, reset=False))
        ]
        return np.concatenate(parts) / (self.network_.thresholds[-1] * self.network_.unit)


def _names(values: Any) -> tuple[str, ...]:
    """Return the values as names in a network, or () if they cannot be names."""
    names = tuple(map(str, values))
    printable = all(name.strip() and name.isprintable() for name in names)
    return names if printable and len(set(names)) == len(names) else ()
