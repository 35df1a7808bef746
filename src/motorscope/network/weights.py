"""Files of weights, read into tensors by name.

Pickles are only ever read with ``weights_only=True``, which builds tensors and plain containers and
runs nothing.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from motorscope.errors import ModelError

StateDict = dict[str, Tensor]

# Averaged weights come first: where a file has both, they are the ones to use.
_WRAPPERS = (
    "ema_state_dict", "state_dict_ema", "model_ema", "ema",
    "state_dict", "model_state_dict", "model", "network", "net", "module", "weights",
)  # fmt: skip
_PREFIX = re.compile(r"^(?:module\.|_orig_mod\.)+")


def read_state_dict(path: str | os.PathLike[str]) -> StateDict:
    """Read a checkpoint's tensors by name, without wrappers, ``module.`` and ``_orig_mod.``.

    Raises
    ------
    ModelError
        If the file is absent, damaged, needs more than tensors and plain containers, or holds no
        state dict.
    """
    path = Path(path)
    if not path.is_file():
        raise ModelError(f"There is no file {path}; check the path of the weights.")
    content = _read_safetensors(path) if path.suffix == ".safetensors" else _read_pickle(path)
    state = _unwrap(content)
    if state is None:
        raise ModelError(
            f"{path} holds no state dict (names with tensors), so it is not a checkpoint of a "
            "network."
        )
    return {_PREFIX.sub("", name): tensor for name, tensor in state.items() if name != "n_averaged"}


def _read_safetensors(path: Path) -> StateDict:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        # Copied out of the mapped file, which can then be replaced while the network lives.
        state = {name: tensor.clone() for name, tensor in load_file(path, device="cpu").items()}
    except (SafetensorError, OSError, ValueError) as error:
        raise ModelError(
            f"{path} is not a whole safetensors file ({error}); fetch it again."
        ) from error
    return state


def _read_pickle(path: Path) -> Any:
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise ModelError(f"{path} cannot be read ({error.strerror}).") from error
    except Exception as error:  # a damaged pickle can raise nearly anything
        name = _forbidden_global(str(error))
        if name is not None:
            raise ModelError(
                f"{path} was refused: besides weights it would load '{name}', and a pickle that "
                "does that can run any program. "
                "Ask its author for a plain state dict (.pt) or a .safetensors file."
            ) from error
        # Torch's own words advise to switch the safety off, so they are not repeated.
        raise ModelError(
            f"{path} is damaged, cut short, or no PyTorch checkpoint; fetch or save it again."
        ) from error


def _forbidden_global(message: str) -> str | None:
    patterns = (
        r"GLOBAL (\S+) was not an allowed global",
        r"Trying to load unsupported GLOBAL (\S+)",
        r"Trying to call reduce for unrecognized function (.+?)(?:\n|$)",
        r"Can only (?:build|create new object).* but got (.+?)(?:\n|$)",
    )
    for pattern in patterns:
        if match := re.search(pattern, message):
            return match.group(1).strip()
    return None


def _unwrap(content: Any, depth: int = 3) -> StateDict | None:
    if not isinstance(content, Mapping):
        return None
    tensors = {
        name: value
        for name, value in content.items()
        if isinstance(name, str) and isinstance(value, Tensor)
    }
    if any(name.endswith(".weight") for name in tensors):
        return tensors
    if depth == 0:
        return None
    for wrapper in _WRAPPERS:
        inner = _unwrap(content.get(wrapper), depth - 1)
        if inner is not None:
            return inner
    return None
