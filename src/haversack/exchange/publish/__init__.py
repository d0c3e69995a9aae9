"""From the engine's events, and from the passing of time, to the frames of the streams."""
