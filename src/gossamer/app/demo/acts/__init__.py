"""The acts, one module each: a function from the `Stage` to a `Scene`."""
