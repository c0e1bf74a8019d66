"""Cases of losses."""

from inputs import b, k, p, r, sign, u

MODES = ("", ", reduction='sum'", ", reduction='none'")


def pair(name, first=r, second=r, rests=("",)):
    """A loss of two tensors of one shape, in all reductions."""
    return [
        (f"F.{name}(x, y{rest}{mode})", {"x": first(*shape), "y": second(*shape)})
        for shape in ((), (4,), (2, 3))
        for rest in rests
        for mode in MODES
    ]


def truth(*shape):
    return b(*shape).astype(float)


LABELS = [
    (
        f"F.{name}({scores}, y{rest}{mode})",
        {"x": r(*shape), "y": k(shape[1] if shape[1:] else 4, *t)},
    )
    for name, scores in (("cross_entropy", "x"), ("nll_loss", "F.log_softmax(x, dim=%d)"))
    for shape, t in (((4,), ()), ((3, 4), (3,)), ((2, 3, 2), (2, 2)))
    for rest in ("", ", ignore_index=1", ", label_smoothing=0.2")
    for mode in MODES
    if not (name == "nll_loss" and "smoothing" in rest)
]
LABELS = [(e.replace("%d", "0" if x["x"].ndim == 1 else "1"), x) for e, x in LABELS]

CASES = {
    "mse_loss": pair("mse_loss")
    + [
        (f"F.mse_loss(x, y, weight=w{m})", {"x": r(2, 3), "y": r(2, 3), "w": p(2, 3)})
        for m in MODES
    ],
    "l1_loss": pair("l1_loss")
    + [
        (f"F.l1_loss(x, y, weight=w{m})", {"x": r(2, 3), "y": r(2, 3), "w": p(2, 3)}) for m in MODES
    ],
    "smooth_l1_loss": pair("smooth_l1_loss", rests=("", ", beta=0.7", ", beta=0.0")),
    "huber_loss": pair("huber_loss", rests=("", ", delta=0.7"))
    + [(f"F.huber_loss(x, y, weight=w{m})", {"x": r(4), "y": r(4), "w": p(4)}) for m in MODES],
    "binary_cross_entropy": pair("binary_cross_entropy", u, truth)
    + pair("binary_cross_entropy", u, u)
    + [("F.binary_cross_entropy(x, y, w)", {"x": u(2, 3), "y": u(2, 3), "w": p(3)})],
    "binary_cross_entropy_with_logits": pair("binary_cross_entropy_with_logits", r, truth)
    + pair("binary_cross_entropy_with_logits", r, u)
    + [
        (
            f"F.binary_cross_entropy_with_logits(x, y, weight=w, pos_weight=v{m})",
            {"x": r(2, 3), "y": u(2, 3), "w": p(3), "v": p(3)},
        )
        for m in MODES
    ],
    "cross_entropy": [case for case in LABELS if "cross" in case[0]]
    + [
        (f"F.cross_entropy(x, y, weight=w{rest}{m})", {"x": r(4, 3), "y": k(3, 4), "w": p(3)})
        for rest in (
            "",
            ", ignore_index=0",
            ", label_smoothing=0.3",
            ", ignore_index=2, label_smoothing=0.3",
        )
        for m in MODES
    ]
    + [
        (f"F.cross_entropy(x, y{rest}{m})", {"x": r(4, 3), "y": u(4, 3)})
        for rest in ("", ", label_smoothing=0.3")
        for m in MODES
    ]
    + [
        (f"F.cross_entropy(x, y, w{m})", {"x": r(2, 3, 2), "y": u(2, 3, 2), "w": p(3)})
        for m in MODES
    ],
    "nll_loss": [case for case in LABELS if "nll" in case[0]]
    + [(f"F.nll_loss(x, y, w{m})", {"x": r(4, 3), "y": k(3, 4), "w": p(3)}) for m in MODES],
    "kl_div": [
        (f"F.kl_div(x, y{rest}{mode})", {"x": r(2, 3), "y": p(2, 3)})
        for rest in ("", ", log_target=True")
        for mode in (*MODES, ", reduction='batchmean'")
    ],
    "poisson_nll_loss": pair(
        "poisson_nll_loss",
        p,
        p,
        ("", ", full=True", ", log_input=False", ", log_input=False, eps=0.1"),
    ),
    "gaussian_nll_loss": [
        (f"F.gaussian_nll_loss(x, y, v{rest}{mode})", {"x": r(2, 3), "y": r(2, 3), "v": p(*shape)})
        for shape in ((2, 3), (2, 1), (2,))
        for rest in ("", ", full=True", ", eps=1.0")
        for mode in MODES
    ],
    "hinge_embedding_loss": pair("hinge_embedding_loss", r, sign, ("", ", margin=0.7")),
    "margin_ranking_loss": [
        (f"F.margin_ranking_loss(x, z, y{rest}{mode})", {"x": r(4), "z": r(4), "y": sign(4)})
        for rest in ("", ", margin=0.3")
        for mode in MODES
    ],
    "soft_margin_loss": pair("soft_margin_loss", r, sign),
    "multi_margin_loss": [
        (f"F.multi_margin_loss(x, y{rest}{mode})", {"x": r(*shape), "y": k(3, *shape[:-1])})
        for shape in ((3,), (4, 3))
        for rest in ("", ", p=2", ", margin=0.4")
        for mode in MODES
    ]
    + [
        (f"F.multi_margin_loss(x, y, {n}, 1.0, w{mode})", {"x": r(4, 3), "y": k(3, 4), "w": p(3)})
        for n in (1, 2)
        for mode in MODES
    ],
    "multilabel_margin_loss": [
        (f"F.multilabel_margin_loss(x, y{mode})", {"x": r(*shape), "y": y})
        for shape, y in (
            ((4,), [2, 0, -1, 1]),
            ((2, 3), [[1, -1, 0], [0, 2, -1]]),
            ((3,), [-1, 0, 0]),
        )
        for mode in MODES
    ],
    "multilabel_soft_margin_loss": [
        (f"F.multilabel_soft_margin_loss(x, y{mode})", {"x": r(2, 3), "y": truth(2, 3)})
        for mode in MODES
    ]
    + [("F.multilabel_soft_margin_loss(x, y, w)", {"x": r(2, 3), "y": u(2, 3), "w": p(3)})],
    "triplet_margin_loss": [
        (f"F.triplet_margin_loss(a, y, z{rest}{mode})", {"a": r(2, 3), "y": r(2, 3), "z": r(2, 3)})
        for rest in ("", ", margin=3.0", ", margin=3.0, p=3", ", margin=3.0, swap=True", ", 3.0, 1")
        for mode in MODES
    ]
    + [("F.triplet_margin_loss(a, y, z, margin=3.0)", {"a": r(3), "y": r(3), "z": r(3)})],
    "cosine_embedding_loss": [
        (
            f"F.cosine_embedding_loss(x, z, y{rest}{mode})",
            {"x": r(3, 4), "z": r(3, 4), "y": sign(3)},
        )
        for rest in ("", ", margin=-0.5")
        for mode in MODES
    ]
    + [("F.cosine_embedding_loss(x, z, y)", {"x": r(4), "z": r(4), "y": sign()})],
}
