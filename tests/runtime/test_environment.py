"""An environment is ended, and stands still, as a whole: the emulator and the function's process."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from tests.local.marketplace import Fault
from tests.runtime import EnvironmentGone
from tests.runtime.harness import Surroundings, eventually
from tests.support.services import order_event

ORDER = "7400000000001"


def states(processes: list[int]) -> set[str]:
    """What the processes are doing, in the letters of `ps`; of one that has ended nothing."""
    found = set()
    for each in processes:
        with suppress(FileNotFoundError, ProcessLookupError):
            found.add(Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()[0])
    return found - {"Z"}


def test_when_killed_then_nothing_of_it_runs_on_whatever_it_was_doing(surroundings: Surroundings) -> None:
    surroundings.marketplace.add_order(ORDER)
    surroundings.marketplace.fail(ORDER, Fault.TIMEOUT_AFTER_APPLYING)

    with ThreadPoolExecutor(1) as invoker, surroundings.environment() as environment:
        invocation = invoker.submit(environment.invoke, order_event(ORDER))
        eventually(lambda: bool(surroundings.actions(ORDER)))
        processes = list(environment.processes())
        environment.kill()
        with pytest.raises(EnvironmentGone):
            invocation.result()

    assert len(processes) == 2
    eventually(lambda: not states(processes))
    # It would have looked what became of its call.
    assert surroundings.actions(ORDER) == ["acknowledge"]


def test_when_frozen_then_all_of_it_stands_still_until_it_is_thawed(surroundings: Surroundings) -> None:
    with surroundings.environment() as environment:
        environment.invoke(order_event(ORDER))
        processes = list(environment.processes())

        environment.freeze()
        eventually(lambda: states(processes) == {"T"})
        environment.thaw()
        eventually(lambda: "T" not in states(processes))
