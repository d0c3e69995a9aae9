"""A Backpack Exchange on this machine: engine, journal, accounts, API, streams and the crowd that trades on it."""
