"""The pure core: values in, values out, one module per step of the flow."""
