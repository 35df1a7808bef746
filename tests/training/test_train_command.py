import pytest

from motorscope import cli


def test_a_bad_config_ends_with_one_sentence(tmp_path, capsys):
    config = tmp_path / "bad.toml"
    config.write_text("[data]\nspacnig = 16")
    assert cli.main(["train", str(config), "--out", str(tmp_path / "run")]) == 2
    said = capsys.readouterr().err
    assert "data.spacnig" in said
    assert str(config) in said
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("options", [[], ["--resume"]])
def test_the_command_hands_on_what_it_was_told(tmp_path, monkeypatch, options):
    import motorscope.training

    called = {}

    def fake(config, out, resume):
        called.update(name=config.name, out=out, resume=resume)
        return out / "small.json"

    monkeypatch.setattr(motorscope.training, "train", fake)
    config = tmp_path / "small.toml"
    config.write_text("name = 'small'")
    assert cli.main(["train", str(config), "--out", str(tmp_path / "here"), *options]) == 0
    assert called == {"name": "small", "out": tmp_path / "here", "resume": bool(options)}
