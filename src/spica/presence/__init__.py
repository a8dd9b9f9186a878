"""Presence: who is in a topic, on all nodes. Each node owns the entries of its own clients and tells the others.

- `entry`: one client of one topic, and its JSON; `roster`: all entries by topic, and what changed among them
- `message`: what nodes tell each other; `replica`: when, and what follows from it, without a clock or a bus
- `tracker`: a replica on a bus, with a clock
"""
