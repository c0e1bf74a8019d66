"""Random programs of the language, typed as they are written, so that most of them run.

`program(random)` writes one for `gradcli eval`, `script(random)` one for `gradcli run`. Both are
Python with NumPy too, which is what they are compared with. `random` is a `random.Random`, or what
Hypothesis gives in its place.
"""

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


class Writer:
    """Writes the lines of one program."""

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
            return f"{self.integer(1)} {self.pick('in', 'not in')} {self.pick('(1, 2, 3)', 'range(4)', '[0, 2]')}"
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
            return str(self.whole_number(-3, 5)) if whole else self.pick("0.5", "-1.5", "2.0", "3.25", "1.0", "-0.5")
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
            return f"({self.whole(shape, depth - 1)} {self.pick('*', '/', '+', '-')} {self.pick('0.5', '2.0', '1.5')})"
        return self.shaped(shape, depth - 1) if shape else f"{self.np('sqrt')}({self.np('abs')}({a}))"

    def plain_array(self, shape):
        if not shape:
            known = [name for name in self.names("arr") if name.of]
            if known:
                name = self.random.choice(known)
                return f"{name.text}[{', '.join(str(self.whole_number(-n, n - 1)) for n in name.of)}]"
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
            return f"{self.np(call)}({self.array(shape, depth)}, {self.pick('axis=', '')}{self.whole_number(-len(shape), len(shape) - 1)})"
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
            return self.pick(f"({a} {self.pick('+', '-', '*')} {b})", f"({a} {self.pick('//', '%')} {self.pick('2', '-3', '4')})")
        if len(shape) == 1 and self.chance(0.4):
            return f"{self.np('arange')}({shape[0]})"
        return f"{self.np('array')}({self.values(shape, True)})" if shape else str(self.whole_number(-3, 5))

    def mask(self, shape, depth=1):
        a = self.array(shape, depth - 1)
        c = f"({a} {self.comparison()} {self.pick(self.array(shape, depth - 1), self.number(0))})"
        if depth > 0 and self.chance(0.3):
            return self.pick(f"({c} {self.pick('&', '|')} {self.mask(shape, depth - 1)})", f"(~{c})" if shape else c)
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
                text = self.pick(":", "1:", ":-1", "::2", "::-1", ":1", "-2:", "2:0:-1", "1:3", ":5")
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

    # --- statements ------------------------------------------------------------------------------

    def block(self, statements, bound=()):
        """An indented block; what it binds is forgotten after it."""
        self.indent += 1
        self.scopes.append(list(bound))
        before = len(self.lines)
        for _ in range(statements):
            self.statement()
        if len(self.lines) == before:
            self.line("pass")
        self.scopes.pop()
        self.indent -= 1

    def statement(self):
        if self.budget <= 0:
            return
        nested = self.indent < 4
        choices = [
            (6, self.assignment),
            (3, self.rebinding),
            (4, self.augmented),
            (4, self.element),
            (1, self.alias),
            (2, self.container),
            (1, self.printed),
            (1, self.checked),
            (1, self.several),
            (1, self.held),
            (1, self.iterator),
        ]
        if nested:
            choices += [
                (3, self.branch),
                (3, self.loop),
                (1, self.while_loop),
                (2, self.function),
                (1, self.recursion),
                (1, self.late_closures),
                (1, self.comprehension),
                (1, self.changing),
            ]
        total = self.whole_number(1, sum(weight for weight, _ in choices))
        for weight, write in choices:
            total -= weight
            if total <= 0:
                write()
                return

    def sort(self):
        sort = self.pick("arr", "arr", "arr", "arr", "num", "int", "bool", "whole")
        shape = self.random.choice(SHAPES)
        if sort == "whole":
            return sort, shape or (3,)
        return sort, shape if sort == "arr" else None

    def assignment(self):
        sort, of = self.sort()
        value = self.value(sort, of)
        self.line(f"{self.bind(sort, of)} = {value}")

    def rebinding(self):
        known = [n for s in ("arr", "num", "int", "bool") for n in self.names(s, local=True)]
        if known:
            name = self.random.choice(known)
            self.line(f"{name.text} = {self.value(name.sort, name.of)}")

    def several(self):
        """Tuple assignment: swaps, unpacked rows and pairs, chains."""
        choice = self.whole_number(0, 4)
        if choice == 0:
            known = self.names("num", local=True)
            if len(known) > 1:
                a, b = self.random.sample(known, 2)
                self.line(f"{a.text}, {b.text} = {b.text}, {a.text}")
        elif choice == 1:
            value = self.array((2, 3))
            self.line(f"{self.bind('arr', (3,))}, {self.bind('arr', (3,))} = {value}")
        elif choice == 2:
            first, second, third = self.number(), self.array((2,)), self.integer()
            a, b, c = self.bind("num"), self.bind("arr", (2,)), self.bind("int")
            self.line(f"{a}, ({b}, {c}) = {first}, [{second}, {third}]")
        elif choice == 3:
            value = self.number()
            self.line(f"{self.bind('num')} = {self.bind('num')} = {value}")
        else:
            value = self.array((2,))
            self.line(f"[{self.bind('arr', ())}, {self.bind('arr', ())}] = {value}")

    def augmented(self):
        sort = self.pick("num", "int", "arr", "arr")
        known = self.names(sort, local=True)
        if not known:
            return
        name = self.random.choice(known)
        if sort == "arr":
            sign = self.pick("+=", "-=", "*=", "/=")
            self.line(f"{name.text} {sign} {self.pick(self.array(name.of, 1), self.number(1))}")
        elif sort == "num":
            sign = self.pick("+=", "-=", "*=", "/=", "//=", "**=", "%=")
            other = self.pick("2", "1.5") if sign[0] in "*/%" else self.number(1)
            self.line(f"{name.text} {sign} {other}")
        else:
            self.line(f"{name.text} {self.pick('+=', '-=', '%=', '//=')} {self.pick('2', '3', '-1')}")

    def element(self):
        """Write to elements of an array."""
        known = [name for name in self.names("arr") if name.of and not name.fixed]
        if not known:
            return
        name = self.random.choice(known)
        if self.chance(0.15):
            mask = self.mask(name.of, 1)
            sign = self.pick("=", "+=", "*=")
            self.line(f"{name.text}[{mask}] {sign} {self.number(1)}")
            return
        if self.chance(0.1):
            calls, a = self.fresh("c"), self.fresh("p")
            self.line(f"{calls} = []")
            self.line(f"{name.text}[[{calls}.append(1), 0][1]] {self.pick('+=', '=')} {self.number(0)}")
            self.line(f"{self.bind('int')} = len({calls})")
            return
        key, shape = self.key(name.of, self.chance(0.5))
        target = f"{name.text}[{key}]"
        if len(shape) > 0 and shape[0] and self.chance(0.15):
            place = self.whole_number(0, shape[0] - 1)
            target, shape = f"{target}[{place}]", shape[1:]
        if self.chance(0.3):
            shape = shape[self.whole_number(0, len(shape)) :]
        value = self.array(shape, 1) if self.chance(0.6) else self.number(1)
        self.line(f"{target} {self.pick('=', '=', '+=', '-=', '*=')} {value}")

    def alias(self):
        known = [name for name in self.names("arr") if name.of]
        if not known:
            return
        name = self.random.choice(known)
        choice = self.whole_number(0, 4)
        if choice == 0:
            self.line(f"{self.bind('arr', name.of)} = {name.text}")
        elif choice == 1:
            key, shape = self.key(name.of, False)
            self.line(f"{self.bind('arr', shape)} = {name.text}[{key}]")
        elif choice == 2:
            self.line(f"{self.bind('arr', name.of[::-1])} = {name.text}.T")
        elif choice == 3:
            flat = (int(np.prod(name.of)),)
            self.line(f"{self.bind('arr', flat)} = {name.text}.reshape(-1)")
        else:
            self.line(f"{self.bind('arr', name.of)} = {self.pick(f'{name.text}.copy()', self.np('copy') + f'({name.text})')}")

    def container(self):
        """Make, change and read lists and dicts."""
        choice = self.whole_number(0, 9)
        lists = self.names("list")
        if choice <= 1 or not lists:
            of = self.pick("num", (), (3,), (2, 3))
            self.line(f"{self.bind('list', of)} = {self.value('list', of)}")
            return
        name = self.random.choice(lists)
        if choice <= 3:
            self.line(f"{name.text}.append({self.item(name.of)})")
        elif choice == 4:
            self.line(f"{name.text}[{self.integer(1)} % len({name.text})] = {self.item(name.of)}")
        elif choice == 5 and name.of != "num":
            shape = name.of
            call = self.np("stack")
            self.line(f"{self.bind('arr', shape)} = {call}({name.text}).sum(0)")
        elif choice == 6:
            of = self.pick("num", (3,))
            text = self.bind("dict", of)
            self.line(f"{text} = {self.value('dict', of)}")
            self.line(f"{text}[{self.pick(repr('a'), repr('c'))}] = {self.item(of)}")
        elif choice == 7:
            sign = self.pick("+=", "*=", "-=") if name.of == "num" else self.pick("+=", "*=")
            self.line(f"{name.text}[0] {sign} {self.number(1)}")
        elif choice == 8:
            extra = self.value("list", name.of)
            self.line(f"{name.text}.{self.pick('extend', 'extend')}({extra})")
        elif self.script and self.chance(0.5):
            self.line(f"{self.bind('list', name.of)} = {name.text} + {name.text} * {self.pick('1', '2')}")
        else:
            self.line(f"if len({name.text}) > 1: {name.text}.{self.pick('pop()', 'pop(0)', 'reverse()', 'insert(0, ' + name.text + '[-1])')}")

    def held(self):
        """Arrays without axes, which can be written to, and numbers, which cannot."""
        known = [name for name in self.names("arr") if name.of]
        if not known:
            return
        name = self.random.choice(known)
        key = ", ".join(str(self.whole_number(-n, n - 1)) for n in name.of)
        made = self.pick(f"{self.np('array')}(1.5)", f"{name.text}[{key}]", f"{name.text}[..., {key}]",
                         f"{self.np('zeros')}(())", f"{self.np('array')}([2.0]).reshape(())", f"{self.np('where')}(s > 0, s, 2.0)")
        first, second = self.bind("arr", ()), self.bind("arr", ())
        self.line(f"{first} = {made}")
        self.line(f"{second} = {self.pick(first, first, first + '.copy()')}")
        write = self.pick(f"{first} += 1", f"{second} *= {self.number(0)}", f"{first}[...] = 3.5", f"{second}[()] = -1")
        self.line(write)

    def iterator(self):
        """Iterators give their elements once."""
        lists = [name.text for name in self.names("list", "num")]
        source = self.pick("[1.5, 2.5]", f"{self.array((3,), 1)}", *lists)
        a, i = self.fresh("a"), self.fresh("i")
        made = self.pick(
            f"zip({source}, range(3))", f"enumerate({source}, {self.whole_number(0, 2)})",
            f"map(lambda {a}: {a} * 2, {source})", f"filter(lambda {a}: {a} > 1, {source})",
            f"({i} + 1 for {i} in {source} if {i} > 0)", f"reversed({source})",
        )
        name, first, second = self.fresh("g"), self.bind("int"), self.bind("int")
        self.line(f"{name} = {made}")
        if lists and self.chance(0.5):
            self.line(f"{self.random.choice(lists)}.append({self.number(0)})")
        self.line(f"{first} = len(list({name})); {second} = len(list({name}))")

    def changing(self):
        """Loops that change what they run over."""
        v = self.fresh("i")
        choice = self.whole_number(0, 4)
        arrays = [name for name in self.names("arr") if name.of]
        numbers = self.names("num", local=True)
        total = self.random.choice(numbers).text if numbers else None
        if choice <= 1 and arrays:
            name = self.random.choice(arrays)
            i = self.fresh("i")
            write = f"{name.text}[{self.pick(i, '-1', f'({i} + 1) % {name.of[0]}')}] {self.pick('=', '+=')} {self.pick(v, f'{v} * 0.5', '1.5')}"
            head = self.pick(f"for {i}, {v} in enumerate({name.text}):", f"for {i}, {v} in zip(range(9), {name.text}):")
            self.line(f"{head} {write}")
        elif choice <= 3 and self.names("list", "num"):
            name = self.random.choice(self.names("list", "num"))
            head = self.pick(f"for {v} in {name.text}:", f"for {v} in reversed({name.text}):", f"for _, {v} in enumerate({name.text}):")
            self.line(head)
            self.line(f"    if len({name.text}) < 6: {name.text}.append({v} + 1)")
            self.line(f"    {name.text}[{self.pick('0', '-1')}] += 1")
            if total:
                self.line(f"    {total} += {v}")
        elif self.names("dict", "num"):
            name = self.random.choice(self.names("dict", "num"))
            views = self.pick("", ".keys()", ".items()", ".values()")
            self.line(f"for {v} in {name.text}{views}: {name.text}[{self.pick(repr('a'), repr('b'), repr('z'))}] = 2.5")

    def printed(self):
        choice = self.whole_number(0, 5)
        if choice == 0:
            spec = self.pick(".3f", "8.2e", ">9.4g", "+.1f", "010.3f", "")
            text = f"f'{{{self.number(1)}:{spec}}} and {{{{}}}}'" if spec else f"f'{{{self.integer(1)}}}!'"
            self.line(f"print({text})")
        elif choice == 1:
            self.line(f"print({self.integer(1)}, {self.condition(1)}, sep={self.pick(repr(', '), repr('-'))})")
        elif choice == 2:
            self.line(f"print('n', {self.number(1)})")
        elif choice == 3:
            known = self.names("list", "num")
            if known:
                self.line(f"print({self.random.choice(known).text})")
        elif choice == 4:
            known = [name for name in self.names("arr") if name.of]
            if known:
                name = self.random.choice(known)
                self.line(self.pick(f"print({name.text})", f"print({name.text}.shape)"))
        else:
            known = self.names("arr", ())
            if known:
                name = self.random.choice(known)
                self.line(f"print(f'{{{name.text}:.6e}}')")

    def checked(self):
        self.line(f"assert {self.condition(1)} or True, 'never'")

    def branch(self):
        if self.chance(0.2):
            known = self.names("num", local=True)
            if known:
                self.line(f"if {self.condition()}: {self.random.choice(known).text} = {self.number()}")
                return
        self.line(f"if {self.condition()}:")
        self.block(self.whole_number(1, 3))
        for _ in range(self.whole_number(0, 1)):
            self.line(f"elif {self.condition()}:")
            self.block(self.whole_number(1, 2))
        if self.chance(0.5):
            self.line("else:")
            self.block(self.whole_number(1, 2))

    def loop(self):
        bound = []

        def target(sort, of=None, fixed=False):
            bound.append(Name(self.fresh("i"), sort, of, fixed))
            return bound[-1].text

        choice = self.whole_number(0, 6)
        if choice <= 1:
            stop = self.pick("3", "2", "1, 4", "3, 0, -1", "0, 6, 2", f"{self.integer(1)} % 4")
            head = f"{target('int', fixed=True)} in range({stop})"
        elif choice == 2:
            head = f"{target('arr', (3,))} in {self.array((2, 3))}"
        elif choice == 3:
            head = f"{target('int', fixed=True)}, {target('arr', ())} in enumerate({self.array((3,))})"
        elif choice == 4:
            a, b = self.array((2, 3)), self.array((2,))
            head = f"{target('arr', (3,))}, {target('arr', ())} in zip({a}, {b})"
        elif choice == 5 and self.names("list"):
            name = self.random.choice(self.names("list"))
            sort, of = ("num", None) if name.of == "num" else ("arr", name.of)
            head = f"{target(sort, of)} in {self.pick(name.text + '[:]', f'reversed({name.text})', f'list({name.text})')}"
        elif choice == 6 and self.names("dict", "num"):
            name = self.random.choice(self.names("dict", "num"))
            head = f"{self.fresh('k')}, {target('num')} in {name.text}.items()"
        else:
            head = f"{target('num')} in {self.pick('[1.5, 2, -0.5]', '(1, 2.5)')}"
        self.line(f"for {head}:")
        self.block(self.whole_number(1, 3), bound)
        self.leaving(bound)
        if self.chance(0.2):
            self.line("else:")
            self.block(1)

    def leaving(self, bound):
        if self.chance(0.3):
            self.indent += 1
            self.scopes.append(list(bound))
            self.line(f"if {self.condition(1)}: {self.pick('break', 'continue')}")
            known = self.names("num", local=True)
            if known:
                self.line(f"{self.random.choice(known).text} = {self.number(1)}")
            self.scopes.pop()
            self.indent -= 1

    def while_loop(self):
        counter = self.bind("int", fixed=True, prefix="n")
        self.line(f"{counter} = 0")
        self.line(f"while {counter} < {self.whole_number(1, 4)}" + (f" and {self.condition(1)}:" if self.chance(0.5) else ":"))
        self.indent += 1
        self.line(f"{counter} += 1")
        self.indent -= 1
        self.block(self.whole_number(1, 3))
        self.leaving([])
        if self.chance(0.3):
            self.line("else:")
            self.block(1)

    def parameters(self):
        found = []
        optional = False
        for _ in range(self.whole_number(1, 3)):
            sort = self.pick("arr", "arr", "num", "int")
            of = self.random.choice(SHAPES) if sort == "arr" else None
            optional = optional or self.chance(0.2)
            found.append((self.fresh("p"), sort, of, optional))
        return found

    def function(self):
        """A `def` or a `lambda`; functions nest and close over what is around them."""
        parameters = self.parameters()
        result = ("arr", self.random.choice(SHAPES)) if self.chance(0.8) else ("num", None)
        shown = [
            name + (f"={self.value(sort, of, 1)}" if optional else "")
            for name, sort, of, optional in parameters
        ]
        inside = [Name(name, sort, of) for name, sort, of, _ in parameters]
        text = self.fresh("f")
        before, self.functions = self.functions, len(self.scopes)
        if self.chance(0.3):
            self.scopes.append(inside)
            body = self.value(*result)
            self.scopes.pop()
            self.line(f"{text} = lambda {', '.join(shown)}: {body}")
            parameters = [(name, sort, of, optional) for name, sort, of, optional in parameters]
        else:
            notes = self.chance(0.1)
            heads = [f"{head.split('=')[0]}: float = {head.split('=', 1)[1]}" if notes and "=" in head else head for head in shown]
            self.line(f"def {text}({', '.join(heads)}){' -> float' if notes else ''}:")
            self.indent += 1
            self.scopes.append(inside)
            if self.chance(0.2):
                self.line("'''What it is.'''")
            for _ in range(self.whole_number(0, 3)):
                self.statement()
            if self.chance(0.3):
                self.line(f"if {self.condition(1)}: return {self.value(*result)}")
            self.line(f"return {self.value(*result)}")
            self.scopes.pop()
            self.indent -= 1
        self.functions = before
        self.scopes[-1].append(Name(text, "fun", (parameters, result)))

    def recursion(self):
        text, n, a = self.fresh("r"), self.fresh("n"), self.fresh("p")
        shape = self.random.choice(SHAPES)
        before, self.functions = self.functions, len(self.scopes)
        self.line(f"def {text}({n}, {a}):")
        self.indent += 1
        self.scopes.append([Name(n, "int", fixed=True), Name(a, "arr", shape)])
        self.line(f"if {n} <= 0: return {self.array(shape, 1)}")
        self.statement()
        sign = self.pick("+", "*", "-")
        calls = f"{text}({n} - 1, {self.array(shape, 1)})"
        if self.chance(0.2):
            calls += f" {sign} {text}({n} - 2, {a})"
        self.line(f"return {self.array(shape, 1)} {sign} {calls}")
        self.scopes.pop()
        self.indent -= 1
        self.functions = before
        value = self.array(shape, 1)
        self.line(f"{self.bind('arr', shape)} = {text}({self.whole_number(0, 4)}, {value})")

    def late_closures(self):
        """Functions made in a loop see the last value of its variable, or keep it as a default."""
        made, i, a = self.fresh("f"), self.fresh("i"), self.fresh("p")
        keep = self.pick("", f", {i}={i}", f", k={i}")
        self.line(f"{made} = [{self.pick('lambda', 'lambda')} {a}{keep}: {a} * {i} for {i} in range(3)]")
        value = self.array((), 1)
        self.line(f"{self.bind('arr', ())} = {made}[{self.whole_number(0, 2)}]({value}) + {made}[-1](1.5)")

    def comprehension(self):
        i, j = self.fresh("i"), self.fresh("j")
        self.scopes.append([Name(i, "int", fixed=True)])
        first = f" if {self.condition(1)}" if self.chance(0.4) else ""
        second = ""
        if self.chance(0.4):
            second = f" for {j} in range({i} + 1)"
            self.scopes[-1].append(Name(j, "int", fixed=True))
            if self.chance(0.4):
                second += f" if {self.condition(1)}"
        of = self.pick("num", (), (3,))
        item = self.item(of)
        self.scopes.pop()
        clauses = f"for {i} in range({self.whole_number(1, 3)}){first}{second}"
        if self.chance(0.2):
            text = self.bind("dict", "num")
            self.line(f"{text} = {{'a': 1.0, 'b': 2}}")
            self.line(f"{text}.update({{str({i}): {i} * 0.5 {clauses.replace(second, '') if second else clauses}}})")
            return
        if of != "num" and not first and not second and self.chance(0.5):
            self.line(f"{self.bind('arr', of)} = {self.np('array')}([{item} {clauses}]).sum(axis=0)")
            return
        text = self.fresh("v")
        first_item = self.item(of)
        self.line(f"{text} = [{item} {clauses}]")
        self.line(f"{text}.append({first_item})")
        self.scopes[-1].append(Name(text, "list", of))

    # --- whole programs --------------------------------------------------------------------------

    def results(self):
        found = [n.text for s in ("arr", "whole", "num", "int", "bool") for n in self.scopes[0] if n.sort == s]
        found += [f"{self.np('array')}({n.text})" for n in self.names("list")]
        found += [f"{n.text}['a']" for n in self.names("dict")]
        return found

    def write(self, statements):
        if self.script:
            self.line("import numpy as np")
            for name, value in INPUTS.items():
                shown = "np.float64(0.75)" if not value.ndim else f"np.array({value.tolist()})"
                self.line(f"{name} = {shown}")
        for name, value in INPUTS.items():
            self.scopes[0].append(Name(name, "arr", value.shape))
        for _ in range(statements):
            self.statement()
        if self.script:
            for text in self.results():
                self.line(f"print({text})")
        else:
            self.line(", ".join(self.results()) + ",")
        return "\n".join(self.lines) + "\n"


def program(random, statements=8):
    """A program for `gradcli eval`: its inputs are `INPUTS`, its value is a tuple."""
    return Writer(random, False).write(statements)


def script(random, statements=8):
    """A script for `gradcli run` that prints what it computes."""
    return Writer(random, True).write(statements)
