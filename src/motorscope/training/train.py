"""A training run from its configuration to a model that can be used."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import nn

from motorscope.contract import write_card_file
from motorscope.errors import ConfigError
from motorscope.network import UNet3d, build_network, load_encoder_weights, load_model, read_card
from motorscope.training.data.labelled import read_labelled
from motorscope.training.data.mistakes import find_mistakes
from motorscope.training.data.pictures import SectionPool
from motorscope.training.data.samples import CropSource, MixedSource, Samples
from motorscope.training.data.scenes import ScenePool
from motorscope.training.data.tomograms import prepare_tomograms
from motorscope.training.fitting.averages import move_towards
from motorscope.training.fitting.hardware import Hardware, is_first_process
from motorscope.training.fitting.loop import check_folder, fit, make_run_folder, start_at_prior
from motorscope.training.measuring.held_out import (
    TOO_FEW,
    Comparison,
    Split,
    compare_models,
    format_split,
    split_tomograms,
    write_comparison,
    write_split,
)
from motorscope.training.measuring.validation import figures
from motorscope.training.saving import Validation, describe_data
from motorscope.training.settings.config import TrainConfig
from motorscope.training.settings.config_file import read_config


@dataclass(frozen=True)
class Trained:
    """What a run made.

    Attributes
    ----------
    card
        The model's card.
    comparison
        Its scores on the tomograms held out, if there were any.
    """

    card: Path
    comparison: Comparison | None


def train(
    config: TrainConfig | Path | str,
    out: Path | str,
    resume: bool = False,
    hardware: Hardware | None = None,
    tell: Callable[[str], None] | None = None,
) -> Trained | None:
    """Train a model and write it into a folder.

    The folder gets ``NAME.safetensors`` and ``NAME.json``, which `load_model` and every command
    take, ``log.csv`` (losses), ``validation.csv`` (scores on simulated tomograms), and
    ``last.ckpt``, from which a run that was killed goes on. With tomograms of a person also
    ``split.csv`` (which were held out) and ``held-out.csv`` (scores there, before and after).

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
    tell
        Called with a sentence about the data before the training begins.

    Returns
    -------
    Trained or None
        ``None`` in the processes that only help, where there are several devices.

    Raises
    ------
    ConfigError
        If the configuration is not valid, or what it names does not fit together.
    ModelError
        If weights to start from cannot be loaded.
    TrainingError
        If the folder and `resume` do not fit, the loss stops being a number, or the disk is full.
    """
    if not isinstance(config, TrainConfig):
        config = read_config(config)
    out = Path(out)
    check_folder(out, resume)
    split = _read_split(config)
    network = new_network(config)
    if tell is not None and split.training and is_first_process():
        tell(format_split(split))
        if config.data.held_out > 0 and not split.held_out:
            tell(TOO_FEW)
    make_run_folder(out)
    source = choose_source(config, split, out)
    if config.network.start_from is None:
        start_at_prior(network, _mean_target(network, source, config), config)
    validation = Validation(config, out, describe_data(config, split))
    averaged = fit(
        network,
        source,
        config,
        out,
        resume=resume,
        hardware=hardware,
        evaluate=validation if config.validation.tomograms else None,
        pictures=SectionPool(out / "sections") if config.pictures.sections else None,
    )
    if averaged is None:
        return None
    mix_in_start(averaged, config)
    card = validation.save(averaged, config.validation.final_tomograms)
    path = out / f"{config.name}.json"
    if split.training:
        write_split(out / "split.csv", split)
    if not split.held_out:
        return Trained(path, None)
    radius = config.validation.radius
    comparison = compare_models(config.network.start_from, path, split.held_out, radius)
    write_comparison(out / "held-out.csv", comparison)
    measured = {**card.metrics, "held_out": figures(comparison.after)}
    write_card_file(replace(read_card(path), metrics=measured), path)
    return Trained(path, comparison)


def choose_source(config: TrainConfig, split: Split, out: Path) -> CropSource:
    """Return where the crops come from: simulated scenes, a folder of tomograms, or both."""
    scenes = ScenePool(out / "scenes")
    if config.network.start_from is not None and config.data.mistake_share:
        model = load_model(config.network.start_from)
        scenes = replace(scenes, mistakes=find_mistakes(scenes, config, model))
    if not split.training:
        return scenes
    tomograms = prepare_tomograms(split.training, config.data.recipe(), out / "tomograms")
    if not config.data.scenes:
        return tomograms
    share = config.data.real_share
    return MixedSource((scenes, tomograms), (1 - share, share))


def new_network(config: TrainConfig) -> UNet3d:
    """Build the network that training starts from.

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
                f"({model.card.architecture}) than [network] says; leave the keys of its size out, "
                "or start from another model."
            )
        network.load_state_dict(model.network.state_dict())
        return network
    if settings.encoder_weights is not None:
        load_encoder_weights(network.encoder, settings.encoder_weights)
    return network


def mix_in_start(network: nn.Module, config: TrainConfig) -> None:
    """Move a trained network's weights towards those that it started from, by `start_share`."""
    settings = config.network
    if settings.start_from is None or not settings.start_share:
        return
    start = load_model(settings.start_from).network.state_dict()
    move_towards(network, start, settings.start_share)


def _read_split(config: TrainConfig) -> Split:
    if config.data.tomograms is None:
        return Split()
    return split_tomograms(read_labelled(config.data), config.data.held_out, config.seed)


def _mean_target(network: UNet3d, source: CropSource, config: TrainConfig) -> float:
    """Return the mean of a few targets."""
    samples = Samples(source, config, network.output_spec, 0, 8, config.optimiser.batch)
    return max(float(np.mean([float(target[0].mean()) for _, target in samples])), 1e-5)
