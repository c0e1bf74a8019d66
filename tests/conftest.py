import os
import sys
from pathlib import Path

import pytest
from hypothesis import settings

# The same examples at every run of CI, new ones at every run by hand.
settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def root():
    """The checkout."""
    return Path(__file__).parent.parent
