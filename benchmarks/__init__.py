"""What things cost, each beside something that a reader knows: one module for one question."""
