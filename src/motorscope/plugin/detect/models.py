"""Which models and devices there are: asked of the engine once for all docks."""

from collections.abc import Callable

from motorscope.contract import Inventory, InventoryRequest
from motorscope.engine import Failure, run_on
from motorscope.engine.question import Runner
from motorscope.plugin.settings import preferences
from motorscope.plugin.workspace import Workspace


def look_for_models(
    workspace: Workspace,
    runner: Runner,
    warn: Callable[[str], object],
    on_end: Callable[[bool], object] = lambda known: None,
) -> None:
    """Let a workspace know what there is to choose from.

    Parameters
    ----------
    runner
        Runs the question in a thread.
    warn
        Called with a sentence if that fails.
    on_end
        Called at the end with whether it is known now.
    """

    def take(result: Inventory | Failure | None) -> None:
        if isinstance(result, Failure):
            warn(result.text)
        elif result is not None:
            workspace.take_inventory(result)
        on_end(isinstance(result, Inventory))

    request = InventoryRequest(preferences().model)
    runner.start(run_on, workspace.engine, request, on_result=take)
