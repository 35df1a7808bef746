"""How good picks are: scores against a truth, reports, and the tomograms to measure models on."""

from motorscope.evaluate.data import EvaluationData, read_evaluation
from motorscope.evaluate.groups import GroupScore, score_groups
from motorscope.evaluate.metrics import (
    COMPETITION_RADIUS,
    Localisation,
    Reliability,
    Scores,
    TomogramScore,
    correct_picks,
    reliability,
    score_picks,
)
from motorscope.evaluate.report import format_report, make_tables, write_report
from motorscope.evaluate.sets import SETS, evaluation_set
from motorscope.evaluate.thresholds import Curve

__all__ = [
    "COMPETITION_RADIUS",
    "SETS",
    "Curve",
    "EvaluationData",
    "GroupScore",
    "Localisation",
    "Reliability",
    "Scores",
    "TomogramScore",
    "correct_picks",
    "evaluation_set",
    "format_report",
    "make_tables",
    "read_evaluation",
    "reliability",
    "score_groups",
    "score_picks",
    "write_report",
]
