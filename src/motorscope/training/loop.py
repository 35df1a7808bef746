"""The training loop: from a network, a source of crops and a folder to the end of a run."""

import csv
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn
from torch.optim import AdamW
from torch.optim.lr_scheduler import ConstantLR, LRScheduler, OneCycleLR
from torch.utils.data import DataLoader
from tqdm import tqdm

from motorscope.errors import MotorscopeError
from motorscope.network.unet import UNet3d
from motorscope.training.blending import blend
from motorscope.training.config import OptimiserConfig, TrainConfig
from motorscope.training.loss import heatmap_loss, prior_logit
from motorscope.training.samples import CropSource, Samples

if TYPE_CHECKING:
    from lightning_fabric import Fabric

CHECKPOINT = "last.ckpt"
LOG = "log.csv"

Evaluate = Callable[[nn.Module, int], None]
"""Called with the averaged network and the number of steps done."""


class TrainingError(MotorscopeError):
    """A training run cannot start, go on or be resumed."""


@dataclass(frozen=True)
class Hardware:
    """Where to train; the defaults take what there is.

    Attributes
    ----------
    accelerator, devices
        As in ``lightning_fabric.Fabric``: ``auto``, ``cpu``, ``cuda``, ``mps``; a number of devices
        or ``auto``.
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
        try:
            from lightning_fabric import Fabric
        except ImportError as error:
            raise TrainingError(
                "Training needs lightning-fabric; install it with "
                "pip install 'napari-motorscope[train]'."
            ) from error
        on_gpu = self.accelerator in ("auto", "cuda", "gpu") and torch.cuda.is_available()
        precision: Any = "32-true"
        if on_gpu:
            precision = "bf16-mixed" if torch.cuda.is_bf16_supported() else "16-mixed"
        elif self.accelerator in ("auto", "cpu") and torch.cpu.get_capabilities().get("amx_bf16"):
            precision = "bf16-mixed"
        return Fabric(accelerator=self.accelerator, devices=self.devices, precision=precision)


def fit(
    network: UNet3d,
    source: CropSource,
    config: TrainConfig,
    out: Path,
    *,
    resume: bool = False,
    hardware: Hardware | None = None,
    evaluate: Evaluate | None = None,
) -> nn.Module:
    """Train a network and return its running average (EMA), which is the one to use.

    `out` gets ``last.ckpt`` (everything that the run needs to go on) and ``log.csv``. Every step's
    randomness comes from the seed and the step's number, so a run that was killed and resumed ends
    as if it had not been.

    Raises
    ------
    TrainingError
        If the folder already holds a run and `resume` is not set, or holds none and it is, if its
        configuration is another one, or if the loss stops being a number.
    """
    from timm.utils import ModelEmaV3

    options = config.optimiser
    checkpoint = out / CHECKPOINT
    _check_folder(checkpoint, resume)
    fabric = (hardware or Hardware()).fabric()
    fabric.launch()

    network = network.to(memory_format=torch.channels_last_3d)
    optimiser = AdamW(
        network.parameters(), lr=options.learning_rate, weight_decay=options.weight_decay
    )
    schedule = _schedule(optimiser, options)
    model, optimiser = fabric.setup(network, optimiser)
    model.mark_forward_method("forward_with_auxiliary")
    ema = ModelEmaV3(network, decay=options.ema_decay, use_warmup=True)
    state: dict[str, Any] = {
        "network": model,
        "ema": ema.module,
        "optimiser": optimiser,
        "schedule": schedule,
        "config": asdict(config),
        "step": 0,
    }
    if resume:
        fabric.load(checkpoint, state, weights_only=True)
        if state["config"] != asdict(config):
            raise TrainingError(
                f"{checkpoint} belongs to a run with another configuration; choose another folder."
            )
    start: int = state["step"]

    per_step = options.batch * fabric.world_size
    samples = Samples(
        source, config, network.output_spec, start * per_step, options.steps * per_step, per_step
    )
    batches = fabric.setup_dataloaders(
        DataLoader(samples, batch_size=options.batch, num_workers=config.data.workers)
    )
    began = time.monotonic()
    model.train()
    log = _Log(out / LOG, start) if fabric.is_global_zero else None
    bar = tqdm(total=options.steps, initial=start, disable=None, unit="step")
    for step, (inputs, targets) in enumerate(batches, start=start + 1):
        _seed_step(config.seed, step, fabric.global_rank)
        rng = np.random.default_rng([config.seed, 2, step, fabric.global_rank])
        inputs, targets = blend(inputs, targets, config.augmentation, rng)
        inputs = inputs.contiguous(memory_format=torch.channels_last_3d)

        logits = model.forward_with_auxiliary(inputs)
        terms = heatmap_loss(logits.main, logits.auxiliary, targets, config.loss)
        if not torch.isfinite(terms.loss):
            raise TrainingError(
                f"The loss is no longer a number at step {step}; lower optimiser.learning_rate."
            )
        optimiser.zero_grad()
        fabric.backward(terms.loss)
        fabric.clip_gradients(model, optimiser, max_norm=options.gradient_clip)
        optimiser.step()
        rate = float(schedule.get_last_lr()[0])
        schedule.step()
        ema.update(network, step)
        state["step"] = step

        last = step == options.steps
        bar.update()
        if log is not None and (step % options.log_every == 0 or last):
            log.write(
                step=step,
                **{name: float(value.detach()) for name, value in terms._asdict().items()},
                rate=rate,
                seconds=time.monotonic() - began,
            )
            bar.set_postfix(loss=f"{float(terms.loss.detach()):.4f}")
        if step % options.checkpoint_every == 0 or last:
            _save(fabric, checkpoint, state)
        if evaluate is not None and step % config.validation.every == 0:
            if fabric.is_global_zero:
                evaluate(ema.module, step)
            fabric.barrier()
    bar.close()
    averaged: nn.Module = ema.module
    return averaged


def start_at_prior(network: UNet3d, prior: float, config: TrainConfig) -> None:
    """Set the biases of the heads to what a network would say that knows only the mean target.

    Parameters
    ----------
    prior
        Mean of the targets.
    """
    for head in (network.seg_head, network.aux_head):
        if head is not None:
            nn.init.constant_(head.conv.bias, prior_logit(prior, config.loss))


def _check_folder(checkpoint: Path, resume: bool) -> None:
    if resume and not checkpoint.exists():
        raise TrainingError(f"There is no run to resume in {checkpoint.parent}.")
    if not resume and checkpoint.exists():
        raise TrainingError(
            f"{checkpoint.parent} already holds a run; resume it with --resume or choose "
            "another folder."
        )
    checkpoint.parent.mkdir(parents=True, exist_ok=True)


def _schedule(optimiser: AdamW, options: OptimiserConfig) -> LRScheduler:
    if options.schedule == "constant":
        return ConstantLR(optimiser, factor=1.0)
    return OneCycleLR(
        optimiser,
        max_lr=options.learning_rate,
        # The last call comes after the last step and needs a rate too.
        total_steps=options.steps + 1,
        pct_start=0.15,
        cycle_momentum=False,
    )


def _seed_step(seed: int, step: int, rank: int) -> None:
    """Make what torch draws in a step (stochastic depth) a function of the seed and the step."""
    number = np.random.SeedSequence([seed, 3, step, rank]).generate_state(1)[0]
    torch.manual_seed(int(number))


def _save(fabric: "Fabric", path: Path, state: dict[str, Any]) -> None:
    """Write a checkpoint so that a kill leaves the one before."""
    partial = path.with_name(path.name + ".partial")
    fabric.save(partial, state)
    if fabric.is_global_zero:
        os.replace(partial, path)
    fabric.barrier()


class _Log:
    """A CSV that grows row by row; rows after the step that a run resumes from are dropped."""

    def __init__(self, path: Path, start: int) -> None:
        self.path = path
        rows: list[dict[str, str]] = []
        if start and path.exists():
            with path.open(newline="") as file:
                rows = [row for row in csv.DictReader(file) if int(row["step"]) <= start]
        path.unlink(missing_ok=True)
        for row in rows:
            self.write(**row)

    def write(self, **values: float | str) -> None:
        """Append a row."""
        is_new = not self.path.exists()
        with self.path.open("a", newline="") as file:
            writer = csv.DictWriter(file, fieldnames=list(values))
            if is_new:
                writer.writeheader()
            shown = {
                key: f"{value:.6g}" if isinstance(value, float) else value
                for key, value in values.items()
            }
            writer.writerow(shown)
