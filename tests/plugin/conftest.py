"""A network that is easy to predict, and viewers with a volume for it."""

import atexit
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

os.environ["NAPARI_CONFIG"] = str(Path(tempfile.mkdtemp()) / "settings.yaml")

import pytest
import torch
import torch.nn.functional as F
from napari.components import ViewerModel

from motorscope.contract import Architecture, ModelCard, ModelOption, ModelRef
from motorscope.engine import ThreadEngine
from motorscope.engine.torch_import import load_triton_apart
from motorscope.network import Model, ResNetEncoder3d, UNet3d
from motorscope.plugin.compare.controller import CompareController
from motorscope.plugin.detect.controller import DetectController
from motorscope.plugin.document import Tomograms
from motorscope.plugin.layers.picks_layer import SliceThickness
from motorscope.plugin.review.controller import ReviewController
from motorscope.plugin.review.heatmaps import HeatmapController
from motorscope.tomogram import InputRecipe

atexit.register(shutil.rmtree, Path(os.environ["NAPARI_CONFIG"]).parent, ignore_errors=True)
# Tests of other rooms may import triton after a window has loaded the graphics driver.
load_triton_apart()
torch.set_num_threads(1)

SPACING = 16.0
ARCHITECTURE = Architecture(base_width=2, decoder_channels=(4,), align_corners=False)


class SpotNetwork(UNet3d):
    """Finds bright spots: a logit is the mean over the 8³ input voxels that it stands for.

    The encoder is the real one with positive weights, so that its maps are blurred spots.
    """

    def __init__(self) -> None:
        torch.manual_seed(0)
        super().__init__(
            ResNetEncoder3d(base_width=2, drop_path_rate=0.0),
            decoder_channels=(4,),
            align_corners=False,
        )
        with torch.no_grad():
            for name, weight in self.backbone.named_parameters():
                if weight.ndim == 5:
                    weight.fill_(1 / weight[0].numel())
                elif name.endswith("bias"):
                    weight.zero_()
        self.eval()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return 8 * 512 * F.avg_pool3d(x, 8) - 6


@pytest.fixture(scope="session")
def spot_card(make_card: Callable[..., ModelCard]) -> ModelCard:
    return make_card(
        ARCHITECTURE,
        name="spots",
        input=InputRecipe(spacing=SPACING, rescale_8bit=False),
        window=(64, 96, 96),
        context=(8, 8, 8),
        weights="spots.safetensors",
    )


@pytest.fixture(scope="session")
def spot_model(spot_card: ModelCard) -> Model:
    return Model(card=spot_card, network=SpotNetwork())


@pytest.fixture(scope="session")
def spot_option(spot_model: Model) -> ModelOption:
    return ModelOption(
        choice=ModelRef("spots"), card=spot_model.card, stages=spot_model.features, ready=True
    )


@pytest.fixture
def looks(spot_model: Model) -> tuple[Model, list[int]]:
    """Return a model measured with flips, and a list that grows each time it is run."""
    seen: list[int] = []

    class Counted(SpotNetwork):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            seen.append(len(seen))
            return super().forward(x)

    return Model(card=replace(spot_model.card, flips=True), network=Counted()), seen


@pytest.fixture(autouse=True)
def journals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of the journals of this test; a person's own is left alone."""
    folder = tmp_path / "data"
    monkeypatch.setattr("motorscope.review.journal.place.user_data_path", lambda *_: folder)
    return folder / "journals"


class Controllers:
    """What acts on the tomograms of a viewer, without a workspace that chooses one of them."""

    def __init__(self, viewer: ViewerModel) -> None:
        self.viewer, self.engine, self.tomograms = viewer, ThreadEngine(), Tomograms(viewer)
        self.reviews = ReviewController(self.tomograms)
        self.heatmaps = HeatmapController(self.reviews)
        self.comparisons = CompareController(self.reviews)
        self.detections = DetectController(self.reviews, self.heatmaps)
        self.thickness = SliceThickness(viewer)
        self.tomograms.changed.connect(self.thickness.fit)

    def close(self) -> None:
        self.engine.close()
        for part in (self.detections, self.comparisons, self.heatmaps, self.reviews):
            part.close()
        self.tomograms.close()


@pytest.fixture
def new_controllers() -> type[Controllers]:
    return Controllers


@pytest.fixture
def controllers(viewer: ViewerModel) -> Iterator[Controllers]:
    made = Controllers(viewer)
    yield made
    made.close()


@pytest.fixture(autouse=True)
def stages(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep computed stages of all tests together, away from a person's own."""
    folder = tmp_path_factory.getbasetemp() / "cache"
    monkeypatch.setenv("MOTORSCOPE_CACHE", str(folder))


@pytest.fixture
def viewer() -> ViewerModel:
    return ViewerModel()
