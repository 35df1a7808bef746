import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest

from motorscope.network import load_model

SCRIPT = '''
import warnings
from pathlib import Path

import torch

from motorscope.tables import from_table
from motorscope.training import Hardware, train
from motorscope.training.data.samples import Samples
from motorscope.training.settings.config import TrainConfig

torch.set_num_threads(1)
warnings.simplefilter("ignore")
out = Path(__file__).parent
get = Samples.__getitem__


def noted(self, index):
    """Keep who asked for which sample."""
    if self.stop - self.first > 8:  # not the few that the heads' start is taken from
        with (out / f"samples-{torch.distributed.get_rank()}.txt").open("a") as file:
            file.write(f"{self.first + index} ")
    return get(self, index)


Samples.__getitem__ = noted
config = from_table(
    TrainConfig,
    {
        "name": "tiny",
        "network": {"base_width": 4, "decoder_channels": [8]},
        "data": {
            "crops": [[32, 32, 32]], "scenes": 1, "scene_shape": [32, 64, 64], "workers": 0,
        },
        "optimiser": {"steps": 3, "batch": 2, "log_every": 1, "checkpoint_every": 2},
        "validation": {"tomograms": 1, "final_tomograms": 1, "shape": [32, 64, 64], "every": 2},
    },
)
made = train(config, out / "run", hardware=Hardware("cpu", 2))
with (out / "ends.txt").open("a") as file:
    file.write(f"{torch.distributed.get_rank()} {made is not None}\\n")
'''


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_two_processes_share_the_samples_and_one_writes(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(SCRIPT)
    environment = os.environ | {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run(
        [sys.executable, "script.py"], cwd=tmp_path, env=environment, capture_output=True,
        text=True, timeout=1100,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    ends = (tmp_path / "ends.txt").read_text().split("\n")
    assert sorted(filter(None, ends)) == ["0 True", "1 False"]
    drawn = [set((tmp_path / f"samples-{rank}.txt").read_text().split()) for rank in (0, 1)]
    assert not drawn[0] & drawn[1]
    assert drawn[0] | drawn[1] == set(map(str, range(12)))  # 3 steps of 2 on each of 2
    steps = [{int(number) // 4 for number in part} for part in drawn]
    assert steps == [{0, 1, 2}] * 2
    with (tmp_path / "run" / "log.csv").open() as file:
        assert [row["step"] for row in csv.DictReader(file)] == ["1", "2", "3"]
    with (tmp_path / "run" / "validation.csv").open() as file:
        assert [row["step"] for row in csv.DictReader(file)] == ["2"]
    assert load_model(tmp_path / "run" / "tiny.json").card.name == "tiny"
