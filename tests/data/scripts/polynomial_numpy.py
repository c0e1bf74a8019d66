# -*- coding: utf-8 -*-
import numpy as np
import math

# Create input and output data
x = np.linspace(-math.pi, math.pi, 2000)
y = np.sin(x)

a, b, c, d = 0.1, 0.2, 0.3, 0.4

learning_rate = 1e-6
for t in range(2000):
    # Forward pass: compute predicted y
    y_pred = a + b * x + c * x ** 2 + d * x ** 3

    # Compute and print loss
    loss = np.square(y_pred - y).sum()
    if t % 500 == 499:
        print(t, round(loss, 6))

    # Backprop to compute gradients of a, b, c, d with respect to loss
    grad_y_pred = 2.0 * (y_pred - y)
    grad_a = grad_y_pred.sum()
    grad_b = (grad_y_pred * x).sum()
    grad_c = (grad_y_pred * x ** 2).sum()
    grad_d = (grad_y_pred * x ** 3).sum()

    # Update weights
    a -= learning_rate * grad_a
    b -= learning_rate * grad_b
    c -= learning_rate * grad_c
    d -= learning_rate * grad_d

print(f'Result: y = {a:.8f} + {b:.8f} x + {c:.8f} x^2 + {d:.8f} x^3')
