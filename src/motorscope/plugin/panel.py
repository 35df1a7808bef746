"""What the panel shows, as one pure function of the workspace."""

from dataclasses import dataclass

from napari.layers import Layer

from motorscope.contract.models import flips_in_words, labels
from motorscope.plugin.layers.source import density_of, full_grid, spacing_of, suggested_spacing
from motorscope.plugin.workspace import Workspace
from motorscope.tomogram import Shade
from motorscope.tomogram.grid import spacing_text

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
    density
        How dense things look, if a person said so.
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
    density: Shade | None = None
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
            card="" if option is None else option.in_words,
            details="" if option is None else option.in_full,
            devices=workspace.devices,
            device=workspace.device,
        ),
        run=RunState(
            region=workspace.region,
            flips=workspace.flips,
            flips_help=flips_in_words(option, workspace.flips),
            has_model=option is not None,
            able=able,
        ),
    )


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
        spacing="" if proposed is None else spacing_text(proposed),
        density=density_of(layer),
        known=spacing is not None,
        settable=spacing is None and proposed is not None,
        problem=workspace.tomogram_problem,
        doubt="" if spacing is None else full_grid(layer).doubt(),
    )


def _shape(layer: Layer) -> str:
    shape = layer.level_shapes[0] if layer.multiscale else layer.data.shape
    sides = " × ".join(str(side) for side in shape)
    return f"{sides}, {layer.dtype}"
