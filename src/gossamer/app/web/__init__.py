"""The search page: plain HTML rendered on the server, its JSON twin, and nothing that needs the network.

Loopback only: there are no accounts here, so no other machine may reach it.
"""
