"""What a queue in a window does in threads: read a folder, open tomograms ahead, search many."""

from motorscope.batch.queue.jobs import (
    FoundAlike,
    Like,
    QueueTask,
    Searched,
    Spacing,
    alike_job,
    scan_job,
    search_job,
)
from motorscope.batch.queue.reading import Failed, Opened, TomogramReader

__all__ = [
    "Failed",
    "FoundAlike",
    "Like",
    "Opened",
    "QueueTask",
    "Searched",
    "Spacing",
    "TomogramReader",
    "alike_job",
    "scan_job",
    "search_job",
]
