"""Order books that are right or say that they are not, without a socket and without a clock."""
