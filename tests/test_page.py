"""The page of a graph in headless Chromium, where that is installed: what it shows is right."""

import json
import os
import re
from pathlib import Path

import numpy as np
import pytest
from browser import CHROMIUM, Browser

from gradcli.cli.main import guarded

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")

NETWORK = """\
# Two layers, and the loss of one sample. </script><script>window.hurt = 1</script>
def layer(W, v, b):
    return tanh(W @ v + b)

h = layer(W1, x, b1)
scores = W2 @ h + b2
p = softmax(scores)
zero = {"<img src=x onerror='window.hurt=1'>": 0}
-log(p[1]) + zero["<img src=x onerror='window.hurt=1'>"]
"""
INPUTS = {
    "x": [1.0, -2.0],
    "W1": [[1.0, 0.25], [-0.5, 0.5], [0.125, 2.0]],
    "b1": [0.5, 0.25, -1.0],
    "W2": [[0.1, 0.2, 0.3], [0.4, 0.5, -0.6]],
    "b2": [0.0, 1.0],
}


@pytest.fixture(scope="module")
def browser():
    try:
        opened = Browser()
    except (OSError, RuntimeError) as error:
        pytest.skip(f"Chromium does not start here: {error}")
    yield opened
    opened.close()


def page(folder, source, inputs, *more):
    """The page that the command line writes for a program."""
    program, values = folder / "program.py", folder / "inputs.json"
    program.write_text(source, encoding="utf-8")
    values.write_text(json.dumps(inputs))
    target = folder / "graph.html"
    argv = ["graph", "-f", str(program), "--inputs", str(values), "-o", str(target), *more]
    assert guarded(argv) == 0
    return target


def expected():
    """Values and cotangents of the network by the chain rule, written out for NumPy."""
    x, W1, b1, W2, b2 = [np.array(INPUTS[name]) for name in ("x", "W1", "b1", "W2", "b2")]
    before = W1 @ x + b1
    h = np.tanh(before)
    scores = W2 @ h + b2
    p = np.exp(scores) / np.exp(scores).sum()
    d_scores = p - [0.0, 1.0]
    d_h = W2.T @ d_scores
    d_before = d_h * (1 - h**2)
    return {
        "x": (x, W1.T @ d_before),
        "W1": (W1, np.outer(d_before, x)),
        "b1": (b1, d_before),
        "h": (h, d_h),
        "W2": (W2, np.outer(d_scores, h)),
        "b2": (b2, d_scores),
        "scores": (scores, d_scores),
        "p": (p, np.array([0.0, -1 / p[1]])),
    }


def card(browser):
    """The card's rows by their heads."""
    rows = "[...card.querySelectorAll('tr')]"
    return dict(browser.run(f"{rows}.map(r => [...r.children].map(c => c.textContent))"))


def test_hovering_shows_the_right_numbers(browser, tmp_path):
    browser.open(page(tmp_path, NETWORK, INPUTS))
    found = {}
    for key in browser.run("[...view.querySelectorAll('[data-key]')].map(e => e.dataset.key)"):
        browser.mouse("mouseMoved", *browser.middle(f'[data-key="{key}"]'))
        assert not browser.run("card.hidden")
        name = browser.run("card.querySelector('h2').textContent").split(" = ")[0]
        found[name] = card(browser)
    for name, (value, cotangent) in expected().items():
        shown = found[name]
        assert np.allclose(json.loads(shown["value"]), value, rtol=1e-14), name
        assert np.allclose(json.loads(shown["cotangent"]), cotangent, rtol=1e-13), name
        assert shown["shape"] == str(value.shape)
    assert found["h"]["rule, to a = · + b"] == "g*sech(a)**2"
    assert browser.run("window.hurt === undefined")
    assert [url.partition(":")[0] for url in browser.requests] == ["file"]


def test_hovering_marks_the_source(browser, tmp_path):
    browser.open(page(tmp_path, NETWORK, INPUTS))
    assert browser.run("panel.querySelector('mark')") is None
    key = browser.run("Object.values(data.nodes).find(n => n.name === 'p').id")
    browser.mouse("mouseMoved", *browser.middle(f'[data-key="{key}"]'))
    assert browser.run("panel.querySelector('mark').textContent") == "softmax(scores)"
    assert "line 7, column 5" in browser.run("card.textContent")
    inner = browser.run("Object.values(data.nodes).find(n => n.name === 'h').id")
    browser.mouse("mouseMoved", *browser.middle(f'[data-key="{inner}"]'))
    assert "in h = layer(W1, x, b1)" in browser.run("card.textContent")
    assert browser.run("[...panel.querySelectorAll('.line')].map(e => e.lastChild.textContent)[0]")
    browser.mouse("mouseMoved", 5, 790)
    assert browser.run("card.hidden")


def box(browser):
    return [float(part) for part in browser.run("stage.getAttribute('viewBox')").split()]


def test_it_zooms_moves_and_fits(browser, tmp_path):
    browser.open(page(tmp_path, "sum(x**2)", {"x": [3, 4, 10]}))
    whole = box(browser)
    middle = browser.middle("[data-key=n3]")
    browser.mouse("mouseWheel", *middle, deltaX=0, deltaY=-200)
    near = box(browser)
    assert near[2] < whole[2]
    # What is under the mouse stays there.
    assert np.allclose(browser.middle("[data-key=n3]"), middle, atol=1)
    browser.mouse("mousePressed", 400, 700, button="left", clickCount=1)
    browser.mouse("mouseMoved", 450, 720, button="left")
    browser.mouse("mouseReleased", 450, 720, button="left", clickCount=1)
    after = browser.middle("[data-key=n3]")
    assert np.allclose(np.subtract(after, middle), [50, 20], atol=1)
    browser.run("document.getElementById('fit').click()")
    assert box(browser) == whole


def test_a_click_keeps_the_card(browser, tmp_path):
    browser.open(page(tmp_path, "sum(x**2)", {"x": [3, 4, 10]}))
    browser.click(*browser.middle("[data-key=n1]"))
    browser.mouse("mouseMoved", *browser.middle("[data-key=n4]"))
    assert card(browser)["cotangent"] == "[6, 8, 20]"
    browser.call("Input.dispatchKeyEvent", type="keyDown", key="Escape")
    assert browser.run("card.hidden")


LOOP = "def f(v):\n    return sin(v) * 2\ny = x\nfor i in range(40):\n    y = f(y) + x\nsum(y)\n"


def test_other_depths_are_offered(browser, tmp_path):
    target = page(tmp_path, LOOP, {"x": [1, 2]})
    browser.open(target)
    assert browser.run("[...depths.children].map(e => e.textContent)") == [
        "depth 0", "depth 1", "depth 2", "depth 3",
    ]  # fmt: skip
    assert browser.run("view.dataset.depth") == "1"
    assert browser.run("view.querySelectorAll('[data-key]').length") == 42
    browser.click(*browser.middle("#depths button"))
    assert browser.run("view.querySelectorAll('[data-key]').length") == 3
    browser.mouse("mouseMoved", *browser.middle('[data-key="g1"]'))
    y = np.array([1.0, 2.0])
    for _ in range(40):
        y = np.sin(y) * 2 + [1, 2]
    assert np.allclose(json.loads(card(browser)["value"]), y)
    assert "120 operations" in browser.run("card.textContent")


def test_the_way_back_is_on_the_page(browser, tmp_path):
    browser.open(page(tmp_path, "sum(sin(x)*x)", {"x": [1.0, 2.0]}, "--backward"))
    key = browser.run("Object.values(data.nodes).find(n => n.name === 'grad x').id")
    browser.mouse("mouseMoved", *browser.middle(f'[data-key="{key}"]'))
    x = np.array([1.0, 2.0])
    assert np.allclose(json.loads(card(browser)["value"]), np.cos(x) * x + np.sin(x))


@pytest.mark.parametrize("dark", [False, True])
def test_text_stands_out(browser, tmp_path, dark):
    browser.open(page(tmp_path, NETWORK, INPUTS), dark)
    colour = "getComputedStyle(document.querySelector({})).{}"
    text = browser.run(colour.format("'[data-key] .title'", "fill"))
    for selector in ("'rect.operation'", "'rect.input'", "'rect.output'"):
        inside = browser.run(colour.format(selector, "fill"))
        a, b = [sum(map(int, re.findall(r"\d+", one)[:3])) / 765 for one in (text, inside)]
        assert abs(a - b) > 0.6
    if folder := os.environ.get("SCREENSHOTS"):
        browser.mouse("mouseMoved", *browser.middle('[data-key="n8"]'))
        browser.picture(Path(folder) / f"page-{'dark' if dark else 'light'}.png")
