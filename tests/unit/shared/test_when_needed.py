"""What an invocation may never need is made when it is needed."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from shared.when_needed import WhenNeeded


class Thing:
    name = "a thing"
    closed = 0

    def close(self) -> None:
        self.closed += 1


def test_it_is_made_when_a_member_is_asked_for_and_closed_only_if_it_was_made() -> None:
    made: list[Thing] = []

    def make() -> Thing:
        made.append(Thing())
        return made[-1]

    thing = WhenNeeded(make)
    thing.close()
    assert made == []

    assert thing.name == "a thing"
    thing.close()
    assert [each.closed for each in made] == [1]


def test_it_is_made_once_however_many_threads_ask_for_it_at_a_time() -> None:
    made: list[Thing] = []
    everybody_asks = threading.Barrier(8)

    def make() -> Thing:
        thing = Thing()
        threading.Event().wait(0.01)  # long enough for the others to come along
        made.append(thing)
        return thing

    def ask(_: int) -> object:
        everybody_asks.wait()
        return thing.name

    thing = WhenNeeded(make)
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(ask, range(8))) == 8 * ["a thing"]

    assert len(made) == 1


def test_what_could_not_be_made_is_tried_again_by_the_next_to_ask() -> None:
    outcomes: list[Thing | OSError] = [OSError("not now"), Thing()]

    def make() -> Thing:
        outcome = outcomes.pop(0)
        if isinstance(outcome, OSError):
            raise outcome
        return outcome

    thing = WhenNeeded(make)
    with pytest.raises(OSError, match="not now"):
        _ = thing.name

    assert thing.name == "a thing"
