"""Values and first derivatives against mpmath over whole domains: python tests/accuracy.py [NAME].

Errors are in units in the last place, plain and "backward": what is left when each argument may be
off by one such unit, for near a zero of a function no method does better.
"""

import sys

import mpmath as mp
import numpy as np

import gradcli

TINY, HUGE = 1e-300, 1e300
EPS = 2.0**-52


def grid(low=TINY, high=HUGE, negative=None):
    """Numbers spread evenly by their logarithm from low to high, and from -negative to -low.

    The middle is covered more densely; none of the numbers is round.
    """
    random = np.random.default_rng(7)

    def half(low, high):
        wide = np.geomspace(low, high, 24)
        near = np.geomspace(max(low, 1e-3), min(high, 1e3), 24) if high > 1e-3 else wide[:0]
        points = np.concatenate([wide, near])
        return np.clip(points * random.uniform(0.97, 1.03, points.size), low, high)

    sides = [half(low, high)]
    if negative is not None:
        sides.append(-half(low, negative))
    return np.concatenate(sides)


def unit(both=False):
    """Numbers between 0 and 1 (or -1 and 1), near the ends too."""
    ends = np.geomspace(1e-300, 0.4, 20)
    inner = np.concatenate([ends, 1 - np.geomspace(1e-15, 0.4, 16), np.linspace(0.03, 0.97, 15)])
    return np.concatenate([inner, -inner]) if both else inner


def pairs(first, second, count=70):
    """Pairs of an element of each."""
    random = np.random.default_rng(3)
    return random.choice(first, count), random.choice(second, count)


ALL = grid(negative=HUGE)
PLUS = grid()


def bounded(limit):
    """Both signs, up to a limit."""
    return grid(high=limit, negative=limit)


SQUARED = bounded(1e150)
ABOVE_MINUS_ONE = np.concatenate([PLUS, -unit()])
SHARES = np.concatenate([np.geomspace(1e-60, 0.04, 16), np.linspace(0.05, 0.99, 30)])
LEFT = -np.linspace(0.05, 39.7, 47)


def sigmoid(x):
    return 1 / (1 + mp.exp(-x))


def log_ndtr(x):
    return mp.log(mp.ncdf(x)) if x < 5 else mp.log1p(-mp.ncdf(-x))


def logaddexp(x, y):
    high, low = max(x, y), min(x, y)
    return high + mp.log1p(mp.exp(low - high))


def scaled_bessel(order):
    def value(x):
        size = abs(x)
        if size > 1e4:
            four = 4 * order**2
            first, second = (four - 1) / (8 * size), (four - 1) * (four - 9) / (128 * size**2)
            third = (four - 1) * (four - 9) * (four - 25) / (3072 * size**3)
            found = (1 - first + second - third) / mp.sqrt(2 * mp.pi * size)
        else:
            found = mp.besseli(order, size) * mp.exp(-size)
        return found * (mp.sign(x) if order else 1)

    return value


def erfcx(x):
    return mp.exp(x * x) * mp.erfc(x) if x < 1e6 else (1 - 1 / (2 * x * x)) / (x * mp.sqrt(mp.pi))


def erfcx_slope(x):
    if x < 1e6:
        return 2 * x * erfcx(x) - 2 / mp.sqrt(mp.pi)
    return -(1 - 3 / (2 * x * x)) / (x * x * mp.sqrt(mp.pi))


def power_slope(x, y):
    return mp.power(x, y) * mp.log(x)


def lgamma(x):
    return mp.re(mp.loggamma(x))


def digamma(x):
    return mp.digamma(x) if x < 1e8 else mp.log(x) - 1 / (2 * x) - 1 / (12 * x * x)


def trigamma(x):
    return mp.polygamma(1, x) if x < 1e8 else 1 / x + 1 / (2 * x * x) + 1 / (6 * x**3)


def tetragamma(x):
    return mp.polygamma(2, x) if x < 1e8 else -1 / x**2 - 1 / x**3 - 1 / (2 * x**4)


def betaln(a, b):
    with mp.workdps(mp.mp.dps + 30):
        return mp.loggamma(a) + mp.loggamma(b) - mp.loggamma(a + b)


def gelu_tanh(x):
    return x * sigmoid(2 * mp.sqrt(2 / mp.pi) * (x + mp.mpf("0.044715") * x**3))


def gelu_tanh_slope(x):
    inner = 2 * mp.sqrt(2 / mp.pi) * (x + mp.mpf("0.044715") * x**3)
    slope = 2 * mp.sqrt(2 / mp.pi) * (1 + 3 * mp.mpf("0.044715") * x**2)
    return sigmoid(inner) * (1 + x * slope * sigmoid(-inner))


def sinc_slope(x):
    with mp.workdps(3 * mp.mp.dps):
        return (mp.pi * x * mp.cospi(x) - mp.sinpi(x)) / (mp.pi * x * x)


def mish_slope(x):
    soft = mp.log1p(mp.exp(x))
    return mp.tanh(soft) + x * mp.sech(soft) ** 2 * sigmoid(x)


def i0e_slope(x):
    size, sign = abs(x), mp.sign(x)
    if size > 1e4:
        root = mp.sqrt(2 * mp.pi * size)
        return -sign * (1 / (2 * size) + 3 / (16 * size**2) + 45 / (256 * size**3)) / root
    return sign * (mp.besseli(1, size) - mp.besseli(0, size)) * mp.exp(-size)


def i1e_slope(x):
    size = abs(x)
    if size > 1e4:
        root = mp.sqrt(2 * mp.pi * size)
        return (-1 / (2 * size) + 9 / (16 * size**2) + 75 / (256 * size**3)) / root
    second = (mp.besseli(0, size) + mp.besseli(2, size)) / 2
    return (second - mp.besseli(1, size)) * mp.exp(-size)


def digamma_step(a, b):
    """digamma(a) - digamma(a + b)."""
    with mp.workdps(mp.mp.dps + 30):
        return mp.digamma(a) - mp.digamma(a + b)


def erfinv_slope(x):
    return ROOT_PI / 2 * mp.exp(mp.erfinv(x) ** 2)


def softmax(x, y):
    return sigmoid(x - y)


def cubic_slope(x, y):
    return x * abs(x) / mp.cbrt(abs(x) ** 3 + abs(y) ** 3) ** 2


def tanhshrink(x):
    with mp.workdps(3 * mp.mp.dps):
        return x - mp.tanh(x)


def silu_slope(x):
    return sigmoid(x) * (1 + x * sigmoid(-x))


def log1mexp(x):
    return mp.log(-mp.expm1(-x))


def both(call):
    """A reduction of x and y, as an expression."""
    return call.replace("(", "(stack([x, y]), ", 1)


LN2, ROOT_PI = mp.log(2), mp.sqrt(mp.pi)

# (expression, the function in mpmath, its partial derivatives, arguments): of x, or of x and y. A
# fifth item is the part of a derivative that a last unit of the seed may move.
CASES = [
    ("x + y", lambda x, y: x + y, [lambda x, y: 1, lambda x, y: 1], pairs(ALL, ALL)),
    ("x - y", lambda x, y: x - y, [lambda x, y: 1, lambda x, y: -1], pairs(ALL, ALL)),
    ("x * y", lambda x, y: x * y, [lambda x, y: y, lambda x, y: x], pairs(SQUARED, SQUARED)),
    ("x / y", lambda x, y: x / y, [lambda x, y: 1 / y, lambda x, y: -x / y**2],
     pairs(ALL, SQUARED)),
    ("-x", lambda x: -x, [lambda x: -1], ALL),
    ("abs(x)", abs, [mp.sign], ALL),
    ("square(x)", lambda x: x * x, [lambda x: 2 * x], SQUARED),
    ("sqrt(x)", mp.sqrt, [lambda x: 1 / (2 * mp.sqrt(x))], PLUS),
    ("rsqrt(x)", lambda x: 1 / mp.sqrt(x), [lambda x: -1 / (2 * x * mp.sqrt(x))], PLUS),
    ("cbrt(x)", mp.cbrt, [lambda x: 1 / (3 * mp.cbrt(x) ** 2)], PLUS),
    ("reciprocal(x)", lambda x: 1 / x, [lambda x: -1 / x**2], ALL),
    ("power(x, y)", mp.power, [lambda x, y: y * mp.power(x, y - 1), power_slope],
     pairs(grid(1e-20, 1e20), bounded(15))),
    ("exp(x)", mp.exp, [mp.exp], bounded(700)),
    ("exp2(x)", lambda x: mp.power(2, x), [lambda x: LN2 * mp.power(2, x)], bounded(1000)),
    ("expm1(x)", mp.expm1, [mp.exp], bounded(700)),
    ("log(x)", mp.log, [lambda x: 1 / x], PLUS),
    ("log1p(x)", mp.log1p, [lambda x: 1 / (1 + x)], ABOVE_MINUS_ONE),
    ("log2(x)", lambda x: mp.log(x) / LN2, [lambda x: 1 / (x * LN2)], PLUS),
    ("log10(x)", mp.log10, [lambda x: 1 / (x * mp.log(10))], PLUS),
    ("logaddexp(x, y)", logaddexp, [lambda x, y: sigmoid(x - y), lambda x, y: sigmoid(y - x)],
     pairs(bounded(1e5), bounded(1e5))),
    ("logaddexp2(x, y)", lambda x, y: logaddexp(x * LN2, y * LN2) / LN2,
     [lambda x, y: sigmoid((x - y) * LN2), lambda x, y: sigmoid((y - x) * LN2)],
     pairs(bounded(1e5), bounded(1e5))),
    ("hypot(x, y)", mp.hypot,
     [lambda x, y: x / mp.hypot(x, y), lambda x, y: y / mp.hypot(x, y)], pairs(ALL, ALL)),
    ("atan2(x, y)", mp.atan2,
     [lambda x, y: y / (x * x + y * y), lambda x, y: -x / (x * x + y * y)], pairs(ALL, ALL)),
    ("xlogy(x, y)", lambda x, y: x * mp.log(y), [lambda x, y: mp.log(y), lambda x, y: x / y],
     pairs(ALL, PLUS)),
    ("xlog1py(x, y)", lambda x, y: x * mp.log1p(y),
     [lambda x, y: mp.log1p(y), lambda x, y: x / (1 + y)], pairs(ALL, ABOVE_MINUS_ONE)),
    ("entr(x)", lambda x: -x * mp.log(x), [lambda x: -mp.log(x) - 1], PLUS),
    ("logit(x)", lambda x: mp.log(x / (1 - x)), [lambda x: 1 / (x * (1 - x))], unit()),
    ("sin(x)", mp.sin, [mp.cos], ALL),
    ("cos(x)", mp.cos, [lambda x: -mp.sin(x)], ALL),
    ("tan(x)", mp.tan, [lambda x: mp.sec(x) ** 2], ALL),
    ("asin(x)", mp.asin, [lambda x: 1 / mp.sqrt(1 - x * x)], unit(both=True)),
    ("acos(x)", mp.acos, [lambda x: -1 / mp.sqrt(1 - x * x)], unit(both=True)),
    ("atan(x)", mp.atan, [lambda x: 1 / (1 + x * x)], ALL),
    ("sinh(x)", mp.sinh, [mp.cosh], bounded(700)),
    ("cosh(x)", mp.cosh, [mp.sinh], bounded(700)),
    ("tanh(x)", mp.tanh, [lambda x: mp.sech(x) ** 2], bounded(350)),
    ("sech(x)", mp.sech, [lambda x: -mp.sech(x) * mp.tanh(x)], bounded(700)),
    ("asinh(x)", mp.asinh, [lambda x: 1 / mp.sqrt(1 + x * x)], ALL),
    ("acosh(x)", mp.acosh, [lambda x: 1 / mp.sqrt(x * x - 1)],
     np.concatenate([1 + np.geomspace(1e-15, 1, 20), grid(1.1)])),
    ("atanh(x)", mp.atanh, [lambda x: 1 / (1 - x * x)], unit(both=True)),
    ("sinpi(x)", mp.sinpi, [lambda x: mp.pi * mp.cospi(x)], bounded(1e12)),
    ("cospi(x)", mp.cospi, [lambda x: -mp.pi * mp.sinpi(x)], bounded(1e12)),
    ("sinc(x)", lambda x: mp.sinpi(x) / (mp.pi * x),
     [sinc_slope], bounded(1e12)),
    ("sigmoid(x)", sigmoid, [lambda x: sigmoid(x) * sigmoid(-x)], bounded(700)),
    ("softplus(x)", lambda x: mp.log1p(mp.exp(x)), [sigmoid], bounded(700)),
    ("erf(x)", mp.erf, [lambda x: 2 * mp.exp(-x * x) / ROOT_PI], bounded(26)),
    ("erfc(x)", mp.erfc, [lambda x: -2 * mp.exp(-x * x) / ROOT_PI], bounded(26)),
    ("erfcx(x)", erfcx, [erfcx_slope], grid(high=1e100, negative=26)),
    ("erfinv(x)", mp.erfinv, [erfinv_slope],
     np.concatenate([unit(both=True)[:20], np.linspace(-0.99, 0.99, 40)])),
    ("erfcinv(x)", lambda x: mp.erfinv(1 - x), [lambda x: -erfinv_slope(1 - x)], SHARES),
    ("ndtri(x)", lambda x: mp.sqrt(2) * mp.erfinv(2 * x - 1),
     [lambda x: 2 * mp.sqrt(2) * erfinv_slope(2 * x - 1)], SHARES),
    ("gaussian(x)", lambda x: mp.exp(-x * x), [lambda x: -2 * x * mp.exp(-x * x)], bounded(26)),
    ("norm_pdf(x)", mp.npdf, [lambda x: -x * mp.npdf(x)], bounded(37)),
    ("ndtr(x)", mp.ncdf, [mp.npdf], bounded(37)),
    ("log_ndtr(x)", log_ndtr, [lambda x: mp.npdf(x) / mp.ncdf(x)], grid(high=37, negative=1e4)),
    ("inverse_mills(x)", lambda x: mp.npdf(x) / mp.ncdf(x),
     [lambda x: -mp.npdf(x) / mp.ncdf(x) * (x + mp.npdf(x) / mp.ncdf(x))],
     grid(high=37, negative=1e4)),
    ("gamma(x)", mp.gamma, [lambda x: mp.gamma(x) * mp.digamma(x)],
     np.concatenate([grid(1e-150, 170), LEFT[LEFT > -20]])),
    ("lgamma(x)", lgamma, [digamma], np.concatenate([grid(), LEFT])),
    ("lgamma(x)", lgamma, [digamma], np.concatenate([1 + bounded(0.5), 2 + bounded(0.5)])),
    ("digamma(x)", digamma, [trigamma], np.concatenate([grid(1e-150), LEFT])),
    ("polygamma(1, x)", trigamma, [tetragamma], np.concatenate([grid(1e-100, 1e140), LEFT])),
    ("betaln(x, y)", betaln, [digamma_step, lambda x, y: digamma_step(y, x)],
     pairs(grid(1e-100, 1e15), grid(1e-100, 1e15))),
    ("beta(x, y)", mp.beta, [lambda x, y: mp.beta(x, y) * digamma_step(x, y),
     lambda x, y: mp.beta(x, y) * digamma_step(y, x)], pairs(grid(1e-50, 400), grid(1e-50, 300))),
    ("i0(x)", lambda x: mp.besseli(0, x), [lambda x: mp.besseli(1, x)], bounded(700)),
    ("i1(x)", lambda x: mp.besseli(1, x), [lambda x: (mp.besseli(0, x) + mp.besseli(2, x)) / 2],
     bounded(700)),
    ("i0e(x)", scaled_bessel(0), [i0e_slope], bounded(1e12)),
    ("i1e(x)", scaled_bessel(1), [i1e_slope], bounded(1e12)),
    ("j0(x)", lambda x: mp.besselj(0, x), [lambda x: -mp.besselj(1, x)], bounded(1e4)),
    ("j1(x)", lambda x: mp.besselj(1, x),
     [lambda x: (mp.besselj(0, x) - mp.besselj(2, x)) / 2], bounded(1e4)),
    ("y0(x)", lambda x: mp.bessely(0, x), [lambda x: -mp.bessely(1, x)], grid(1e-20, 1e4)),
    ("y1(x)", lambda x: mp.bessely(1, x),
     [lambda x: (mp.bessely(0, x) - mp.bessely(2, x)) / 2], grid(1e-20, 1e4)),
    ("k0(x)", lambda x: mp.besselk(0, x), [lambda x: -mp.besselk(1, x)], grid(1e-20, 700)),
    ("k1(x)", lambda x: mp.besselk(1, x),
     [lambda x: -(mp.besselk(0, x) + mp.besselk(2, x)) / 2], grid(1e-20, 700)),
    ("fmod(x, y)", mp.fmod, [lambda x, y: 1, lambda x, y: -mp.floor(x / y)],
     pairs(grid(1e-3, 1e3), grid(1e-2, 1e2))),
    ("torch.lerp(x, y, 0.25)", lambda x, y: x + (y - x) / 4,
     [lambda x, y: mp.mpf(3) / 4, lambda x, y: mp.mpf(1) / 4], pairs(ALL, ALL)),
    ("copysign(x, y)", lambda x, y: abs(x) * mp.sign(y),
     [lambda x, y: mp.sign(x) * mp.sign(y), lambda x, y: 0], pairs(ALL, ALL)),
    ("maximum(x, y)", max, [lambda x, y: int(x > y), lambda x, y: int(y > x)], pairs(ALL, ALL)),
    # Activations.
    ("logsigmoid(x)", lambda x: -mp.log1p(mp.exp(-x)), [lambda x: sigmoid(-x)], bounded(700)),
    ("softsign(x)", lambda x: x / (1 + abs(x)), [lambda x: 1 / (1 + abs(x)) ** 2], ALL),
    ("tanhshrink(x)", tanhshrink, [lambda x: mp.tanh(x) ** 2], bounded(1e100)),
    ("silu(x)", lambda x: x * sigmoid(x), [silu_slope], bounded(690)),
    ("mish(x)", lambda x: x * mp.tanh(mp.log1p(mp.exp(x))), [mish_slope], bounded(345)),
    ("gelu(x)", lambda x: x * mp.ncdf(x), [lambda x: mp.ncdf(x) + x * mp.npdf(x)], bounded(37)),
    ("F.gelu(x, 'tanh')", gelu_tanh, [gelu_tanh_slope], bounded(20)),
    ("elu(x)", lambda x: x if x > 0 else mp.expm1(x), [lambda x: 1 if x > 0 else mp.exp(x)],
     bounded(700)),
    ("celu(x, 2.0)", lambda x: x if x > 0 else 2 * mp.expm1(x / 2),
     [lambda x: 1 if x > 0 else mp.exp(x / 2)], bounded(700)),
    ("leaky_relu(x, 0.25)", lambda x: x if x > 0 else x / 4, [lambda x: 1 if x > 0 else 0.25],
     ALL),
    ("squareplus(x)", lambda x: (x + mp.sqrt(x * x + 4)) / 2,
     [lambda x: (1 + x / mp.sqrt(x * x + 4)) / 2], bounded(1e8)),
    ("log1mexp(x)", log1mexp, [lambda x: 1 / mp.expm1(x)], grid(1e-300, 700)),
    # Reductions, of two elements.
    (both("logsumexp(axis=0)"), logaddexp, [softmax, lambda x, y: softmax(y, x)],
     pairs(bounded(1e5), bounded(1e5))),
    (both("softmax(axis=0)[0]"), softmax,
     [lambda x, y: softmax(x, y) * softmax(y, x), lambda x, y: -softmax(x, y) * softmax(y, x)],
     pairs(bounded(300), bounded(300)), softmax),
    (both("log_softmax(axis=0)[0]"), lambda x, y: -mp.log1p(mp.exp(y - x)),
     [lambda x, y: softmax(y, x), lambda x, y: -softmax(y, x)], pairs(bounded(300), bounded(300)),
     lambda x, y: 1),
    (both("torch.logcumsumexp(dim=0)[1]"), logaddexp, [softmax, lambda x, y: softmax(y, x)],
     pairs(bounded(1e5), bounded(1e5))),
    (both("linalg.norm(axis=0)"), mp.hypot,
     [lambda x, y: x / mp.hypot(x, y), lambda x, y: y / mp.hypot(x, y)], pairs(ALL, ALL)),
    (both("linalg.norm(ord=3, axis=0)"), lambda x, y: mp.cbrt(abs(x) ** 3 + abs(y) ** 3),
     [cubic_slope, lambda x, y: cubic_slope(y, x)], pairs(bounded(1e140), bounded(1e140))),
    (both("std(axis=0)"), lambda x, y: abs(x - y) / 2,
     [lambda x, y: mp.sign(x - y) / 2, lambda x, y: -mp.sign(x - y) / 2], pairs(ALL, ALL)),
    (both("var(axis=0)"), lambda x, y: (x - y) ** 2 / 4,
     [lambda x, y: (x - y) / 2, lambda x, y: (y - x) / 2], pairs(SQUARED, SQUARED)),
    # Losses of scores: asked for, and not asked for.
    ("F.binary_cross_entropy_with_logits(x, ones_like(x), reduction='none')",
     lambda x: mp.log1p(mp.exp(-x)), [lambda x: -sigmoid(-x)], bounded(700)),
    ("F.binary_cross_entropy_with_logits(x, zeros_like(x), reduction='none')",
     lambda x: mp.log1p(mp.exp(x)), [sigmoid], bounded(700)),
]  # fmt: skip


def precision(point):
    """Digits that hold sums of 1 and the tiniest argument, and whole turns of the largest."""
    return 40 + max(int(abs(mp.log10(abs(x)))) for x in point if x)


def curvatures(slope, point):
    """How a derivative changes with each argument, relative to the argument: to two digits."""
    found = []
    for place, x in enumerate(point):
        step = mp.mpf("1e-10") / max(1, abs(x))
        up, down = [*point], [*point]
        up[place], down[place] = x * (1 + step), x * (1 - step)
        found.append((slope(*up) - slope(*down)) / (2 * step))
    return found


def errors(found, true, conditions):
    """(plain, backward) error of one number in ulp; None where a double cannot hold it."""
    exact = float(true)
    if not np.isfinite(exact) or abs(exact) < 1e-307:
        return None
    if not np.isfinite(found):
        return np.inf, np.inf
    missed = abs(mp.mpf(float(found)) - true)
    unit = mp.mpf(float(np.spacing(abs(exact))))
    slack = EPS * mp.fsum(abs(condition) for condition in conditions)
    return float(missed / unit), float(missed / (unit + slack))


def measure(expr, function, partials, arguments, seeded=None):
    """Worst (plain, backward, where) of the value and of the derivatives."""
    arrays = arguments if isinstance(arguments, tuple) else (arguments,)
    names = ("x", "y")[: len(arrays)]
    inputs = dict(zip(names, arrays, strict=True))
    result = gradcli.evaluate(expr, inputs, seed="ones")
    worst = {"value": (0.0, 0.0, None), "derivative": (0.0, 0.0, None)}
    for k, point in enumerate(zip(*arrays, strict=True)):
        exact = [mp.mpf(float(x)) for x in point]
        with mp.workdps(precision(exact)):
            slopes = [partial(*exact) for partial in partials]
            steep = [x * slope for x, slope in zip(exact, slopes, strict=True)]
            found = [("value", result.value[k], function(*exact), steep)]
            for name, slope, partial in zip(names, slopes, partials, strict=True):
                bent = curvatures(partial, exact)
                bent += [] if seeded is None else [seeded(*exact)]
                found.append(("derivative", result.grad[name][k], slope, bent))
            for what, ours, true, conditions in found:
                error = errors(ours, mp.re(true), conditions)
                if error is not None and error[1] >= worst[what][1]:
                    plain = max(error[0], worst[what][0])
                    worst[what] = (plain, error[1], tuple(float(x) for x in point))
    return worst


def main():
    print(f"{'expression':20} {'value':>10} {'backward':>9} {'derivative':>11} {'backward':>9}")
    for expr, *case in CASES:
        if len(sys.argv) > 1 and sys.argv[1] not in expr:
            continue
        (plain, backward, at), (slope, slope_backward, where) = measure(expr, *case).values()
        print(
            f"{expr:20} {plain:10.3g} {backward:9.2f} {slope:11.3g} {slope_backward:9.2f}"
            f"  {at} {where}"
        )


if __name__ == "__main__":
    main()
