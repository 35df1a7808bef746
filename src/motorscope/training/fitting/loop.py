"""The training loop: from a network, a source of crops and a folder to the end of a run."""

import itertools
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import AdamW
from torch.optim.lr_scheduler import ConstantLR, LRScheduler, OneCycleLR, SequentialLR
from torch.utils.data import DataLoader
from tqdm import tqdm

from motorscope.errors import MotorscopeError
from motorscope.files import make_folder
from motorscope.network.flat import forward_flat
from motorscope.network.unet import Logits, UNet3d
from motorscope.training.data.blending import blend
from motorscope.training.data.pictures import Pictures, SectionPool
from motorscope.training.data.samples import CropSource, Samples
from motorscope.training.errors import TrainingError
from motorscope.training.fitting.averages import move_towards
from motorscope.training.fitting.hardware import Hardware
from motorscope.training.fitting.logs import CsvLog, open_tensorboard
from motorscope.training.fitting.loss import heatmap_loss, prior_logit
from motorscope.training.settings.config import OptimiserConfig, TrainConfig

CHECKPOINT = "last.ckpt"
LOG = "log.csv"
TENSORBOARD = "tensorboard"

Item = TypeVar("Item")
Evaluate = Callable[[nn.Module, int], None]
"""Called with the averaged network and the number of steps done."""


def fit(
    network: UNet3d,
    source: CropSource,
    config: TrainConfig,
    out: Path,
    *,
    resume: bool = False,
    hardware: Hardware | None = None,
    evaluate: Evaluate | None = None,
    pictures: SectionPool | None = None,
) -> nn.Module | None:
    """Train a network and return its running average (EMA), which is the one to use.

    With several devices there is a process for each, which takes its share of every step's samples.
    The first of them alone writes files and returns the network; the others return ``None``.

    `out` gets ``last.ckpt`` (everything that the run needs to go on) and ``log.csv``. Every step's
    randomness comes from the seed and the step's number, so a run that was killed and resumed ends
    as if it had not been.

    Parameters
    ----------
    pictures
        Where the pictures of ``config.pictures`` come from; needed only if there are any.

    Raises
    ------
    TrainingError
        If the folder already holds a run and `resume` is not set, or holds none and it is, if its
        configuration is another one, if the loss stops being a number, or a file cannot be written.
    """
    from timm.utils import ModelEmaV3

    options = config.optimiser
    checkpoint = out / CHECKPOINT
    check_folder(out, resume)
    make_run_folder(out)
    fabric = (hardware or Hardware()).fabric()
    if config.logging.tensorboard:
        open_tensorboard(out / TENSORBOARD, 0)  # to say at once if it is not there
    fabric.launch()

    network = network.to(memory_format=torch.channels_last_3d)
    optimiser = AdamW(
        network.parameters(), lr=options.learning_rate, weight_decay=options.weight_decay
    )
    schedule = _schedule(optimiser, options)
    # One module takes both kinds of input, since several processes have to agree on its gradients.
    model, optimiser = fabric.setup(_Both(network), optimiser)
    ema = ModelEmaV3(network, decay=options.ema_decay, use_warmup=True)
    state: dict[str, Any] = {
        "network": network,
        "ema": ema.module,
        "optimiser": optimiser,
        "schedule": schedule,
        "config": asdict(config),
        "step": 0,
    }
    before = deepcopy(ema.module) if options.cycle_share else None
    if before is not None:
        state["before"] = before
    if resume:
        fabric.load(checkpoint, state, weights_only=True)
        if not _is_same(state["config"], asdict(config), asdict(TrainConfig())):
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
    flat_batches = (
        itertools.repeat(None)
        if pictures is None
        else fabric.setup_dataloaders(
            DataLoader(
                Pictures(
                    pictures,
                    config,
                    network.output_spec,
                    start * config.pictures.batch * fabric.world_size,
                    options.steps * config.pictures.batch * fabric.world_size,
                ),
                batch_size=config.pictures.batch,
                num_workers=config.data.workers,
            )
        )
    )
    began = time.monotonic()
    model.train()
    first = fabric.is_global_zero
    log = CsvLog(out / LOG, start) if first else None
    board = None
    if config.logging.tensorboard and first:
        board = open_tensorboard(out / TENSORBOARD, start)
    bar = tqdm(total=options.steps, initial=start, disable=None if first else True, unit="step")
    both = zip(_sentences(batches), _sentences(flat_batches), strict=False)
    for step, ((inputs, targets), flat) in enumerate(both, start=start + 1):
        _seed_step(config.seed, step, fabric.global_rank)
        rng = np.random.default_rng([config.seed, 2, step, fabric.global_rank])
        inputs, targets = blend(inputs, targets, config.augmentation, rng)
        inputs = inputs.contiguous(memory_format=torch.channels_last_3d)

        logits, flat_logits = model(inputs, None if flat is None else flat[0])
        heatmaps, known = targets[:, :1], targets[:, 1:]
        terms = heatmap_loss(logits.main, logits.auxiliary, heatmaps, config.loss, known)
        loss = terms.loss
        if flat is not None and flat_logits is not None:
            drawn = heatmap_loss(flat_logits.main, flat_logits.auxiliary, flat[1], config.loss)
            loss = loss + config.pictures.weight * drawn.loss
        if not torch.isfinite(loss):
            raise TrainingError(
                f"The loss is no longer a number at step {step}; lower optimiser.learning_rate."
            )
        optimiser.zero_grad()
        fabric.backward(loss)
        fabric.clip_gradients(model, optimiser, max_norm=options.gradient_clip)
        optimiser.step()
        rate = float(schedule.get_last_lr()[0])
        schedule.step()
        ema.update(network, step)
        state["step"] = step
        if before is not None and step in _cycle_starts(options):
            before.load_state_dict(ema.module.state_dict())

        last = step == options.steps
        bar.update()
        if log is not None and (step % options.log_every == 0 or last):
            figures = {name: float(value.detach()) for name, value in terms._asdict().items()}
            if flat is not None:
                figures["pictures"] = float(drawn.loss.detach())
            figures["rate"] = rate
            log.write(step=step, **figures, seconds=time.monotonic() - began)
            if board is not None:
                board.log_metrics(figures, step)
            bar.set_postfix(loss=f"{figures['loss']:.4f}")
        if step % options.checkpoint_every == 0 or last:
            fabric.save(checkpoint, state)
        if evaluate is not None and step % config.validation.every == 0:
            if first:
                evaluate(ema.module, step)
            fabric.barrier()
    bar.close()
    if board is not None:
        board.finalize("success")
    if before is not None:
        move_towards(ema.module, before.state_dict(), options.cycle_share)
    return ema.module if first else None


class _Both(nn.Module):
    """A network in training: volumes, and in the same step pictures, if there are any."""

    def __init__(self, network: UNet3d) -> None:
        super().__init__()
        self.network = network

    def forward(self, volumes: Tensor, pictures: Tensor | None) -> tuple[Logits, Logits | None]:
        """Return the logits for both."""
        flat = None if pictures is None else forward_flat(self.network, pictures)
        return self.network.forward_with_auxiliary(volumes), flat


def start_at_prior(network: UNet3d, prior: float, config: TrainConfig) -> None:
    """Set the biases of the heads to what a network would say that knows only the mean target.

    Parameters
    ----------
    prior
        Mean of the targets.
    """
    for head in (network.seg_head, network.aux_head):
        if head is not None and head.conv.bias is not None:
            nn.init.constant_(head.conv.bias, prior_logit(prior, config.loss))


def check_folder(out: Path, resume: bool) -> None:
    """Tell whether a run can begin in a folder, or go on there.

    Raises
    ------
    TrainingError
        If there is a run and `resume` is not set, or there is none and it is.
    """
    checkpoint = out / CHECKPOINT
    if resume and not checkpoint.exists():
        raise TrainingError(f"There is no run to resume in {out}.")
    if not resume and checkpoint.exists():
        raise TrainingError(
            f"{out} already holds a run; resume it with --resume or choose another folder."
        )


def make_run_folder(out: Path) -> None:
    """Make a run's folder, and remove what a kill left half written there.

    Raises
    ------
    TrainingError
        If it cannot be made or written to.
    """
    make_folder(out, TrainingError, "choose another one with --out")
    try:
        for left_over in out.glob(f".{Path(CHECKPOINT).stem}-*{Path(CHECKPOINT).suffix}"):
            left_over.unlink()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise TrainingError(
            f"The folder {out} cannot be written to ({reason}); choose another one with --out."
        ) from error


def _is_same(saved: Any, config: Any, default: Any) -> bool:
    """Tell whether a run's configuration is `config`; keys that it does not know yet are default.

    So a run goes on after an update that brought new keys.
    """
    if not (isinstance(saved, Mapping) and isinstance(config, Mapping)):
        return bool(saved == config)
    return saved.keys() <= config.keys() and all(
        _is_same(saved.get(key, default[key]), value, default[key]) for key, value in config.items()
    )


def _sentences(batches: Iterable[Item]) -> Iterator[Item]:
    """Pass batches on; an error of ours from another process loses the traceback in its text."""
    try:
        yield from batches
    except MotorscopeError as error:
        text = str(error).rstrip()
        if not text.startswith("Caught "):
            raise
        raise type(error)(text.splitlines()[-1].partition(": ")[2]) from error


def _schedule(optimiser: AdamW, options: OptimiserConfig) -> LRScheduler:
    """Return the learning rates: constant, or up and down once in every cycle.

    Cycles are warm restarts (Loshchilov & Hutter 2017, ICLR), each with a rise of its own.
    """
    if options.schedule == "constant":
        return ConstantLR(optimiser, factor=1.0)
    starts = _cycle_starts(options)
    # The last call comes after the last step and needs a rate too.
    cycles: list[LRScheduler] = [
        OneCycleLR(
            optimiser,
            max_lr=options.learning_rate,
            total_steps=stop - start,
            pct_start=0.15,
            cycle_momentum=False,
        )
        for start, stop in pairwise([*starts, options.steps + 1])
    ]
    return cycles[0] if options.cycles == 1 else SequentialLR(optimiser, cycles, starts[1:])


def _cycle_starts(options: OptimiserConfig) -> list[int]:
    """Return how many steps are done when each cycle begins."""
    return [options.steps * cycle // options.cycles for cycle in range(options.cycles)]


def _seed_step(seed: int, step: int, rank: int) -> None:
    """Make what torch draws in a step (stochastic depth) a function of the seed and the step."""
    number = np.random.SeedSequence([seed, 3, step, rank]).generate_state(1)[0]
    torch.manual_seed(int(number))
