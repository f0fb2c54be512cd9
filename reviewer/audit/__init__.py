"""The audit log: who sent what where, in a chain that shows any change.

`record` words a note, `seal` signs it, `chain` keeps it, `ledger` is the port that takes it. `verification`
reads a chain from the database or from an exported file (`journal`) and names what is wrong.
"""
