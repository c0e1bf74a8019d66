"""Random programs of the language, typed as they are written, so that most of them run.

`program(random)` writes one for `gradcli eval`, `script(random)` one for `gradcli run`. Both are
Python with NumPy too, which is what they are compared with. `random` is a `random.Random`.
"""

import numpy as np
from expressions import INPUTS, SHAPES, Expressions, Name


class Writer(Expressions):
    """Writes the statements of one program."""

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
            self.line(
                f"{name.text} {self.pick('+=', '-=', '%=', '//=')} {self.pick('2', '3', '-1')}"
            )

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
            calls = self.fresh("c")
            self.line(f"{calls} = []")
            self.line(
                f"{name.text}[[{calls}.append(1), 0][1]] {self.pick('+=', '=')} {self.number(0)}"
            )
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
            copied = self.pick(f"{name.text}.copy()", self.np("copy") + f"({name.text})")
            self.line(f"{self.bind('arr', name.of)} = {copied}")

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
            self.line(
                f"{self.bind('list', name.of)} = {name.text} + {name.text} * {self.pick('1', '2')}"
            )
        else:
            t = name.text
            change = self.pick("pop()", "pop(0)", "reverse()", f"insert(0, {t}[-1])")
            self.line(f"if len({t}) > 1: {t}.{change}")

    def held(self):
        """Arrays without axes, which can be written to, and numbers, which cannot."""
        known = [name for name in self.names("arr") if name.of]
        if not known:
            return
        name = self.random.choice(known)
        key = ", ".join(str(self.whole_number(-n, n - 1)) for n in name.of)
        made = self.pick(
            f"{self.np('array')}(1.5)",
            f"{name.text}[{key}]",
            f"{name.text}[..., {key}]",
            f"{self.np('zeros')}(())",
            f"{self.np('array')}([2.0]).reshape(())",
            f"{self.np('where')}(s > 0, s, 2.0)",
        )
        first, second = self.bind("arr", ()), self.bind("arr", ())
        self.line(f"{first} = {made}")
        self.line(f"{second} = {self.pick(first, first, first + '.copy()')}")
        write = self.pick(
            f"{first} += 1",
            f"{second} *= {self.number(0)}",
            f"{first}[...] = 3.5",
            f"{second}[()] = -1",
        )
        self.line(write)

    def iterator(self):
        """Iterators give their elements once."""
        lists = [name.text for name in self.names("list", "num")]
        source = self.pick("[1.5, 2.5]", f"{self.array((3,), 1)}", *lists)
        a, i = self.fresh("a"), self.fresh("i")
        made = self.pick(
            f"zip({source}, range(3))",
            f"enumerate({source}, {self.whole_number(0, 2)})",
            f"map(lambda {a}: {a} * 2, {source})",
            f"filter(lambda {a}: {a} > 1, {source})",
            f"({i} + 1 for {i} in {source} if {i} > 0)",
            f"reversed({source})",
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
            place = self.pick(i, "-1", f"({i} + 1) % {name.of[0]}")
            value = self.pick(v, f"{v} * 0.5", "1.5")
            write = f"{name.text}[{place}] {self.pick('=', '+=')} {value}"
            head = self.pick(
                f"for {i}, {v} in enumerate({name.text}):",
                f"for {i}, {v} in zip(range(9), {name.text}):",
            )
            self.line(f"{head} {write}")
        elif choice <= 3 and self.names("list", "num"):
            name = self.random.choice(self.names("list", "num"))
            head = self.pick(
                f"for {v} in {name.text}:",
                f"for {v} in reversed({name.text}):",
                f"for _, {v} in enumerate({name.text}):",
            )
            self.line(head)
            self.line(f"    if len({name.text}) < 6: {name.text}.append({v} + 1)")
            self.line(f"    {name.text}[{self.pick('0', '-1')}] += 1")
            if total:
                self.line(f"    {total} += {v}")
        elif self.names("dict", "num"):
            name = self.random.choice(self.names("dict", "num"))
            views = self.pick("", ".keys()", ".items()", ".values()")
            key = self.pick(repr("a"), repr("b"), repr("z"))
            self.line(f"for {v} in {name.text}{views}: {name.text}[{key}] = 2.5")

    def printed(self):
        choice = self.whole_number(0, 5)
        if choice == 0:
            spec = self.pick(".3f", "8.2e", ">9.4g", "+.1f", "010.3f", "")
            text = (
                f"f'{{{self.number(1)}:{spec}}} and {{{{}}}}'"
                if spec
                else f"f'{{{self.integer(1)}}}!'"
            )
            self.line(f"print({text})")
        elif choice == 1:
            sep = self.pick(repr(", "), repr("-"))
            self.line(f"print({self.integer(1)}, {self.condition(1)}, sep={sep})")
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
                self.line(
                    f"if {self.condition()}: {self.random.choice(known).text} = {self.number()}"
                )
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
            head = (
                f"{target('int', fixed=True)}, {target('arr', ())} in enumerate({self.array((3,))})"
            )
        elif choice == 4:
            a, b = self.array((2, 3)), self.array((2,))
            head = f"{target('arr', (3,))}, {target('arr', ())} in zip({a}, {b})"
        elif choice == 5 and self.names("list"):
            name = self.random.choice(self.names("list"))
            sort, of = ("num", None) if name.of == "num" else ("arr", name.of)
            t = name.text
            source = self.pick(f"{t}[:]", f"reversed({t})", f"list({t})")
            head = f"{target(sort, of)} in {source}"
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
        self.line(
            f"while {counter} < {self.whole_number(1, 4)}"
            + (f" and {self.condition(1)}:" if self.chance(0.5) else ":")
        )
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
            heads = [
                f"{head.split('=')[0]}: float = {head.split('=', 1)[1]}"
                if notes and "=" in head
                else head
                for head in shown
            ]
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
        self.line(
            f"{made} = [{self.pick('lambda', 'lambda')} {a}{keep}: {a} * {i} for {i} in range(3)]"
        )
        value = self.array((), 1)
        self.line(
            f"{self.bind('arr', ())} = {made}[{self.whole_number(0, 2)}]({value}) + {made}[-1](1.5)"
        )

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
            rest = clauses.replace(second, "") if second else clauses
            self.line(f"{text}.update({{str({i}): {i} * 0.5 {rest}}})")
            return
        if of != "num" and not first and not second and self.chance(0.5):
            self.line(
                f"{self.bind('arr', of)} = {self.np('array')}([{item} {clauses}]).sum(axis=0)"
            )
            return
        text = self.fresh("v")
        first_item = self.item(of)
        self.line(f"{text} = [{item} {clauses}]")
        self.line(f"{text}.append({first_item})")
        self.scopes[-1].append(Name(text, "list", of))

    # --- whole programs --------------------------------------------------------------------------

    def results(self):
        found = [
            n.text
            for s in ("arr", "whole", "num", "int", "bool")
            for n in self.scopes[0]
            if n.sort == s
        ]
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
