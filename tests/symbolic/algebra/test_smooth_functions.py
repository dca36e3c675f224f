"""Smooth functions that losses use, and the reason for the one that is not smooth."""

from __future__ import annotations

import pytest
import sympy as sp

import edgestab as es
from edgestab.symbolic.algebra.errors import DomainError


def test_cosh_and_softplus_are_read() -> None:
    x = sp.Symbol("x", real=True)
    assert es.algebra.parse_expression("cosh(x)") == sp.cosh(x)
    assert es.algebra.parse_expression("softplus(2*x)") == sp.log(1 + sp.exp(2 * x))


def test_relu_is_refused_with_its_reason() -> None:
    with pytest.raises(DomainError, match="no derivative at 0"):
        es.algebra.parse_expression("relu(x)")
