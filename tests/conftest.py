"""What all tests share."""

import os

from hypothesis import settings

# Where a change is judged, the same examples are tried each time; at home new ones are looked for.
# No time limits: a busy machine is no failure.
settings.register_profile("ci", derandomize=True, deadline=None, max_examples=50)
settings.register_profile("home", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "home")
