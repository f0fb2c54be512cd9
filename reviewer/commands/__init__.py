"""What people ask of the bot in words: in a comment of a merge request, or on the command line."""
