"""The demonstration: a flawed merge request, and the small forge on loopback that holds it."""
