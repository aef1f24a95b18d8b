"""The server mode on one machine without Docker: PostgreSQL, Chroma, two replicas, two workers and nginx on loopback."""
