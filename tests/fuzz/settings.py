"""The functions' environment, and the URL in it."""

import math
import re
from typing import Final

from shared.edges import Edges
from shared.pacing import Pacer
from shared.settings import VISIBILITY_TIMEOUT_S, AcknowledgeSettings, Settings, SettingsError, SweepSettings
from tests.fuzz.oracles import refusals, says_nothing_of_it
from tests.fuzz.world import ENVIRONMENT
from walmart_ca import check_base_url

_KINDS: Final[list[type[Settings]]] = [AcknowledgeSettings, SweepSettings]
_SENSELESS: Final = [{**ENVIRONMENT, name: value} for name in ENVIRONMENT for value in ("", "many", "43200")]
_REFUSALS: Final = {
    kind: refusals(kind.from_environment, _SENSELESS, SettingsError) for kind in _KINDS
}  # fmt: skip
_URL: Final = re.compile(r"https?://(?:[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::[1-9][0-9]{0,4})?")
_URL_REFUSALS: Final = refusals(check_base_url, ["", "http://host", "https://host:0"], ValueError)


def environment(data: bytes) -> None:
    """An environment is read into settings that a function can work with, or the variable at fault is named.

    Each line of the data changes a variable of an environment that is good: `NAME=value`.
    """
    lines = [line.partition("=") for line in data.decode("utf-8", "replace").split("\n")]
    variables = {**ENVIRONMENT, **{name: value for name, _, value in lines}}
    for kind in _KINDS:
        try:
            settings = kind.from_environment(variables)
        except SettingsError as error:
            says_nothing_of_it(error, _REFUSALS[kind])
        else:
            _can_be_worked_with(settings)


def base_url(data: bytes) -> None:
    """A base URL is taken as it is signed and sent, the same when it is taken again; or it is not shown."""
    try:
        taken = check_base_url(data.decode("utf-8", "replace"))
    except ValueError as error:
        says_nothing_of_it(error, _URL_REFUSALS)
        return
    assert _URL.fullmatch(taken)
    assert check_base_url(taken) == taken


def _can_be_worked_with(settings: Settings) -> None:
    edges = Edges()
    sharers = settings.maximum_concurrency if isinstance(settings, AcknowledgeSettings) else 1
    assert sharers >= 1, "nobody is left to share Walmart's limit"
    if isinstance(settings, AcknowledgeSettings):
        longest_s = max(settings.backoff_cap_seconds, settings.credentials_hold_seconds)
        longest_s += settings.backoff_base_seconds
        assert math.ceil(longest_s) + VISIBILITY_TIMEOUT_S <= 12 * 60 * 60, "SQS hides no message for so long"
    Pacer(
        requests_per_minute=settings.requests_per_minute,
        sharers=sharers,
        clock=edges.clock,
        monotonic=edges.monotonic,
        sleep=edges.sleep,
    )
