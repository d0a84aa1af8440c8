"""Base of the loopback gateways: routing, forwarding, listeners and certificates."""
