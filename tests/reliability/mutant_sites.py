"""Places of the source where one operator of arithmetic or comparison can be changed, and the changed texts.

A change replaces one operator in the text and puts its term in brackets, so that lines, comments and everything else
stay as they were: a test that reads the source notices nothing but the operator.
"""

import ast
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
LAYERS = ("symbolic", "numeric", "proofs")
COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
}
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Pow: ast.Mult,
}
TEXT: dict[type[ast.AST], str] = {
    **{ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!="},
    **{ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Pow: "**"},
}


@dataclass(frozen=True)
class Site:
    """A place where one operator can be changed.

    Attributes:
        path: of the file, from the root.
        line: of the term, from 1.
        column: of the term.
        number: of the term among the nodes of the file.
        before: the operator's class.
        after: that of the operator put in its place.
    """

    path: str
    line: int
    column: int
    number: int
    before: str
    after: str


def sites(path: Path, root: Path = ROOT) -> Iterator[Site]:
    """Every operator of a file."""
    where = path.relative_to(root).as_posix()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    inside = {id(n) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for n in ast.walk(node)}
    for number, node in enumerate(ast.walk(tree)):
        if id(node) in inside:  # their positions are those of the whole text in Python 3.11
            continue
        if isinstance(node, ast.Compare) and type(node.ops[0]) in COMPARISONS:
            yield _site(where, node, number, type(node.ops[0]), COMPARISONS[type(node.ops[0])])
        elif isinstance(node, ast.BinOp) and type(node.op) in ARITHMETIC and not _text(node):
            yield _site(where, node, number, type(node.op), ARITHMETIC[type(node.op)])


def _site(where: str, node: ast.expr, number: int, old: type[ast.AST], new: type[ast.AST]) -> Site:
    return Site(where, node.lineno, node.col_offset, number, old.__name__, new.__name__)


def _text(node: ast.BinOp) -> bool:
    """Whether an operand is a string: sums of texts are no arithmetic."""
    inner = [n for n in ast.walk(node) if isinstance(n, ast.JoinedStr | ast.Constant)]
    return any(isinstance(n, ast.JoinedStr) or isinstance(n.value, str) for n in inner)


def all_sites(root: Path = ROOT) -> list[Site]:
    """Every operator of the three layers."""
    return [s for layer in LAYERS for path in sorted((root / layer).rglob("*.py")) for s in sites(path, root)]


def drawn(count: int, seed: int, root: Path = ROOT) -> list[Site]:
    """Random sites: the same for the same seed and source."""
    found = all_sites(root)
    return random.Random(seed).sample(found, min(count, len(found)))


class _Source:
    """A text with offsets of its terms (columns of the syntax tree count bytes)."""

    def __init__(self, text: str) -> None:
        self.bytes = text.encode()
        self.starts = [0]
        for line in self.bytes.splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(line))
        self.nodes = list(ast.walk(ast.parse(text)))

    def span(self, node: ast.expr) -> tuple[int, int]:
        """First byte of a term, and the one after its last."""
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return (
            self.starts[node.lineno - 1] + node.col_offset,
            self.starts[node.end_lineno - 1] + node.end_col_offset,
        )


def changed(text: str, site: Site) -> str:
    """The text of a file with one operator changed.

    Args:
        text: the file.
        site: one of its sites.

    Returns:
        The text with another operator at the site.
    """
    source = _Source(text)
    node = source.nodes[site.number]
    if isinstance(node, ast.Compare):
        left, right, old = node.left, node.comparators[0], TEXT[type(node.ops[0])]
    else:
        assert isinstance(node, ast.BinOp)
        left, right, old = node.left, node.right, TEXT[type(node.op)]
    new = TEXT[getattr(ast, site.after)]
    begin, end = source.span(node)
    low, high = source.span(left)[1], source.span(right)[0]
    gap = source.bytes[low:high]
    assert gap.count(old.encode()) == 1, (site, gap)
    middle = gap.replace(old.encode(), new.encode())
    inner = source.bytes[begin:low] + middle + source.bytes[high:end]
    return (source.bytes[:begin] + b"(" + inner + b")" + source.bytes[end:]).decode()


def watched(text: str, marks: dict[int, str]) -> str:
    """The text of a file in which some terms say that they are reached.

    Args:
        text: the file.
        marks: a name for each term, by its number among the nodes.

    Returns:
        The text; a term ``a + b`` named n became ``(_reached("n") or (a + b))``.
    """
    source = _Source(text)
    cuts: list[tuple[int, int, bytes]] = []
    for number, name in marks.items():
        begin, end = source.span(source.nodes[number])  # type: ignore[arg-type]  # sites are terms
        # of terms that begin together the longer comes first, of those that end together last
        cuts.append((begin, begin - end, f"(_reached({name!r}) or (".encode()))
        cuts.append((end, end - begin, b"))"))
    parts, done = [], 0
    for place, _, piece in sorted(cuts, key=lambda c: (c[0], c[1])):
        parts += [source.bytes[done:place], piece]
        done = place
    return b"".join([*parts, source.bytes[done:]]).decode()
