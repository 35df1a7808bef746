"""The scripts that a SLURM cluster gets, and tasks that share the tomograms of a batch."""

import os
import signal
import sys
from collections import Counter

import pytest
import tiny

from motorscope.batch.errors import BatchError
from motorscope.batch.executors import open_pool, slurm
from motorscope.batch.executors.handing_out import run_items
from motorscope.batch.executors.pool import Wanted
from motorscope.batch.workers.work import DONE, STOPPED, work_through
from motorscope.contract import run_to_end

SCRIPT = """\
#!/bin/bash

# Parameters
#SBATCH --account=lab
#SBATCH --array=0-2%2
#SBATCH --error=LOGS/%A_%a_0_log.err
#SBATCH --gpus-per-node=1
#SBATCH --job-name=motorscope
#SBATCH --nodes=1
#SBATCH --open-mode=append
#SBATCH --output=LOGS/%A_%a_0_log.out
#SBATCH --partition=gpu
#SBATCH --requeue
#SBATCH --signal=USR2@90
#SBATCH --time=90
#SBATCH --wckey=''

# setup
module load cuda
source venv/bin/activate

# command
export SUBMITIT_EXECUTOR=slurm
srun --unbuffered --output LOGS/%A_%a_%t_log.out --error LOGS/%A_%a_%t_log.err \
PYTHON -u -m submitit.core._submit LOGS
"""


@pytest.fixture
def cluster(tmp_path, monkeypatch):
    """A cluster that takes jobs and never runs any."""
    pytest.importorskip("submitit")
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    answers = {"sbatch": "echo Submitted batch job 77", "squeue": ":", "scancel": ":", "srun": ":"}
    for name, answer in answers.items():
        (bin_ / name).write_text(f'#!/bin/sh\necho {name} "$@" >> {tmp_path}/asked\n{answer}\n')
        (bin_ / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{bin_}:{os.environ['PATH']}")
    monkeypatch.setattr(slurm, "_POLL", 0.05)
    return tmp_path / "asked"


def test_script_has_an_array_with_a_limit_requeue_and_the_sites_directives(
    cluster, make_job, tmp_path
):
    job, _ = make_job("abc")
    directives = {
        "partition": "gpu",
        "gpus-per-node": "1",
        "account": "lab",
        "time": "1:30:00",
        "array-parallelism": "2",
        "setup": "module load cuda\nsource venv/bin/activate",
    }
    logs = tmp_path / "logs"
    with open_pool(Wanted("slurm", 3, directives=directives, logs=logs)) as pool:
        assert pool.tasks == 3
        for number in range(3):
            pool.executor.submit(work_through, job, number, 3)
    script = (logs / "77_submission.sh").read_text()
    script = script.replace(str(logs), "LOGS").replace(sys.executable, "PYTHON")
    assert script.rstrip("\n") == SCRIPT.rstrip("\n")


def test_tasks_that_ended_without_an_answer_are_told_of_and_stopping_cancels_them(
    cluster, make_job, tmp_path
):
    job, items = make_job("abc")
    wanted = Wanted("slurm", 2, logs=tmp_path / "logs")
    with (
        pytest.raises(BatchError, match=r"ended and left 3 undone.*run the same command again"),
        open_pool(wanted) as pool,
    ):
        run_to_end(run_items(job, items, pool, tiny.instant))
    assert "scancel 77" in cluster.read_text()


def test_tasks_share_the_work_and_do_what_others_left(make_job):
    names = [f"t{number}" for number in range(7)]
    job, _ = make_job(names)
    asked = []

    def detector(job, item, place):
        asked.append((job.owner, item.name))
        if len(asked) == 3:  # the cluster wants its node back
            os.kill(os.getpid(), signal.SIGTERM)
            return None if place.cancel.is_set() else pytest.fail("it was not told to stop")
        return tiny.instant(job, item, place)

    before = signal.getsignal(signal.SIGTERM)
    assert work_through(job, 0, 2, detector) == STOPPED
    assert signal.getsignal(signal.SIGTERM) is before
    assert [name for _, name in asked] == ["t0", "t2", "t4"]
    assert work_through(job, 1, 2, detector) == DONE
    assert {each.item.name for each in job.store.outcomes()} == set(names)
    assert Counter(name for _, name in asked) == Counter([*names, "t4"])
    assert [name for owner, name in asked if owner == "run-1"][:3] == ["t1", "t3", "t5"]
    assert not job.store.claimed()


@pytest.mark.parametrize(
    ("text", "minutes"),
    [("240", 240), ("90:00", 90), ("4:00:00", 240), ("1-12", 2160), ("1-0:30:30", 1471)],
)
def test_time_limits_are_read_as_slurm_writes_them(text, minutes):
    assert slurm.parameters({"time": text}, 3)["time"] == minutes


@pytest.mark.parametrize(
    ("directives", "says"),
    [({"time": "soon"}, "time limit"), ({"array-parallelism": "x"}, "whole number")],
)
def test_impossible_directives_are_told(directives, says):
    with pytest.raises(BatchError, match=says):
        slurm.parameters(directives, 3)


def test_machine_without_slurm_says_so(monkeypatch, tmp_path):
    pytest.importorskip("submitit")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BatchError, match="where 'sbatch' works"), open_pool(Wanted("slurm")):
        pass
