# Softmax regression: mean cross-entropy with an L2 term.
# data: one row a sample, features first, the class (0, 1, ...) last.
X = data[:, :-1]
X = (X - mean(X, axis=0)) / std(X, axis=0)
target = data[:, -1][:, None] == arange(b.shape[0])
log_p = log_softmax(X @ W + b, axis=1)
-mean(sum(target * log_p, axis=1)) + 0.5 * l2 * sum(W**2)
