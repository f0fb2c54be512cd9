"""The tamper-evident log of what was asked of which model, and of what was posted where."""
