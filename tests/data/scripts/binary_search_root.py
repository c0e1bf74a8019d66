def f(x):
    return x ** 3 - x - 2

lo, hi = 1.0, 2.0
steps = 0
while hi - lo > 1e-6:
    mid = (lo + hi) / 2
    if f(mid) > 0:
        hi = mid
    else:
        lo = mid
    steps += 1
print(steps, round(lo, 5))
assert f(lo) <= 0 <= f(hi)
for i in range(10):
    if i == 3:
        continue
    if i > 5:
        break
    print(i, end=" ")
else:
    print("never")
print()
