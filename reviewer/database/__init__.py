"""The one database: how it is opened, and the tables that are ours in it."""
