import numpy as np

X = np.array([[1.0, 1.0], [1.0, 2.0], [1.0, 3.0], [1.0, 4.0]])
y = np.array([6.0, 5.0, 7.0, 10.0])
theta = np.zeros(2)
for i in range(1000):
    error = X.dot(theta) - y
    theta = theta - 0.05 * (X.T @ error) / len(y)
print(theta.round(4))
exact = np.linalg.solve(X.T @ X, X.T @ y)
print(exact, np.allclose(theta, exact, atol=1e-2))
