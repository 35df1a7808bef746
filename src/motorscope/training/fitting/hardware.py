"""Where training runs: processors, precision, and how checkpoints reach the disk."""

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from motorscope.detection.hardware.processor import processor_capabilities
from motorscope.files import replacing
from motorscope.training.errors import TrainingError

if TYPE_CHECKING:
    from lightning_fabric import Fabric


@dataclass(frozen=True)
class Hardware:
    """Where to train; the defaults take what there is.

    Attributes
    ----------
    accelerator, devices
        As in ``lightning_fabric.Fabric``: ``auto``, ``cpu``, ``cuda``, ``mps``; a number of devices
        or ``auto``. With several devices there is one process for each.
    """

    accelerator: str = "auto"
    devices: int | str = "auto"

    def fabric(self) -> "Fabric":
        """Return the Fabric, in mixed precision where the hardware computes faster in it.

        Raises
        ------
        TrainingError
            If lightning-fabric is not installed.
        """
        _require_lightning()
        from lightning_fabric import Fabric

        on_gpu = self.accelerator in ("auto", "cuda", "gpu") and torch.cuda.is_available()
        precision: Any = "32-true"
        if on_gpu:
            precision = "bf16-mixed" if torch.cuda.is_bf16_supported() else "16-mixed"
        elif self.accelerator in ("auto", "cpu") and processor_capabilities().get("amx_bf16"):
            precision = "bf16-mixed"
        return Fabric(
            accelerator=self.accelerator,
            devices=self.devices,
            precision=precision,
            plugins=[_whole_files()],
        )


def is_first_process() -> bool:
    """Tell whether this is the process that speaks and writes, where there are several.

    Raises
    ------
    TrainingError
        If lightning-fabric is not installed.
    """
    _require_lightning()
    from lightning_fabric.utilities.rank_zero import rank_zero_only

    return bool(rank_zero_only.rank == 0)


def _require_lightning() -> None:
    if importlib.util.find_spec("lightning_fabric") is None:
        raise TrainingError(
            "Training needs lightning-fabric; install it with "
            "pip install 'napari-motorscope[train]'."
        )


def _whole_files() -> Any:
    """Return the plugin that writes a checkpoint whole or not at all, into its own folder."""
    from lightning_fabric.plugins import TorchCheckpointIO

    class WholeFiles(TorchCheckpointIO):  # type: ignore[misc]
        def save_checkpoint(
            self, checkpoint: dict[str, Any], path: Path | str, storage_options: Any = None
        ) -> None:
            with replacing(path, TrainingError) as partial:
                try:
                    torch.save(checkpoint, partial)
                except RuntimeError as error:  # torch's own word for a disk that is full
                    raise OSError(str(error).splitlines()[0]) from error

    return WholeFiles()
