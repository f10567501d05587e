"""Small mistakes, one at a time: what a tired programmer types, as replacements of pieces of source text.

Left out, because no test of behaviour could or should notice: annotations, docstrings, texts, decorators, `strict=` of
zip (a guard that only a broken caller would meet), the order of two values of which the smaller is taken, and what stands
below `if TYPE_CHECKING`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult, ast.Pow: ast.Mult, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd, ast.MatMult: ast.Mult,
}  # fmt: skip
SYMMETRIC = {"minimum", "maximum", "fmin", "fmax", "min", "max", "isclose", "array_equal"}  # the order says nothing
REMOVABLE = (ast.Expr, ast.AugAssign, ast.Raise, ast.Continue, ast.Break)


@dataclass(frozen=True)
class Mutant:
    """One mistake: `start` to `end` (bytes of the source) become `text`; `before` and `after` are the lines, stripped."""

    file: str
    line: int
    last_line: int
    operator: str
    start: int
    end: int
    text: str
    before: str
    after: str

    @property
    def name(self) -> str:
        """The mistake in words that stay the same when lines move."""
        return f"{self.file}: {self.operator}: {self.before} → {self.after}"

    def apply(self, source: bytes) -> bytes:
        """The source with the mistake in it."""
        return source[: self.start] + self.text.encode() + source[self.end :]


def find_mutants(file: str, source: bytes) -> list[Mutant]:
    """Every mistake that can be made in a module, in the order of its lines."""
    starts = _line_starts(source)
    found, tree = {}, ast.parse(source)
    conditions = _conditions(tree)
    for node in _mutable(tree):
        turned = [("condition", f"(not {_in_brackets(node)})")] if node in conditions else []  # type: ignore[arg-type]
        for operator, text in (*_mistakes(node), *turned):
            mutant = _place(file, source, starts, (node, operator, text))
            found[mutant.start, mutant.end, mutant.text] = mutant
    return [found[key] for key in sorted(found)]


def _line_starts(source: bytes) -> list[int]:
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    return starts


def _place(file: str, source: bytes, starts: list[int], mistake: tuple[ast.AST, str, str]) -> Mutant:
    node, operator, text = mistake
    start = starts[node.lineno - 1] + node.col_offset  # type: ignore[attr-defined]
    end = starts[node.end_lineno - 1] + node.end_col_offset  # type: ignore[attr-defined]
    head, tail = source.rfind(b"\n", 0, start) + 1, source.find(b"\n", end)
    tail = len(source) if tail < 0 else tail
    before = " ".join(source[head:tail].decode().split())
    after = " ".join((source[head:start] + text.encode() + source[end:tail]).decode().split())
    return Mutant(file, node.lineno, node.end_lineno, operator, start, end, text, before, after)  # type: ignore[attr-defined]


def _mutable(tree: ast.AST) -> Iterator[ast.AST]:
    """The nodes in which a mistake counts; texts built with f (whose places Python 3.11 tells wrong) are left out."""
    for child in _children(tree):
        if isinstance(child, ast.JoinedStr) or _is_for_types(child) or _is_docstring(child):
            continue
        if isinstance(child, ast.keyword) and child.arg == "strict":
            continue
        yield child
        yield from _mutable(child)


def _children(node: ast.AST) -> Iterator[ast.AST]:
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns", "decorator_list"):
            continue
        yield from (v for v in (value if isinstance(value, list) else [value]) if isinstance(v, ast.AST))


def _is_for_types(node: ast.AST) -> bool:
    if isinstance(node, ast.If):
        return "TYPE_CHECKING" in ast.unparse(node.test)
    return isinstance(node, ast.Assign) and ("Callable[" in ast.unparse(node.value) or _names(node) == ["__all__"])


def _names(node: ast.Assign) -> list[str]:
    return [t.id for t in node.targets if isinstance(t, ast.Name)]


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _mistakes(node: ast.AST) -> Iterator[tuple[str, str]]:
    """Operator and new text of every mistake at a node."""
    if isinstance(node, ast.Compare):
        yield from _comparisons(node)
    elif isinstance(node, ast.BinOp) and type(node.op) in ARITHMETIC:
        yield "arithmetic", _in_brackets(ast.BinOp(node.left, ARITHMETIC[type(node.op)](), node.right))
    elif isinstance(node, ast.BoolOp):
        other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        yield "boolean", _in_brackets(ast.BoolOp(other, node.values))
    elif isinstance(node, ast.UnaryOp):
        yield "sign", _in_brackets(node.operand)
    elif isinstance(node, ast.Constant):
        yield from _constants(node.value)
    elif isinstance(node, ast.Slice):
        yield from _slices(node)
    elif isinstance(node, ast.Call):
        yield from _swapped(node)
    elif isinstance(node, REMOVABLE):
        yield "removed", "pass"


def _in_brackets(node: ast.expr) -> str:
    return f"({ast.unparse(node)})"


def _comparisons(node: ast.Compare) -> Iterator[tuple[str, str]]:
    for at, operator in enumerate(node.ops):
        ops = [*node.ops[:at], COMPARISONS[type(operator)](), *node.ops[at + 1 :]]
        yield "comparison", _in_brackets(ast.Compare(node.left, ops, node.comparators))


def _constants(value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, bool):
        yield "constant", str(not value)
    elif isinstance(value, int | float):
        yield "constant", repr(value + 1)
        yield "constant", f"({value - 1!r})"


def _slices(node: ast.Slice) -> Iterator[tuple[str, str]]:
    for side in ("lower", "upper"):
        bound = getattr(node, side)
        if bound is not None and not isinstance(bound, ast.Constant):
            moved = ast.BinOp(bound, ast.Add(), ast.Constant(1))
            parts = {"lower": node.lower, "upper": node.upper, "step": node.step, side: moved}
            yield "slice", ast.unparse(ast.Slice(**parts))


def _swapped(node: ast.Call) -> Iterator[tuple[str, str]]:
    if len(node.args) < 2 or any(isinstance(a, ast.Starred) for a in node.args[:2]):
        return
    first, second = node.args[:2]
    if ast.unparse(node.func).rpartition(".")[2] in SYMMETRIC:
        return
    if ast.unparse(first) != ast.unparse(second):
        yield "swapped", ast.unparse(ast.Call(node.func, [second, first, *node.args[2:]], node.keywords))


def _conditions(tree: ast.AST) -> set[ast.AST]:
    """Conditions that are no comparison and no `not`, whose own mistakes turn them round already."""
    found: set[ast.AST] = set()
    for node in ast.walk(tree):
        tests = [node.test] if isinstance(node, ast.If | ast.While | ast.IfExp) else getattr(node, "ifs", [])
        found.update(t for t in tests if not isinstance(t, ast.Compare | ast.UnaryOp))
    return found
