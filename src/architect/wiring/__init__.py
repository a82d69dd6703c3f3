"""The only place where adapters meet ports.

`installation` opens what a state folder holds, `sites` looks at the world of a profile and makes plans for it,
`engines` puts workers together. Nothing is decided here.
"""
