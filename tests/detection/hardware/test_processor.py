from motorscope.detection.hardware import processor


def test_the_processor_is_named_as_linux_does(tmp_path):
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(
        "processor\t: 0\nmodel name\t: AMD EPYC 9B14\nprocessor\t: 1\nmodel name\t: B\n"
    )
    assert processor._from_linux(cpuinfo).strip() == "AMD EPYC 9B14"
    assert processor._from_linux(tmp_path / "absent") == ""


def test_processors_of_one_name_with_other_instructions_have_other_marks(monkeypatch):
    marks = set()
    for able in ({}, {"avx512_bf16": False}, {"avx512_bf16": True}):
        monkeypatch.setattr(processor, "processor_capabilities", lambda able=able: able)
        marks.add(processor.processor_mark())
    assert len(marks) == 2


def test_a_pytorch_that_does_not_tell_capabilities_is_no_error(monkeypatch):
    monkeypatch.delattr(processor.torch.cpu, "get_capabilities", raising=False)
    assert processor.processor_capabilities() == {}
    assert len(processor.processor_mark()) == 8
