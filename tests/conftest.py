"""What all tests share."""

import os

from hypothesis import settings

# Where a change is judged, the same examples are tried each time; at home new ones are looked for.
settings.register_profile("ci", derandomize=True, deadline=None)
settings.register_profile("default", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "default")
