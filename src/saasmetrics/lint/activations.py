"""The activations of a file: one, or one for each product that has its own."""

from __future__ import annotations

from collections.abc import Iterator

from saasmetrics.definitions.blocks import Activation
from saasmetrics.document import Path
from saasmetrics.lint.reading import Reading


def activations(reading: Reading) -> Iterator[tuple[str, Path, Activation]]:
    """Object, path and block of every activation."""
    if reading.definitions.activation is not None:
        yield "activation", ("activation",), reading.definitions.activation
    for name, product in reading.definitions.products.items():
        if product.activation is not None:
            yield f"activation.{name}", ("products", name, "activation"), product.activation
