"""What a person has set for this plugin in napari's preferences."""

from dataclasses import dataclass

from napari.settings import get_plugin_settings


@dataclass(frozen=True)
class Preferences:
    """The preferences of the plugin, with their defaults."""

    model: str = "built-in"
    device: str = "auto"
    precision: str = "auto"
    engine: str = "this process"
    project_folder: str = ""


def preferences() -> Preferences:
    """Return the preferences as they are now."""
    try:
        settings = get_plugin_settings("napari-motorscope")
        detection, review = settings.detection, settings.review
    except (AttributeError, KeyError, ValueError):  # the plugin is not registered in this viewer
        return Preferences()
    return Preferences(
        model=str(detection.model),
        device=str(detection.device),
        precision=str(detection.precision),
        engine=str(detection.engine),
        project_folder=str(review.project_folder),
    )
