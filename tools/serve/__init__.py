"""The page for many visitors: heavy work in workers of Ray Serve, the page itself in several light processes."""
