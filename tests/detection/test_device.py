import pytest
import torch

from motorscope.detection import DeviceError, available_devices, choose_device, choose_precision
from motorscope.detection.device import PRECISIONS, free_memory, precision_name, release

CPU = torch.device("cpu")


def test_auto_is_the_best_of_what_there_is():
    assert choose_device("auto") == torch.device(available_devices()[0])
    assert choose_device(" CPU ") == CPU


@pytest.mark.parametrize("name", ["cuda:99", "tpu", "", "cpu:1"])
def test_a_missing_device_is_named_with_those_there_are(name):
    with pytest.raises(DeviceError, match="cpu") as error:
        choose_device(name)
    assert repr(name) in str(error.value)


@pytest.mark.parametrize("amx", [False, True])
def test_bf16_on_a_cpu_needs_matrix_units(monkeypatch, amx):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"amx_bf16": amx})
    if amx:
        assert choose_precision("auto", CPU) == choose_precision("bf16", CPU) == torch.bfloat16
    else:
        assert choose_precision("auto", CPU) == torch.float32
        with pytest.raises(DeviceError, match="bf16"):
            choose_precision("bf16", CPU)


def test_accelerators_compute_in_half_precision():
    assert choose_precision("auto", torch.device("cuda:0")) == torch.float16
    assert choose_precision("auto", torch.device("mps")) == torch.float16
    assert choose_precision("fp32", torch.device("cuda:0")) == torch.float32


def test_an_unknown_precision_is_refused():
    with pytest.raises(DeviceError, match="fp8"):
        choose_precision("fp8", CPU)


def test_names_of_precisions_go_both_ways():
    assert all(precision_name(dtype) == name for name, dtype in PRECISIONS.items())


def test_a_cpu_has_memory_and_nothing_to_release():
    assert free_memory(CPU) > 0
    release(CPU)
