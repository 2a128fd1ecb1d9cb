"""Training of learned sparse encoders; needs torch."""
