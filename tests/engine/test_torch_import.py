"""Torch beside a window."""

import importlib
import sys

import pytest

from motorscope.engine import torch_import
from motorscope.errors import ModelError


def test_triton_prefers_its_own_symbols_and_the_flags_are_put_back(monkeypatch):
    before = sys.getdlopenflags()
    seen = []

    def load(name):
        seen.append((name, sys.getdlopenflags() != before))
        raise ImportError

    monkeypatch.setattr(importlib, "import_module", load)
    monkeypatch.delitem(sys.modules, torch_import._TRITON, raising=False)
    torch_import.load_triton_apart()
    assert seen == [(torch_import._TRITON, True)]
    assert sys.getdlopenflags() == before


def test_torch_that_cannot_be_loaded_is_said(monkeypatch):
    def load(name):
        raise OSError("WinError 1114")

    monkeypatch.setattr(importlib, "import_module", load)
    monkeypatch.setattr(torch_import, "_driver_brings_llvm", lambda: False)
    with pytest.raises(ModelError, match="motorscope view"):
        torch_import.import_torch()
