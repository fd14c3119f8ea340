"""Find the mutants of Python source: where a small change could be made, and what it would be.

A mutant is one change that a good test should notice: a comparison at its boundary, an operator, `and` for `or`, a
condition turned round, a number or a truth value, a returned value, a statement or a lock left out.

Not drawn, since no test should notice them or nobody would write one: annotations, docstrings, strings, all that is
built for a message (f-strings, what is raised, exceptions), decorators, assertions, `__slots__`, `__all__`, protocols,
`if TYPE_CHECKING` and `if __name__ == "__main__"`.
"""

from __future__ import annotations

import ast
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

COMPARISONS = {
    ast.Lt: ("<", "<="), ast.LtE: ("<=", "<"), ast.Gt: (">", ">="), ast.GtE: (">=", ">"),
    ast.Eq: ("==", "!="), ast.NotEq: ("!=", "=="), ast.Is: ("is", "is not"), ast.IsNot: (r"is\s+not", "is"),
    ast.In: ("in", "not in"), ast.NotIn: (r"not\s+in", "in"),
}  # fmt: skip
OPERATORS = {
    ast.Add: ("+", "-"), ast.Sub: ("-", "+"), ast.Mult: ("*", "/"), ast.Div: ("/", "*"), ast.FloorDiv: ("//", "*"),
    ast.Mod: ("%", "*"), ast.Pow: ("**", "*"), ast.BitAnd: ("&", "|"), ast.BitOr: ("|", "&"),
}  # fmt: skip
FUNCTIONS = {"min": "max", "max": "min", "any": "all", "all": "any"}
# What a function gives instead, by its annotation; None for all others.
RETURNS = {"bool": "not ({})", "int": "({}) + 1", "float": "({}) + 1", "str": '""'}
# Keywords that change nothing which a test on one platform could see.
KEYWORDS = {"encoding", "help", "newline", "prog", "slots", "stacklevel", "strict"}
# Keywords that a call does without: to leave out another one ends mostly in a TypeError, which every test notices.
OPTIONAL = {"default", "key", "mode"}
TYPING = {"Literal", "NewType", "ParamSpec", "TypeVar", "cast"}


@dataclass(frozen=True)
class Mutant:
    """One change to one module.

    Attributes:
        id: stays the same as long as the module does.
        module: its path in the package.
        line: where the change begins.
        lines: first and last line of the statement (of its header, where it has a body).
        start: first byte that is replaced.
        end: the byte after the last one.
        new: what stands there instead.
        before: the changed lines, in one line.
        after: what they become.
    """

    id: str
    module: str
    line: int
    lines: tuple[int, int]
    start: int
    end: int
    new: str
    before: str
    after: str

    def apply(self, source: bytes) -> bytes:
        """Return the module's source with the change."""
        return source[: self.start] + self.new.encode() + source[self.end :]


def find_mutants(package: Path, module: str) -> list[Mutant]:
    """Return all mutants of one module, in the order of its lines."""
    source = (package / module).read_bytes() + b"\n"
    tree = ast.parse(source)
    finder = _Finder(source)
    finder.visit(tree)
    mutants = []
    for (start, end, new), lines in sorted(finder.found.items()):
        changed = source[:start] + new.encode() + source[end:]
        if ast.dump(ast.parse(changed)) == ast.dump(tree):
            continue
        first, last = source.rfind(b"\n", 0, start) + 1, source.index(b"\n", end)
        rest = source[end:last]
        mutants.append(
            Mutant(
                id=hashlib.sha256(f"{module} {start} {end} {new} ".encode() + source).hexdigest()[:8],
                module=module,
                line=source.count(b"\n", 0, start) + 1,
                lines=lines,
                start=start,
                end=end,
                new=new,
                before=_one_line(source[first:end] + rest),
                after=_one_line(source[first:start] + new.encode() + rest),
            )
        )
    return mutants


def _one_line(text: bytes) -> str:
    return " ".join(text.decode().split())


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str | bytes)


class _Finder(ast.NodeVisitor):
    """Collects changes of a module: (first byte, byte after the last, new text) → lines of the statement."""

    def __init__(self, source: bytes) -> None:
        self.source = source
        self.found: dict[tuple[int, int, str], tuple[int, int]] = {}
        self._starts = [0, *(match.end() for match in re.finditer(rb"\n", source))]
        self._lines = (1, 1)
        self._returns: str | None = None  # the annotation of the function that it is in

    def visit(self, node: ast.AST) -> None:
        """Visit a node; below a statement, know its lines."""
        if not isinstance(node, ast.stmt):
            super().visit(node)
            return
        outer, body = self._lines, getattr(node, "body", None)
        last = max(node.lineno, body[0].lineno - 1) if body else node.end_lineno or node.lineno
        self._lines = (node.lineno, last)
        super().visit(node)
        self._lines = outer

    def _span(self, node: ast.expr | ast.stmt | ast.keyword) -> tuple[int, int]:
        end_line, end_column = node.end_lineno or node.lineno, node.end_col_offset or 0
        return self._starts[node.lineno - 1] + node.col_offset, self._starts[end_line - 1] + end_column

    def _text(self, node: ast.expr) -> str:
        start, end = self._span(node)
        return self.source[start:end].decode()

    def _change(self, node: ast.expr | ast.stmt, new: str) -> None:
        self.found[(*self._span(node), new)] = self._lines

    def _change_between(self, left: ast.expr, right: ast.expr, old: str, new: str) -> None:
        """Change the operator between two operands; beside a comment it is left alone."""
        start, end = self._span(left)[1], self._span(right)[0]
        between = self.source[start:end].decode()
        match = re.search(old, between)
        if match and "#" not in between:
            self.found[start + match.start(), start + match.end(), new] = self._lines

    def _turn_round(self, condition: ast.expr) -> None:
        """Negate a condition; what has an operator of its own is changed there."""
        if not isinstance(condition, ast.Compare | ast.BoolOp | ast.UnaryOp | ast.Constant | ast.JoinedStr):
            self._change(condition, f"(not ({self._text(condition)}))")

    def _skip(self, node: ast.AST) -> None:
        """Leave a node and all below it alone."""

    visit_arg = visit_Assert = visit_JoinedStr = visit_Import = visit_ImportFrom = _skip  # noqa: N815 (the names that ast looks for)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        """Visit the body, unless it is a protocol's."""
        if not any("Protocol" in self._text(base) for base in node.bases):
            for statement in node.body:
                self.visit(statement)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        """Visit defaults and body."""
        for default in (*node.args.defaults, *filter(None, node.args.kw_defaults)):
            self.visit(default)
        outer, self._returns = self._returns, self._text(node.returns) if node.returns else ""
        for statement in node.body:
            self.visit(statement)
        self._returns = outer

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815

    def visit_Assign(self, node: ast.Assign) -> None:
        """Leave out what is set in an object; visit the value."""
        if any(isinstance(target, ast.Name) and target.id.startswith("__") for target in node.targets):
            return
        if all(isinstance(target, ast.Attribute | ast.Subscript) for target in node.targets):
            self._change(node, "pass")
        self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        """Visit the value, not the annotation."""
        if node.value:
            self.visit(node.value)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        """Leave it out."""
        self._change(node, "pass")
        self.generic_visit(node)

    def visit_Expr(self, node: ast.Expr) -> None:
        """Leave a call out."""
        if isinstance(node.value, ast.Call | ast.Await):
            self._change(node, "pass")
        self.generic_visit(node)

    def visit_Delete(self, node: ast.Delete | ast.Raise | ast.Continue | ast.Break) -> None:
        """Leave it out; the message of what is raised is none of ours."""
        self._change(node, "pass")

    visit_Raise = visit_Continue = visit_Break = visit_Delete  # noqa: N815

    def visit_Return(self, node: ast.Return) -> None:
        """Give back something else."""
        if node.value and not isinstance(node.value, ast.Constant):
            self._change(node.value, RETURNS.get(self._returns or "", "None").format(self._text(node.value)))
        self.generic_visit(node)

    def visit_With(self, node: ast.With) -> None:
        """Do without what is entered and not used: a lock, say."""
        for item in node.items:
            if item.optional_vars is None:
                self._change(item.context_expr, '__import__("contextlib").nullcontext()')
        self.generic_visit(node)

    def visit_If(self, node: ast.If | ast.While | ast.IfExp) -> None:
        """Turn the condition round; of `if TYPE_CHECKING` visit the other branch only."""
        if isinstance(node, ast.If) and re.search("TYPE_CHECKING|__name__", self._text(node.test)):
            for statement in node.orelse:
                self.visit(statement)
            return
        self._turn_round(node.test)
        self.generic_visit(node)

    visit_While = visit_IfExp = visit_If  # noqa: N815

    def visit_comprehension(self, node: ast.comprehension) -> None:
        """Turn the conditions round."""
        for condition in node.ifs:
            self._turn_round(condition)
        self.generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> None:
        """Move the boundary, or compare for the opposite."""
        for left, operator, right in zip([node.left, *node.comparators], node.ops, node.comparators, strict=False):
            self._change_between(left, right, *COMPARISONS[type(operator)])
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        """Swap `and` and `or`; between several operands each one by itself."""
        old, new = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
        for left, right in zip(node.values, node.values[1:], strict=False):
            self._change_between(left, right, old, new)
        self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        """Leave `not` and a minus out."""
        if isinstance(node.op, ast.Not | ast.USub):
            self._change(node, f"({self._text(node.operand)})")
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        """Swap the operator, but not of texts, paths and types."""
        texts = any(isinstance(side, ast.JoinedStr) or _is_text(side) for side in (node.left, node.right))
        types = isinstance(node.op, ast.BitOr) and self._returns is None
        if type(node.op) in OPERATORS and not texts and not types:
            old, new = OPERATORS[type(node.op)]
            self._change_between(node.left, node.right, re.escape(old), new)
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        """Swap a known function; leave a keyword out; leave alone what makes messages and types."""
        name = self._text(node.func).rpartition(".")[2]
        if name in TYPING or name.endswith(("Error", "Exception", "Warning")):
            return
        if name in {"isinstance", "issubclass"}:
            self.visit(node.args[0])
            return
        end = self._span(node.func)[1]
        if name in FUNCTIONS:
            self.found[end - len(name), end, FUNCTIONS[name]] = self._lines
        elif self._text(node.func) == "abs" or (self._text(node.func) == "sorted" and not node.keywords):
            self._change(node.func, "" if name == "abs" else "list")
        for keyword in node.keywords:
            if keyword.arg in OPTIONAL:
                start, end = self._span(keyword)
                comma = re.match(rb"\s*,", self.source[end:])
                self.found[start, end + (comma.end() if comma else 0), ""] = self._lines
        self.generic_visit(node)

    def visit_keyword(self, node: ast.keyword) -> None:
        """Visit the value of a keyword that tests can see."""
        if node.arg not in KEYWORDS:
            self.visit(node.value)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        """Visit what is no type."""
        if self._text(node.value).rpartition(".")[2] not in TYPING:
            self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        """Flip a truth value, add one to a whole number, double another (0.0 becomes 1.0)."""
        if isinstance(node.value, bool):
            self._change(node, str(not node.value))
        elif isinstance(node.value, int):
            self._change(node, str(node.value + 1))
        elif isinstance(node.value, float):
            self._change(node, repr(node.value * 2 or 1.0))
