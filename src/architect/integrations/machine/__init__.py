"""This machine: where tools lie, what files of a repository hold, and the environment a run gets."""
