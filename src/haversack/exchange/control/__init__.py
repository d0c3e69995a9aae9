"""What no client may do to an exchange and its owner may: a door of its own, apart from the API, for its user alone."""
