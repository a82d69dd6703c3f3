"""Where secrets lie: the environment, files, the keyring of the system, Kubernetes."""
