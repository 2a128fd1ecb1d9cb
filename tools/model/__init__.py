"""How the encoder that comes with the package is made: `make model`."""
