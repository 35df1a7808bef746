"""What the panel shows, as one pure function of the workspace."""

import re
from dataclasses import dataclass
from typing import Any

from napari.layers import Layer

from motorscope.contract import ModelOption
from motorscope.contract.models import labels
from motorscope.plugin.layers.source import full_grid, spacing_of, suggested_spacing
from motorscope.plugin.workspace import Workspace

Entries = tuple[tuple[str, str], ...]
"""Pairs of a value and the words that stand for it."""


@dataclass(frozen=True)
class TomogramState:
    """The tomograms, the chosen one, and what is known of it.

    Attributes
    ----------
    layers, chosen
        Identities and names, and the chosen identity.
    shape, spacing
        As text; the spacing is the layer's own, or one to be proposed.
    known, settable
        Whether the layer says its spacing; whether that in the field can be given to it as it is.
    problem
        Why it cannot be searched; empty if it can.
    doubt
        Why its spacing is probably wrong; empty if nothing speaks for it.
    """

    layers: Entries = ()
    chosen: str = ""
    shape: str = "–"
    spacing: str = ""
    known: bool = False
    settable: bool = False
    problem: str = ""
    doubt: str = ""

    def left(self, before: "TomogramState") -> bool:
        """Whether a person has gone on from the tomogram of before, which is still open."""
        return self.chosen != before.chosen and before.chosen in dict(self.layers)


@dataclass(frozen=True)
class ModelState:
    """The models by their labels, the number of the chosen one, its card; the devices."""

    labels: tuple[str, ...] = ()
    chosen: int = -1
    card: str = ""
    details: str = ""
    devices: Entries = ()
    device: str = "auto"


@dataclass(frozen=True)
class RunState:
    """What is searched and how, and whether that can begin."""

    region: str
    flips: bool
    flips_help: str
    has_model: bool
    able: bool


@dataclass(frozen=True)
class PanelState:
    """What the groups of the panel show, but for the review, which tells of itself."""

    tomogram: TomogramState
    model: ModelState
    run: RunState


def panel_state(workspace: Workspace, busy: bool = False) -> PanelState:
    """Return what the panel shows; `busy` is whether it runs something."""
    option = workspace.model
    able = not (busy or workspace.tomogram_problem or workspace.model_problem)
    return PanelState(
        tomogram=_tomogram(workspace),
        model=ModelState(
            labels=labels(workspace.options),
            chosen=workspace.options.index(option) if option in workspace.options else -1,
            card="" if option is None else describe(option),
            details="" if option is None else describe_fully(option),
            devices=workspace.devices,
            device=workspace.device,
        ),
        run=RunState(
            region=workspace.region,
            flips=workspace.flips,
            flips_help=describe_flips(option, workspace.flips),
            has_model=option is not None,
            able=able,
        ),
    )


def describe(option: ModelOption) -> str:
    """Return what a card says, in a few lines."""
    card = option.card
    recipe = card.input
    voxels = (
        f"{recipe.spacing:g} Å voxels"
        if recipe.spacing is not None
        else "resized to " + "×".join(str(side) for side in recipe.shape or ())
    )
    lines = [card.description, f"Input: {voxels}."]
    if card.training_data:
        lines.append(f"Training data: {re.split('[;.]', card.training_data)[0].lower()}.")
    if not option.ready:
        lines.append("Comes without weights: press Open file… and choose the checkpoint.")
    return "\n".join(line for line in lines if line)


def describe_fully(option: ModelOption) -> str:
    """Return the rest of what a card says, for a tooltip."""
    card = option.card
    facts: list[tuple[str, Any]] = [
        ("Trained on", card.training_data),
        ("Licence", card.licence),
        ("Threshold", card.default_threshold),
        ("Flips", "averaged over" if card.flips else "not used"),
        ("Motors at least apart", f"{card.minimum_distance:g} Å"),
        *((key, value) for key, value in card.metrics.items() if not isinstance(value, dict)),
    ]
    return "\n".join(f"{name}: {value}" for name, value in facts if value not in ("", None))


def describe_flips(option: ModelOption | None, wanted: bool) -> str:
    """Return what averaging over flips is, and whether the model was measured that way."""
    lines = [
        "Average over the volume and its mirror images along z, y and x, wherever these can make",
        "a motor: up to four times the network's work.",
    ]
    if option is not None:
        measured = option.card.flips
        lines.append(f"'{option.label}' was measured {'with' if measured else 'without'} it.")
        if wanted != measured:
            lines.append(
                f"{'With' if wanted else 'Without'} it, scores and threshold mean something "
                "slightly different."
            )
    return "\n".join(lines)


def _tomogram(workspace: Workspace) -> TomogramState:
    layers = tuple((each.id, each.layer.name) for each in workspace.tomograms)
    layer = workspace.layer
    if layer is None:
        return TomogramState(layers, problem=workspace.tomogram_problem)
    spacing = spacing_of(layer)
    proposed = spacing or suggested_spacing(layer)
    return TomogramState(
        layers=layers,
        chosen=workspace.current,
        shape=_shape(layer),
        spacing="" if proposed is None else _spacing(proposed),
        known=spacing is not None,
        settable=spacing is None and proposed is not None,
        problem=workspace.tomogram_problem,
        doubt="" if spacing is None else full_grid(layer).doubt(),
    )


def _shape(layer: Layer) -> str:
    shape = layer.level_shapes[0] if layer.multiscale else layer.data.shape
    sides = " × ".join(str(side) for side in shape)
    return f"{sides}, {layer.dtype}"


def _spacing(spacing: tuple[float, float, float]) -> str:
    numbers = [f"{each:.6g}" for each in spacing]
    return numbers[0] if len(set(numbers)) == 1 else " ".join(numbers)
