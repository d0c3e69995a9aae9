"""What crosses the network, checked against facts and recordings."""
