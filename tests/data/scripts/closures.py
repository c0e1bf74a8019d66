import torch

def make_model(slope, offset=0.0):
    def model(x):
        return slope * x + offset
    return model

def sgd(params, lr=0.1):
    with torch.no_grad():
        for p in params:
            p -= lr * p.grad
            p.grad.zero_()

def train(steps, verbose=False):
    s = torch.tensor(1.0, requires_grad=True)
    o = torch.tensor(0.0, requires_grad=True)
    for i in range(steps):
        model = make_model(s, o)
        loss = ((model(xs) - ys) ** 2).mean()
        loss.backward()
        sgd([s, o], lr=0.05)
        if verbose and i % 20 == 0:
            print(i, loss.item() < 100)
    return s, o

xs = torch.tensor([0.0, 1.0, 2.0, 3.0])
ys = 3 * xs - 1
s, o = train(60, verbose=True)
print(s, o)
square = lambda t: t * t
compose = lambda f, g: (lambda x: f(g(x)))
print(compose(square, torch.exp)(torch.tensor(1.0)))
