"""Detection in files for one table: many tomograms in, one CSV of picks that grows out."""

from motorscope.batch.table.checks import check_files
from motorscope.batch.table.run import FileDone, FilesRequest, FilesResumed, detect_files

__all__ = ["FileDone", "FilesRequest", "FilesResumed", "check_files", "detect_files"]
