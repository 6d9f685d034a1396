"""The mutants of a module: small changes, each of which must make a test fail.

Annotations, decorators, docstrings and imports stay unchanged. The operators:

- shift the bound of a comparison, or negate it; swap `and` and `or`; remove an operand or a `not`
- make a condition always true or always false; empty the iterable of a loop; remove a `case` or a part of it
- swap `+` and `-`, or `*` and `/`; keep one operand of `|`, `&`, `-`, `min` and `max`
- add or subtract one; empty a text, or fill an empty one; negate `True` and `False`
- replace a member of an enumeration, or a name of the client, by the next one in the module
- remove an element, a keyword argument or a statement; return None
"""

import ast
import copy
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise
from os.path import commonprefix
from typing import Final


def _swaps[T](*pairs: tuple[type[T], type[T]]) -> dict[type[T], type[T]]:
    return {**dict(pairs), **{other: one for one, other in pairs}}


_SHIFTED: Final = _swaps((ast.Lt, ast.LtE), (ast.Gt, ast.GtE))
_NEGATED: Final = _swaps(
    *((ast.Lt, ast.GtE), (ast.LtE, ast.Gt), (ast.Eq, ast.NotEq), (ast.Is, ast.IsNot), (ast.In, ast.NotIn))
)
_ARITHMETIC: Final = _swaps((ast.Add, ast.Sub), (ast.Mult, ast.Div))
_UNCHANGED: Final = {
    "annotation",
    "returns",
    "decorator_list",
    "type_params",
    "bases",
    "keywords of ClassDef",
}
_CONTEXT: Final = 40
"""The number of characters of the line that are shown on either side of a change."""

type _Place = tuple[ast.AST, Callable[[ast.AST], None], str]
"""A node, a function that replaces it, and the names of its class and function."""


def mutants(source: str) -> dict[str, str]:
    """Return the source of every mutant by its name, which says where it is and what changed."""
    tree = ast.parse(source)
    following = _following(tree)
    statements = [ast.unparse(statement) for statement in tree.body]
    names: Counter[str] = Counter()
    found: dict[str, str] = {}
    for index, original in enumerate(statements):
        # Only the statement with the change is written again: most of the time goes into that.
        part = ast.Module([tree.body[index]], [])
        seen = {original}
        for node, put, where in list(_places(part, "")):
            for variant in _variants(node, following):
                put(variant)
                mutated = ast.unparse(ast.fix_missing_locations(part))
                put(node)
                if mutated not in seen:
                    seen.add(mutated)
                    name = f"{where}{_difference(f'{original}\n', f'{mutated}\n')}"
                    names[name] += 1
                    key = f"{name} (no. {names[name]})" if names[name] > 1 else name
                    found[key] = "\n".join([*statements[:index], mutated, *statements[index + 1 :]])
    return found


def _places(holder: ast.AST, where: str) -> Iterator[_Place]:
    for field, value in ast.iter_fields(holder):
        if field in _UNCHANGED or f"{field} of {type(holder).__name__}" in _UNCHANGED:
            continue
        in_list = isinstance(value, list)
        for index, node in enumerate(value if in_list else [value]):
            docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
            if not isinstance(node, ast.AST) or docstring or isinstance(node, ast.ImportFrom | ast.TypeAlias):
                continue
            put = partial(value.__setitem__, index) if in_list else partial(setattr, holder, field)
            yield node, put, where
            name = getattr(node, "name", None) if isinstance(node, ast.stmt) else None
            yield from _places(node, f"{where}{name}: " if name else where)


def _with(node: ast.AST, **fields: object) -> ast.AST:
    changed = copy.copy(node)
    vars(changed).update(fields)
    return changed


def _shorter(node: ast.AST, *fields: str) -> Iterator[ast.AST]:
    """Remove each element of these fields, which are parallel lists."""
    lists = {field: getattr(node, field) for field in fields}
    for index in range(len(lists[fields[0]])):
        yield _with(node, **{field: [*each[:index], *each[index + 1 :]] for field, each in lists.items()})


def _following(tree: ast.Module) -> dict[str, str]:
    """Return the next member for each member of an enumeration, and the same for names of the client."""
    kinds: defaultdict[str, set[str]] = defaultdict(set)
    imports = [node for node in tree.body if isinstance(node, ast.ImportFrom)]
    of_client = [node.names for node in imports if node.level or node.module == "walmart_ca"]
    clients = {alias.name for names in of_client for alias in names}
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(ast.Name(kind), member) if member.isupper():
                kinds[kind].add(f"{kind}.{member}")
            case ast.Name(name) if name in clients and name[0].isupper() and not name.isupper():
                kinds["the client"].add(name)
    cycles = [[*sorted(names), min(names)] for names in kinds.values() if len(names) > 1]
    return {one: other for cycle in cycles for one, other in pairwise(cycle)}


def _variants(  # noqa: C901, PLR0912 - a table of operators, one a case
    node: ast.AST, following: dict[str, str]
) -> Iterator[ast.AST]:
    match node:
        case ast.Compare(ops=ops):
            for index, op in enumerate(ops):
                for new in filter(None, (_SHIFTED.get(type(op)), _NEGATED[type(op)])):
                    yield _with(node, ops=[*ops[:index], new(), *ops[index + 1 :]])
        case ast.BoolOp(op, values):
            yield _with(node, op=ast.Or() if isinstance(op, ast.And) else ast.And())
            yield from _shorter(node, "values") if len(values) > 2 else values
        case ast.UnaryOp(ast.Not(), operand):
            yield operand
        case ast.BinOp(left, op, right):
            if type(op) in _ARITHMETIC:
                yield _with(node, op=_ARITHMETIC[type(op)]())
            if isinstance(op, ast.BitOr | ast.BitAnd | ast.Sub):
                yield from (left, right)
        case ast.Constant(bool(value)):
            yield ast.Constant(not value)
        case ast.Constant(int(value) | float(value)):
            yield from (ast.Constant(value + 1), ast.Constant(value - 1))
        case ast.Constant(str(value)):
            yield ast.Constant("" if value else "a text")
        case ast.If() | ast.While() | ast.IfExp():
            yield from (_with(node, test=ast.Constant(value)) for value in (True, False))
        case ast.For() | ast.comprehension():
            yield _with(node, iter=ast.Tuple([], ast.Load()))
        case ast.Call(ast.Name("min" | "max"), args):
            yield from args
        case ast.Call():
            yield from _shorter(node, "keywords")
        case ast.Set() | ast.Tuple(ctx=ast.Load()) | ast.List(ctx=ast.Load()):
            yield from _shorter(node, "elts")
        case ast.Dict():
            yield from _shorter(node, "keys", "values")
        case ast.Match():
            yield from _shorter(node, "cases")
        case ast.MatchOr():
            yield from node.patterns
        case ast.Attribute() | ast.Name():
            if name := following.get(ast.unparse(node)):
                yield ast.parse(name, mode="eval").body
        case ast.Expr() | ast.Assign() | ast.AugAssign() | ast.Raise() | ast.Break() | ast.Continue():
            yield ast.Pass()
        case ast.Return(ast.Constant(None | False)):
            pass  # The mutant is equivalent.
        case ast.Return(ast.AST()):
            yield ast.Return(None)


def _difference(before: str, after: str) -> str:
    """Return the change with its context in the line."""
    same = _common(before, after)
    ends = _common(before[len(same) :][::-1], after[len(same) :][::-1])[::-1]
    line, rest = same.rpartition("\n")[2].lstrip(), ends.partition("\n")[0]
    line = line if len(line) <= _CONTEXT else f"…{line[-_CONTEXT:]}"
    rest = rest if len(rest) <= _CONTEXT else f"{rest[:_CONTEXT]}…"
    was, became = (
        " ".join(f"{line}{text[len(same) : len(text) - len(ends)]}{rest}".split()) for text in (before, after)
    )
    return f"`{was}` → `{became}`"


def _common(*texts: str) -> str:
    return commonprefix(texts)  # noqa: RUF071 - the characters are compared, not parts of a path
