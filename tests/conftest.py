import os
import signal
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# How long examples take to make says how busy the machine is. The same examples at every run of
# CI, new ones at every run by hand.
settings.register_profile("any", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("any"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "any")

# A shell starts background jobs with interrupts ignored, and processes hand that on to theirs.
signal.signal(signal.SIGINT, signal.default_int_handler)

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def root():
    """The checkout."""
    return Path(__file__).parent.parent
