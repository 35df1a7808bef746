import json
import math

import pytest
import torch

from motorscope.detection import choose_precision
from motorscope.detection.hardware import precision as precision_module
from motorscope.detection.hardware.precision import PRECISIONS, precision_name, remembered
from motorscope.errors import DeviceError

CPU = torch.device("cpu")
CUDA = torch.device("cuda:0")


@pytest.fixture(autouse=True)
def _names(monkeypatch):
    monkeypatch.setattr(precision_module, "processor_name", lambda: "AMD EPYC 9B14")
    monkeypatch.setattr(precision_module, "device_name", lambda device: "NVIDIA H100")


@pytest.mark.parametrize(
    ("speedup", "said"),
    [
        (2.4, "bf16: 2.4 times as fast as fp32 on AMD EPYC 9B14"),
        (1.2, "bf16: 1.2 times as fast as fp32 on AMD EPYC 9B14"),
        (1.1, "fp32: bf16 is only 1.1 times as fast on AMD EPYC 9B14"),
        (0.04, "fp32: bf16 takes 25 times as long on AMD EPYC 9B14"),
        (0.0, "fp32: bf16 cannot be computed on AMD EPYC 9B14"),
    ],
)
def test_a_cpu_computes_in_what_is_faster_there(speedup, said):
    assert str(choose_precision("auto", CPU, speedup=lambda: speedup)) == said


def test_bf16_that_is_asked_for_is_refused_only_where_it_is_far_slower():
    asked = choose_precision(" BF16 ", CPU, speedup=lambda: 0.9)
    assert (asked.dtype, asked.name) == (torch.bfloat16, "bf16")
    with pytest.raises(DeviceError, match=r"bf16 takes 20 times as long .+ as fp32; choose auto"):
        choose_precision("bf16", CPU, speedup=lambda: 0.05)
    with pytest.raises(DeviceError, match="bf16 cannot be computed"):
        choose_precision("bf16", CPU, speedup=lambda: 0.0)


def test_fp16_is_refused_on_a_cpu():
    with pytest.raises(DeviceError, match=r"CPU computes in fp16 .+; choose auto or fp32"):
        choose_precision("fp16", CPU)


@pytest.mark.parametrize(
    ("difference", "said"),
    [
        (0.0007, "fp16: differs from fp32 by 0.07% on NVIDIA H100"),
        (0.02, "fp16: differs from fp32 by 2.00% on NVIDIA H100"),
        (0.05, "fp32: fp16 differs from it by 5.0% on NVIDIA H100, which is too much"),
        (math.inf, "fp32: fp16 does not work on NVIDIA H100"),
    ],
)
def test_an_accelerator_computes_in_half_precision_where_that_is_right(difference, said):
    for device in (CUDA, torch.device("mps")):
        chosen = choose_precision("auto", device, difference=lambda *arguments: difference)
        assert str(chosen) == said


def test_what_is_asked_for_on_an_accelerator_is_not_tried_out():
    def never(device: torch.device, dtype: torch.dtype) -> float:
        raise AssertionError

    assert choose_precision("fp32", CUDA, difference=never).dtype == torch.float32
    assert str(choose_precision("fp16", CUDA, difference=never)) == "fp16: as asked for"


def test_an_unknown_precision_is_refused():
    with pytest.raises(DeviceError, match="fp8"):
        choose_precision("fp8", CPU)


def test_names_of_precisions_go_both_ways():
    assert all(precision_name(dtype) == name for name, dtype in PRECISIONS.items())


def test_a_cpu_is_timed_once_and_the_answer_kept_for_processor_and_pytorch(monkeypatch, tmp_path):
    def timed(speedup: float, version: str) -> str:
        precision_module._measured_speedup.cache_clear()  # as in another process
        monkeypatch.setattr(precision_module, "bf16_speedup", lambda: speedup)
        monkeypatch.setattr(precision_module.torch, "__version__", version)
        return choose_precision("auto", CPU).name

    monkeypatch.setenv("MOTORSCOPE_CACHE", str(tmp_path / "cache"))
    try:
        assert timed(2.4, "2.13") == "bf16"
        assert timed(0.1, "2.13") == "bf16"
        assert timed(0.1, "2.14") == "fp32"
        assert timed(0.1, "2.13") == "bf16"
        monkeypatch.setattr(precision_module, "processor_name", lambda: "another")
        assert timed(0.1, "2.13") == "fp32"
    finally:
        precision_module._measured_speedup.cache_clear()
    (path,) = (tmp_path / "cache").iterdir()
    assert len(json.loads(path.read_text())) == 3


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[1]",
        "null",
        '{"a": "fast"}',
        '{"a": -1}',
        '{"a": NaN}',
        '{"a": 1e999}',
        "\x80\xff",
    ],
)
def test_a_damaged_file_of_answers_is_no_error_and_is_mended(tmp_path, content):
    path = tmp_path / "numbers.json"
    path.write_bytes(content.encode("latin-1"))
    assert remembered(path, "a", lambda: 2.0) == 2.0
    assert remembered(path, "a", lambda: 3.0) == 2.0
    assert list(tmp_path.iterdir()) == [path]


def test_answers_that_cannot_be_kept_are_no_error(tmp_path):
    (tmp_path / "file").touch()
    path = tmp_path / "file" / "numbers.json"
    assert remembered(path, "a", lambda: 2.0) == 2.0
    assert remembered(path, "a", lambda: 3.0) == 3.0


def test_answers_of_others_stay(tmp_path):
    path = tmp_path / "numbers.json"
    remembered(path, "a", lambda: 2.0)
    remembered(path, "b", lambda: 0.5)
    assert json.loads(path.read_text()) == {"a": 2.0, "b": 0.5}
