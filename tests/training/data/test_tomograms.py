import dataclasses

import numpy as np
from scipy import ndimage

from motorscope.contract import Architecture
from motorscope.network import build_network
from motorscope.picks import PickTable
from motorscope.training.data.labelled import read_labelled
from motorscope.training.data.samples import MixedSource, Samples
from motorscope.training.data.scenes import ScenePool
from motorscope.training.data.tomograms import prepare_tomograms
from motorscope.training.measuring.held_out import Split
from motorscope.training.settings.config import TrainConfig
from motorscope.training.settings.crop_config import AugmentationConfig, DataConfig
from motorscope.training.train import choose_source

BALL = np.array([160.0, 176.0, 248.0])  # Å
PLAIN = AugmentationConfig(rescale=(1.0, 1.0), stretch=(1.0, 1.0))


def config_for(folder, picks, **options):
    values = {"crops": ((32, 32, 32),), "scenes": 0, "motor_share": 1.0, "structure_share": 0.0,
              "jitter": 0.05, **options}  # fmt: skip
    data = DataConfig(tomograms=str(folder), picks=str(picks), **values)
    return TrainConfig(data=data, augmentation=PLAIN)


def source_for(config, cache):
    """Return the tomograms as they are: the balls stay bright."""
    recipe = dataclasses.replace(config.data.recipe(), density=None)
    return prepare_tomograms(read_labelled(config.data), recipe, cache)


def said(status):
    return PickTable.from_positions([BALL], scores=0.9, status=status)


def test_a_motor_lies_where_its_pick_says(labelled_folder, tmp_path):
    config = config_for(*labelled_folder(full=said("accepted"), empty=None))
    source = source_for(config, tmp_path / "cache")
    assert [len(one.motors) for one in source.tomograms] == [0, 1]
    rng = np.random.default_rng(0)
    crops = [source.draw(config, (20, 20, 20), rng) for _ in range(12)]
    hits = [crop for crop in crops if len(crop.positions)]
    assert 0 < len(hits) < len(crops)
    for crop in hits:
        place = ndimage.center_of_mass(crop.volume > 0.5)
        np.testing.assert_allclose(place, crop.positions[0], atol=0.6)


def test_motors_of_the_competition_lie_where_the_labels_say(competition, tmp_path):
    config = config_for(*competition)
    source = source_for(config, tmp_path / "cache")
    assert [len(one.motors) for one in source.tomograms] == [0, 1, 2]
    for one in source.tomograms:
        volume = np.load(one.file).astype(np.float32)
        for motor in one.motors:
            around = tuple(slice(max(int(c) - 3, 0), int(c) + 5) for c in np.round(motor))
            assert volume[around].max() > 0.9
            near = np.linalg.norm(np.argwhere(volume > 0.9) - motor, axis=1)
            assert near.min() < 1.5


def test_tomograms_of_bright_density_are_inverted(labelled_folder, tmp_path):
    config = config_for(*labelled_folder(full=said("accepted")))
    labelled = read_labelled(config.data)
    (one,) = prepare_tomograms(labelled, config.data.recipe(), tmp_path / "dark").tomograms
    (as_is,) = source_for(config, tmp_path / "bright").tomograms
    np.testing.assert_allclose(np.load(one.file), 1 - np.load(as_is.file), atol=2e-3)


def test_prepared_volumes_are_used_again(labelled_folder, tmp_path):
    config = config_for(*labelled_folder(full=said("accepted"), empty=None))
    first = source_for(config, tmp_path / "cache")
    before = [one.file.stat().st_mtime_ns for one in first.tomograms]
    again = source_for(config, tmp_path / "cache")
    assert [one.file.stat().st_mtime_ns for one in again.tomograms] == before


def test_rejected_picks_are_looked_at_more_often(labelled_folder, tmp_path):
    picks = labelled_folder(full=said("rejected"), empty=None, other=None)

    def share_near(rejected_share):
        config = config_for(*picks, rejected_share=rejected_share, motor_share=0.0)
        source = source_for(config, tmp_path / "cache")
        rng = np.random.default_rng(0)
        crops = [source.draw(config, (16, 16, 16), rng) for _ in range(200)]
        assert not any(len(crop.positions) for crop in crops)
        return np.mean([crop.volume[6:10, 6:10, 6:10].max() > 0.8 for crop in crops])

    assert share_near(0.0) < 0.2
    assert share_near(0.75) > 0.6


def test_the_neighbourhood_of_an_undecided_candidate_is_not_learned_from(labelled_folder, tmp_path):
    folder, picks = labelled_folder(full=said("candidate"))
    config = dataclasses.replace(
        config_for(folder, picks, jitter=0.5, spacing=8.0),
        augmentation=AugmentationConfig(dropout=0.0, invert=0.0, edge=0.0, mirror=1.0),
    )
    config = dataclasses.replace(
        config, validation=dataclasses.replace(config.validation, minimum_distance=60.0)
    )
    output = build_network(Architecture(base_width=4, decoder_channels=(8, 8))).output_spec
    samples = Samples(source_for(config, tmp_path / "cache"), config, output, 0, 60, 4)
    seen = 0
    for volume, target in samples:
        assert target[0].max() == 0  # it is no motor
        place = ndimage.maximum_filter(ndimage.gaussian_filter(volume[0].numpy(), 2), 3).argmax()
        voxel = np.array(np.unravel_index(place, volume.shape[1:]))
        inner = (voxel > 4).all() and (voxel < 27).all()
        if inner and ndimage.gaussian_filter(volume[0].numpy(), 2).max() > 0.7:
            seen += 1
            index = tuple(np.round((voxel - output.offset) / output.stride).astype(int))
            assert target[1][index] == 0
        assert target[1].mean() > 0.5  # but for its surroundings all is known
    assert seen > 5


def test_scenes_and_tomograms_mix(labelled_folder, tmp_path):
    folder, picks = labelled_folder(full=said("accepted"))
    config = config_for(folder, picks, scenes=2, real_share=0.25)
    split = Split(read_labelled(config.data))
    both = choose_source(config, split, tmp_path)
    assert isinstance(both, MixedSource)
    assert both.shares == (0.75, 0.25)
    alone = choose_source(config_for(folder, picks), split, tmp_path)
    assert not isinstance(alone, MixedSource | ScenePool)
    assert isinstance(choose_source(config, Split(), tmp_path), ScenePool)
