"""The two logistic curves of the VQEG protocol, as functions of their parameters.

- four parameters (VQEG FR-TV phase II): ``low + (high - low) / (1 + exp(-(x - centre) / width))``
- five parameters (Sheikh, Sabir and Bovik, 2006):
  ``b1 * (1/2 - 1 / (1 + exp(b2 * (x - b3)))) + b4 * x + b5``

Fits work with `theta`, (slope, centre, linear coefficients) of standardised x: for given slope and
centre everything else enters linearly.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Curve = Literal[4, 5]


def sigmoid(z: Array) -> Array:
    """1 / (1 + exp(-z)) of any shape."""
    # tanh never overflows, whatever the sign and size of z.
    return 0.5 * (1.0 + np.tanh(0.5 * z))


def evaluate(curve: Curve, parameters: Array, x: Array) -> Array:
    """The curve with these parameters (module's formulas) at `x`."""
    if curve == 4:
        low, high, centre, width = parameters
        return np.asarray(low + (high - low) * sigmoid((x - centre) / width))
    b1, b2, b3, b4, b5 = parameters
    return np.asarray(b1 * (sigmoid(b2 * (x - b3)) - 0.5) + b4 * x + b5)


def design_matrix(curve: Curve, slope: float, centre: float, z: Array) -> Array:
    """(n, curve - 2) columns that the linear coefficients multiply, at standardised (n,) z."""
    bend = sigmoid(slope * (z - centre))
    columns = [bend, np.ones_like(z)] if curve == 4 else [bend - 0.5, z, np.ones_like(z)]
    return np.stack(columns, axis=1)


def at(curve: Curve, theta: Array, z: Array) -> Array:
    """The curve of `theta` at standardised (n,) z."""
    return np.asarray(design_matrix(curve, theta[0], theta[1], z) @ theta[2:])


def residual(theta: Array, curve: Curve, z: Array, y: Array) -> Array:
    """(n,) what the curve of `theta` misses; arguments in the order that scipy gives them."""
    return at(curve, theta, z) - y


def jacobian(theta: Array, curve: Curve, z: Array, y: Array) -> Array:
    """(n, curve) derivatives of `residual` with respect to `theta`."""
    bend = sigmoid(theta[0] * (z - theta[1]))
    steep = theta[2] * bend * (1.0 - bend)
    derivatives = np.empty((z.size, theta.size))
    derivatives[:, 0] = steep * (z - theta[1])
    derivatives[:, 1] = -steep * theta[0]
    derivatives[:, 2:] = design_matrix(curve, theta[0], theta[1], z)
    return derivatives


def original_parameters(curve: Curve, theta: Array, mean: float, scale: float) -> tuple[float, ...]:
    """The parameters of the module\'s formulas for x, from `theta` for (x - mean) / scale."""
    slope, centre = theta[0] / scale, mean + scale * theta[1]
    if curve == 4:
        height, low = theta[2], theta[3]
        width = 1.0 / slope if slope != 0 else math.inf
        if width < 0:  # one sign convention: the width is positive, the heights say the direction
            low, height, width = low + height, -height, -width
        return float(low), float(low + height), float(centre), float(width)
    b1, b4 = theta[2], theta[3] / scale
    if slope < 0:
        slope, b1 = -slope, -b1
    return float(b1), float(slope), float(centre), float(b4), float(theta[4] - b4 * mean)
