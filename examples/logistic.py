# Logistic regression: mean negative log-likelihood with an L2 term.
# data: one row a sample, features first, the label (0 or 1) last.
X = data[:, :-1]
y = data[:, -1]
X = (X - mean(X, axis=0)) / std(X, axis=0)
score = X @ w + b
mean(softplus(score) - y * score) + 0.5 * l2 * sum(w**2)
