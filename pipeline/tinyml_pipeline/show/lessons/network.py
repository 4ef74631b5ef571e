"""A dense network in numpy, with its backpropagation written out: small enough to read, quick enough for a lesson."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Weights = list[Array]
"""Kernel (inputs, units) and bias (units,) of each layer in turn."""


@dataclass(frozen=True)
class Training:
    """Adam with Keras' constants, on shuffled batches; `dropout` is the share of hidden values left out."""

    epochs: int
    batch_size: int
    rate: float
    seed: int
    dropout: float = 0.0


@dataclass(frozen=True)
class Curves:
    """Loss on training and validation data after each epoch (without dropout), and the weights of the best epoch."""

    training: Array
    validation: Array
    final: Weights
    best: Weights

    @property
    def best_epoch(self) -> int:
        """The epoch (from 1) of the smallest validation loss."""
        return int(np.argmin(self.validation)) + 1


def glorot(sizes: tuple[int, ...], rng: np.random.Generator) -> Weights:
    """Keras' start: kernels uniform within sqrt(6 / (inputs + units)), biases 0."""
    weights: Weights = []
    for inputs, units in itertools.pairwise(sizes):
        limit = np.sqrt(6 / (inputs + units))
        weights += [rng.uniform(-limit, limit, (inputs, units)), np.zeros(units)]
    return weights


def forward(weights: Weights, x: Array, masks: list[Array] | None = None) -> list[Array]:
    """The values of every layer, the input first: relu in hidden layers, none in the last; masks scale hidden ones."""
    values = [x]
    for layer in range(0, len(weights), 2):
        z = values[-1] @ weights[layer] + weights[layer + 1]
        if layer + 2 < len(weights):
            z = np.maximum(z, 0)
            z = z * masks[layer // 2] if masks else z
        values.append(z)
    return values


def loss(weights: Weights, x: Array, y: Array, *, classes: bool) -> float:
    """Mean squared error, or categorical cross-entropy of a softmax where `classes`."""
    output = forward(weights, x)[-1]
    if classes:
        return float(-np.sum(y * _log_softmax(output)) / len(x))
    return float(np.mean((output - y) ** 2))


def gradients(weights: Weights, x: Array, y: Array, *, classes: bool, masks: list[Array] | None = None) -> Weights:
    """The chain rule from the loss back to every weight, in the order of `weights`."""
    values = forward(weights, x, masks)
    # For softmax and cross-entropy together, the slope at the output is simply prediction - target.
    slope = (np.exp(_log_softmax(values[-1])) - y) / len(x) if classes else 2 * (values[-1] - y) / y.size
    found: Weights = []
    for layer in range(len(weights) - 2, -1, -2):
        found = [values[layer // 2].T @ slope, slope.sum(axis=0), *found]
        if layer:
            slope = slope @ weights[layer].T * (values[layer // 2] > 0)
            slope = slope * masks[layer // 2 - 1] if masks else slope
    return found


def train(
    sizes: tuple[int, ...],
    data: tuple[Array, Array],
    held_out: tuple[Array, Array],
    how: Training,
    *,
    classes: bool = False,
) -> Curves:
    """Train from a Glorot start; the same seed gives the same start, order of samples and dropout."""
    rng = np.random.default_rng(how.seed)
    weights = glorot(sizes, rng)
    x, y = data
    means, squares = [np.zeros_like(w) for w in weights], [np.zeros_like(w) for w in weights]
    step, training, validation, best = 0, [], [], weights
    for _ in range(how.epochs):
        order = rng.permutation(len(x))
        for first in range(0, len(x), how.batch_size):
            batch = order[first : first + how.batch_size]
            masks = _masks(sizes, len(batch), how.dropout, rng)
            step += 1
            rate = how.rate * np.sqrt(1 - 0.999**step) / (1 - 0.9**step)
            slopes = gradients(weights, x[batch], y[batch], classes=classes, masks=masks)
            means = [0.9 * m + 0.1 * g for m, g in zip(means, slopes, strict=True)]
            squares = [0.999 * s + 0.001 * g * g for s, g in zip(squares, slopes, strict=True)]
            moved = zip(weights, means, squares, strict=True)
            weights = [w - rate * m / (np.sqrt(s) + 1e-7) for w, m, s in moved]
        training.append(loss(weights, x, y, classes=classes))
        validation.append(loss(weights, *held_out, classes=classes))
        if validation[-1] == min(validation):
            best = weights
    return Curves(np.array(training), np.array(validation), weights, best)


def _masks(sizes: tuple[int, ...], count: int, dropout: float, rng: np.random.Generator) -> list[Array] | None:
    """What is kept is scaled up, so that the sum that the next layer sees stays the same on average."""
    if not dropout:
        return None
    return [(rng.random((count, units)) >= dropout) / (1 - dropout) for units in sizes[1:-1]]


def _log_softmax(z: Array) -> Array:
    shifted = z - z.max(axis=1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))
