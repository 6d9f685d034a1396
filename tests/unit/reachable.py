"""Finds every text that an exception keeps alive."""

import base64
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from types import FunctionType, ModuleType, TracebackType
from typing import Final

_TESTS: Final = str(Path(__file__).parents[1])


def texts_reachable_from(error: BaseException) -> str:
    """Return every text that can be reached from an exception.

    These are its arguments, its causes and contexts, and the variables of the frames in their tracebacks. The
    frames of tests are left out, because a test knows the secret.
    """
    texts = []
    seen: dict[int, object] = {}  # It keeps the values alive, so that ids stay unique.
    pending: list[object] = [error]
    while pending:
        value = pending.pop()
        if id(value) in seen:
            continue
        seen[id(value)] = value
        if isinstance(value, str):
            texts.append(value)
        elif isinstance(value, bytes):
            texts += [base64.b64encode(value).decode(), value.decode("latin-1")]
        else:
            pending += _parts(value)
    return "\n".join(texts)


def _parts(value: object) -> Iterable[object]:
    match value:
        case BaseException():
            variables = _variables(value.__traceback__)
            return [str(value), value.args, vars(value), value.__cause__, value.__context__, *variables]
        case Mapping():
            return [*value.keys(), *value.values()]
        case list() | tuple() | set() | frozenset():
            return value
        case type() | ModuleType() | FunctionType():
            return []
    if is_dataclass(value) and not isinstance(value, type):
        return [getattr(value, field.name) for field in fields(value)]
    return [getattr(value, "__dict__", None)]


def _variables(traceback: TracebackType | None) -> Iterable[object]:
    while traceback:
        if not traceback.tb_frame.f_code.co_filename.startswith(_TESTS):
            yield dict(traceback.tb_frame.f_locals)
        traceback = traceback.tb_next
