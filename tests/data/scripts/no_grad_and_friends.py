import torch

x = torch.tensor([1.0, -1.0], requires_grad=True)
print((x ** 2).requires_grad)
with torch.no_grad():
    print((x ** 2).requires_grad)
    with torch.enable_grad():
        print((x ** 2).requires_grad)

@torch.no_grad()
def doubler(t):
    return t * 2

print(doubler(x), doubler(x).requires_grad)
print(torch.is_grad_enabled())
torch.set_grad_enabled(False)
y = x * 3
print(y, y.requires_grad, y.is_leaf, torch.is_grad_enabled())
torch.set_grad_enabled(True)
y = x * 3
print(y, y.requires_grad, y.is_leaf)
is_train = False
with torch.set_grad_enabled(is_train):
    z = x * 2
print(z.requires_grad)
print((x * 2).requires_grad)
