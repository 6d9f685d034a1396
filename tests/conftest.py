"""Settings of Hypothesis for every test: a slow machine fails nothing, and each run tries the same examples.

`make fuzz` tries new ones, on the same properties.
"""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "repeatable", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("repeatable")
