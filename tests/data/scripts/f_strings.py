import torch

loss = torch.tensor(0.123456789, requires_grad=True)
w = torch.tensor([1.0, 2.5])
n = 7
print(f"{loss}")
print(f"{loss:.3f} {loss.item():>12.5e} {w} {w.tolist()} {n:03d} {n/3:.2f}")
print(f"{w[0]:.1f} {w[1].item()} {w.shape} {w.dtype} {list(w.shape)}")
print(f"{'name':<10}|{'value':>10}|{n:^9}|{1234567:,}|{0.256:.1%}")
print(f"{n!r} {'text'!r} {w!r}")
print("loss:", loss.item().__round__(2) if False else round(loss.item(), 2))
print(f"nested {max(1, 2)} {[i ** 2 for i in range(3)]} {'yes' if n > 3 else 'no'}")
width = 8
print(f"[{loss.item():{width}.{3}f}]")
print(f"{{literal}} {n=} {n + 1 = }")
print("sum" + " of " + str(w.sum()) + " " * 3 + str(n), sep="", end="!\n")
