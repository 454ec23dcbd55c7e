"""Models by id or file, and their export."""

from msds.models.catalogue import DEFAULT_MODEL, MODELS, Model, find_model, load_model, read_model

__all__ = ["DEFAULT_MODEL", "MODELS", "Model", "find_model", "load_model", "read_model"]
