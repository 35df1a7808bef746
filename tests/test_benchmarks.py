"""What decides whether a row of the page on speed counts."""

from speed import SAME_SCORE, agree

OURS = [[10.0, 20.0, 30.0, 0.9], [500.0, 20.0, 30.0, 0.6]]


def test_picks_agree_within_a_voxel_and_a_little_of_their_score():
    moved = [[10.0, 90.0, 30.0, 0.9 - SAME_SCORE / 2], OURS[1]]
    assert agree(OURS, OURS, voxel=72.0)
    assert agree(OURS, moved, voxel=72.0)
    assert agree([], [], voxel=72.0)


def test_picks_that_lack_move_or_score_otherwise_do_not_agree():
    assert not agree(OURS, OURS[:1], voxel=72.0)
    assert not agree(OURS, [OURS[0], [580.0, 20.0, 30.0, 0.6]], voxel=72.0)
    assert not agree(OURS, [OURS[0], [500.0, 20.0, 30.0, 0.7]], voxel=72.0)
    # Nor do two of ours share one of theirs.
    assert not agree([OURS[0], OURS[0]], [OURS[0], OURS[1]], voxel=72.0)
