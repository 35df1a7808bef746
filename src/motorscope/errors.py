"""The errors that a person can cause and mend."""


class MotorscopeError(Exception):
    """Something is wrong with a file or a value that a person gave.

    The message says what is wrong with which file or value, and what to do. The plugin shows it as
    a notification; the command line prints it without a traceback and exits with status 2.
    """


class TomogramError(MotorscopeError):
    """A tomogram cannot be read or does not fit what is asked of it."""


class SpacingError(TomogramError):
    """A voxel spacing is needed, and the file does not say one."""


class ModelError(MotorscopeError):
    """A model, a checkpoint or its card cannot be used."""


class DeviceError(MotorscopeError):
    """A device or a precision was asked for that this machine does not have, or memory ran out."""


class EngineError(MotorscopeError):
    """Whoever computes has ended in mid-work."""


class PicksError(MotorscopeError):
    """A table of picks cannot be read or written."""


class ConfigError(MotorscopeError):
    """A configuration has an unknown key or an impossible value."""
