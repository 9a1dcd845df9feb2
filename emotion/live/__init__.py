"""Live sessions over a websocket; the protocol is described in docs/api.md."""
