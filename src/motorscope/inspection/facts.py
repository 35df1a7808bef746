"""What can be told of a stage before it is computed."""

from motorscope.contract.stages import StageFacts
from motorscope.inspection.stage import StageRequest
from motorscope.network import receptive_radius
from motorscope.tomogram import prepared_grid


def stage_facts(request: StageRequest, kept: bool = False) -> StageFacts:
    """Return the facts of a stage; the network's weights do not matter.

    `kept` is told as it is: whether the stage is on disk already.

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
        kept=kept,
    )
