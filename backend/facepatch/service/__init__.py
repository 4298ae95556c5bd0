"""The server: takes jobs over ZeroMQ, has worker processes do them, keeps them on disk (docs/service.md)."""
