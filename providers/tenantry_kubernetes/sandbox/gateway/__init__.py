"""The sandbox's ingress controller: reads Ingresses and HTTPRoutes, answers on the loopback."""
