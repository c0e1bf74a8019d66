import torch
real, fake = torch.tensor([[1., 2.]]), torch.tensor([[0., 1.]])
torch.manual_seed(0)
eps = torch.rand(1, 1)
mix = (eps * real + (1 - eps) * fake).requires_grad_(True)
critic = lambda z: (z ** 2).sum(dim=1, keepdim=True)
out = critic(mix)
grads = torch.autograd.grad(outputs=out, inputs=mix, grad_outputs=torch.ones_like(out), create_graph=True, retain_graph=True, only_inputs=True)[0]
print(grads.view(grads.size(0), -1).norm(2, dim=1))
