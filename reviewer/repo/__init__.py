"""Read repositories with git: mirrors of a forge's projects, and checkouts on this machine."""
