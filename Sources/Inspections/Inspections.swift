// This target's first file; the slice follows.
