import torch
from torch.autograd import Variable

x = Variable(torch.FloatTensor([[1, 2]]), requires_grad=True)
m = Variable(torch.FloatTensor([[1, 2], [3, 4]]))
y = torch.mm(x, m)
print(y)

j = torch.zeros((2, 2))
y.backward(torch.FloatTensor([[1, 0]]), retain_graph=True)
j[:, 0] = x.grad.data
x.grad.zero_()
y.backward(torch.FloatTensor([[0, 1]]))
j[:, 1] = x.grad.data
print(j)
