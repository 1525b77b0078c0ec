"""The core: from events or bitmaps to decisions."""
