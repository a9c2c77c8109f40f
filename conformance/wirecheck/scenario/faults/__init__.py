"""Faults of a server, a shape a module: operators on the frames that it is about to send."""
