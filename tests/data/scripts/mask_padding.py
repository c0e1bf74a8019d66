import torch

scores = torch.tensor([[1.0, 2.0, 3.0], [0.5, 0.5, 0.5]], requires_grad=True)
mask = torch.tensor([[True, True, False], [True, False, False]])
masked = torch.where(mask, scores, torch.tensor(float("-inf")))
attn = torch.softmax(masked, dim=-1)
print(attn)
attn[0, 0].backward()
print(scores.grad)
counts = mask.sum(dim=1, keepdim=True)
mean = (scores * mask).sum(dim=1, keepdim=True) / counts
print(mean, counts, mask.float())
