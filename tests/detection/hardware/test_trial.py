import time

import numpy as np
import pytest
import torch

from motorscope.detection.hardware.trial import _LARGE, _SMALL, bf16_speedup, half_difference
from motorscope.detection.hardware.trial import relative_difference as difference_of

CPU = torch.device("cpu")


class Machine:
    """A processor and its clock: so many seconds for a block, and more at the first call."""

    def __init__(self, fp32: float, bf16: float, first: float = 0.0) -> None:
        self.seconds = {torch.float32: fp32, torch.bfloat16: bf16}
        self.first, self.now = first, 0.0
        self.blocks: list[tuple[torch.dtype, int, int]] = []

    def __call__(self, dtype: torch.dtype, channels: int, side: int) -> None:
        if (dtype, channels, side) not in self.blocks:
            self.now += self.first
        self.blocks.append((dtype, channels, side))
        self.now += self.seconds[dtype] * (1 if (channels, side) == _LARGE else 0.1)

    def clock(self) -> float:
        return self.now


@pytest.mark.parametrize(("bf16", "speedup"), [(0.004, 2.5), (0.01, 1.0), (0.02, 0.5)])
def test_the_best_times_are_compared_and_what_a_first_call_costs_is_not(bf16, speedup):
    machine = Machine(0.01, bf16, first=0.05)
    assert bf16_speedup(machine, machine.clock) == pytest.approx(speedup)
    assert machine.now < 0.6


def test_a_processor_without_bf16_is_not_tried_with_a_large_block():
    machine = Machine(0.02, 0.6)
    assert bf16_speedup(machine, machine.clock) == pytest.approx(1 / 30)
    assert {block[1:] for block in machine.blocks} == {_SMALL}
    assert machine.now < 0.3


def test_blocks_on_which_fp32_takes_a_slow_way_do_not_decide():
    """An Ice Lake Xeon took bf16 for the faster by blocks of 16 voxels; it is the slower by far."""

    class IceLake(Machine):
        def __call__(self, dtype, channels, side):
            super().__call__(dtype, channels, side)
            if side < 28 and dtype == torch.float32:
                self.now += self.seconds[torch.bfloat16]

    machine = IceLake(0.01, 0.025)
    assert bf16_speedup(machine, machine.clock) == pytest.approx(0.4)


def test_a_processor_that_refuses_bf16_has_no_speedup():
    def refuse(dtype: torch.dtype, channels: int, side: int) -> None:
        if dtype == torch.bfloat16:
            raise RuntimeError("could not create a primitive")

    assert bf16_speedup(refuse) == 0


def test_a_trial_here_is_short_and_leaves_the_threads_as_they_were():
    torch.set_num_threads(2)
    bf16_speedup()  # kernels are loaded
    began = time.thread_time()
    assert 0 < bf16_speedup() < 100
    assert time.thread_time() - began < 0.3
    assert torch.get_num_threads() == 2


def test_a_device_is_held_against_fp32_on_the_cpu():
    assert half_difference(CPU, torch.float32) == 0
    assert 0 < half_difference(CPU, torch.bfloat16) < 0.02


@pytest.mark.parametrize(
    ("got", "difference"), [([3.0, 4.0], 0.0), ([3.0, 4.5], 0.1), ([np.nan, 4.0], np.inf)]
)
def test_a_difference_is_a_share_of_the_output(got, difference):
    assert difference_of(np.array(got), np.array([3.0, 4.0])) == pytest.approx(difference)


@pytest.mark.gpu
def test_half_precision_on_a_gpu_agrees_with_fp32_on_the_cpu():
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    assert half_difference(torch.device("cuda:0"), torch.float16) < 0.02
