"""All short programs: none is missed, and known ones are among them."""

from itertools import product

from edgestab.numeric.codegen.shortest.growth import corners, growth
from edgestab.numeric.codegen.shortest.shapes import CONSTANTS, RING, Read, Shape, X, Y, shapes

Support = frozenset[tuple[int, int]]


def naive(kinds: str) -> set[tuple[Support, Support]]:
    """Monomials of the components of every program, each operation and output chosen freely."""
    found: set[tuple[Support, Support]] = set()

    def choices(kind: str, count: int) -> list[tuple[int, int | None, int | None]]:
        addends = [*range(count), None]
        if kind == "N":
            return [(a, b, c) for a in range(count) for b in range(count) for c in addends]
        return [(a, None, c) for a in range(count) for c in addends]

    for chosen in product(*(choices(kind, 2 + i) for i, kind in enumerate(kinds))):
        values: list[set[tuple[int, int]]] = [{(1, 0)}, {(0, 1)}]
        for a, b, c in chosen:
            head = {(i + k, j + m) for i, j in values[a] for k, m in (values[b] if b is not None else [(0, 0)])}
            values.append(head | (values[c] if c is not None else {(0, 0)}))
        for one, two in product(range(len(values)), repeat=2):
            read = {one, two}.union(*({v for v in op if v is not None} for op in chosen))
            if one != two and set(range(2, len(values))) <= read:
                found.add((frozenset(values[one]), frozenset(values[two])))
    return found


def mirrored(pair: tuple[Support, Support]) -> tuple[Support, Support]:
    """The map with x and y exchanged."""
    one, two = (frozenset((j, i) for i, j in support) for support in pair)
    return two, one


def test_no_program_of_two_operations_is_missed() -> None:
    words = ("NN", "NS", "SN")
    found = {supports for word in words for _, supports in shapes(word)}
    wanted = {supports for word in words for supports in naive(word)}
    assert {p for p in wanted if p not in found and mirrored(p) not in found} == set()
    assert found <= wanted


def test_the_step_with_epsilon_1_takes_three_operations() -> None:
    """With eigenvalues 1 and -1, z_1' = z_1 - z_1 z_2^2 and z_2' = z_2 - z_2 z_1^2."""
    places = [g if i < 2 else RING.constant(0) for i, g in enumerate(RING.gens())]
    wanted = [(X - X * Y * Y, Y - X * X * Y), (X - X * X * Y, Y - X * Y * Y)]
    found = []
    for shape, _ in shapes("NNN"):
        if shape.constants == 1 and shape.reads[0] == Read(0, 1, None):
            found += [shape for p, q in shape.signed() if (p.compose(*places), q.compose(*places)) in wanted]
    assert str(found[0]).startswith("p = x*y + c")


def test_a_sample_is_a_part() -> None:
    whole = [s for s, _ in shapes("NNN")]
    parts = [s for i in range(4) for s, _ in shapes("NNN", 4, i)]
    assert len(whole) == len(set(whole)) == len(parts)
    assert set(whole) == set(parts)


def test_leading_forms_are_those_of_the_whole_map() -> None:
    shape = Shape((Read(0, 1, None), Read(0, 2, 1), Read(1, 2, 0)), (3, 4))
    p, q = shape.evaluate([1, 1, 1], [1, 1, 1])
    assert p == X * (X * Y + CONSTANTS[0]) + Y
    at = growth(corners(frozenset({(2, 1), (1, 0), (0, 1)})), corners(frozenset({(1, 2), (0, 1), (1, 0)})))
    assert (at.gain, at.x, at.slack, at.compared()) == (3 * at.x, at.x, 0, 0)
    assert len(shape.leading(at.x, at.y, at.slack)[0].monoms()) == 1
    assert q.total_degree() == 3
