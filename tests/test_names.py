"""Names that are cut to the room there is."""

import pytest

from motorscope.names import common_ends, shortened
from motorscope.plugin.qt.choice_box import ChoiceBox


def cut(names, room):
    ends = common_ends(names)
    return [shortened(name, ends, lambda text: len(text) <= room) for name in names]


def test_numbers_and_what_differs_stay_whole():
    assert common_ends(["TS_107_rec", "TS_207_rec", "TS_7_rec"]) == ("TS_", "_rec")
    assert common_ends(["one"]) == common_ends(["one", "one"]) == common_ends([]) == ("", "")


@pytest.mark.parametrize("room", [16, 14, 6, 5, 4])
def test_names_that_are_cut_can_be_told_apart(room):
    names = [f"TS_{number:04}_rec_bin4" for number in (1, 7, 11, 12, 71)]
    shown = cut(names, room)
    assert all(len(text) <= room for text in shown)
    assert len(set(shown)) == len(names)


def test_what_is_alike_goes_first():
    names = ["TS_0007_rec_bin4", "TS_0012_rec_bin4"]
    assert cut(names, 16) == names
    assert cut(names, 15) == ["…0007_rec_bin4", "…0012_rec_bin4"]
    assert cut(names, 8) == ["…0007…", "…0012…"]
    assert cut(["simulated-4242-0003"], 10) == ["simu…-0003"]
    assert cut(["long-name-0001", "long-name-0001 [1]"], 9)[0] == "long…0001"


def test_chosen_entry_is_cut_where_it_is_like_the_others(qtbot):
    box = ChoiceBox()
    qtbot.addWidget(box)
    box.addItems([f"simulated-tomogram-of-a-bacterium-{number:04}" for number in range(3)])
    box.setCurrentIndex(2)
    box.resize(600, box.sizeHint().height())
    assert box.shown_text() == box.currentText()
    box.resize(120, box.sizeHint().height())
    assert box.shown_text() == "…0002"
