"""SQL of any dialect, read by its words: no grammar knows them all."""
