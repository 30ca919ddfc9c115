"""The ``ariane`` command and the local run."""
