"""The command `haversack`. Data goes to stdout, everything else to stderr."""
