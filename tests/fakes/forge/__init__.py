"""Forges on loopback, over real repositories, driven by the genuine client libraries."""
