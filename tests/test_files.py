import pytest

from motorscope.errors import ConfigError, MotorscopeError
from motorscope.files import backup_of, keep_backup, make_folder, replacing


def test_a_folder_is_made_with_those_above_it(tmp_path):
    folder = tmp_path / "one" / "two"
    assert make_folder(folder) == folder
    assert make_folder(str(folder)) == folder
    assert folder.is_dir()


def test_a_folder_that_cannot_be_made_is_named_with_the_remedy(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match=r"file/under cannot be made \(.+\); give --out\.$"):
        make_folder(tmp_path / "file" / "under", ConfigError, "give --out")


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path):
    path = tmp_path / "picks.csv"
    with replacing(path) as partial:
        partial.write_text("first")
    with pytest.raises(UnicodeEncodeError), replacing(path) as partial:
        partial.write_text("half" + "\ud800", encoding="utf-8")
    assert path.read_text() == "first"
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(MotorscopeError, match="cannot be written"):
        with replacing(tmp_path / "absent" / "picks.csv"):
            pass


def test_a_backup_holds_what_was_there(tmp_path):
    path = tmp_path / "picks.csv"
    assert keep_backup(path) is None
    path.write_text("first")
    assert keep_backup(path) == backup_of(path)
    path.write_text("second")
    assert backup_of(path).read_text() == "first"
