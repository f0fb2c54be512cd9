"""Review merge requests and answer questions about code on models that you run yourself."""

__version__ = "0.1.0"
