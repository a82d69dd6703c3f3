"""The rehearsal world: real servers on free loopback ports, faults to put into them, and the walls around a run.

One guard process owns one supervisor, which owns the servers; whichever of them dies, all servers go with it. Nothing
that decides about runs belongs here, and nothing here reads a document.
"""
