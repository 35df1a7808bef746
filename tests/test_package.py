"""The package as people get it: light to import, and with its manifest and model inside."""

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

MANIFEST = "motorscope/napari.yaml"
MODEL = "motorscope/network/models/built-in.safetensors"

READ_MANIFEST = """
import sys
sys.path.insert(0, sys.argv[1])
from npe2 import PluginManifest
manifest = PluginManifest.from_distribution("napari-motorscope")
assert manifest.contributions.widgets, "no widgets"
import motorscope
assert motorscope.__file__.startswith(sys.argv[1]), motorscope.__file__
print(manifest.name)
"""


def python(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_contract_loads_no_torch() -> None:
    heavy = python(
        "-c",
        "import sys, motorscope.contract; print([m for m in ('torch', 'timm', 'napari', 'qtpy') "
        "if m in sys.modules])",
    )
    assert heavy.strip() == "[]"


def test_import_loads_none_of_the_heavy_packages() -> None:
    heavy = python(
        "-c",
        "import sys, motorscope; print([m for m in ('torch', 'timm', 'napari', 'qtpy', 'numpy') "
        "if m in sys.modules])",
    )
    assert heavy.strip() == "[]"


def test_tomograms_and_picks_need_neither_torch_nor_napari() -> None:
    heavy = python(
        "-c",
        "import sys, motorscope.tomogram, motorscope.picks; "
        "print([m for m in ('torch', 'timm', 'napari', 'qtpy') if m in sys.modules])",
    )
    assert heavy.strip() == "[]"


def test_every_command_explains_itself_without_loading_torch() -> None:
    script = (
        "import sys\nfrom motorscope.cli import main\n"
        "try:\n    main([{command!r}, '--help'])\nexcept SystemExit as end:\n"
        "    assert end.code == 0\n"
        "assert 'torch' not in sys.modules and 'napari' not in sys.modules\n"
    )
    for command in (
        "view",
        "detect",
        "explain",
        "simulate",
        "train",
        "evaluate",
        "convert",
        "info",
    ):
        assert f"motorscope {command}" in python("-c", script.format(command=command)).replace(
            "-c", "motorscope"
        )


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A wheel that was built from a source distribution, and that source distribution."""
    folder = tmp_path_factory.mktemp("dist")
    python("-m", "build", "--no-isolation", "--outdir", str(folder), ".")
    (wheel,) = folder.glob("*.whl")
    (sdist,) = folder.glob("*.tar.gz")
    return wheel, sdist


def test_wheel_carries_manifest_and_model(distributions: tuple[Path, Path]) -> None:
    with zipfile.ZipFile(distributions[0]) as wheel:
        assert wheel.read(MANIFEST) == (ROOT / "napari.yaml").read_bytes()
        assert wheel.getinfo(MODEL).file_size > 1_000_000


def test_sdist_carries_the_sources_alone(distributions: tuple[Path, Path]) -> None:
    with tarfile.open(distributions[1]) as sdist:
        names = {name.split("/", 1)[-1] for name in sdist.getnames()}
    assert {"napari.yaml", "src/motorscope/napari.yaml", "README.md", "LICENSE"} <= names
    assert not any(name.startswith((".venv", "runs")) for name in names)


def test_manifest_is_found_in_an_installed_wheel(
    distributions: tuple[Path, Path], tmp_path: Path
) -> None:
    with zipfile.ZipFile(distributions[0]) as wheel:
        wheel.extractall(tmp_path)  # what installing a pure wheel does
    assert python("-c", READ_MANIFEST, str(tmp_path)).strip() == "napari-motorscope"


def test_manifest_is_found_in_an_editable_install() -> None:
    assert python("-c", READ_MANIFEST, str(ROOT / "src")).strip() == "napari-motorscope"
