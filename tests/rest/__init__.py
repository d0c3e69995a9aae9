"""From an operation to its answer, without a network and over real sockets."""
