"""Model backends behind `ports.Model`, one module each; `gateway.build` wires them."""
