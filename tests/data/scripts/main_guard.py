"""A script with a main function."""
import math
import torch


def gaussian(x: torch.Tensor, mu: float = 0.0, sigma: float = 1.0) -> torch.Tensor:
    """The density of a normal distribution."""
    c = 1.0 / (sigma * math.sqrt(2 * math.pi))
    return c * torch.exp(-((x - mu) ** 2) / (2 * sigma ** 2))


def main():
    x = torch.tensor([-1.0, 0.0, 1.0], requires_grad=True)
    y = gaussian(x, sigma=2.0)
    y.sum().backward()
    print(y)
    print(x.grad)


if __name__ == "__main__":
    main()
