"""Lets an object replace what a forked process cannot use: connections, threads, and held locks."""

import os
import weakref
from collections.abc import Callable
from typing import Final

_TO_CALL: Final[set[weakref.WeakMethod[Callable[[], None]]]] = set()


def call_after_fork(method: Callable[[], None]) -> None:
    """Call a bound method in every process that is forked from this one, before other code runs there.

    Only the thread that forked exists there. The method's object is not kept alive for it.
    """
    _TO_CALL.add(weakref.WeakMethod(method, _TO_CALL.discard))


def _call() -> None:
    for reference in list(_TO_CALL):
        if method := reference():
            method()


if hasattr(os, "register_at_fork"):  # Windows has no fork.
    os.register_at_fork(after_in_child=_call)
