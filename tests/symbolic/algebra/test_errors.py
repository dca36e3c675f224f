import pytest

from edgestab.symbolic.algebra.errors import (
    CodegenError,
    DomainError,
    EdgestabError,
    OutputError,
    PrecisionError,
    ProofError,
)


@pytest.mark.parametrize("kind", [CodegenError, DomainError, OutputError, PrecisionError, ProofError])
def test_every_error_is_an_edgestab_error(kind: type[EdgestabError]) -> None:
    assert issubclass(kind, EdgestabError)


def test_message_says_where_what_got_and_fix_on_one_line() -> None:
    error = DomainError.of("f()", "a rational", "x\ny" * 100, "Pass a Fraction.")
    text = str(error)
    assert text.startswith("f(): expected a rational; got x y")
    assert text.endswith("Pass a Fraction.")
    assert "\n" not in text
    assert len(text) < 200
    assert isinstance(error, ValueError)
