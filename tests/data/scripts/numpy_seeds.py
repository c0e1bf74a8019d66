import numpy as np

np.random.seed(0)
print(np.random.rand(3), np.random.randn(2, 2), np.random.rand())
print(np.random.randint(0, 10, 5), np.random.random((2,)), np.random.uniform(-1, 1, size=3))
print(np.random.normal(0, 1, 2), np.random.normal(loc=1.0, scale=0.1, size=(2, 2)), np.random.permutation(5))
rng = np.random.default_rng(42)
print(rng.random(3), rng.normal(size=2), rng.standard_normal(2), rng.integers(0, 10, size=4))
