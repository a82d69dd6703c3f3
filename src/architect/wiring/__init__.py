"""The only place where adapters meet ports.

`installation` opens what a state folder holds, `sites` looks at the world of a profile and makes plans for it,
`engines` puts workers together, `workplace` hands all of it to a terminal. Nothing is decided here.
"""
