"""The stages that are open: what each is of, and how long it took."""

from dataclasses import dataclass, field
from typing import Any

from motorscope.contract.stages import OpenStage, StageFacts
from motorscope.plugin.encoder.network_choice import NetworkChoice
from motorscope.plugin.layers.source import spacing_of
from motorscope.plugin.workspace import IN_VIEW
from motorscope.tomogram.grid import Box

Key = tuple[Any, ...]


@dataclass(eq=False)
class OpenStages:
    """Stages by what they are of; those of a tomogram go with it.

    Attributes
    ----------
    network
        What is looked into.
    boxes
        The box of each tomogram that is looked at where not all of it is.
    """

    network: NetworkChoice
    boxes: dict[str, Box] = field(default_factory=dict)
    _stages: dict[Key, OpenStage] = field(default_factory=dict)
    _rates: dict[str, float] = field(default_factory=dict)  # seconds a byte of one map

    def about(self, region: str) -> Key:
        """Return what a stage is of, but for its name: tomogram, place, network, region, box."""
        tomogram, option = self.network.workspace.tomogram, self.network.option
        if tomogram is None or option is None:
            return (None,)
        layer = tomogram.layer
        place = (spacing_of(layer), tuple(layer.translate)) if layer.ndim == 3 else None
        box = self.boxes.get(tomogram.id) if region == IN_VIEW else None
        return (tomogram.id, place, option.choice, region, box)

    def get(self, region: str, name: str) -> OpenStage | None:
        """Return a stage of what is chosen, if it is open."""
        return self._stages.get((*self.about(region), name))

    def keep(self, about: Key, stage: OpenStage, seconds: float | None) -> None:
        """Remember a stage, and how long it took if it was computed."""
        self._stages[*about, stage.spec.name] = stage
        if seconds is not None:
            self._rates[stage.spec.name] = seconds * stage.spec.channels / stage.maps.nbytes

    def seconds(self, fact: StageFacts) -> float | None:
        """Return how long a stage takes, by the last time; ``None`` if that is not known."""
        rate = self._rates.get(fact.spec.name)
        return None if rate is None else rate * fact.bytes / fact.spec.channels

    def forget(self, tomogram_id: str) -> None:
        """Forget the stages of a tomogram."""
        self._stages = {key: each for key, each in self._stages.items() if key[0] != tomogram_id}
