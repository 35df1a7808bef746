import platform
from pathlib import Path

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


def test_a_cpu_has_memory_for_windows():
    assert free_memory(CPU) > 0


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another allocator")
def test_what_was_freed_is_given_back():
    blocks = [bytes(b"1" * 100_000) for _ in range(2000)]
    last = blocks[-1]  # keeps glibc from giving back what lies before it
    full = resident()
    blocks.clear()
    release(CPU)
    assert resident() < full - 150_000_000
    assert last


def resident() -> int:
    status = Path("/proc/self/status").read_text()
    return 1024 * int(status.partition("RssAnon:")[2].split()[0])


def test_a_cpu_has_a_name():
    assert device_name(CPU) == device_name(CPU).strip() != ""
