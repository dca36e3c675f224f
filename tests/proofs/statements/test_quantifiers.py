"""Statements within statements: what they bind, how they read, and how they change."""

import sympy as sp

from edgestab.proofs.statements import REALS, WEIGHTS, Definition, R, Range, Statement, eq, gt, le, lt, ne
from edgestab.proofs.statements.mutants import mutants
from edgestab.proofs.statements.quantifiers import Either, Exists, ForAll, NotEmpty, Open
from edgestab.proofs.statements.text import definitions_text, term_latex, term_text
from edgestab.symbolic.algebra.symbols import symbols

z, T, epsilon, eta, mu = symbols("z T epsilon eta mu")
U, theta_0 = sp.Symbol("U"), sp.Symbol("theta_0")

INNER = ForAll.of((Range(z, sp.Interval.Lopen(0, R(1, 5))), Range(T, REALS)), (ne(z, T), lt(T, mu)), (le(z, 2 * T),))


def test_variables_are_bound() -> None:
    assert INNER.free_symbols == {mu}
    assert INNER.bound_symbols == {z, T}
    statement = Statement((INNER, eq(eta, 1)), (Range(eta, REALS),), where=(Definition(epsilon, "", z + mu),))
    assert statement.inner_variables() == (T, z)
    assert statement.names() == {"mu"}  # the abbreviation may speak of z, which is bound where it stands


def test_what_was_given_comes_back() -> None:
    assert INNER.over == (Range(z, sp.Interval.Lopen(0, R(1, 5))), Range(T, REALS))
    assert INNER.given == (ne(z, T), lt(T, mu))
    assert INNER.conclusion == (le(z, 2 * T),)
    assert ForAll.of((Range(theta_0, WEIGHTS),)).over == (Range(theta_0, WEIGHTS),)
    assert INNER.func(*INNER.args) == INNER
    assert Exists.of(INNER.over, INNER.given, INNER.conclusion) != INNER


def test_text_reads_in_the_order_of_the_quantifiers() -> None:
    assert term_text(INNER) == "for every z in (0, 1/5]; T in the real numbers, if z != T and T < mu: z <= 2*T"
    outer = Exists.of((Range(U, REALS),), (), (NotEmpty(U), Open(U), Either(gt(mu, 0), gt(mu, 1)), INNER))
    assert term_text(outer) == (
        "there are U in the real numbers with U is not empty and U is open and (mu > 0 or mu > 1) and "
        "(for every z in (0, 1/5]; T in the real numbers, if z != T and T < mu: z <= 2*T)"
    )
    member = ForAll.of((Range(theta_0, U),), (), (gt(mu, 0),))
    assert term_text(member) == "for every theta_0 in U: mu > 0"


def test_latex_puts_hypotheses_and_parts_on_lines_of_a_display() -> None:
    latex = term_latex(Exists.of((Range(U, REALS),), (lt(mu, 1),), (NotEmpty(U), Open(U))))
    assert latex == r"\exists U \in \mathbb{R}: \\ &\qquad \mu < 1,\ U \ne \emptyset,\ U \text{ is open}"
    assert r"\tilde T < \mu \implies \\ &\qquad \tilde z \le 2 \tilde T" in term_latex(INNER)
    assert r"\forall \tilde z \in \left(0, \frac{1}{5}\right]" in term_latex(INNER)


def test_variables_that_nodes_bind_are_told_too() -> None:
    statement = Statement((INNER,), (Range(mu, REALS),), where=(Definition(T, "a number of its own"),))
    told = dict(definitions_text(statement))
    assert told["z"].startswith("rescaled residual")
    assert told["T"] == "a number of its own"


def test_numbers_relations_hypotheses_and_ranges_inside_change_too() -> None:
    texts = {term_text(m.statement.conclusion[0]) for m in mutants(Statement((INNER,), (Range(mu, REALS),)))}
    head, given, part = "for every z in (0, 1/5]; T in the real numbers", "if z != T and T < mu", "z <= 2*T"
    assert {
        f"{head}, {given}: z <= 3*T",
        f"{head}, {given}: z < 2*T",
        f"{head}, if T < mu: {part}",
        f"{head}, if z != T: {part}",
        f"{head}, if z != T and T <= mu: {part}",
        f"for every z in (0, 2/5]; T in the real numbers, {given}: {part}",
        f"for every z in [0, 1/5]; T in the real numbers, {given}: {part}",
        f"for every z in (0, 1/5); T in the real numbers, {given}: {part}",
    } <= texts
