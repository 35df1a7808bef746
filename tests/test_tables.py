from dataclasses import dataclass, field

import pytest

from motorscope.errors import ConfigError
from motorscope.tables import from_table, overlaid, read_toml


@dataclass(frozen=True)
class Inner:
    size: float = 1.0
    names: tuple[str, ...] = ("one",)


@dataclass(frozen=True)
class Outer:
    inner: Inner = field(default_factory=Inner)
    count: int | None = None
    box: tuple[int, int] = (1, 2)

    def __post_init__(self):
        if self.count == 13:
            raise ConfigError("count must not be 13.")


def test_tables_become_dataclasses_and_what_they_leave_out_keeps_its_default():
    made = from_table(Outer, {"inner": {"size": 3}, "count": 4, "box": [5, 6]})
    assert made == Outer(Inner(3.0, ("one",)), 4, (5, 6))
    assert isinstance(made.inner.size, float)
    assert from_table(Outer, {}) == Outer()


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"cuont": 1}, r"unknown key cuont; did you mean count\?"),
        ({"inner": {"count": 1}}, r"unknown key inner\.count; did you mean count\?"),
        ({"size": 1}, r"unknown key size; did you mean inner\.size\?"),
        ({"wholly_other": 1}, r"there can be inner, count, box"),
        ({"inner": {"names": ["a", 2]}}, r"inner\.names must be a text, not 2"),
        ({"box": [1, 2, 3]}, r"box must be a list of 2 values \(a whole number each\)"),
        ({"count": 13}, r"count must not be 13"),
        ({"inner": 3}, r"inner must be a table"),
    ],
)
def test_the_key_that_does_not_fit_is_named_with_its_path(table, said):
    with pytest.raises(ConfigError, match=said):
        from_table(Outer, table)


def test_overlaid_tables_leave_the_lower_one_as_it_was():
    below = {"a": {"b": 1, "c": 2}, "d": 3}
    assert overlaid(below, {"a": {"b": 5}, "e": 6}) == {"a": {"b": 5, "c": 2}, "d": 3, "e": 6}
    assert below == {"a": {"b": 1, "c": 2}, "d": 3}


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"absent\.toml cannot be read \(no such file"):
        read_toml(tmp_path / "absent.toml")
    path = tmp_path / "bad.toml"
    path.write_bytes(b"\xff = 1")
    with pytest.raises(ConfigError, match=r"bad\.toml is not a TOML file"):
        read_toml(path)


@pytest.mark.parametrize("value", ["[" * 100_000, "9" * 5000])
def test_values_too_deep_or_too_long_are_no_toml(tmp_path, value):
    path = tmp_path / "bad.toml"
    path.write_text(f"a = {value}")
    with pytest.raises(ConfigError, match=r"bad\.toml is not a TOML file"):
        read_toml(path)
