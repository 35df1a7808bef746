"""The two parts that come from timm, imported when first needed.

Importing timm costs as much again as importing torch, and plain inference needs neither part.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from motorscope.errors import ModelError

_MISMATCH = (
    "timm cannot be imported ({reason}). torch, torchvision and timm must come from the same "
    "place: "
    "install them together, with 'pip install --force-reinstall torch torchvision timm'."
)


def drop_path(rate: float) -> nn.Module:
    """Return stochastic depth of this rate (timm's ``DropPath``), or the identity for 0.

    Raises
    ------
    ModelError
        If timm cannot be imported, usually because torch and torchvision do not match.
    """
    if rate == 0:
        return nn.Identity()
    try:
        from timm.layers import DropPath
    except (ImportError, RuntimeError) as error:
        raise ModelError(_MISMATCH.format(reason=error)) from error
    module: nn.Module = DropPath(rate)
    return module


def checkpointed(module: nn.Module, function: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """Compute ``function(x)`` without keeping what lies between for the backward pass.

    It is computed again when the gradients are; the batch norms in `module` then leave their
    running statistics alone, which have already seen this batch.

    Raises
    ------
    ModelError
        If timm cannot be imported, usually because torch and torchvision do not match.
    """
    try:
        from timm.models import checkpoint
    except (ImportError, RuntimeError) as error:
        raise ModelError(_MISMATCH.format(reason=error)) from error

    def contexts() -> tuple[AbstractContextManager[Any], AbstractContextManager[Any]]:
        return nullcontext(), _frozen_statistics(module)

    y: Tensor = checkpoint(function, x, context_fn=contexts)
    return y


@contextmanager
def _frozen_statistics(module: nn.Module) -> Iterator[None]:
    norms = [m for m in module.modules() if isinstance(m, _BatchNorm)]
    before = [
        (
            norm,
            norm.momentum,
            None if norm.num_batches_tracked is None else norm.num_batches_tracked.clone(),
        )
        for norm in norms
    ]
    try:
        for norm in norms:
            norm.momentum = 0.0
        yield
    finally:
        with torch.no_grad():
            for norm, momentum, count in before:
                norm.momentum = momentum
                if count is not None and norm.num_batches_tracked is not None:
                    norm.num_batches_tracked.copy_(count)
