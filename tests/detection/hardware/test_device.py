import pytest
import torch

from motorscope.detection import available_devices, choose_device
from motorscope.detection.hardware.device import device_name, free_memory, release
from motorscope.errors import DeviceError

CPU = torch.device("cpu")


def test_auto_is_the_best_of_what_there_is():
    assert choose_device("auto") == torch.device(available_devices()[0])
    assert choose_device(" CPU ") == CPU


@pytest.mark.parametrize("name", ["cuda:99", "tpu", "", "cpu:1"])
def test_a_missing_device_is_named_with_those_there_are(name):
    with pytest.raises(DeviceError, match="cpu") as error:
        choose_device(name)
    assert repr(name) in str(error.value)


def test_a_cpu_has_memory_and_nothing_to_release():
    assert free_memory(CPU) > 0
    release(CPU)


def test_a_cpu_has_a_name():
    assert device_name(CPU) == device_name(CPU).strip() != ""
