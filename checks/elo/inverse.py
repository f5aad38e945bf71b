"""The inverse of a symmetric positive-definite matrix by Cholesky, which NumPy only has for general ones.

The factor's own inverse is built from blocks, so that nearly all the work is products of matrices. No game may enter.
"""

from __future__ import annotations

import numpy as np

from checks.counts import Floats

BLOCK = 64
"""Triangles up to this size are inverted as general matrices."""


def invert(matrix: Floats) -> Floats:
    """Invert a matrix of shape (p, p); the result is symmetric to the last bit.

    Raises:
        numpy.linalg.LinAlgError: the matrix is not positive definite.

    >>> invert(np.array([[4.0, 2.0], [2.0, 2.0]])).round(12).tolist()
    [[0.5, -0.5], [-0.5, 1.0]]
    """
    root = _invert_lower(np.linalg.cholesky(matrix).astype(np.float64, copy=False))
    inverse: Floats = root.T @ root
    return inverse


def _invert_lower(lower: Floats) -> Floats:
    size = lower.shape[0]
    if size <= BLOCK:
        return np.asarray(np.tril(np.linalg.inv(lower)), np.float64)
    half = size // 2
    inverse = np.zeros((size, size))
    inverse[:half, :half] = upper = _invert_lower(lower[:half, :half])
    inverse[half:, half:] = rest = _invert_lower(lower[half:, half:])
    inverse[half:, :half] = -rest @ (lower[half:, :half] @ upper)
    return inverse
