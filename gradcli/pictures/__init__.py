"""Pictures: graphs of computations and plots, as text for terminals and as files."""
