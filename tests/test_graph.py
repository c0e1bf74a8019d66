"""Graphs as pictures: their numbers, their structure, how they are drawn, what names may hold."""

import io
import json
import re
import shlex
import subprocess
import sys
import xml.etree.ElementTree as ET
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_cli import GRADCLI, at_terminal

import gradcli
from gradcli.cli.main import guarded
from gradcli.pictures.computation import Computation
from gradcli.pictures.layers import Item, Link, layered
from gradcli.pictures.layout import scene_of
from gradcli.pictures.picture import MOST_BOXES, Picture
from gradcli.pictures.words import value_text
from gradcli.session import Program
from gradcli.settings import Settings

SVG = "{http://www.w3.org/2000/svg}"


def picture(source, backward=False, depth=None, seed="ones", **inputs):
    run = Program(source, settings=Settings(random_seed=1)).trace(inputs)
    return Picture(Computation(run.recorded(seed), backward), depth)


def answered(capsys, *argv):
    assert guarded(["graph", *argv, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


# --- numbers -----------------------------------------------------------------------------------

STEPS = """\
a = x * y
b = sin(a) + x[0]
c = b ** 2 / y
if sum(c) > 0:
    c = c * 2
d = c.sum() - exp(-b).mean()
d
"""


def test_every_value_and_cotangent(capsys, tmp_path):
    (tmp_path / "p.py").write_text(STEPS)
    found = answered(capsys, "-f", str(tmp_path / "p.py"), "--x", "1,2,3", "--y", "0.5,-2,4")
    x, y = np.array([1.0, 2.0, 3.0]), np.array([0.5, -2.0, 4.0])
    a = x * y
    b = np.sin(a) + x[0]
    c = 2 * b**2 / y
    d_c = np.ones(3)
    d_b = d_c * 4 * b / y + np.exp(-b) / 3
    d_a = d_b * np.cos(a)
    expected = {
        "a": (a, d_a),
        "b": (b, d_b),
        "d": (c.sum() - np.exp(-b).mean(), 1.0),
    }
    by_name = {node.get("name", node["title"]): node for node in found["nodes"]}
    for name, (value, cotangent) in expected.items():
        assert np.allclose(by_name[name]["value"], value, rtol=1e-14)
        assert np.allclose(by_name[name]["cotangent"], cotangent, rtol=1e-13)
    d_x = d_a * y
    d_x[0] += d_b.sum()
    assert np.allclose(by_name["x"]["cotangent"], d_x)
    assert np.allclose(by_name["y"]["cotangent"], d_a * x - d_c * 2 * b**2 / y**2)
    assert found["control_flow"][0]["true"] == 1


def test_cotangents_are_the_gradients_of_eval(capsys):
    source = "h = tanh(W @ x + b); s = softmax(h); -log(s[1]) + norm(x) + maximum(x, b).max()"
    inputs = {"W": [[1.0, 2.0], [-0.5, 0.25]], "x": [0.5, 1.0], "b": [0.5, -1.0]}
    expected = gradcli.evaluate(source, inputs).grad
    run = Program(source).trace(inputs)
    recording = run.recorded()
    for name, node in run.traced.inputs.items():
        assert np.array_equal(recording.cotangent(node), expected[name])
    for node in recording.nodes:
        cotangent = recording.cotangent(node)
        assert cotangent is None or cotangent.shape == node.shape


def test_the_way_back_computes_the_gradient():
    source = "y = x\nfor i in range(3):\n    y = sin(y) * x + y[0]\nsum(y ** 2)"
    found = picture(source, True, x=[0.5, 1.5])
    gradient = gradcli.evaluate(source, {"x": [0.5, 1.5]}).grad["x"]
    (end,) = [box for box in found.boxes.values() if box.role == "gradient"]
    assert np.array_equal(end.entries[0].value, gradient)
    assert end.label.startswith("grad x = ")
    # Each node's cotangent is a node of the way back, or of the program.
    computation = found.computation
    values = [entry.value for entry in computation.entries if entry.backward]
    for entry in computation.entries:
        if entry.name == "y" and not entry.backward and entry.cotangent is not None:
            assert any(np.array_equal(value, entry.cotangent) for value in values)


@pytest.mark.parametrize(
    ("source", "inputs", "gradient"),
    [
        # A structural zero meets an infinite derivative: strictly it is zero.
        ("sqrt(x)[0]", {"x": [1.0, 0.0]}, [0.5, 0.0]),
        ("where(x > 0, sqrt(x), 0).sum()", {"x": [-1.0, 4.0]}, [0.0, 0.25]),
    ],
)
def test_no_nan_where_there_is_none(source, inputs, gradient):
    run = Program(source).trace(inputs)
    assert np.array_equal(run.recorded().cotangent(run.traced.inputs["x"]), gradient)


def test_a_gradient_that_is_a_node_of_the_program_ends_in_a_box_of_its_own():
    found = picture("sum(x * y)", True, x=[1.0, 2.0], y=[3.0, 4.0])
    ends = [box for box in found.boxes.values() if box.role == "gradient"]
    assert [box.title for box in ends] == ["grad x", "grad y"]
    assert [box.entries[0].title for box in ends] == ["y", "x"]


# --- structure ---------------------------------------------------------------------------------

LOOP = "def f(v):\n    return sin(v) * 2\ny = x\nfor i in range(100):\n    y = f(y) + x\nsum(y)\n"


def test_calls_and_loops_fold():
    whole = picture(LOOP, depth=9, x=[1.0, 2.0])
    # x, 3 operations a round, the sum.
    assert len(whole.boxes) == 1 + 300 + 1
    kinds = [group.kind for group in whole.groups]
    assert (kinds.count("loop"), kinds.count("round"), kinds.count("call")) == (1, 100, 100)
    rounds = picture(LOOP, depth=1, x=[1.0, 2.0])
    assert len(rounds.boxes) == 1 + 100 + 1
    assert rounds.boxes["g2"].label == "round 1"
    folded = picture(LOOP, x=[1.0, 2.0])
    assert [box.label for box in folded.boxes.values()] == ["x", "for i in range(100)", "sum(y)"]
    assert [(edge.source, edge.target) for edge in folded.edges] == [("n1", "g1"), ("g1", "n402")]
    assert folded.boxes["g1"].size == "300 operations"
    assert np.array_equal(folded.boxes["g1"].entries[0].value, whole.boxes["n401"].entries[0].value)


def test_as_many_levels_unfold_as_are_readable():
    source = "def f(v):\n    return sin(v) * 2\ny = x\nfor i in range({}):\n    y = f(y) + x\ny"
    for count in (2, 10, 19, 20, 30, 59, 60, 1000):
        found = picture(source.format(count), x=1.0)
        assert len(found.boxes) <= MOST_BOXES + 2
        deeper = picture(source.format(count), depth=found.depth + 1, x=1.0)
        assert found.depth == found.levels or len(deeper.boxes) > MOST_BOXES


def test_a_recursion_folds():
    source = "def f(v, n):\n    return v if n == 0 else f(sin(v) * v, n - 1) + 1\nf(x, 200)"
    found = picture(source, x=1.0)
    assert len(found.boxes) <= MOST_BOXES
    assert found.depth > 10
    assert scene_of(picture(source, depth=1000, x=1.0)).groups


@pytest.mark.parametrize(
    ("source", "labels"),
    [
        ("mean(x) + 3", ["x", "mean(x)", "· + 3"]),
        ("m = mean(x); m * 2", ["x", "m = mean(x)", "m * 2"]),
        ("f = lambda v: exp(v)*v; f(x)[0]", ["x", "exp(v)", "· * v", "·[0]"]),
        ("a, b = x; a - b", ["x", "x[0]", "x[1]", "a - b"]),
        ("x.sum(axis=0) ** 2 - -x[1]", ["x", "x.sum(axis=0)", "· ** 2", "x[1]", "-·", "· - ·"]),
        ("y = x * 1; y[0] = 5; y += x; y", ["x", "y = x * 1", "put(y, 5, ((0,),))", "y = y + x"]),
        ("1 + 1", ["2"]),
        ("x", ["x"]),
    ],
)
def test_boxes_speak_the_words_of_the_source(source, labels):
    assert [box.label for box in picture(source, x=[1.0, 2.0]).boxes.values()] == labels


def test_what_carries_no_derivative():
    found = picture("u = detach(x*x); n = 2 * (x > 1); sum(u*x*n)", x=[1.0, 2.0])
    active = {box.label: box.active for box in found.boxes.values()}
    assert not active["x * x"]
    assert not active["u = detach(·)"]
    assert not active["x > 1"]
    assert active["u * x"]


# --- the tree ----------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [40, 80, 160])
def test_the_tree_fits_the_terminal(monkeypatch, width):
    source = " + ".join(f"sin(x*{k})" for k in range(1, 60))
    shown = at_terminal(monkeypatch, width, "graph", f"sum({source})", "--x", "1,2", NO_COLOR="1")
    lines = shown.splitlines()
    # Header, the sum, 58 additions, and a sine and a product 59 times.
    assert len(lines) == 1 + 1 + 58 + 2 * 59 + 59
    assert max(map(len, lines)) <= width
    assert "●" in shown


def test_shared_boxes_are_shown_once(capsys):
    assert guarded(["graph", "u = x*x; (u + 1) * sin(u)", "--x", "3"]) == 0
    shown = capsys.readouterr().out
    assert shown.count("u = x * x") == 2
    assert shown.count("→ (1)") == 1
    assert shown.count(" 9 ") == 1


def test_ascii_terminals_get_ascii(monkeypatch, capsys):
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", stream)
    assert guarded(["graph", "sum(x * sin(x))", "--x", "1,2"]) == 0
    shown = stream.buffer.getvalue().decode("ascii")
    assert "`- sum(_)" in shown or "sum(_)" in shown
    assert "\\" not in shown


def test_a_chain_of_500_does_not_indent(capsys):
    assert guarded(["graph", "sin(" * 150 + "x" + ")" * 150, "--x", "1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 152
    assert {line[:2] for line in lines[1:]} == {"● "}


@pytest.mark.parametrize(
    ("array", "room", "text"),
    [
        (np.array([1.0, 2.5]), 20, "[1, 2.5]"),
        (np.arange(100.0), 24, "[0, 1, 2, …, 97, 98, 99]"),
        (np.eye(2), 30, "[[1, 0], [0, 1]]"),
        (np.eye(50), 40, "[[1, …, 0], …, [0, …, 1]]"),
        (np.zeros((0, 3)), 30, "[] (0, 3)"),
        (np.array(True), 9, "True"),
        (np.array([np.nan, -np.inf]), 20, "[nan, -inf]"),
        (np.zeros((2,) * 12), 30, "[[[[[[[[[[[[0, …], …], …], …]…"),
    ],
)
def test_long_arrays_are_elided(array, room, text):
    assert value_text(array, room) == text
    assert len(text) <= room


# --- layout ------------------------------------------------------------------------------------


def overlap(a, b):
    return (
        a.x < b.x + b.width - 0.01
        and b.x < a.x + a.width - 0.01
        and a.y < b.y + b.height - 0.01
        and b.y < a.y + a.height - 0.01
    )


def require_sound(found):
    """Boxes do not overlap, groups hold what is in them and nothing else, wires lead down."""
    scene = scene_of(found)
    places = {placed.key: placed for _, placed in [*scene.groups, *scene.boxes]}
    boxes = [placed for _, placed in scene.boxes]
    assert len(boxes) == len(found.boxes)
    for a, b in combinations(boxes, 2):
        assert not overlap(a, b), (a, b)
    for box, placed in scene.boxes:
        around = {group.key for group in (box.within.chain() if box.within else [])}
        for group, frame in scene.groups:
            inside = (
                frame.x <= placed.x + 0.01
                and frame.y <= placed.y + 0.01
                and placed.x + placed.width <= frame.x + frame.width + 0.01
                and placed.y + placed.height <= frame.y + frame.height + 0.01
            )
            assert inside == (group.key in around)
            assert inside or not overlap(placed, frame)
    for edge in found.edges:
        source, target = places[edge.source], places[edge.target]
        assert source.y + source.height < target.y
    for wire in scene.wires:
        for x, y in wire.tips:
            ends = [p for p in boxes if abs(p.y - y) < 0.1 and p.x <= x <= p.x + p.width]
            assert ends, wire.source
        for _, points in wire.path:
            for x, y in points:
                assert 0 <= x <= scene.width
                assert 0 <= y <= scene.height
    tips = sum(len(wire.tips) for wire in scene.wires)
    assert tips == len({(edge.source, edge.target) for edge in found.edges})
    return scene


@pytest.mark.parametrize("depth", [0, 1, 2, 3, 9])
@pytest.mark.parametrize("backward", [False, True])
def test_nested_groups_are_laid_out(depth, backward):
    source = LOOP.replace("100", "6").replace("sum(y)", "sum(y) * mean(x) + var(y)")
    require_sound(picture(source, backward, depth, x=[1.0, 2.0]))


def flat(count):
    """A program of so many operations, each of which uses some of those before."""
    random = np.random.default_rng(3)
    lines, names = [], ["x", "y"]
    for number in range(count):
        a, b = (names[max(0, len(names) - 1 - int(k))] for k in random.integers(0, 9, 2))
        names.append(f"t{number}")
        lines.append(f"t{number} = {random.choice([f'{a} * {b}', f'{a} + {b}', f'sin({a})'])}")
    lines.append(" + ".join(names[-8:]))
    return "\n".join(lines)


def test_500_nodes():
    found = picture(flat(700), x=0.5, y=0.25)
    assert len(found.boxes) > 500
    scene = require_sound(found)
    # It stays narrow enough to be followed.
    assert scene.width < 3000


def test_the_picture_of_the_guide_is_todays(capsys):
    root = Path(__file__).parent.parent
    line = re.search(
        r"^\$ gradcli (.*) -o docs/graph.svg$", (root / "docs" / "guide.md").read_text(), re.M
    )
    assert guarded([*shlex.split(line[1]), "--as", "svg"]) == 0
    assert capsys.readouterr().out == (root / "docs" / "graph.svg").read_text()


def test_too_many_boxes_are_refused(capsys, tmp_path):
    (tmp_path / "p.py").write_text(LOOP.replace("100", "2000"))
    argv = ["graph", "-f", str(tmp_path / "p.py"), "--x", "1", "--as", "svg"]
    assert guarded([*argv, "--depth", "9"]) == 3
    assert "--depth" in capsys.readouterr().err
    assert guarded(argv) == 0


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 25), st.data())
def test_layers_of_any_graph(count, data):
    sizes = st.tuples(st.floats(5, 200), st.floats(5, 80))
    items = [Item(*data.draw(sizes)) for _ in range(count)]
    links = []
    for target in range(1, count):
        for source in data.draw(st.lists(st.integers(0, target - 1), max_size=3, unique=True)):
            links.append(Link(source, target, "w", items[source].width / 2, 3.0))
    placed = layered(items, links)
    corners = placed.corners
    for a, b in combinations(range(count), 2):
        apart_x = abs((corners[a][0] + items[a].width / 2) - (corners[b][0] + items[b].width / 2))
        apart_y = abs((corners[a][1] + items[a].height / 2) - (corners[b][1] + items[b].height / 2))
        wide, tall = (items[a].width + items[b].width) / 2, (items[a].height + items[b].height) / 2
        assert apart_x > wide - 0.01 or apart_y > tall - 0.01
    for link in links:
        assert corners[link.source][1] + items[link.source].height < corners[link.target][1]
    assert len([one for one in placed.stretches if one.target >= 0]) == len(links)


# --- names of strangers ------------------------------------------------------------------------

HOSTILE = """\
# </style></script><script>x</script> ]]> <!-- --> \x0b
def ж_1(v):
    return tanh(v * -1.5) - 2
T = {"1. <b>\\"&lt;\\\\N\\x1b[2J": 3, "`- m` #35; %% ; |": 0, "\u202e|}]": 1}
y = ж_1(x[0]) + T["1. <b>\\"&lt;\\\\N\\x1b[2J"]
z = -y + x[T["`- m` #35; %% ; |"]] * T["\u202e|}]"]
z ** 2
"""


def labels(found):
    return [box.lines(value_look())[0] for box in found.boxes.values()]


def value_look():
    from gradcli.pictures.words import BRIEF

    return BRIEF


def written(tmp_path, kind, *more):
    program, target = tmp_path / "p.py", tmp_path / f"out.{kind}"
    program.write_text(HOSTILE, encoding="utf-8")
    argv = ["graph", "-f", str(program), "--x", "0.5,2", "--as", kind, "-o", str(target), *more]
    assert guarded(argv) == 0
    return target.read_text(encoding="utf-8")


def test_svg_is_xml_with_the_texts_as_they_are(tmp_path):
    root = ET.fromstring(written(tmp_path, "svg"))
    texts = [text.text for text in root.iter(f"{SVG}text")]
    found = picture(HOSTILE, x=[0.5, 2.0])
    assert set(labels(found)) <= set(texts)
    assert {element.tag for element in root.iter()} == {
        f"{SVG}{name}" for name in ("svg", "title", "style", "rect", "g", "path", "text")
    }


def test_dot_strings_are_closed(tmp_path):
    text = written(tmp_path, "dot")
    strings = re.findall(r'"((?:[^"\\]|\\.)*)"', text)
    rest = re.sub(r'"(?:[^"\\]|\\.)*"', "", text)
    assert '"' not in rest
    assert "<" not in rest
    unescaped = [
        re.sub(r"\\(.)", lambda m: "\n" if m[1] == "n" else m[1], s).replace("&amp;", "&")
        for s in strings
    ]
    assert set(labels(picture(HOSTILE, x=[0.5, 2.0]))) <= {s.split("\n")[0] for s in unescaped}


def test_graphviz_reads_dot(tmp_path):
    shutil = pytest.importorskip("shutil")
    if shutil.which("dot") is None:
        pytest.skip("Graphviz is not installed")
    done = subprocess.run(
        ["dot", "-Tsvg"], input=written(tmp_path, "dot", "--depth", "9"), text=True,
        capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    shown = {text.text for text in ET.fromstring(done.stdout).iter(f"{SVG}text")}
    assert {label.replace("  ", " ") for label in labels(picture(HOSTILE, x=[0.5, 2.0]))} <= {
        text.replace("\xa0", " ") for text in shown
    }


def test_mermaid_labels_hold_nothing_that_means_something(tmp_path):
    text = written(tmp_path, "mermaid")
    shown = []
    for label in re.findall(r'"([^"]*)"', text):
        assert re.fullmatch(r"(?:[\w ,()=·…]|#\d+;|<br/>)*", label), label
        lines = label.split("<br/>")
        shown.append(re.sub(r"#(\d+);", lambda m: chr(int(m[1])), lines[0]))
    assert set(labels(picture(HOSTILE, x=[0.5, 2.0]))) <= set(shown)


def test_the_page_holds_no_element_of_a_stranger(tmp_path):
    from html.parser import HTMLParser

    seen, held = [], []

    class Reader(HTMLParser):
        def handle_starttag(self, tag, attrs):
            seen.append(tag)
            held.append(dict(attrs))

    text = written(tmp_path, "html")
    Reader().feed(text)
    assert seen.count("script") == 2
    assert "b" not in seen
    data = json.loads(
        re.search(r'<script type="application/json" id="data">(.*)</script>', text)[1]
    )
    assert data["source"] == HOSTILE
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "").replace("http-equiv", "")


def test_equal_graphs_are_equal_files(tmp_path):
    for kind in ("svg", "dot", "mermaid", "html"):
        assert written(tmp_path, kind) == written(tmp_path, kind)


# --- files -------------------------------------------------------------------------------------


def test_picture_files_by_matplotlib(tmp_path, capsys):
    pytest.importorskip("matplotlib")
    for name, head in (("g.png", b"\x89PNG"), ("g.pdf", b"%PDF")):
        target = tmp_path / name
        assert guarded(["graph", "sum(x**2) + $", "--x", "1,2", "-o", str(target)]) == 2
        assert guarded(["graph", LOOP, "--x", "1,2", "--backward", "-o", str(target)]) == 0
        assert target.read_bytes().startswith(head)
    done = subprocess.run(
        [*GRADCLI, "graph", "sum(x)", "--x", "1", "--as", "png"], capture_output=True, check=True
    )
    assert done.stdout.startswith(b"\x89PNG")


def test_without_matplotlib_the_error_says_what_to_install(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert guarded(["graph", "sum(x)", "--x", "1", "-o", str(tmp_path / "g.png")]) == 3
    assert 'pip install "gradcli[plot]"' in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_only_a_picture_file_imports_matplotlib(tmp_path):
    code = (
        "import sys\n"
        "from gradcli.cli.main import guarded\n"
        "for kind in ('tree', 'dot', 'mermaid', 'svg', 'html', 'json'):\n"
        f"    guarded(['graph', 'sum(x**2)', '--x', '3,4', '--as', kind, '-o', {str(tmp_path)!r}"
        " + '/g.' + kind])\n"
        "print(*sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True
    )
    assert not {"matplotlib", "rich"} & set(done.stdout.split())
