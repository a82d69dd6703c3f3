"""The rehearsal world: servers, emulators, faults, under one supervisor that never leaves an orphan."""
