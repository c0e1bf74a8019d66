import torch

loss = torch.tensor(0.5, requires_grad=True) * 3
print("%d: %.4f" % (3, loss.item()))
print("%s has %d%%" % ("half", 50))
print("loss = %.3f" % loss)
print("Epoch {}/{} | loss {:.4f}".format(1, 10, loss.item()))
print("{0} {1} {0}".format("a", "b"), "{name:>6}|".format(name="x"))
print("{:5d}|{:<8s}|{:e}".format(42, "left", 12345.678))
print("%5.1f|%-6s|%+d|%e|%g" % (3.14159, "ab", 5, 12345.678, 0.0001))
print("tensor: {}".format(loss))
