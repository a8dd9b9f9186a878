"""Our own server: one worker process, one event loop, the native reactor in it."""
