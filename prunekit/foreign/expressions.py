"""Sizes as expressions: the texts that ``torch.export`` writes of them, let through by a grammar and written anew.

torch gives them to sympy, which evaluates whatever stands there as Python. So a text is taken apart, only known
functions, symbols, numbers and operators pass, and what they could grow to is bounded.
"""

import ast
import re
from typing import Any

from prunekit.foreign.refused import Refused

LONGEST = 4_000
DEEPEST = 40
MOST_PARTS = 64
_SYMBOL = re.compile(r"(?:s|u|zf|zuf)[0-9]{1,9}")
_OWN_NUMBER = re.compile(r"-?[0-9]{1,20}(?:\.[0-9]{0,40})?(?:e[-+]?[0-9]{1,3})?")
_ASSUMPTIONS = {"integer", "positive", "nonnegative", "negative", "nonpositive", "nonzero", "zero", "finite", "real"}
_CONSTANTS = {"true", "false", "True", "False", "oo", "int_oo", "nan"}
_FUNCTIONS = {
    *("Add", "Mul", "Max", "Min", "Abs", "Not", "And", "Or", "Xor", "Mod", "Piecewise", "ExprCondPair", "Tuple"),
    *("Equality", "Unequality", "Relational", "StrictLessThan", "StrictGreaterThan", "LessThan", "GreaterThan"),
    *("Eq", "Ne", "Lt", "Le", "Gt", "Ge", "floor", "ceiling", "Integer", "Rational", "FloorDiv", "CeilDiv", "CleanDiv"),
    *("ModularIndexing", "PythonMod", "Where", "CeilToInt", "FloorToInt", "TruncToFloat", "TruncToInt", "RoundToInt"),
    *("FloatTrueDiv", "IntTrueDiv", "IsNonOverlappingAndDenseIndicator", "ToFloat", "Identity"),
}
"""Functions whose results are no longer than their arguments together."""
_POWERS = {"Pow", "PowByNatural"}
_EXPONENT = re.compile(r"-?[0-9]{1,2}|Integer\(-?[0-9]{1,2}\)|Rational\(1, 2\)|0\.5")
_OPERATORS = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow)
_COMPARISONS = (ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE)


def checked(text: str, label: str) -> str:
    """Return a size's expression as it is safe to evaluate.

    Args:
        text: the expression.
        label: what the file is called in an error.

    Raises:
        Refused: anything but known functions, symbols, numbers and operators, or something that would grow.

    Example:
        >>> checked("2*s77 + FloorDiv(Symbol('s3', positive=True, integer=True), 2)", "The program")
        "2 * s77 + FloorDiv(Symbol('s3', positive=True, integer=True), 2)"
        >>> checked("f()", "It")
        Traceback (most recent call last):
        prunekit.foreign.refused.Refused: It names a size by 'f()', which is no expression of sizes; it is refused.
    """
    try:
        if len(text) > LONGEST or not text.isascii():
            raise ValueError
        tree = ast.parse(text, mode="eval").body
        _check(tree, DEEPEST, powers=1)
        return ast.unparse(tree)
    except (SyntaxError, ValueError, RecursionError):
        shown = ascii(text[:60])
        raise Refused(f"{label} names a size by {shown}, which is no expression of sizes; it is refused.") from None


def is_symbol(text: str) -> bool:
    """Whether a text names a size that is free."""
    return _SYMBOL.fullmatch(text) is not None


def _check(node: ast.expr, depth: int, powers: int) -> None:
    """Raise ``ValueError`` where a part of an expression is not in the grammar.

    Args:
        node: the part.
        depth: how many levels there may be below.
        powers: how many powers may stand above one another below.
    """
    if not depth:
        raise ValueError
    if _is_leaf(node):
        return
    parts = _parts(node)
    if _is_power(node):
        if not powers or not _is_small(parts.pop()):
            raise ValueError
        powers -= 1
    for part in parts:
        _check(part, depth - 1, powers)


def _is_leaf(node: ast.expr) -> bool:
    """Whether a part is a number, a constant or a free size."""
    match node:
        case ast.Constant(value=int() | float() as number):  # True and False, too
            return abs(number) < 1 << 64
        case ast.Name(id=name):
            return is_symbol(name) or name in _CONSTANTS
        case ast.Call(func=ast.Name(id="Symbol"), args=[ast.Constant(value=str() as name)], keywords=words):
            return is_symbol(name) and all(word.arg in _ASSUMPTIONS and _is(word.value, True, False) for word in words)
        case ast.Call(func=ast.Name(id="Float"), args=[ast.Constant(value=str() as number)], keywords=words):
            fits = _OWN_NUMBER.fullmatch(number) is not None
            return fits and all(word.arg == "precision" and _is(word.value, 53) for word in words)
    return False


def _parts(node: ast.expr) -> list[ast.expr]:
    """Return the parts of a known function or operator; ``ValueError`` of anything else."""
    match node:
        case ast.UnaryOp(op=ast.USub() | ast.UAdd() | ast.Not(), operand=operand):
            return [operand]
        case ast.BinOp(left=left, op=op, right=right) if isinstance(op, _OPERATORS):
            return [left, right]
        case ast.Compare(left=left, ops=ops, comparators=others) if all(isinstance(op, _COMPARISONS) for op in ops):
            return [left, *others]
        case ast.BoolOp(values=values) | ast.Tuple(elts=values):
            return list(values)
        case ast.Call(func=ast.Name(id=name), args=[base, exponent], keywords=[]) if name in _POWERS:
            return [base, exponent]
        case ast.Call(func=ast.Name(id=name), args=parts, keywords=[]) if (
            name in _FUNCTIONS and len(parts) <= MOST_PARTS
        ):
            return list(parts)
    raise ValueError


def _is_power(node: ast.expr) -> bool:
    match node:
        case ast.BinOp(op=ast.Pow()):
            return True
        case ast.Call(func=ast.Name(id=name)):
            return name in _POWERS
    return False


def _is_small(exponent: ast.expr) -> bool:
    """Whether an exponent is a number that no power grows by beyond bounds."""
    return _EXPONENT.fullmatch(ast.unparse(exponent)) is not None


def _is(node: ast.expr, *values: Any) -> bool:
    return isinstance(node, ast.Constant) and node.value in values
