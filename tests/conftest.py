import os
import signal
import sys
from pathlib import Path

import pytest
from hypothesis import settings

# The same examples at every run of CI, new ones at every run by hand.
settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")

# A shell starts background jobs with interrupts ignored, and processes hand that on to theirs.
signal.signal(signal.SIGINT, signal.default_int_handler)

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def root():
    """The checkout."""
    return Path(__file__).parent.parent
