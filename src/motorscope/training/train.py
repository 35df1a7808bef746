"""A training run from its configuration to a model that can be used."""

import csv
import math
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import nn

from motorscope.errors import ConfigError
from motorscope.network import (
    Calibration,
    Model,
    ModelCard,
    UNet3d,
    build_network,
    load_encoder_weights,
    load_model,
    save_model,
)
from motorscope.training.config import TrainConfig
from motorscope.training.config_file import read_config
from motorscope.training.loop import Hardware, fit, start_at_prior
from motorscope.training.samples import CropSource, MixedSource, Samples
from motorscope.training.scenes import ScenePool
from motorscope.training.tomograms import prepare_tomograms
from motorscope.training.validation import (
    choose_threshold,
    examine,
    fit_calibration,
    held_out,
    score,
)

WINDOW = (512, 512, 512)
CONTEXT = (64, 64, 64)
"""Measured: a cut changes logits by 0.04 in the mean 48 voxels away from it, by 0.01 at 64."""


def train(
    config: TrainConfig | Path | str,
    out: Path | str,
    resume: bool = False,
    hardware: Hardware | None = None,
) -> Path:
    """Train a model and write it into a folder.

    The folder gets ``NAME.safetensors`` and ``NAME.json``, which `load_model` and every command
    take, ``log.csv`` (losses), ``validation.csv`` (scores on held-out tomograms), and
    ``last.ckpt``, from which a run that was killed goes on.

    Parameters
    ----------
    config
        A configuration, or the path of its TOML file.
    out
        The run's folder; made if absent.
    resume
        Go on with the run that lies there.
    hardware
        Where to train; by default on what there is.

    Returns
    -------
    Path
        The model's card.

    Raises
    ------
    ConfigError
        If the configuration is not valid.
    ModelError
        If weights to start from cannot be loaded.
    TrainingError
        If the folder and `resume` do not fit, or the loss stops being a number.
    """
    if not isinstance(config, TrainConfig):
        config = read_config(config)
    out = Path(out)
    source = choose_source(config, out)
    network = new_network(config, source)
    validation = Validation(config, out)
    averaged = fit(
        network,
        source,
        config,
        out,
        resume=resume,
        hardware=hardware,
        evaluate=validation if config.validation.tomograms else None,
    )
    validation.save(averaged, config.validation.final_tomograms)
    return out / f"{config.name}.json"


def choose_source(config: TrainConfig, out: Path) -> CropSource:
    """Return where the crops come from: simulated scenes, a folder of tomograms, or both."""
    scenes = ScenePool(out / "scenes")
    if config.data.tomograms is None:
        return scenes
    tomograms = prepare_tomograms(config, out / "tomograms")
    if not config.data.scenes:
        return tomograms
    share = config.data.real_share
    return MixedSource((scenes, tomograms), (1 - share, share))


def new_network(config: TrainConfig, source: CropSource | None) -> UNet3d:
    """Build the network that training starts from.

    With random weights its heads begin at what the mean target of `source` asks for.

    Raises
    ------
    ConfigError
        If a model to start from has another architecture.
    ModelError
        If weights cannot be loaded.
    """
    settings = config.network
    torch.manual_seed(config.seed)
    network = build_network(
        settings.architecture(), settings.drop_path_rate, settings.checkpointing
    )
    if settings.start_from is not None:
        model = load_model(settings.start_from)
        if model.card.architecture != settings.architecture():
            raise ConfigError(
                f"network.start_from: '{settings.start_from}' is another network "
                f"({model.card.architecture}); set the same under [network]."
            )
        network.load_state_dict(model.network.state_dict())
        return network
    if settings.encoder_weights is not None:
        load_encoder_weights(network.encoder, settings.encoder_weights)
    if source is not None:
        start_at_prior(network, _mean_target(network, source, config), config)
    return network


def make_card(config: TrainConfig, calibration: Calibration, threshold: float = 0.5) -> ModelCard:
    """Return the card of a model trained with a configuration."""
    return ModelCard(
        name=config.name,
        description=(
            f"{config.network.backbone}, {config.network.base_width} channels wide, at "
            f"{config.data.spacing:g} Å isotropic. Finds bacterial flagellar motors in "
            "cryo-electron tomograms."
        ),
        architecture=config.network.architecture(),
        input=config.data.recipe(),
        calibration=calibration,
        window=WINDOW,
        context=CONTEXT,
        default_threshold=threshold,
        minimum_distance=config.validation.minimum_distance,
        training_data=(
            "Simulated tomograms only; real data with motors were not available, so scores on real "
            "tomograms are unknown. Fine-tune it on picks of your own before relying on it."
        ),
        licence="BSD-3-Clause",
    )


@dataclass(frozen=True)
class Validation:
    """Scores the averaged network on held-out tomograms, and writes the calibrated model.

    Attributes
    ----------
    config, out
        The run and its folder.
    """

    config: TrainConfig
    out: Path

    def __call__(self, network: nn.Module, step: int) -> None:
        """Score, calibrate and save the network; append a row to ``validation.csv``."""
        card = self.save(network, self.config.validation.tomograms)
        row = {"step": step, **card.metrics}
        path = self.out / "validation.csv"
        is_new = not path.exists()
        with path.open("a", newline="") as file:
            writer = csv.DictWriter(file, fieldnames=list(row))
            if is_new:
                writer.writeheader()
            writer.writerow(row)

    def save(self, network: nn.Module, tomograms: int) -> ModelCard:
        """Write the network; calibration and threshold come from so many held-out tomograms."""
        assert isinstance(network, UNet3d)
        options = self.config.validation
        start = Calibration(shift=math.log(self.config.loss.pos_weight))
        card = make_card(self.config, start)
        if tomograms:
            model = Model(card, network.eval())
            findings = examine(model, held_out(options, tomograms), options.radius)
            calibration = fit_calibration(findings, start)
            threshold = choose_threshold(findings, calibration)
            metrics = {
                "measured_on": "held-out simulated tomograms",
                **score(findings, calibration, threshold).table(),
            }
            card = replace(make_card(self.config, calibration, threshold), metrics=metrics)
        save_model(network, card, self.out, storage="fp16")
        return card


def _mean_target(network: UNet3d, source: CropSource, config: TrainConfig) -> float:
    """Return the mean of a few targets."""
    samples = Samples(source, config, network.output_spec, 0, 8, config.optimiser.batch)
    return max(float(np.mean([float(target.mean()) for _, target in samples])), 1e-5)
