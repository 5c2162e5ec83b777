"""The commands of the command line, a file a subject; each calls what does the work."""
