"""Checkpoints of open_clip → folders that run without torch and open_clip. Only this room imports these two."""
