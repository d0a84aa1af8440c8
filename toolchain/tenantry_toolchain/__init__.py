"""How the engine and the test control plane are obtained."""
