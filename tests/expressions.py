"""Random expressions of the language, of the sort and shape that is asked for."""

import numpy as np

INPUTS = {
    "x": np.array([0.5, -1.25, 2.0, 3.0]),
    "m": np.array([[1.5, -0.5, 2.0], [0.25, 4.0, -3.0]]),
    "s": np.array(0.75),
}
SHAPES = [(), (3,), (4,), (2, 3), (3, 2), (2,), (2, 2, 3)]


class Name:
    """A name in scope. sort: num, int, bool, arr, whole (an array of ints), list, dict, fun."""

    def __init__(self, text, sort, of=None, fixed=False):
        self.text = text
        self.sort = sort
        self.of = of
        self.fixed = fixed


class Expressions:
    """Writes expressions over the names in scope, and keeps the lines of one program."""

    def __init__(self, random, script):
        self.random = random
        self.script = script
        self.lines = []
        self.indent = 0
        self.scopes = [[]]
        self.functions = 0
        self.count = 0
        self.budget = 60

    # --- helpers ---------------------------------------------------------------------------------

    def line(self, text):
        self.lines.append("    " * self.indent + text)
        self.budget -= 1

    def chance(self, p):
        return self.random.random() < p

    def pick(self, *options):
        return self.random.choice(options)

    def whole_number(self, low, high):
        return self.random.randint(low, high)

    def fresh(self, prefix="v"):
        self.count += 1
        return f"{prefix}{self.count}"

    def names(self, sort, of=None, local=False):
        """Names that can be read, or (local) bound again, where the program is."""
        scopes = self.scopes[self.functions :] if local else self.scopes
        return [
            name
            for scope in scopes
            for name in scope
            if name.sort == sort and (of is None or name.of == of) and not (local and name.fixed)
        ]

    def bind(self, sort, of=None, fixed=False, prefix="v"):
        name = Name(self.fresh(prefix), sort, of, fixed)
        self.scopes[-1].append(name)
        return name.text

    def np(self, name):
        """A function of NumPy, as it is spelled here."""
        return f"np.{name}" if self.script or self.chance(0.2) else name

    # --- numbers ---------------------------------------------------------------------------------

    def literal(self):
        return self.pick("0.5", "1.5", "2.0", "-1.25", "3.0", "1e-1", ".25", "2", "3", "-1", "7")

    def integer(self, depth=2):
        """A whole number known while the program is read, not large."""
        known = self.names("int")
        if known and self.chance(0.5):
            return self.random.choice(known).text
        if depth <= 0 or self.chance(0.4):
            return str(self.whole_number(-3, 5))
        a, b = self.integer(depth - 1), self.integer(depth - 1)
        arrays = [name for name in self.names("arr") if name.of]
        choice = self.whole_number(0, 7)
        if choice == 0 and arrays:
            return f"len({self.random.choice(arrays).text})"
        if choice == 1 and arrays:
            return f"{self.random.choice(arrays).text}.shape[-1]"
        if choice == 2:
            return f"({a} if {self.condition(depth - 1)} else {b})"
        if choice == 3:
            return f"({a}) // {self.pick('2', '3', '-2')}"
        if choice == 4:
            return f"({a} * {b}) % {self.pick('5', '7', '-4')}"
        if choice == 5 and self.names("list"):
            return f"len({self.random.choice(self.names('list')).text})"
        if choice == 6:
            return f"int({self.number(depth - 1)})" if self.chance(0.5) else f"-{b}"
        return f"({a} {self.pick('+', '-')} {b})"

    def number(self, depth=2):
        """A number known while the program is read."""
        known = self.names("num")
        if known and self.chance(0.45):
            return self.random.choice(known).text
        if depth <= 0 or self.chance(0.3):
            return self.literal()
        a, b = self.number(depth - 1), self.number(depth - 1)
        choice = self.whole_number(0, 9)
        if choice == 0:
            return f"({a} if {self.condition(depth - 1)} else {b})"
        if choice == 1:
            return f"({a} {self.pick('//', '%', '/')} {self.pick('2', '0.75', '-3', '1.5')})"
        if choice == 2:
            return f"({a})**{self.pick('2', '3', '0', '-1', '1.0')}"
        if choice == 3 and self.names("list", "num"):
            text = self.random.choice(self.names("list", "num")).text
            return f"{text}[{self.integer(1)} % len({text})]"
        if choice == 4 and self.names("dict", "num"):
            return self.random.choice(self.names("dict", "num")).text + self.pick("['a']", "['b']")
        if choice == 5:
            return f"float({self.array((), depth - 1)})"
        if choice == 6:
            return self.integer(depth)
        if choice == 7 and self.script:
            call = self.pick("max", "min", "sum", "abs", "round", "pow")
            if call in ("abs", "round"):
                return f"{call}({a})"
            if call == "sum":
                return f"sum([{a}, {b}])"
            return f"{call}({a}, {self.pick('2', b) if call != 'pow' else '2'})"
        return f"({a} {self.pick('+', '-', '*')} {b})"

    def condition(self, depth=2):
        """What a branch can ask."""
        if depth <= 0 or self.chance(0.2):
            return f"{self.number(0)} {self.comparison()} {self.number(0)}"
        choice = self.whole_number(0, 9)
        c, d = self.condition(depth - 1), self.condition(depth - 1)
        if choice == 0:
            return f"({c} {self.pick('and', 'or')} {d})"
        if choice == 1:
            return f"not {c}"
        if choice == 2:
            a, b, c = (self.number(depth - 1) for _ in range(3))
            return f"{a} {self.comparison()} {b} {self.comparison()} {c}"
        if choice == 3:
            return f"{self.array((), depth - 1)} {self.comparison()} {self.number(depth - 1)}"
        if choice == 4:
            shape = self.random.choice(SHAPES)
            call = self.np(self.pick("all", "any"))
            return f"{call}({self.mask(shape, depth - 1)})"
        if choice == 5:
            within = self.pick("(1, 2, 3)", "range(4)", "[0, 2]")
            return f"{self.integer(1)} {self.pick('in', 'not in')} {within}"
        if choice == 6:
            return self.pick("True", "False", f"{self.integer(1)} is None", f"{self.integer(1)}")
        if choice == 7 and self.names("bool"):
            return self.random.choice(self.names("bool")).text
        return f"{self.number(depth - 1)} {self.comparison()} {self.number(depth - 1)}"

    def comparison(self):
        return self.pick("<", "<=", ">", ">=", "==", "!=")

    # --- arrays ----------------------------------------------------------------------------------

    def values(self, shape, whole=False):
        """A nested list of numbers."""
        if not shape:
            return (
                str(self.whole_number(-3, 5))
                if whole
                else self.pick("0.5", "-1.5", "2.0", "3.25", "1.0", "-0.5")
            )
        return "[" + ", ".join(self.values(shape[1:], whole) for _ in range(shape[0])) + "]"

    def array(self, shape, depth=2):
        """An array of real numbers of that shape."""
        known = self.names("arr", shape)
        if known and self.chance(0.5):
            return self.random.choice(known).text
        if depth <= 0 or self.chance(0.15):
            return self.plain_array(shape)
        a = self.array(shape, depth - 1)
        choice = self.whole_number(0, 13)
        if choice <= 2:
            return self.arithmetic(a, shape, depth)
        if choice == 3:
            call = self.pick("sin", "cos", "tanh", "exp", "abs", "sign", "square")
            return f"{self.np(call)}({a})"
        if choice == 4:
            b = self.array(shape, depth - 1)
            call = self.pick("maximum", "minimum")
            return f"{self.np(call)}({a}, {self.pick(b, self.number(0))})"
        if choice == 5:
            b = self.pick(self.array(shape, depth - 1), self.number(0))
            return f"{self.np('where')}({self.mask(shape, depth - 1)}, {a}, {b})"
        if choice == 6:
            return f"({a} if {self.condition(depth - 1)} else {self.array(shape, depth - 1)})"
        if choice == 7:
            return f"{self.np('clip')}({a}, {self.pick('-1', '-0.5')}, {self.pick('1', '2.5')})"
        if choice == 8:
            return f"-{a}"
        if choice == 9:
            return self.reduced(shape, depth - 1)
        if choice == 10:
            return self.indexed(shape, depth - 1)
        if choice == 11:
            return self.called("arr", shape, depth) or a
        if choice == 12:
            sign, number = self.pick("*", "/", "+", "-"), self.pick("0.5", "2.0", "1.5")
            return f"({self.whole(shape, depth - 1)} {sign} {number})"
        return (
            self.shaped(shape, depth - 1) if shape else f"{self.np('sqrt')}({self.np('abs')}({a}))"
        )

    def plain_array(self, shape):
        if not shape:
            known = [name for name in self.names("arr") if name.of]
            if known:
                name = self.random.choice(known)
                return (
                    f"{name.text}[{', '.join(str(self.whole_number(-n, n - 1)) for n in name.of)}]"
                )
            return f"{self.np('sum')}({self.np('array')}({self.values((2,))}))"
        if self.chance(0.2):
            return f"{self.np(self.pick('ones', 'zeros'))}({shape if len(shape) > 1 else shape[0]})"
        if self.chance(0.1):
            return f"{self.np('full')}({shape}, {self.pick('0.5', '2.5')})"
        return f"{self.np('array')}({self.values(shape)})"

    def arithmetic(self, a, shape, depth):
        sign = self.pick("+", "-", "*", "*", "/", "//", "%", "**")
        if sign == "**":
            return f"({a})**{self.pick('2', '3', '0.5', '-1', '2.0', '0')}"
        if shape and self.chance(0.3):
            # Broadcasting: some leading axes left out, some sizes 1.
            cut = self.whole_number(0, len(shape) - 1)
            other = tuple(1 if self.chance(0.3) else n for n in shape[cut:])
            b = self.array(other, depth - 1)
        else:
            b = self.pick(self.array(shape, depth - 1), self.number(1))
        pair = [a, b]
        if self.chance(0.3):
            pair.reverse()
        return f"({pair[0]} {sign} {pair[1]})"

    def reduced(self, shape, depth):
        """An array of that shape, from one with more axes."""
        call = self.pick("sum", "max", "min", "mean", "prod", "cumsum")
        if call == "cumsum":
            if not shape:
                return self.plain_array(shape)
            axis = f"{self.pick('axis=', '')}{self.whole_number(-len(shape), len(shape) - 1)}"
            return f"{self.np(call)}({self.array(shape, depth)}, {axis})"
        axis = self.whole_number(0, len(shape))
        n = self.whole_number(1, 3)
        wide = (*shape[:axis], n, *shape[axis:])
        inner = self.array(wide, depth)
        if not shape and self.chance(0.5):
            return self.pick(f"{self.np(call)}({inner})", f"({inner}).{call}()")
        return self.pick(
            f"{self.np(call)}({inner}, axis={axis})",
            f"({inner}).{call}({self.pick(axis, axis - len(wide))})",
        )

    def shaped(self, shape, depth):
        """An array of that shape, whose elements lie in another order."""
        choice = self.whole_number(0, 4)
        if choice == 0:
            return f"({self.array(shape[::-1], depth)}).T"
        if choice == 1:
            flat = int(np.prod(shape))
            return f"({self.array((flat,), depth)}).reshape({', '.join(map(str, shape))})"
        if choice == 2:
            rows = [self.array(shape[1:], depth - 1) for _ in range(shape[0])]
            return f"{self.np('stack')}([{', '.join(rows)}])"
        if choice == 3 and shape[0] > 1:
            first = self.whole_number(1, shape[0] - 1)
            a = self.array((first, *shape[1:]), depth - 1)
            b = self.array((shape[0] - first, *shape[1:]), depth - 1)
            return f"{self.np('concatenate')}([{a}, {b}])"
        i = self.fresh("i")
        self.scopes.append([Name(i, "int", fixed=True)])
        inner = self.array(shape[1:], depth - 1)
        self.scopes.pop()
        return f"{self.np('array')}([{inner} for {i} in range({shape[0]})])"

    def whole(self, shape, depth=1):
        """An array of whole numbers of that shape."""
        known = self.names("whole", shape)
        if known and self.chance(0.5):
            return self.random.choice(known).text
        if depth > 0 and self.chance(0.5):
            a, b = self.whole(shape, depth - 1), self.whole(shape, depth - 1)
            return self.pick(
                f"({a} {self.pick('+', '-', '*')} {b})",
                f"({a} {self.pick('//', '%')} {self.pick('2', '-3', '4')})",
            )
        if len(shape) == 1 and self.chance(0.4):
            return f"{self.np('arange')}({shape[0]})"
        return (
            f"{self.np('array')}({self.values(shape, True)})"
            if shape
            else str(self.whole_number(-3, 5))
        )

    def mask(self, shape, depth=1):
        a = self.array(shape, depth - 1)
        c = f"({a} {self.comparison()} {self.pick(self.array(shape, depth - 1), self.number(0))})"
        if depth > 0 and self.chance(0.3):
            return self.pick(
                f"({c} {self.pick('&', '|')} {self.mask(shape, depth - 1)})",
                f"(~{c})" if shape else c,
            )
        return c

    # --- indexing --------------------------------------------------------------------------------

    def key(self, shape, advanced=True):
        """(text of a key, shape of what it selects)."""
        items, parts, axis = [], [], 0
        dots = False
        while axis < len(shape) and len(items) < 5:
            n = shape[axis]
            choice = self.whole_number(0, 11)
            if choice <= 3:
                known = self.names("int")
                if known and n and self.chance(0.4):
                    items.append(f"{self.random.choice(known).text} % {n}")
                    parts.append(0)
                else:
                    place = self.whole_number(-n, n - 1)
                    items.append(str(place))
                    parts.append(place)
                axis += 1
            elif choice <= 6:
                text = self.pick(
                    ":", "1:", ":-1", "::2", "::-1", ":1", "-2:", "2:0:-1", "1:3", ":5"
                )
                items.append(text)
                parts.append(slice(*[int(b) if b else None for b in text.split(":")]))
                axis += 1
            elif choice == 7:
                items.append("None")
                parts.append(None)
            elif choice == 8 and not dots:
                items.append("...")
                parts.append(Ellipsis)
                dots = True
                axis += self.whole_number(0, len(shape) - axis)
            elif choice == 9 and advanced and n:
                places = [self.whole_number(-n, n - 1) for _ in range(self.whole_number(1, 3))]
                items.append(self.pick(f"{self.np('array')}({places})", str(places)))
                parts.append(np.array(places))
                axis += 1
            elif choice == 10 and advanced and n:
                flags = [self.chance(0.5) for _ in range(n)]
                items.append(f"{self.np('array')}({flags})" if self.chance(0.5) else str(flags))
                parts.append(np.array(flags))
                axis += 1
            else:
                break
        if not items:
            items, parts = [":"], [slice(None)]
        try:
            selected = np.empty(shape)[tuple(parts)].shape
        except (IndexError, ValueError):
            return "0", shape[1:]
        return ", ".join(items) + ("," if self.chance(0.05) else ""), selected

    def indexed(self, shape, depth):
        """An array of that shape made of an element or a part of another."""
        known = [name for name in self.names("arr") if name.of]
        for _ in range(6 if known else 0):
            name = self.random.choice(known)
            key, selected = self.key(name.of)
            if selected == shape:
                return f"{name.text}[{key}]"
            fits = len(selected) <= len(shape) and all(
                a in (1, b) for a, b in zip(selected[::-1], shape[::-1], strict=False)
            )
            if fits and depth > 0:
                return f"({self.array(shape, depth - 1)} + {name.text}[{key}])"
        return self.plain_array(shape)

    def called(self, sort, shape, depth):
        """A call of a function of the program, or None."""
        known = [f for f in self.names("fun") if f.of[1] == (sort, shape)]
        if not known:
            return None
        function = self.random.choice(known)
        args = []
        keyword = False
        for name, kind, of, optional in function.of[0]:
            if optional and self.chance(0.5):
                keyword = True
                continue
            value = self.value(kind, of, depth - 1)
            keyword = keyword or self.chance(0.2)
            args.append(f"{name}={value}" if keyword and name else value)
        return f"{function.text}({', '.join(args)})"

    def value(self, sort, of=None, depth=2):
        if sort == "arr":
            return self.array(of, depth)
        if sort == "whole":
            return self.whole(of)
        if sort == "int":
            return self.integer(depth)
        if sort == "bool":
            return f"({self.condition(depth)})" if self.chance(0.3) else self.pick("True", "False")
        if sort == "list":
            return "[" + ", ".join(self.item(of) for _ in range(self.whole_number(1, 3))) + "]"
        if sort == "dict":
            return f"{{'a': {self.item(of)}, 'b': {self.item(of)}}}"
        return self.number(depth)

    def item(self, of):
        return self.number(1) if of == "num" else self.array(of, 1)
