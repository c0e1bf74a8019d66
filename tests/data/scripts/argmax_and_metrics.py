import torch

logits = torch.tensor([[0.1, 2.0, -1.0], [1.5, 0.3, 0.2], [0.0, 0.1, 3.0]])
labels = torch.tensor([1, 0, 1])
pred = logits.argmax(dim=1)
print(pred, pred == labels, (pred == labels).sum().item(), (pred == labels).float().mean().item())
values, indices = logits.max(dim=1)
print(values, indices)
print(torch.max(logits), torch.argmin(logits), logits.min(dim=0))
accuracy = (pred == labels).type(torch.float).sum() / len(labels)
print(f"accuracy: {100 * accuracy:.1f}%")
one_hot = torch.eye(3)[labels]
print(one_hot, one_hot.shape)
log_p = torch.log_softmax(logits, dim=1)
print(log_p[range(3), labels], log_p[0, labels[0]])
