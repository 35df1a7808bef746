"""What is asked, said and answered between who wants something computed and who computes it.

Nothing here loads torch.
"""

from motorscope.contract.cancel import CancelToken
from motorscope.contract.card import Architecture, Calibration, FeatureSpec, ModelCard
from motorscope.contract.card_json import (
    card_from_json,
    card_to_json,
    read_card_file,
    write_card_file,
)
from motorscope.contract.messages import (
    HeatmapBlock,
    HeatmapStarted,
    Message,
    Notice,
    Progress,
    Run,
    run_to_end,
)
from motorscope.contract.models import Inventory, ModelOption
from motorscope.contract.refs import ModelRef, VolumeRef
from motorscope.contract.requests import (
    DetectionRequest,
    InventoryRequest,
    ModelRequest,
    Region,
    Request,
    RunSettings,
)
from motorscope.contract.results import DetectionResult

__all__ = [
    "Architecture",
    "Calibration",
    "CancelToken",
    "DetectionRequest",
    "DetectionResult",
    "FeatureSpec",
    "HeatmapBlock",
    "HeatmapStarted",
    "Inventory",
    "InventoryRequest",
    "Message",
    "ModelCard",
    "ModelOption",
    "ModelRef",
    "ModelRequest",
    "Notice",
    "Progress",
    "Region",
    "Request",
    "Run",
    "RunSettings",
    "VolumeRef",
    "card_from_json",
    "card_to_json",
    "read_card_file",
    "run_to_end",
    "write_card_file",
]
