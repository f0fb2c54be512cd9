"""Find things in a change without a model: rules, secrets, other tools' reports."""
