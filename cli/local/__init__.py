"""The whole stack on this machine: the emulator, the deployed app, the front, the ticker."""
