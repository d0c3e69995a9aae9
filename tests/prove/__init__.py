"""The harnesses that try to break each promise in earnest: `./dev prove`."""
