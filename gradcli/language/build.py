"""Syntax-tree nodes from grammar rules: `build_NAME` serves the rule or alias NAME.

Each takes the rule's children (tokens are their text, absent optional parts None) and its place,
and gives a node of Python's `ast`, used as plain data.
"""

from __future__ import annotations

import ast
from typing import Any

from gradcli.errors import SyntaxProblem
from gradcli.language.literals import constant_of, number_of, string_of
from gradcli.language.places import Place, placed, span_of

LOAD, STORE, DELETE = ast.Load(), ast.Store(), ast.Del()


# --- programs and statements -------------------------------------------------------------------


def _ending(place: Place, body: list[Any]) -> Place:
    """The place of a compound statement: it ends where its last statement does."""
    return (*place[:2], body[-1].end_lineno, body[-1].end_col_offset)


def build_start(children: list[Any], place: Place) -> ast.Module:
    return ast.Module(body=children, type_ignores=[])


def build_expression(children: list[Any], place: Place) -> ast.Expr:
    return placed(ast.Expr(value=children[0]), place)


def build_assign(children: list[Any], place: Place) -> ast.Assign:
    *targets, value = children
    stored = [_target(target) for target in targets]
    return placed(ast.Assign(targets=stored, value=value, type_comment=None), place)


def build_augmented(children: list[Any], place: Place) -> ast.AugAssign:
    target, sign, value = children
    stored = _target(target)
    if isinstance(stored, (ast.Tuple, ast.List)):
        raise SyntaxProblem(
            f"`{sign}` takes one name or element, not several",
            span=span_of(stored),
            hint=f"a line for each of them, as in `a {sign} 1`",
        )
    return placed(ast.AugAssign(target=stored, op=AUGMENTED[sign](), value=value), place)


def build_annotated(children: list[Any], place: Place) -> ast.AnnAssign:
    name, annotation, value = children
    target = placed(ast.Name(id=name, ctx=STORE), (*place[:2], place[0], place[1] + len(name)))
    node = ast.AnnAssign(target=target, annotation=annotation, value=value, simple=1)
    return placed(node, place)


def build_aug(children: list[Any], place: Place) -> str:
    return str(children[0])


def build_return_(children: list[Any], place: Place) -> ast.Return:
    return placed(ast.Return(value=children[0]), place)


def build_assert_(children: list[Any], place: Place) -> ast.Assert:
    return placed(ast.Assert(test=children[0], msg=children[1]), place)


def build_pass_(children: list[Any], place: Place) -> ast.Pass:
    return placed(ast.Pass(), place)


def build_break_(children: list[Any], place: Place) -> ast.Break:
    return placed(ast.Break(), place)


def build_continue_(children: list[Any], place: Place) -> ast.Continue:
    return placed(ast.Continue(), place)


def build_module(children: list[Any], place: Place) -> str:
    return ".".join(children)


def build_imported(children: list[Any], place: Place) -> ast.alias:
    return placed(ast.alias(name=children[0], asname=children[1]), place)


build_imported_module = build_imported


def build_import_(children: list[Any], place: Place) -> ast.Import:
    return placed(ast.Import(names=children), place)


def build_import_from(children: list[Any], place: Place) -> ast.ImportFrom:
    return placed(ast.ImportFrom(module=children[0], names=children[1:], level=0), place)


def build_suite(children: list[Any], place: Place) -> list[Any]:
    return children


def build_elif(children: list[Any], place: Place) -> ast.If:
    node = ast.If(test=children[0], body=children[1], orelse=[])
    return placed(node, _ending(place, children[1]))


def build_if_(children: list[Any], place: Place) -> ast.If:
    test, body, *branches, otherwise = children
    orelse = otherwise or []
    for branch in reversed(branches):
        branch.orelse = orelse
        if orelse:
            branch.end_lineno, branch.end_col_offset = _ending(place, orelse)[2:]
        orelse = [branch]
    return placed(ast.If(test=test, body=body, orelse=orelse), _ending(place, orelse or body))


def build_while_(children: list[Any], place: Place) -> ast.While:
    test, body, otherwise = children
    node = ast.While(test=test, body=body, orelse=otherwise or [])
    return placed(node, _ending(place, otherwise or body))


def build_for_(children: list[Any], place: Place) -> ast.For:
    target, source, body, otherwise = children
    node = ast.For(target=target, iter=source, body=body, orelse=otherwise or [], type_comment=None)
    return placed(node, _ending(place, otherwise or body))


def build_with_item(children: list[Any], place: Place) -> ast.withitem:
    target = None if children[1] is None else _target(children[1])
    return ast.withitem(context_expr=children[0], optional_vars=target)


def build_with_(children: list[Any], place: Place) -> ast.With:
    *items, body = children
    node = ast.With(items=items, body=body, type_comment=None)
    return placed(node, _ending(place, body))


def build_del_(children: list[Any], place: Place) -> ast.Delete:
    (found,) = children
    targets: list[Any] = found.elts if isinstance(found, ast.Tuple) else [found]
    for target in targets:
        target.ctx = DELETE
    return placed(ast.Delete(targets=targets), place)


def build_decorator(children: list[Any], place: Place) -> Any:
    return children[0]


def build_decorated(children: list[Any], place: Place) -> ast.FunctionDef:
    *decorators, node = children
    node.decorator_list = decorators
    function: ast.FunctionDef = node
    return function


def build_function(children: list[Any], place: Place) -> ast.FunctionDef:
    name, params, returns, body = children
    node = ast.FunctionDef(
        name=name,
        args=params or _arguments([]),
        body=body,
        decorator_list=[],
        returns=returns,
        type_comment=None,
    )
    if "type_params" in ast.FunctionDef._fields:
        vars(node)["type_params"] = []
    return placed(node, _ending(place, body))


def build_param(children: list[Any], place: Place) -> tuple[Any, Any]:
    name, *annotations, default = children
    annotation = annotations[0] if annotations else None
    line, column, *_ = place
    end = (line, column + len(name))
    if annotation is not None:
        end = (annotation.end_lineno, annotation.end_col_offset)
    arg = ast.arg(arg=name, annotation=annotation, type_comment=None)
    return placed(arg, (line, column, *end)), default


def build_params(children: list[Any], place: Place) -> ast.arguments:
    return _arguments(children)


build_lambda_params = build_params


def _arguments(pairs: list[tuple[Any, Any]]) -> ast.arguments:
    names: dict[str, Any] = {}
    defaults = []
    for arg, default in pairs:
        if arg.arg in names:
            raise _twice(f"parameter `{arg.arg}` is named twice", names[arg.arg], arg)
        names[arg.arg] = arg
        if default is not None:
            defaults.append(default)
        elif defaults:
            raise SyntaxProblem(
                f"parameter `{arg.arg}` without a default follows one with a default",
                span=span_of(arg),
                hint="parameters with defaults come last",
            )
    return ast.arguments(
        posonlyargs=[],
        args=[arg for arg, _ in pairs],
        vararg=None,
        kwonlyargs=[],
        kw_defaults=[],
        kwarg=None,
        defaults=defaults,
    )


def _twice(message: str, first: Any, second: Any) -> SyntaxProblem:
    """An error with both places where something stands that may stand once."""
    error = SyntaxProblem(message, span=span_of(second))
    error.labels = [(span_of(first), "first"), (span_of(second), "again")]
    return error


def _target(node: Any) -> Any:
    """An expression as the target of an assignment."""
    # Targets nest no deeper than the brackets that the lexer let through.
    if isinstance(node, (ast.Tuple, ast.List)):
        node.elts = [_target(element) for element in node.elts]
    elif not isinstance(node, (ast.Name, ast.Subscript, ast.Attribute)):
        raise _no_target(node)
    node.ctx = STORE
    return node


def _no_target(node: Any) -> SyntaxProblem:
    """The error for what cannot stand on the left of `=`."""
    hint = "as in `x = 3`; `==` compares"
    what = "an expression"
    if isinstance(node, ast.Call):
        what = "a call"
        if isinstance(node.func, ast.Name):
            named = ", ".join([arg.id for arg in node.args if isinstance(arg, ast.Name)])
            hint = f"a function is written `def {node.func.id}({named}): return ...`"
    elif isinstance(node, (ast.Constant, ast.JoinedStr, ast.Dict)):
        what = "a value"
    return SyntaxProblem(f"{what} stands where a name is wanted", span=span_of(node), hint=hint)


# --- expressions -------------------------------------------------------------------------------


def build_tuple(children: list[Any], place: Place) -> ast.Tuple:
    return placed(ast.Tuple(elts=children, ctx=LOAD), place)


def build_targets(children: list[Any], place: Place) -> Any:
    if len(children) == 1:
        return _target(children[0])
    return build_target_tuple(children, place)


def build_target_tuple(children: list[Any], place: Place) -> Any:
    return _target(build_tuple(children, place))


def build_ternary(children: list[Any], place: Place) -> ast.IfExp:
    body, test, orelse = children
    return placed(ast.IfExp(test=test, body=body, orelse=orelse), place)


def build_lambda_(children: list[Any], place: Place) -> ast.Lambda:
    return placed(ast.Lambda(args=children[0] or _arguments([]), body=children[1]), place)


def build_or_test(children: list[Any], place: Place) -> ast.BoolOp:
    return placed(ast.BoolOp(op=ast.Or(), values=children), place)


def build_and_test(children: list[Any], place: Place) -> ast.BoolOp:
    return placed(ast.BoolOp(op=ast.And(), values=children), place)


def build_compare(children: list[Any], place: Place) -> str:
    return " ".join(children)


def build_comparison(children: list[Any], place: Place) -> ast.Compare:
    ops = [COMPARISONS[sign]() for sign in children[1::2]]
    return placed(ast.Compare(left=children[0], ops=ops, comparators=children[2::2]), place)


def _unary(kind: type[ast.unaryop]) -> Any:
    def build(children: list[Any], place: Place) -> ast.UnaryOp:
        return placed(ast.UnaryOp(op=kind(), operand=children[0]), place)

    return build


def _binary(kind: type[ast.operator]) -> Any:
    def build(children: list[Any], place: Place) -> ast.BinOp:
        return placed(ast.BinOp(left=children[0], op=kind(), right=children[1]), place)

    return build


COMPARISONS: dict[str, type[ast.cmpop]] = {
    "<": ast.Lt,
    ">": ast.Gt,
    "==": ast.Eq,
    ">=": ast.GtE,
    "<=": ast.LtE,
    "!=": ast.NotEq,
    "in": ast.In,
    "not in": ast.NotIn,
    "is": ast.Is,
    "is not": ast.IsNot,
}
AUGMENTED: dict[str, type[ast.operator]] = {
    "+=": ast.Add,
    "-=": ast.Sub,
    "*=": ast.Mult,
    "/=": ast.Div,
    "//=": ast.FloorDiv,
    "%=": ast.Mod,
    "**=": ast.Pow,
    "@=": ast.MatMult,
}
build_not_ = _unary(ast.Not)
build_negative = _unary(ast.USub)
build_positive = _unary(ast.UAdd)
build_invert = _unary(ast.Invert)
build_bitor = _binary(ast.BitOr)
build_bitxor = _binary(ast.BitXor)
build_bitand = _binary(ast.BitAnd)
build_add = _binary(ast.Add)
build_subtract = _binary(ast.Sub)
build_multiply = _binary(ast.Mult)
build_divide = _binary(ast.Div)
build_floor_divide = _binary(ast.FloorDiv)
build_remainder = _binary(ast.Mod)
build_matmul = _binary(ast.MatMult)
build_power = _binary(ast.Pow)


def build_arguments(children: list[Any], place: Place) -> list[Any]:
    return children


def build_keyword(children: list[Any], place: Place) -> ast.keyword:
    return placed(ast.keyword(arg=children[0], value=children[1]), place)


def build_starred(children: list[Any], place: Place) -> ast.Starred:
    return placed(ast.Starred(value=children[0], ctx=LOAD), place)


def build_keywords(children: list[Any], place: Place) -> ast.keyword:
    return placed(ast.keyword(arg=None, value=children[0]), place)


def build_call(children: list[Any], place: Place) -> ast.Call:
    positional: list[Any] = []
    keywords: list[Any] = []
    named: dict[str, Any] = {}
    function, given = children
    for argument in [given] if isinstance(given, ast.GeneratorExp) else given or []:
        if isinstance(argument, ast.keyword):
            name = argument.arg
            if name is not None:
                if name in named:
                    raise _twice(f"`{name}` is given twice", named[name], argument)
                named[name] = argument
            keywords.append(argument)
        elif keywords and not (isinstance(argument, ast.Starred) and len(named) == len(keywords)):
            raise SyntaxProblem(
                "an argument without a name follows one with a name",
                span=span_of(argument),
                hint="arguments with names come last",
            )
        else:
            positional.append(argument)
    return placed(ast.Call(func=function, args=positional, keywords=keywords), place)


def build_attribute(children: list[Any], place: Place) -> ast.Attribute:
    return placed(ast.Attribute(value=children[0], attr=children[1], ctx=LOAD), place)


def build_subscript(children: list[Any], place: Place) -> ast.Subscript:
    return placed(ast.Subscript(value=children[0], slice=children[1], ctx=LOAD), place)


def build_subscripts(children: list[Any], place: Place) -> Any:
    return children[0] if len(children) == 1 else build_tuple(children, place)


build_subscript_tuple = build_tuple


def build_slice(children: list[Any], place: Place) -> ast.Slice:
    lower, upper, step = (*children, None)[:3]
    return placed(ast.Slice(lower=lower, upper=upper, step=step), place)


def build_name(children: list[Any], place: Place) -> ast.Name:
    return placed(ast.Name(id=children[0], ctx=LOAD), place)


def build_number(children: list[Any], place: Place) -> ast.Constant:
    return number_of(children[0], place)


def build_string(children: list[Any], place: Place) -> ast.expr:
    return string_of(children, place)


def build_none(children: list[Any], place: Place) -> ast.Constant:
    return constant_of(None, place)


def build_true(children: list[Any], place: Place) -> ast.Constant:
    return constant_of(True, place)


def build_false(children: list[Any], place: Place) -> ast.Constant:
    return constant_of(False, place)


def build_ellipsis(children: list[Any], place: Place) -> ast.Constant:
    return constant_of(..., place)


def build_empty_tuple(children: list[Any], place: Place) -> ast.Tuple:
    return build_tuple([], place)


def build_group(children: list[Any], place: Place) -> Any:
    # Python counts the parentheses in for a tuple only.
    return children[0]


def build_generator(children: list[Any], place: Place) -> ast.GeneratorExp:
    return placed(ast.GeneratorExp(elt=children[0], generators=children[1:]), place)


def build_list(children: list[Any], place: Place) -> ast.List:
    elements = [child for child in children if child is not None]
    return placed(ast.List(elts=elements, ctx=LOAD), place)


def build_list_comprehension(children: list[Any], place: Place) -> ast.ListComp:
    return placed(ast.ListComp(elt=children[0], generators=children[1:]), place)


def build_comp_for(children: list[Any], place: Place) -> ast.comprehension:
    target, source, *tests = children
    return ast.comprehension(target=target, iter=source, ifs=tests, is_async=0)


def build_comp_if(children: list[Any], place: Place) -> Any:
    return children[0]


def build_pair(children: list[Any], place: Place) -> tuple[Any, Any]:
    return children[0], children[1]


def build_dict(children: list[Any], place: Place) -> ast.Dict:
    pairs = [child for child in children if child is not None]
    return placed(ast.Dict(keys=[key for key, _ in pairs], values=[v for _, v in pairs]), place)


def build_dict_comprehension(children: list[Any], place: Place) -> ast.DictComp:
    (key, value), *clauses = children
    return placed(ast.DictComp(key=key, value=value, generators=clauses), place)
