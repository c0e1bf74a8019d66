"""`gradcli run`: scripts as people write them for PyTorch and NumPy, without either."""
