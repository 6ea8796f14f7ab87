"""Training of the networks: one script per network, the shared loop, and the packaging of weights."""
