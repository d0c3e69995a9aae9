"""Every decoder of the package, fed with bytes that are nearly right."""
