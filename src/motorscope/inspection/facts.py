"""What can be told of a stage before it is computed."""

from dataclasses import dataclass

from motorscope.contract import FeatureSpec
from motorscope.inspection.stage import StageRequest
from motorscope.network import receptive_radius
from motorscope.tomogram import Shape, Vector, prepared_grid


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


def stage_facts(request: StageRequest) -> StageFacts:
    """Return the facts of a stage; the network's weights do not matter.

    Raises
    ------
    ModelError
        If there is no such stage.
    SpacingError
        If the tomogram's voxel spacing is unknown.
    """
    model = request.model
    z, y, x = prepared_grid(request.tomogram.grid, model.card.input).known_spacing()
    side = 2 * receptive_radius(model.network, request.stage) + 1
    return StageFacts(
        spec=request.spec,
        spacing=request.grid.known_spacing(),
        sees=(side * z, side * y, side * x),
        shape=request.grid.shape,
        bytes=request.map_bytes,
    )
