"""Weights of trunks: which were published, where they may lie, how they are fetched and checked."""
