"""The mutants of a module: each one small change that some test must notice.

Left alone are annotations, decorators, docstrings and imports. The operators:

- a comparison is shifted by its bound, and negated; `and` becomes `or`; an operand, or a `not`, goes
- a condition is always true, and never; a loop has nothing to go through; a `case`, or a part of it, goes
- `+` becomes `-`, `*` becomes `/`, and back; of `|`, `&`, `-`, `min` and `max` each operand stays alone
- a number is one more, and one less; a text is empty, an empty one is not; `True` becomes `False`, and back
- a member of an enumeration, and a name of the client's, become the next of their kind in the module
- an element of a collection goes, and a keyword argument; a statement goes; a value is not returned
"""

import ast
import copy
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise
from typing import Final

_COMPARISONS: Final[dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
_ARITHMETIC: Final[dict[type[ast.operator], type[ast.operator]]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
}
_LEFT_ALONE: Final = {
    "annotation",
    "returns",
    "decorator_list",
    "type_params",
    "bases",
    "keywords of ClassDef",
}
_CONTEXT: Final = 40
"""Characters of a line that are shown on either side of what changed in it."""

type _Place = tuple[ast.AST, Callable[[ast.AST], None], str]
"""A node, what puts another in its stead, and the class and function around it."""


def mutants(source: str) -> dict[str, str]:
    """Return the source of every mutant by its name: where it is, and what became of what."""
    tree = ast.parse(source)
    original = ast.unparse(tree)
    following = _following(tree)
    found: dict[str, str] = {}
    seen = {original}
    for node, put, where in list(_places(tree, "")):
        for variant in _variants(node, following):
            put(variant)
            mutated = ast.unparse(ast.fix_missing_locations(tree))
            put(node)
            if mutated not in seen:
                seen.add(mutated)
                name = f"{where}{_difference(original, mutated)}"
                same = sum(other.partition(" (no. ")[0] == name for other in found)
                found[f"{name} (no. {same + 1})" if same else name] = mutated
    return found


def _places(holder: ast.AST, where: str) -> Iterator[_Place]:
    for field, value in ast.iter_fields(holder):
        if field in _LEFT_ALONE or f"{field} of {type(holder).__name__}" in _LEFT_ALONE:
            continue
        for index, node in enumerate(value if isinstance(value, list) else [value]):
            docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
            if not isinstance(node, ast.AST) or docstring or isinstance(node, ast.ImportFrom | ast.TypeAlias):
                continue
            in_list = isinstance(value, list)
            yield (
                node,
                partial(value.__setitem__, index) if in_list else partial(setattr, holder, field),
                where,
            )
            name = getattr(node, "name", None) if isinstance(node, ast.stmt) else None
            yield from _places(node, f"{where}{name}: " if name else where)


def _with[T: ast.AST](node: T, **fields: object) -> T:
    changed = copy.copy(node)
    for field, value in fields.items():
        setattr(changed, field, value)
    return changed


def _shorter[T: ast.AST](node: T, *fields: str) -> Iterator[T]:
    """Leave out each element of these fields, which are lists side by side."""
    for index in range(len(getattr(node, fields[0]))):
        rest = {field: [*getattr(node, field)] for field in fields}
        for elements in rest.values():
            del elements[index]
        yield _with(node, **rest)


def _following(tree: ast.Module) -> dict[str, str]:
    """Tell for each member of an enumeration, and each name of the client's, which is the next."""
    kinds: defaultdict[str, set[str]] = defaultdict(set)
    clients = [
        name.name
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and (node.level or node.module == "walmart_ca")
        for name in node.names
    ]
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(ast.Name(kind), member) if member.isupper():
                kinds[kind].add(f"{kind}.{member}")
            case ast.Name(name) if name in clients and name[0].isupper() and not name.isupper():
                kinds["the client"].add(name)
    return {
        one: other
        for names in map(sorted, kinds.values())
        for one, other in pairwise([*names, names[0]])
        if one != other
    }


def _variants(  # noqa: C901, PLR0912 - a table of operators, one a case
    node: ast.AST, following: dict[str, str]
) -> Iterator[ast.AST]:
    match node:
        case ast.Compare(ops=ops):
            for index, op in enumerate(ops):
                for new in _COMPARISONS[type(op)]:
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
            pass  # nobody could tell
        case ast.Return(ast.AST()):
            yield ast.Return(None)


def _difference(before: str, after: str) -> str:
    """Show what changed, with what stands beside it in its lines."""
    same = _common(before, after)
    ends = _common(before[len(same) :][::-1], after[len(same) :][::-1])[::-1]
    line, rest = same.rpartition("\n")[2].lstrip(), ends.partition("\n")[0]
    line = line if len(line) <= _CONTEXT else f"…{line[-_CONTEXT:]}"
    rest = rest if len(rest) <= _CONTEXT else f"{rest[:_CONTEXT]}…"
    was, became = (
        " ".join(f"{line}{text[len(same) : len(text) - len(ends)]}{rest}".split()) for text in (before, after)
    )
    return f"`{was}` → `{became}`"


def _common(one: str, other: str) -> str:
    """Return what both begin with."""
    lengths = range(min(len(one), len(other)))
    return one[: bisect_left(lengths, True, key=lambda length: one[: length + 1] != other[: length + 1])]  # noqa: FBT003 - what is looked for
