"""What is remembered between reviews: replies already paid for, and findings that people dismissed."""
