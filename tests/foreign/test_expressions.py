import pytest
import sympy
import torch.utils._sympy.functions as functions

from prunekit.foreign.expressions import checked, is_symbol
from prunekit.foreign.refused import Refused

ALLOWED = [
    "Symbol('s77', positive=True, integer=True)",
    "Add(Mul(Integer(2), Symbol('s77', positive=True, integer=True)), Integer(-1))",
    "FloorDiv(Add(Symbol('s6', integer=True), Integer(3)), Integer(2))",
    "Pow(Symbol('s77', positive=True, integer=True), Rational(1, 2))",
    "Mul(Float('0.5', precision=53), ToFloat(Symbol('s0', integer=True)))",
    "2*s0 + s1//2 - 1",
    "Max(1, s0) > Min(s1, 8)",
    "Eq(Mod(s0, 8), 0)",
    "True",
]


@pytest.mark.parametrize("text", ALLOWED)
def test_what_torch_writes_passes_and_means_the_same(text):
    names = {name: getattr(functions, name) for name in ("FloorDiv", "Mod", "ToFloat", "Max", "Min")}
    assert sympy.sympify(checked(text, "It"), locals=names) == sympy.sympify(text, locals=names)


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "Integer(2).__class__.__mro__",
        "().__class__",
        "[c for c in (1,)]",
        "(lambda: 1)()",
        "open('x')",
        "eval('1')",
        "Symbol('s0; import os')",
        "Symbol('__import__')",
        "Symbol('s0', commutative=True)",
        "Float('__import__')",
        "getattr(s0, 'x')",
        "s0 if True else 1",
        "f'{s0}'",
        "s0 := 1",
        "print",
        "Integer",
        "'text'",
        "Integer('1')",
        "Max(*s0)",
        "Max(s0, key=print)",
        "9**9**9**9",
        "(9**64)**64",
        "Pow(2, s0)",
        "PowByNatural(10, 1000000000)",
        "LShift(1, 1000000000)",
        "factorial(10000000)",
        "1" * 400,
        "(" * 60 + "s0" + ")" * 60 + "+" + "-" * 60 + "s0",
        "s0" + "+s0" * 2000,
        "s0\n.x",
        "ѕ0",
        "",
        "s0.bit_length()",
        "{s0}",
        "s0[0]",
        "await s0",
    ],
)
def test_anything_else_is_refused_in_one_sentence(text):
    with pytest.raises(Refused) as raised:
        checked(text, "It")
    assert "\n" not in str(raised.value)


def test_free_sizes_have_names_of_their_own():
    assert all(map(is_symbol, ("s0", "s77", "u12", "zf3")))
    assert not any(map(is_symbol, ("E1", "j0", "N", "s", "s0.x", "S0")))
