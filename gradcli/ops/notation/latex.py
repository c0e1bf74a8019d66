"""How LaTeX writes functions; what has no entry is an operator with its bare name.

`#1` is the first argument, `@1` the same in brackets unless it is one sign.
"""

from __future__ import annotations

LATEX = {
    "abs": r"\left\lvert #1 \right\rvert",
    "acos": r"\arccos\left(#1\right)",
    "adjugate": r"\operatorname{adj}\left(#1\right)",
    "asin": r"\arcsin\left(#1\right)",
    "atan": r"\arctan\left(#1\right)",
    "cos": r"\cos\left(#1\right)",
    "cosh": r"\cosh\left(#1\right)",
    "det": r"\det\left(#1\right)",
    "exp": r"e^{#1}",
    "inv": r"{@1}^{-1}",
    "log": r"\log\left(#1\right)",
    "log1p": r"\log\left(1 + #1\right)",
    "maximum": r"\max\left(#1, #2\right)",
    "minimum": r"\min\left(#1, #2\right)",
    "sigmoid": r"\sigma\left(#1\right)",
    "sin": r"\sin\left(#1\right)",
    "sinh": r"\sinh\left(#1\right)",
    "solve": r"{@1}^{-1} @2",
    "sqrt": r"\sqrt{#1}",
    "square": r"@1^{2}",
    "tan": r"\tan\left(#1\right)",
    "tanh": r"\tanh\left(#1\right)",
    "where": r"\begin{cases} #2 & #1 \\ #3 & \text{otherwise} \end{cases}",
}
