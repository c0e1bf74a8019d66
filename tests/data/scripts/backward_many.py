import torch

x = torch.tensor([1.0, 2.0], requires_grad=True)
a = (x ** 2).sum()
b = (x ** 3).sum()
torch.autograd.backward([a, b])
print(x.grad)
x.grad = None
torch.autograd.backward(x * 2, grad_tensors=torch.tensor([1.0, 0.5]))
print(x.grad)
x.grad.data.zero_()
c = x * 3
c.backward(torch.ones(2), inputs=[x])
print(x.grad)
