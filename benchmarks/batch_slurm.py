"""A batch on a real SLURM, one of whose tasks is cancelled in the middle of it.

    benchmarks/slurm/start.sh && export SLURM_CONF=/tmp/slurm/slurm.conf
    python benchmarks/batch_slurm.py

Makes tomograms and a small network in a folder that all nodes see, runs the batch as an array of
tasks, cancels one with ``scancel``, and checks that every tomogram has its outcome and none failed.
"""

import argparse
import json
import re
import subprocess
import tempfile
import time
from collections import Counter
from pathlib import Path

from tiny_batch import make_model, make_tomograms


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tomograms", type=int, default=20)
    parser.add_argument("--tasks", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="on a disk that all nodes share")
    parser.add_argument("--slurm", action="append", default=[], metavar="KEY=VALUE")
    arguments = parser.parse_args()
    folder = arguments.folder or Path(tempfile.mkdtemp(prefix="slurm-trial-"))
    folder.mkdir(parents=True, exist_ok=True)
    model = make_model(folder)
    make_tomograms(folder / "in", arguments.tomograms)

    from motorscope.batch.loop import Done
    from motorscope.batch.run import BatchRequest, run_batch

    request = BatchRequest(
        [str(folder / "in")],
        folder / "out",
        str(model),
        device="cpu",
        precision="fp32",
        on="slurm",
        workers=arguments.tasks,
        directives=dict(each.split("=", 1) for each in arguments.slurm),
    )
    began, finished, cancelled = time.monotonic(), list[str](), ""
    run = run_batch(request)
    while True:
        try:
            message = next(run)
        except StopIteration as end:
            ended = end.value
            break
        if isinstance(message, Done):
            finished.append(message.item.name)
            if len(finished) >= 3 and not cancelled:
                cancelled = cancel_one(folder / "out")
    outcomes = ended.plan.items and list(_outcomes(folder / "out", ended))
    jobs = sorted((folder / "out" / "slurm").glob("*_log.err"))
    told = [line for job in jobs for line in job.read_text().splitlines() if "ignal" in line]
    print(
        json.dumps(
            {
                "tomograms": len(ended.plan.items),
                "outcomes": len(outcomes),
                "failed": [each.error for each in outcomes if each.error],
                "told_twice": [name for name, n in Counter(finished).items() if n > 1],
                "cancelled": cancelled,
                "left_claims": len(list((folder / "out").rglob("*.claim"))),
                "seconds": round(time.monotonic() - began, 1),
                "signals": told,
            },
            indent=1,
        )
    )
    assert cancelled
    assert len(outcomes) == len(ended.plan.items) == len(set(finished)) == len(finished)
    assert not any(each.error for each in outcomes)


def cancel_one(out: Path) -> str:
    """Cancel the last task of the array that runs; return its id."""
    command = ["squeue", "--noheader", "--array", "--states=R", "--format=%i"]
    running = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    arrays = {path.name.split("_")[0] for path in (out / "slurm").glob("*_submission.sh")}
    mine = sorted(job for job in running if re.split("_", job)[0] in arrays)
    if not mine:
        return ""
    subprocess.run(["scancel", mine[-1]], check=True)
    return mine[-1]


def _outcomes(out: Path, ended):
    from motorscope.batch.folder.store import Store

    return Store(out, ended.record.settings.key).outcomes()


if __name__ == "__main__":
    main()
