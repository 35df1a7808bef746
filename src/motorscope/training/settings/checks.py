"""Checks that every table of a training configuration makes of its values."""

from motorscope.errors import ConfigError


def require(holds: bool, name: str, value: object, wanted: str) -> None:
    """Check a value of a configuration.

    Raises
    ------
    ConfigError
        If it does not hold; the message names the key, the value and what is wanted.
    """
    if not holds:
        raise ConfigError(f"{name} must be {wanted}, not {value}.")
