"""What can be told of a network's stages before they are computed."""

from dataclasses import dataclass

from motorscope.contract import FeatureSpec
from motorscope.inspection.stage import StageRequest
from motorscope.network import EncoderModel, Model, receptive_radius
from motorscope.tomogram import Shape, Tomogram, Vector, prepared_grid


@dataclass(frozen=True)
class StageFacts:
    """A stage of a network for a tomogram; triples are z, y, x.

    Attributes
    ----------
    spec
        Name, channels, stride in voxels of the network's input, offset.
    spacing
        Size of its voxels in Å.
    sees
        Sides of the box in Å that one voxel depends on at most.
    shape
        Its voxels.
    bytes
        What all its maps take.
    """

    spec: FeatureSpec
    spacing: Vector
    sees: Vector
    shape: Shape
    bytes: int


def stage_facts(tomogram: Tomogram, model: Model | EncoderModel) -> tuple[StageFacts, ...]:
    """Return the facts of all stages, from the stem on; the network's weights do not matter.

    Raises
    ------
    SpacingError
        If the tomogram's voxel spacing is unknown.
    """
    z, y, x = prepared_grid(tomogram.grid, model.card.input).known_spacing()
    facts = []
    for spec in model.taps:
        request = StageRequest(tomogram, model, spec.name)
        side = 2 * receptive_radius(model.network, spec.name) + 1
        facts.append(
            StageFacts(
                spec=spec,
                spacing=request.grid.known_spacing(),
                sees=(side * z, side * y, side * x),
                shape=request.grid.shape,
                bytes=request.map_bytes,
            )
        )
    return tuple(facts)
