"""What the network sees on its way to an answer."""

from motorscope.contract.stages import Ranking, StageFacts
from motorscope.inspection.alike.discriminant import (
    Discriminant,
    discriminant,
    find_alike,
)
from motorscope.inspection.alike.search import (
    AlikeExamples,
    AlikeFound,
    alike_stage,
    best_places,
    deviations_at,
    look_for,
    search_alike,
    similarity,
    values_at,
)
from motorscope.inspection.basis import (
    Basis,
    basis_path,
    colors,
    fit_basis,
    kept_basis,
    load_basis,
    save_basis,
)
from motorscope.inspection.cache import Entry, StageCache
from motorscope.inspection.compare import (
    compare_detections,
    compare_models,
    compare_opened,
    compare_stages,
)
from motorscope.inspection.facts import stage_facts
from motorscope.inspection.ranking import percentiles, rank_channels
from motorscope.inspection.reducers import (
    STATISTICS,
    Across,
    Assemble,
    At,
    Moments,
    Momentum,
    Project,
    Reducer,
    Sample,
    Statistic,
)
from motorscope.inspection.run import StageRun, open_stage, reduce_stage, reread
from motorscope.inspection.stage import StageRequest

__all__ = [
    "STATISTICS",
    "Across",
    "AlikeExamples",
    "AlikeFound",
    "Assemble",
    "At",
    "Basis",
    "Discriminant",
    "Entry",
    "Moments",
    "Momentum",
    "Project",
    "Ranking",
    "Reducer",
    "Sample",
    "StageCache",
    "StageFacts",
    "StageRequest",
    "StageRun",
    "Statistic",
    "alike_stage",
    "basis_path",
    "best_places",
    "colors",
    "compare_detections",
    "compare_models",
    "compare_opened",
    "compare_stages",
    "deviations_at",
    "discriminant",
    "find_alike",
    "fit_basis",
    "kept_basis",
    "load_basis",
    "look_for",
    "open_stage",
    "percentiles",
    "rank_channels",
    "reduce_stage",
    "reread",
    "save_basis",
    "search_alike",
    "similarity",
    "stage_facts",
    "values_at",
]
