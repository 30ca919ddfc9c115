"""The demo day: a story as data, the clients that tell it, the thread that comes of it."""
