name, value = "loss", 0.12345
print(name.upper() + ": " + str(round(value, 3)).rjust(8) + "|")
print("-" * 20)
rows = [("w", 1.5, True), ("bias", -0.25, False)]
print(f"{'name':<6}{'value':>8}{'train':>7}")
for n, v, t in rows:
    print(f"{n:<6}{v:>8.3f}{str(t):>7}")
print(", ".join(f"{n}={v}" for n, v, _ in rows))
print("a,b,c".split(","), "x".join(["1", "2"]), "abc"[::-1], len("hello"), "b" in "abc")
total = sum(v for _, v, _ in rows)
print(f"total={total:+.2f} max={max(rows, key=lambda r: r[1])[0]} {10 // 3} {10 % 3} {2 ** 10} {7 / 2}")
print([x * y for x in range(3) for y in range(3) if x != y], {k: len(k) for k in ("a", "bb")})
print(1e-7, 1e20, 123456789.0, 0.1 + 0.2, float("inf"), -0.0, 3 == 3.0, None, not True, [1, 2] == [1, 2])
