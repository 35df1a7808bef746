"""The worklist of a folder of tomograms, of a list, or of a batch."""

from pathlib import Path

from motorscope.batch.folder.store import is_batch
from motorscope.batch.journals import reviewables
from motorscope.review.worklist import Worklist, make_worklist
from motorscope.tomogram import Found, find_tomograms, name_of, read_list


def scan(source: Path, folder: Path | None = None) -> Worklist:
    """Return the worklist of a folder, a list or a batch, before any journal is read.

    Parameters
    ----------
    source
        A folder of tomogram files and of sub-folders with numbered slices or with TIFF stacks, or
        such a sub-folder itself, a text file with a path on each line, or the folder of a batch.
    folder
        Where journals are that cannot be beside their tomogram; the user's data folder if ``None``.

    Raises
    ------
    TomogramError
        If it cannot be read, or there is no tomogram.
    PicksError
        If there is no place for journals.
    BatchError
        If a batch has no outcomes yet.
    """
    if is_batch(source):
        batch = {Path(each.item.path): each for each in reviewables(source)}
        found = Found({path: each.item.name for path, each in batch.items()})
        return make_worklist(source, found, folder, batch)
    if source.is_file():
        return make_worklist(source, Found({p: name_of(p) for p in read_list(source)}), folder)
    return make_worklist(source, find_tomograms(source), folder)
